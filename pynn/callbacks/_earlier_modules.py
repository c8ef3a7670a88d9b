"""The modules in which pickles of version 0.1.0 look for classes that have moved since."""

from __future__ import annotations

import sys

from pynn.callbacks import (
    _callback,
    _checkpoints,
    _learning_rate,
    _records,
    _stopping,
    _tensorboard,
)

for _old, _new in {
    "_backup_and_restore": _checkpoints,
    "_batch_count": _checkpoints,
    "_csv_logger": _records,
    "_early_stopping": _stopping,
    "_event_file": _tensorboard,
    "_history": _records,
    "_lambda_callback": _callback,
    "_learning_rate_scheduler": _learning_rate,
    "_model_checkpoint": _checkpoints,
    "_progbar_logger": _records,
    "_reduce_lr_on_plateau": _learning_rate,
    "_terminate_on_nan": _stopping,
}.items():
    sys.modules[f"{__package__}.{_old}"] = _new
