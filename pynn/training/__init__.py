"""The training loop, the data it runs on, and the line that shows its progress.

Used by models and estimators alike; neither is known here.
"""

from pynn.training._adapt import (
    Signature,
    adapt,
    distribute,
    flattened,
    in_order,
    targets_of,
)
from pynn.training._batches import BatchData, comes_in_batches, first_of
from pynn.training._class_weights import class_weighted
from pynn.training._data import ArrayData
from pynn.training._divergence import warn_of_divergence
from pynn.training._epoch_order import EpochOrder
from pynn.training._figures import format_logs
from pynn.training._loop import Listener, Rates, Trainer, TrainingLoop
from pynn.training._objectives import (
    Objectives,
    Output,
    OutputMetric,
    native_or_loss,
    shaped,
)
from pynn.training._parts import collect, count_steps, parts_of, rows_per_call
from pynn.training._progress import ProgressBar, progress_shown
from pynn.training._totals import Totals

__all__ = [
    "ArrayData",
    "BatchData",
    "EpochOrder",
    "Listener",
    "Objectives",
    "Output",
    "OutputMetric",
    "ProgressBar",
    "Rates",
    "Signature",
    "Totals",
    "Trainer",
    "TrainingLoop",
    "adapt",
    "class_weighted",
    "collect",
    "comes_in_batches",
    "count_steps",
    "distribute",
    "first_of",
    "flattened",
    "format_logs",
    "in_order",
    "native_or_loss",
    "parts_of",
    "progress_shown",
    "rows_per_call",
    "shaped",
    "targets_of",
    "warn_of_divergence",
]
