"""Callbacks: objects that training notifies, and that may change its course."""

from pynn.callbacks._callback import Callback, LambdaCallback
from pynn.callbacks._callback_list import CallbackList
from pynn.callbacks._checkpoints import BackupAndRestore, ModelCheckpoint
from pynn.callbacks._learning_rate import LearningRateScheduler, ReduceLROnPlateau
from pynn.callbacks._monitor_callback import MonitorCallback
from pynn.callbacks._records import CSVLogger, History, ProgbarLogger
from pynn.callbacks._stopping import EarlyStopping, TerminateOnNaN
from pynn.callbacks._swap_ema_weights import SwapEMAWeights
from pynn.callbacks._tensorboard import TensorBoard

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
__dir__ = __all__.copy
