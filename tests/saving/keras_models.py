"""Models of every layer that pynn and Keras share, written so that either library makes them.

Each function takes the library: Keras or pynn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def inputs_for(tensors: list[Any]) -> list[np.ndarray]:
    """Three rows for each input; small whole numbers for inputs of integers."""
    rng = np.random.default_rng(0)
    arrays = []
    for tensor in tensors:
        shape = (3, *tensor.shape[1:])
        whole = "int" in str(tensor.dtype)
        arrays.append(
            rng.integers(0, 4, shape).astype("int32")
            if whole
            else rng.standard_normal(shape).astype("float32")
        )
    return arrays


def sequential(k: Any) -> Any:
    model = k.Sequential(
        [
            k.Input((4, 3), name="images"),
            k.layers.Rescaling(0.5, offset=0.1),
            k.layers.Flatten(),
            k.layers.Dense(5, activation="relu", kernel_regularizer="l2", name="hidden"),
            k.layers.BatchNormalization(),
            k.layers.Dropout(0.2),
            k.layers.Dense(4, activation="tanh", use_bias=False, kernel_constraint="non_neg"),
            k.layers.LayerNormalization(),
            k.layers.Dense(2, activation="softmax"),
        ],
        name="plain",
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def activations(k: Any) -> Any:
    inputs = x = k.Input((6,), name="x")
    for layer in (
        k.layers.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.2),
        k.layers.LeakyReLU(negative_slope=0.2),
        k.layers.PReLU(),
        k.layers.ELU(alpha=0.7),
        k.layers.Activation("gelu"),
        k.layers.Dense(6, activation="selu", kernel_initializer=k.initializers.HeNormal(seed=3)),
        k.layers.GaussianNoise(0.1),
        k.layers.GaussianDropout(0.1),
        k.layers.AlphaDropout(0.1),
        k.layers.ActivityRegularization(l1=0.01),
        k.layers.Identity(),
        k.layers.Dense(6, activation=k.layers.LeakyReLU(negative_slope=0.3)),
        k.layers.Reshape((2, 3)),
        k.layers.Softmax(axis=1),
        k.layers.Dense(2, activation="swish", bias_initializer=k.initializers.Constant(0.5)),
    ):
        x = layer(x)
    return k.Model(inputs, x, name="activations")


def merging(k: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    shared = k.layers.Dense(4, activation="sigmoid", name="shared")
    u, v = shared(a), shared(b)
    merged = [
        k.layers.Add()([u, v]),
        k.layers.Subtract()([u, v]),
        k.layers.Multiply()([u, v]),
        k.layers.Average()([u, v]),
        k.layers.Maximum()([u, v]),
        k.layers.Minimum()([u, b]),
        k.layers.Dot(axes=1, normalize=True)([u, v]),
    ]
    both = k.layers.Concatenate()(merged)
    main = k.layers.Dense(1, name="main")(both)
    model = k.Model(inputs=[a, b], outputs=[main, k.layers.Dense(2, name="side")(v)])
    model.compile(
        loss={"main": k.losses.Huber(reduction="sum"), "side": "mse"},
        loss_weights={"main": 0.9, "side": 0.1},
        optimizer=k.optimizers.SGD(
            k.optimizers.schedules.ExponentialDecay(0.1, 100, 0.5), momentum=0.9
        ),
    )
    return model


def nested(k: Any) -> Any:
    inner = k.Sequential(
        [k.Input((3,)), k.layers.Dense(3), k.layers.BatchNormalization(), k.layers.Dense(2)],
        name="inner",
    )
    x = k.Input((2,), name="left")
    y = k.layers.Dense(3, name="outer_dense")(x)
    branch = k.Model(x, k.layers.Dense(3, name="branch_dense")(y), name="branch")
    left, right = k.Input((2,), name="p"), k.Input((3,), name="q")
    normalized = k.layers.Normalization(name="norm")(right)
    known = k.layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0])(right)
    twice = inner(branch(left)), inner(normalized)
    outputs = k.layers.Dense(2, name="end")(k.layers.concatenate([*twice, known]))
    return k.Model([left, right], outputs, name="whole")


def embedding(k: Any) -> Any:
    words = k.Input((5,), dtype="int32", name="words")
    vectors = k.layers.Embedding(4, 3, name="table")(words)
    frozen = k.layers.Dense(2, trainable=False, name="frozen")(k.layers.Flatten()(vectors))
    return k.Model(words, k.layers.Dense(1, activation="exponential")(frozen), name="text")


def groups(k: Any) -> Any:
    x = k.Input((3, 2), name="members")
    shared = k.layers.EinsumDense("bgi,io->bgo", (3, 4), bias_axes="o", activation="relu")(x)
    own = k.layers.EinsumDense("bgi,gio->bgo", (3, 2), bias_axes="go", name="own")(shared)
    return k.Model(x, own, name="groups")


def operators(k: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((2, 3), name="b")
    hidden = k.layers.Dense(4, name="hidden")(a)
    gate = k.ops.where(a > 0, k.ops.sigmoid(hidden), 0.25)
    scaled = (2 * hidden - a / 3.0) ** 2 * gate + np.array([1.0, 2.0, 3.0, 4.0], "float32")
    left, right = k.ops.split(k.ops.reshape(k.ops.transpose(b, (0, 2, 1)), (-1, 6)), 2, axis=-1)
    moments = k.ops.stack(
        [
            k.ops.mean(b, axis=(1, 2)),
            k.ops.std(b, axis=(1, 2)),
            k.ops.logsumexp(b[..., 0], axis=1),
            k.ops.max(b[:, 1, 1:], axis=-1),
        ],
        axis=-1,
    )
    pieces = [
        scaled,
        k.ops.maximum(left, right),
        k.ops.take(b[:, :, 1], np.array([1, 0, 1]), axis=-1),
        k.ops.clip(-moments, x_min=-0.5, x_max=0.5),
        k.ops.cast(abs(a) >= 0.5, "float32"),
    ]
    end = k.layers.Dense(2, name="end")(k.ops.concatenate(pieces, axis=-1))
    side = k.layers.Activation("linear", name="side")(k.ops.normalize(moments))
    return k.Model([a, b], [end, side], name="operators")


def shapes(k: Any) -> Any:
    inputs = k.Input((4,), name="row")
    x = k.layers.RepeatVector(6)(k.layers.RMSNormalization()(inputs))
    x = k.layers.GroupNormalization(groups=2)(k.layers.Permute((2, 1))(x))
    x = k.layers.UnitNormalization()(k.layers.Dense(3)(x))
    return k.Model(inputs, k.layers.Flatten()(x), name="shapes")


def binned(k: Any) -> Any:
    inputs = k.Input((4,), name="row")
    places = k.layers.Discretization(bin_boundaries=[-0.5, 0.0, 0.5])(inputs)
    counts = k.layers.CategoryEncoding(num_tokens=4, output_mode="multi_hot")(places)
    return k.Model(inputs, k.layers.Dense(2)(counts), name="binned")


MODELS: dict[str, Callable[[Any], Any]] = {
    f.__name__: f
    for f in (
        sequential,
        activations,
        merging,
        nested,
        embedding,
        groups,
        operators,
        shapes,
        binned,
    )
}


def old_sequential(k: Any) -> Any:
    model = k.models.Sequential(
        [
            k.layers.Flatten(input_shape=[4, 3]),
            k.layers.Dense(5, kernel_initializer="he_normal", use_bias=False),
            k.layers.BatchNormalization(),
            k.layers.Activation("elu"),
            k.layers.LeakyReLU(alpha=0.2),
            k.layers.Dropout(rate=0.2),
            k.layers.Dense(3, activation="softmax", kernel_regularizer=k.regularizers.l2(0.01)),
        ]
    )
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=k.optimizers.SGD(learning_rate=0.1, momentum=0.9),
        metrics=["accuracy"],
    )
    return model


def old_functional(k: Any) -> Any:
    wide = k.layers.Input(shape=[2], name="wide_input")
    deep = k.layers.Input(shape=[3], name="deep_input")
    normalized = k.layers.Normalization()(deep)
    shared = k.layers.Dense(3, activation="relu")
    hidden = shared(shared(normalized))
    inner = k.models.Sequential(
        [k.layers.Dense(2, input_shape=[3]), k.layers.BatchNormalization(), k.layers.PReLU()]
    )
    concat = k.layers.concatenate([wide, inner(hidden), inner(normalized)])
    main = k.layers.Dense(1, name="main_output")(concat)
    aux = k.layers.Dense(1, name="aux_output")(k.layers.LayerNormalization()(hidden))
    model = k.models.Model(inputs=[wide, deep], outputs=[main, aux])
    model.compile(loss=[k.losses.Huber(), "mse"], loss_weights=[0.9, 0.1], optimizer="adam")
    return model


# What Keras 2 can make.
OLD_MODELS: dict[str, Callable[[Any], Any]] = {
    f.__name__: f for f in (old_sequential, old_functional)
}
