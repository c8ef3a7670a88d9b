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
    "abs absolute arcsinh cbrt ceil cos deg2rad elu erfc exp expm1 floor hard_sigmoid hard_silu "
    "hard_swish hard_tanh identity isnan isneginf isposinf log log1p log_sigmoid logical_not "
    "ndim negative ones_like rad2deg relu relu6 rsqrt selu shape sigmoid sign silu sin sinc "
    "softplus softsign sparse_plus sparse_sigmoid sqrt square swish tanh tanh_shrink zeros_like"
).split()
_TWO = (
    "add arctan2 divide divide_no_nan dot equal floor_divide fmax fmin greater greater_equal "
    "heaviside isin less less_equal logical_and logical_or maximum minimum mod multiply "
    "not_equal pow power subtract vdot"
).split()
_MORE = (
    "arctan copy cosh erf erfinv exp2 fabs isfinite isinf log10 log2 ravel reciprocal sinh tan "
    "trunc"
).split()
_MORE_PAIRS = "hypot inner logaddexp logical_xor outer true_divide".split()
_CLOSE = ("allclose", "isclose")
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
    *[op(name, {"x": X}) for name in _MORE],
    *[op(name, {"x1": X, "x2": X}) for name in _MORE_PAIRS],
    *[op(name, {"x": X}, axis=1, keepdims=True) for name in ("amax", "amin", "prod", "ptp")],
    *[
        op(name, {"x": X}, axis=0)
        for name in ("argsort", "count_nonzero", "cumsum", "flip", "sort")
    ],
    *[op(name, {"shape": (2, 3)}, dtype="float64") for name in ("empty", "ones", "zeros")],
    *[op(name, {"x1": X, "x2": X}, rtol=0.1, atol=0.1, equal_nan=True) for name in _CLOSE],
    *[op(name, {"target": X, "output": X}, from_logits=True) for name in ("binary_crossentropy",)],
    op("categorical_crossentropy", {"target": X, "output": X}, from_logits=True, axis=0),
    op("sparse_categorical_crossentropy", {"target": [0] * len(X), "output": X}, from_logits=True),
    op("sparse_categorical_crossentropy", {"target": [0] * len(X), "output": X}, axis=1),
    op("arange", {"start": 1}, stop=7, step=2, dtype="int32"),
    op("linspace", {"start": 0, "stop": 1}, num=5, endpoint=False, dtype="float32", axis=0),
    op("linspace", {"start": 0, "stop": 1}, retstep=False),
    op("full", {"shape": (2,), "fill_value": 3}, dtype="float64"),
    op("full_like", {"x": X, "fill_value": 3}, dtype="float64"),
    op("eye", {"N": 3}, M=4, k=1, dtype="float64"),
    op("append", {"x1": X, "x2": X}, axis=1),
    op("average", {"x": X}, axis=1, weights=X),
    op("broadcast_to", {"x": X[0], "shape": X.shape}),
    op("diff", {"a": X}, n=1, axis=0),
    op("in_top_k", {"targets": [0] * len(X), "predictions": X, "k": 2}),
    op("layer_normalization", {"x": X}, gamma=X[0], beta=X[0], axis=-1, epsilon=0.1),
    op("rms_normalization", {"x": X}, scale=X[0], axis=-1, epsilon=0.1),
    op("moments", {"x": X, "axes": [0]}, keepdims=True, synchronized=False),
    op("moveaxis", {"x": X, "source": 0, "destination": 1}),
    op("multi_hot", {"inputs": [[0, 1]], "num_classes": 3}, axis=-1, dtype="int32"),
    op("nan_to_num", {"x": X}, nan=1.0, posinf=2.0, neginf=3.0),
    op("pad", {"x": X, "pad_width": 1}, mode="constant", constant_values=2.0),
    op("repeat", {"x": X, "repeats": 2}, axis=1),
    op("roll", {"x": X, "shift": 1}, axis=1),
    op("scatter", {"indices": [[0], [1]], "values": X[:2], "shape": X.shape}),
    op("segment_sum", {"data": X, "segment_ids": [0] * len(X)}, num_segments=2, sorted=True),
    op("select", {"condlist": [FLAGS], "choicelist": [X]}, default=1.0),
    op("swapaxes", {"x": X, "axis1": 0, "axis2": 1}),
    op("take_along_axis", {"x": X, "indices": X.argsort(1)}, axis=1),
    op("tensordot", {"x1": X, "x2": X.T}, axes=1),
    op("tile", {"x": X, "repeats": (1, 2)}),
    op("top_k", {"x": X, "k": 2}, sorted=True),
    op("unstack", {"x": X}, num=2, axis=1),
    *[op(name, {"xs": [X, X]}) for name in ("hstack", "vstack")],
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
    op("arccosh", {"x": X + 9}),
    *[op(name, {"x": X / 9}) for name in ("arccos", "arcsin", "arctanh")],
    *[op(name, {"x": X}) for name in ("fliplr", "flipud", "corrcoef")],
    *[op(name, {"x": X}, k=1) for name in ("diag", "tril", "triu")],
    *[op(name, {"x": X}, offset=1) for name in ("diagonal", "trace")],
    op("diagonal", {"x": X[None], "axis1": 1, "axis2": 2}),
    op("trace", {"x": X[None], "axis1": 1, "axis2": 2}),
    *[
        op(name, {"x": X}, axis=1, keepdims=True)
        for name in ("median nanmax nanmean nanmin nanprod nanstd nansum nanvar".split())
    ],
    *[
        op(name, {"x": X, "q": 0.5}, axis=1, method="lower", keepdims=True)
        for name in ("percentile", "quantile")
    ],
    *[
        op(
            name,
            {"data": X, "segment_ids": [0] * len(X)},
            num_segments=2,
            sorted=True,
        )
        for name in ("segment_max", "segment_min", "segment_prod")
    ],
    op("array_split", {"x": X, "indices_or_sections": 2}, axis=1),
    *[op(name, {"x": X, "indices_or_sections": 2}) for name in ("hsplit", "vsplit")],
    op("cdist", {"x": X, "y": X}),
    op("digitize", {"x": X, "bins": [0.0, 1.0]}),
    op("empty_like", {"x": X}, dtype="int32"),
    op("isin", {"x1": X, "x2": X}, assume_unique=True, invert=True),
    op(
        "logspace",
        {"start": 0, "stop": 1},
        num=5,
        endpoint=False,
        base=2,
        dtype="float32",
        axis=0,
    ),
    op("searchsorted", {"sorted_sequence": [0.0, 1.0], "values": X}, side="right"),
    op("slice", {"inputs": X, "start_indices": (0, 1), "shape": (2, 1)}),
    op("slice_update", {"inputs": X, "start_indices": (0, 1), "updates": X[:2, :1]}),
    op("trapezoid", {"y": X}, x=X, dx=0.5, axis=0),
    op("tri", {"N": 3}, M=4, k=1, dtype="float64"),
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


# What Keras has not, and what no test of names and arguments can use.
OWN = {
    "cond",  # these take functions, or return no array
    "convert_to_numpy",
    "dtype",
    "einsum",
    "fori_loop",
    "is_tensor",
    "meshgrid",
    "size",
    "switch",
    "while_loop",
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
    "lerp",
    "normalize_batch",
    "reshape_rows",
}


def missing() -> set[str]:
    """Return the ops that Keras knows too, by pynn's list, and that are not above."""
    public = {name for name in keras.ops.__all__ if name[0].islower()}
    merging = {name for name in public if name.startswith("merge_")}
    return public - OWN - merging - {entry.name.removeprefix("ops.") for entry in OPS}
