"""The ops of `pynn.ops`, with their arguments; see `surface_list`."""

from __future__ import annotations

from typing import Any

import numpy as np

import pynn as keras
from surface.surface_use import Entry, X

POSITIVE = np.abs(X) + 0.5
FLAGS = X > 0.5


def _computed(value: Any) -> None:
    leaves = value if isinstance(value, (list, tuple)) else [value]
    assert all(np.asarray(leaf).dtype.kind in "biuf" for leaf in leaves)


def op(name: str, needed: dict[str, Any], **others: Any) -> Entry:
    return Entry(f"ops.{name}", needed, others, _computed)


_ONE = (
    "abs absolute ceil cos elu exp expm1 floor hard_sigmoid hard_silu hard_swish hard_tanh "
    "identity isnan log log1p log_sigmoid negative relu relu6 rsqrt selu sigmoid sign silu sin "
    "softplus softsign sparse_plus sparse_sigmoid sqrt square swish tanh tanh_shrink zeros_like "
    "ones_like ndim shape logical_not"
).split()
_TWO = (
    "add divide divide_no_nan dot equal floor_divide greater greater_equal less less_equal "
    "logical_and logical_or maximum minimum mod multiply not_equal pow power subtract vdot"
).split()
_REDUCTIONS = "all any argmax argmin logsumexp max mean min std sum var".split()
OPS = [
    *[op(name, {"x": POSITIVE}) for name in _ONE],
    *[op(name, {"x1": POSITIVE, "x2": POSITIVE}) for name in _TWO if name != "dot"],
    *[op(name, {"x": POSITIVE}, axis=1, keepdims=True) for name in _REDUCTIONS],
    op("dot", {"x1": X, "x2": X.T}),
    op("matmul", {"x1": X, "x2": X.T}),
    op("norm", {"x": X}, axis=1, keepdims=True),
    op("norm", {"x": X, "axis": -1}, ord=1),
    op("normalize", {"x": X}, axis=0, order=1, epsilon=1e-3),
    op("max", {"x": X}, initial=0.5),
    op("min", {"x": X}, initial=0.5),
    op("gelu", {"x": X}, approximate=False),
    op("leaky_relu", {"x": X}, negative_slope=0.1),
    op("elu", {"x": X}, alpha=0.5),
    op("celu", {"x": X}, alpha=0.5),
    op("glu", {"x": X}, axis=-1),
    op("hard_shrink", {"x": X}, threshold=1.0),
    op("soft_shrink", {"x": X}, threshold=1.0),
    op("sparsemax", {"x": X}, axis=0),
    op("squareplus", {"x": X}, b=1),
    op("threshold", {"x": X, "threshold": 0.5, "default_value": 0.1}),
    op("softmax", {"x": X}, axis=0),
    op("log_softmax", {"x": X}, axis=0),
    op("round", {"x": X}, decimals=1),
    op("zeros_like", {"x": X}, dtype="int32"),
    op("ones_like", {"x": X}, dtype="int32"),
    op("stop_gradient", {"variable": X}),
    op("where", {"condition": FLAGS, "x1": X, "x2": 0.0}),
    op("clip", {"x": X, "x_min": 0.2, "x_max": 0.8}),
    op("cast", {"x": X, "dtype": "float64"}),
    op("convert_to_tensor", {"x": X}, dtype="float64"),
    op("array", {"x": X}, dtype="float64"),
    op("concatenate", {"xs": [X, X]}, axis=1),
    op("stack", {"x": [X, X]}, axis=1),
    op("split", {"x": X, "indices_or_sections": 2}, axis=1),
    op("reshape", {"x": X, "newshape": (-1, 2)}),
    op("transpose", {"x": X}, axes=(1, 0)),
    op("expand_dims", {"x": X, "axis": 1}),
    op("squeeze", {"x": X[:, None]}, axis=1),
    op("take", {"x": X, "indices": [1, 0]}, axis=1),
    op("get_item", {"x": X, "key": (slice(2), 0)}),
    op("one_hot", {"x": [0, 1], "num_classes": 3}, axis=0, dtype="int32"),
    op(
        "batch_normalization",
        {"x": X, "mean": X.mean(0), "variance": X.var(0), "axis": -1},
        offset=X[0],
        scale=X[1],
        epsilon=0.1,
    ),
]


def missing() -> set[str]:
    """Return the ops that Keras knows too, by pynn's list, and that are not above."""
    own = {
        "alpha_dropout",
        "apply_activation",
        "asarray",
        "batch_size",
        "dense",
        "dropout",
        "find_op",
        "gaussian_dropout",
        "gaussian_noise",
        "l2_normalize",
        "normalize_batch",
        "reshape_rows",
    }
    public = {name for name in keras.ops.__all__ if name[0].islower()}
    merging = {name for name in public if name.startswith("merge_")}
    return public - own - merging - {entry.name.removeprefix("ops.") for entry in OPS}
