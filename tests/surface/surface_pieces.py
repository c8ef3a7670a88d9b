"""What models are made of: layers, activations, losses, metrics, ...; see `surface_list`."""

from __future__ import annotations

from typing import Any

import numpy as np

import pynn as keras
from surface.surface_use import (
    BITS,
    CHANCES,
    L2,
    LABELS,
    ONE_HOT,
    PROBABILITIES,
    Entry,
    X,
    Y,
    as_mean,
    as_metric,
    defaults,
    nothing,
    on,
    shared,
)

LAYER = {"name": "given", "trainable": False, "dtype": "float64"}
FIRST = {"input_shape": (6,), **LAYER}
TEXTS = np.array(["cat", "dog", "", "dog"])


def layer(name: str, needed: Any = None, use: Any = None, **others: Any) -> Entry:
    return Entry(f"layers.{name}", needed or {}, {**others, **FIRST}, use or on(X))


def merge(name: str, **others: Any) -> Entry:
    needed = {"axes": 1} if name == "Dot" else {}
    return Entry(f"layers.{name}", needed, {**others, **LAYER}, on([X, X]))


def twin(name: str, **others: Any) -> Entry:
    needed: dict[str, Any] = {"inputs": [X, X]}
    if name == "dot":
        needed["axes"] = 1
    return Entry(f"layers.{name}", needed, others, nothing)


def lookup(name: str, data: Any, **others: Any) -> Entry:
    def use(made: Any) -> None:
        if made.vocabulary is None:
            made.adapt(data)
        made(np.arange(2) if made.invert else data)

    given = {
        "max_tokens": 3,
        "num_oov_indices": 2,
        "vocabulary": np.unique(data)[1:].tolist(),
        "invert": True,
        "output_mode": "multi_hot",
        "pad_to_max_tokens": False,
        "sparse": False,
    }
    return Entry(f"layers.{name}", {}, {**given, **others, "name": "given"}, use)


LAYERS = [
    Entry(
        "layers.InputSpec",
        {},
        {
            "dtype": "float32",
            "shape": (None, 6),
            "ndim": 2,
            "max_ndim": 3,
            "min_ndim": 1,
            "axes": {-1: 6},
            "allow_last_axis_squeeze": True,
            "name": "given",
            "optional": True,
        },
        nothing,
    ),
    Entry("layers.Input", {"shape": (6,)}, {"name": "given", "dtype": "float64"}, nothing),
    Entry("layers.InputLayer", {"shape": (6,)}, {"name": "given", "dtype": "float64"}, nothing),
    Entry("layers.InputLayer", {"input_shape": (6,)}, {"name": "given"}, nothing),
    layer(
        "Dense",
        {"units": 3},
        activation="relu",
        use_bias=False,
        kernel_initializer="he_normal",
        bias_initializer="ones",
        kernel_regularizer=L2,
        bias_regularizer="l2",
        activity_regularizer=L2,
        kernel_constraint=keras.constraints.MaxNorm(1.0),
        bias_constraint="non_neg",
        input_dim=6,
    ),
    layer(
        "EinsumDense",
        {"equation": "ab,bc->ac", "output_shape": 3},
        activation="relu",
        bias_axes="c",
        kernel_initializer="he_normal",
        bias_initializer="ones",
        kernel_regularizer=L2,
        bias_regularizer="l2",
        kernel_constraint=keras.constraints.MaxNorm(1.0),
        bias_constraint="non_neg",
    ),
    layer("Activation", {"activation": "tanh"}),
    layer("Flatten", data_format="channels_last"),
    layer("Reshape", {"target_shape": (2, 3)}),
    layer("Permute", {"dims": (1,)}),
    layer("RepeatVector", {"n": 2}),
    layer("Dropout", {"rate": 0.5}, noise_shape=(None, 1), seed=1),
    layer("AlphaDropout", {"rate": 0.5}, noise_shape=(None, 1), seed=1),
    layer("GaussianNoise", {"stddev": 0.5}, seed=1),
    layer("GaussianDropout", {"rate": 0.5}, seed=1),
    layer(
        "BatchNormalization",
        axis=-1,
        momentum=0.9,
        epsilon=1e-2,
        center=False,
        scale=False,
        beta_initializer="ones",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        beta_regularizer=L2,
        gamma_regularizer=L2,
        beta_constraint="non_neg",
        gamma_constraint="non_neg",
    ),
    layer(
        "LayerNormalization",
        axis=-1,
        epsilon=1e-2,
        center=False,
        scale=False,
        beta_initializer="ones",
        gamma_initializer="ones",
        beta_regularizer=L2,
        gamma_regularizer=L2,
        beta_constraint="non_neg",
        gamma_constraint="non_neg",
    ),
    layer(
        "GroupNormalization",
        {"groups": 2},
        axis=-1,
        epsilon=1e-2,
        center=False,
        scale=False,
        beta_initializer="ones",
        gamma_initializer="ones",
        beta_regularizer=L2,
        gamma_regularizer=L2,
        beta_constraint="non_neg",
        gamma_constraint="non_neg",
    ),
    layer("RMSNormalization", axis=-1, epsilon=1e-2),
    layer("UnitNormalization", axis=-1),
    Entry(
        "layers.Normalization",
        {},
        {"axis": -1, "input_shape": (6,), "name": "given", "invert": True},
        lambda made: (made.adapt(X), made(X)),
    ),
    layer("Normalization", {"mean": 0.5, "variance": 2.0}),
    layer("Rescaling", {"scale": 2.0}, offset=1.0),
    Entry(
        "layers.CategoryEncoding",
        {"num_tokens": 5},
        {"output_mode": "count", "sparse": False, **LAYER},
        on(LABELS.reshape(-1, 1)),
    ),
    Entry(
        "layers.Discretization",
        {"num_bins": 3},
        {
            "epsilon": 0.1,
            "output_mode": "one_hot",
            "sparse": False,
            "name": "given",
            "dtype": "float64",
        },
        lambda made: (made.adapt(X), made(X)),
    ),
    layer("Discretization", {"bin_boundaries": [0.2, 0.7]}),
    lookup("StringLookup", TEXTS, mask_token="", oov_token="?", encoding="utf-8"),
    lookup(
        "IntegerLookup",
        LABELS,
        mask_token=0,
        oov_token=-2,
        vocabulary_dtype="int64",
        oov_method="farmhash",
    ),
    Entry(
        "layers.Embedding",
        {"input_dim": 5, "output_dim": 2},
        {
            "embeddings_initializer": "ones",
            "embeddings_regularizer": L2,
            "embeddings_constraint": "unit_norm",
            "mask_zero": False,
            "input_length": 1,
            "weights": np.ones((5, 2)),
            "name": "given",
        },
        on(LABELS.reshape(-1, 1)),
    ),
    layer("Lambda", {"function": keras.ops.square}, output_shape=(6,), arguments={}),
    layer("ReLU", max_value=1.0, negative_slope=0.1, threshold=0.2),
    layer("LeakyReLU", negative_slope=0.1),
    layer(
        "PReLU",
        alpha_initializer="ones",
        alpha_regularizer=L2,
        alpha_constraint="non_neg",
        shared_axes=[1],
    ),
    layer("ELU", alpha=0.5),
    layer("Softmax", axis=-1),
    layer("ActivityRegularization", l1=0.1, l2=0.1),
    layer("Identity"),
    layer("Layer", use=nothing),
    merge("Concatenate", axis=-1),
    merge("Add"),
    merge("Subtract"),
    merge("Multiply"),
    merge("Average"),
    merge("Maximum"),
    merge("Minimum"),
    merge("Dot", normalize=True),
    twin("concatenate", axis=-1),
    twin("add"),
    twin("subtract"),
    twin("multiply"),
    twin("average"),
    twin("maximum"),
    twin("minimum"),
    twin("dot", normalize=True),
]


ACTIVATIONS = [
    Entry(
        f"activations.{name}",
        {"x": X, **keras.activations.registry.examples[function.__name__]},
        defaults(function),
        nothing,
    )
    for function in shared(keras.activations)
    for name in keras.activations.registry.names_of(function)
]


def initializer(name: str, **others: Any) -> Entry:
    return Entry(f"initializers.{name}", {}, others, on((4, 4)))


INITIALIZERS = [
    *[
        initializer(f"{family}{kind}", seed=1)
        for family in ("Glorot", "He", "Lecun")
        for kind in ("Normal", "Uniform")
    ],
    initializer("RandomNormal", mean=1.0, stddev=2.0, seed=1),
    initializer("RandomUniform", minval=-1.0, maxval=2.0, seed=1),
    initializer("TruncatedNormal", mean=1.0, stddev=2.0, seed=1),
    initializer("VarianceScaling", scale=2.0, mode="fan_avg", distribution="uniform", seed=1),
    initializer("Orthogonal", gain=2.0, seed=1),
    initializer("Identity", gain=2.0),
    initializer("Zeros"),
    initializer("Ones"),
    initializer("Constant", value=3.0),
    Entry("initializers.get", {"identifier": "he_normal"}, {}, on((4, 4))),
]
REGULARIZERS = [
    Entry("regularizers.L1", {}, {"l1": 0.1}, on(X)),
    Entry("regularizers.L2", {}, {"l2": 0.1}, on(X)),
    Entry("regularizers.L1L2", {}, {"l1": 0.1, "l2": 0.1}, on(X)),
    Entry("regularizers.l1", {}, {"l1": 0.1}, on(X)),
    Entry("regularizers.l2", {}, {"l2": 0.1}, on(X)),
    Entry("regularizers.l1_l2", {}, {"l1": 0.1, "l2": 0.1}, on(X)),
    Entry("regularizers.OrthogonalRegularizer", {}, {"factor": 0.1, "mode": "columns"}, on(X)),
]
CONSTRAINTS = [
    Entry("constraints.MaxNorm", {}, {"max_value": 1.0, "axis": 0}, on(X)),
    Entry("constraints.NonNeg", {}, {}, on(X)),
    Entry("constraints.UnitNorm", {}, {"axis": 0}, on(X)),
    Entry(
        "constraints.MinMaxNorm",
        {},
        {"min_value": 0.5, "max_value": 1.0, "rate": 0.5, "axis": 0},
        on(X),
    ),
]
BINARY, MANY, SPARSE, REAL = (
    (BITS, CHANCES),
    (ONE_HOT, PROBABILITIES),
    (LABELS, PROBABILITIES),
    (Y, CHANCES),
)
# By what `pynn.losses` declares targets to be.
DATA = {
    "real": REAL,
    "counts": REAL,
    "signs": BINARY,
    "binary": BINARY,
    "classes": MANY,
    "labels": SPARSE,
}
_LOSSES = {
    function: (DATA[cls._data], {**defaults(function), **cls._example})
    for function, cls in keras.losses.CLASS_OF.items()
    if function in shared(keras.losses)
}
LOSSES = [
    *[
        Entry(
            f"losses.{name}",
            {
                "y_true": data[0],
                "y_pred": data[1],
                **{key: others[key] for key in others.keys() - defaults(function).keys()},
            },
            others,
            nothing,
        )
        for function, (data, others) in _LOSSES.items()
        for name in keras.losses.registry.names_of(function)
        if hasattr(keras.losses, name)
    ],
    *[
        Entry(
            f"losses.{keras.losses.CLASS_OF[function].__name__}",
            {},
            {**others, "reduction": "sum", "name": "given", "dtype": "float32"},
            lambda made, data=data: made(*data, sample_weight=np.ones(8)),
        )
        for function, (data, others) in _LOSSES.items()
    ],
    Entry("losses.get", {"identifier": "mse"}, {}, on(Y, CHANCES)),
]


def metric(cls: str, data: Any = REAL, use: Any = None, **others: Any) -> Entry:
    others = {**others, "name": "given", "dtype": "float32"}
    return Entry(f"metrics.{cls}", {}, others, use or as_metric(*data))


_CUTS = {"thresholds": 0.4}
METRICS = [
    *[
        metric(cls.__name__, data, **{**defaults(cls), "name": "given"})
        for function, (data, _) in _LOSSES.items()
        for cls in [keras.metrics.registry.find(function.__name__)]
        if isinstance(cls, type)
    ],
    metric("Accuracy", (LABELS, LABELS)),
    metric("BinaryAccuracy", BINARY, threshold=0.4),
    metric("CategoricalAccuracy", MANY),
    metric("SparseCategoricalAccuracy", SPARSE),
    metric("TopKCategoricalAccuracy", MANY, k=2),
    metric("SparseTopKCategoricalAccuracy", SPARSE, k=2),
    metric("Precision", BINARY, **_CUTS, top_k=1, class_id=0),
    metric("Recall", BINARY, **_CUTS, top_k=1, class_id=0),
    metric(
        "AUC",
        BINARY,
        num_thresholds=50,
        curve="PR",
        summation_method="majoring",
        thresholds=[0.3, 0.6],
        multi_label=True,
        num_labels=None,
        label_weights=None,
        from_logits=True,
    ),
    metric("F1Score", MANY, average="macro", threshold=0.4),
    metric("FBetaScore", MANY, average="macro", beta=2.0, threshold=0.4),
    metric("TruePositives", BINARY, **_CUTS),
    metric("TrueNegatives", BINARY, **_CUTS),
    metric("FalsePositives", BINARY, **_CUTS),
    metric("FalseNegatives", BINARY, **_CUTS),
    *[
        Entry(
            f"metrics.{name}",
            keras.metrics.registry.examples[name],
            {"num_thresholds": 20, "class_id": 0, "name": "given", "dtype": "float32"},
            as_metric(*BINARY),
        )
        for name in (
            "SensitivityAtSpecificity",
            "SpecificityAtSensitivity",
            "PrecisionAtRecall",
            "RecallAtPrecision",
        )
    ],
    metric("PearsonCorrelation", MANY, axis=1),
    metric("ConcordanceCorrelation", MANY, axis=1),
    metric("RootMeanSquaredError"),
    metric("R2Score", class_aggregation="variance_weighted_average", num_regressors=1),
    metric("Mean", use=as_mean),
    metric("Sum", use=as_mean),
    Entry(
        "metrics.MeanMetricWrapper",
        {"fn": keras.losses.mse},
        {"name": "given", "dtype": "float32"},
        as_metric(*REAL),
    ),
    *[
        Entry(
            f"metrics.{name}", dict(zip(("y_true", "y_pred"), data, strict=True)), others, nothing
        )
        for name, data, others in (
            ("binary_accuracy", BINARY, {"threshold": 0.4}),
            ("categorical_accuracy", MANY, {}),
            ("sparse_categorical_accuracy", SPARSE, {}),
            ("top_k_categorical_accuracy", MANY, {"k": 2}),
            ("sparse_top_k_categorical_accuracy", SPARSE, {"k": 2}),
            ("mean_squared_error", REAL, {}),
            ("pearson_correlation", REAL, {"axis": 0}),
            ("concordance_correlation", REAL, {"axis": 0}),
        )
    ],
    Entry("metrics.get", {"identifier": "mse"}, {}, as_metric(*REAL)),
]
