"""What Keras has and pynn has not, and why: the last table of docs/keras-surface.md.

`tests/conformance/test_absent.py` compares it with Keras, package by package.
"""

from __future__ import annotations

_IMAGES = "for images: pynn is for dense networks"
_SOUND = "for sound and handwriting: pynn is for dense networks"
_MIXED = "for mixed precision: pynn computes in float32 and float64"
_SEVERAL = (
    "learning rate, callbacks and files would each have to know of several optimizers; "
    "`optimizers.Muon` leaves layers to Adam, and `Tape` with `optimizer.apply` takes any steps"
)

# By package and pattern of names.
ABSENT: dict[str, dict[str, str]] = {
    "losses": {
        "CTC": _SOUND,
        "ctc": _SOUND,
        "Circle": "compares the rows of a batch with one another, to learn similarities",
        "circle": "as `losses.Circle`",
    },
    "metrics": {"*IoU": _IMAGES},
    "optimizers": {
        "LossScaleOptimizer": _MIXED,
        "MultiOptimizer": _SEVERAL,
        "OptimizerMap": "as `optimizers.MultiOptimizer`",
    },
    "optimizers.schedules": {},
    "initializers": {"STFT*": _SOUND, "stft": _SOUND},
    "regularizers": {},
    "constraints": {},
    "callbacks": {
        "OrbaxCheckpoint": "writes what JAX's library Orbax reads; `ModelCheckpoint` and "
        "`BackupAndRestore` write pynn's files",
        "RemoteMonitor": "sends to a server; `LambdaCallback` can",
    },
}
