"""A layer of every class with every argument that changes what it computes, in either library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

import pynn
from conformance.agreement import generator

ROWS = 5


class Case(NamedTuple):
    """A layer's class, its arguments, made with either library, and the shapes of its rows."""

    cls: str
    options: Callable[[Any], dict[str, Any]]
    shapes: tuple[tuple[int, ...], ...] = ((4,),)


def case_of(cls: str, *shapes: tuple[int, ...], **options: Any) -> Case:
    return Case(cls, lambda k: options, shapes or ((4,),))


# Which need an even number of units, or arguments, or differ: see exceptions.py.
_NOT_OF_DENSE = ("glu", "threshold", "sparsemax")
ACTIVATIONS = [
    name
    for name in pynn.activations.__all__
    if hasattr(keras.activations, name)
    and name not in ("get", "serialize", "deserialize", *_NOT_OF_DENSE)
]
MERGES = ("Add", "Average", "Maximum", "Minimum", "Multiply")
SMOOTH = [
    *[case_of("Dense", units=3, activation=name) for name in ACTIVATIONS],
    case_of("Dense", units=3, use_bias=False),
    case_of("Dense", (2, 4), units=3, activation="tanh"),
    case_of("Dense", (3, 2, 4), units=2),
    case_of("EinsumDense", equation="ab,bc->ac", output_shape=3, bias_axes="c"),
    case_of("EinsumDense", (2, 4), equation="...i,io->...o", output_shape=3, activation="tanh"),
    case_of("EinsumDense", (3, 2), equation="ab...,bc->ac...", output_shape=5, bias_axes="c"),
    *[
        case_of(
            "EinsumDense",
            (3, 4),
            equation="bgi,gio->bgo",
            output_shape=(3, 2),
            bias_axes=axes,
            bias_initializer="ones",
        )
        for axes in ("o", "g", "go")
    ],
    Case(
        "Dense",
        lambda k: {
            "units": 3,
            "kernel_initializer": "he_normal",
            "bias_initializer": k.initializers.Constant(0.3),
            "kernel_regularizer": k.regularizers.L1L2(0.01, 0.02),
            "bias_regularizer": "l2",
            "activity_regularizer": k.regularizers.L2(0.03),
        },
    ),
    Case("Dense", lambda k: {"units": 3, "activation": k.layers.LeakyReLU(negative_slope=0.3)}),
    *[case_of("Activation", activation=name) for name in ("relu", "gelu", "softmax")],
    case_of("Flatten"),
    case_of("Flatten", (2, 3)),
    case_of("Flatten", (2, 3, 2)),
    case_of("Flatten", (2, 3, 2), data_format="channels_first"),
    case_of("Reshape", target_shape=(2, 2)),
    case_of("Reshape", (2, 3), target_shape=(-1,)),
    case_of("Reshape", (6,), target_shape=(3, -1)),
    case_of("Permute", (2, 3), dims=(2, 1)),
    case_of("RepeatVector", n=3),
    case_of("Rescaling", scale=0.5),
    case_of("Rescaling", scale=2.0, offset=-1.0),
    case_of("Rescaling", scale=[1.0, 2.0, 3.0, 4.0], offset=[0.0, 1.0, 0.0, -1.0]),
    case_of("ReLU"),
    case_of("ReLU", max_value=1.0, negative_slope=0.1, threshold=0.2),
    case_of("LeakyReLU"),
    case_of("LeakyReLU", negative_slope=0.05),
    case_of("PReLU"),
    Case("PReLU", lambda k: {"alpha_initializer": k.initializers.Constant(0.2)}),
    Case(
        "PReLU",
        lambda k: {"alpha_initializer": k.initializers.Constant(0.2), "shared_axes": [1]},
        ((3, 4),),
    ),
    case_of("ELU"),
    case_of("ELU", alpha=0.4),
    case_of("Softmax"),
    case_of("Softmax", (2, 3), axis=1),
    case_of("Softmax", (2, 3), axis=[1, 2]),
    case_of("Identity"),
    case_of("ActivityRegularization", l1=0.1, l2=0.2),
    case_of("LayerNormalization"),
    case_of("LayerNormalization", (3, 4), epsilon=0.01),
    case_of("LayerNormalization", (3, 4), axis=[1, 2]),
    case_of("LayerNormalization", (3, 4), axis=1),
    case_of("LayerNormalization", center=False),
    case_of("LayerNormalization", scale=False),
    case_of("GroupNormalization", groups=2),
    case_of("GroupNormalization", (3, 4), groups=-1),
    case_of("GroupNormalization", (4, 3), groups=2, axis=1),
    case_of("RMSNormalization"),
    case_of("RMSNormalization", (3, 4), axis=[1, 2], epsilon=0.01),
    case_of("UnitNormalization"),
    case_of("UnitNormalization", (3, 4), axis=1),
    case_of("BatchNormalization"),
    case_of("BatchNormalization", momentum=0.7, epsilon=0.01),
    case_of("BatchNormalization", center=False),
    case_of("BatchNormalization", scale=False),
    case_of("BatchNormalization", (3, 4)),
    case_of("BatchNormalization", (3, 4), axis=1),
    case_of("BatchNormalization", trainable=False),
    case_of("Normalization", mean=0.5, variance=2.0),
    case_of("Normalization", mean=[1.0, 2.0, 3.0, 4.0], variance=[4.0, 3.0, 2.0, 1.0]),
    case_of("Normalization", mean=[1.0, 2.0, 3.0, 4.0], variance=[4.0, 3.0, 2.0, 1.0], invert=True),
    case_of("Normalization", mean=0.5, variance=2.0, axis=None),
    *[case_of(name, (4,), (4,)) for name in (*MERGES, "Subtract", "Concatenate")],
    *[case_of(name, (4,), (4,), (4,)) for name in (*MERGES, "Concatenate")],
    *[case_of(name, (3, 4), (3, 4)) for name in (*MERGES, "Subtract", "Concatenate")],
    *[case_of(name, (3, 4), (1, 4)) for name in (*MERGES, "Subtract")],
    case_of("Concatenate", (2, 4), (3, 4), axis=1),
    case_of("Dot", (4,), (4,), axes=1),
    case_of("Dot", (4,), (4,), axes=-1, normalize=True),
    case_of("Dot", (2, 4), (3, 4), axes=2),
    case_of("Dot", (2, 4), (4, 3), axes=(2, 1)),
    case_of("Dot", (2, 4), (2, 3), axes=1),
    Case("Lambda", lambda k: {"function": lambda x: k.ops.square(x) + 1.0}),
    Case("Lambda", lambda k: {"function": lambda x, by: x * by, "arguments": {"by": 3.0}}),
]
# What is the same around almost every input.
FLAT = [
    case_of("Discretization", shape, bin_boundaries=[-1.0, 0.0, 0.5], output_mode=mode)
    for mode in ("int", "one_hot", "multi_hot", "count")
    for shape in ((4,), (1,), (3, 4))
]
NOISY = [
    case_of("Dropout", (40, 50), rate=0.3),
    case_of("Dropout", (40, 50), rate=0.0),
    case_of("Dropout", (40, 50), rate=0.3, noise_shape=(None, 40, 1)),
    case_of("AlphaDropout", (40, 50), rate=0.3),
    case_of("AlphaDropout", (40, 50), rate=0.3, noise_shape=(None, 40, 1)),
    case_of("GaussianNoise", (40, 50), stddev=0.7),
    case_of("GaussianDropout", (40, 50), rate=0.3),
]


def drawn(case: Case) -> list[np.ndarray]:
    rng = generator(case.cls, case.shapes, "x")
    return [rng.standard_normal((ROWS, *shape)).astype("float32") for shape in case.shapes]


def packed(arrays: list[Any]) -> Any:
    return arrays[0] if len(arrays) == 1 else arrays
