"""Callbacks: what is told how training goes on, and may have a say in it."""

from pynn.callbacks._backup_and_restore import BackupAndRestore
from pynn.callbacks._callback import Callback
from pynn.callbacks._callback_list import CallbackList
from pynn.callbacks._csv_logger import CSVLogger
from pynn.callbacks._early_stopping import EarlyStopping
from pynn.callbacks._history import History
from pynn.callbacks._lambda_callback import LambdaCallback
from pynn.callbacks._learning_rate_scheduler import LearningRateScheduler
from pynn.callbacks._model_checkpoint import ModelCheckpoint
from pynn.callbacks._monitor_callback import MonitorCallback
from pynn.callbacks._progbar_logger import ProgbarLogger
from pynn.callbacks._reduce_lr_on_plateau import ReduceLROnPlateau
from pynn.callbacks._swap_ema_weights import SwapEMAWeights
from pynn.callbacks._tensorboard import TensorBoard
from pynn.callbacks._terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "MonitorCallback",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
