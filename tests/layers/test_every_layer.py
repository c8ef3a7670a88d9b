"""What holds for every layer on the list: arrays, models, shapes, configs and copies agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pynn import graph, layers
from pynn.models import Model, clone_model, model_from_json

RNG = np.random.default_rng(1)
ROWS = 37  # no multiple of the engine's blocks of 32
VECTOR = RNG.standard_normal((ROWS, 6)).astype("float32")
OTHER = RNG.standard_normal((ROWS, 6)).astype("float32")
IMAGE = RNG.standard_normal((ROWS, 2, 3)).astype("float32")
SINGLE_PRECISION = 2e-6  # a few roundings of float32 at values near 1


def shifted(x: object, by: float) -> object:
    return x + by


OWN = {"shifted": shifted}

# layer, its arguments, what it is called on
EXAMPLES = [
    ("Activation", {"activation": "tanh"}, VECTOR),
    ("Activation", {"activation": "softmax"}, IMAGE),
    ("Add", {}, [VECTOR, OTHER, VECTOR]),
    ("ActivityRegularization", {"l2": 0.01}, VECTOR),
    ("AlphaDropout", {"rate": 0.1}, VECTOR),
    ("AlphaDropout", {"rate": 0.1, "noise_shape": (None, 1, None)}, IMAGE),
    ("Average", {}, [VECTOR, OTHER]),
    ("BatchNormalization", {}, VECTOR),
    ("BatchNormalization", {"scale": False, "momentum": 0.5, "epsilon": 0.1}, VECTOR),
    ("BatchNormalization", {"center": False}, IMAGE),
    ("BatchEnsembleDense", {"units": 4, "activation": "gelu"}, IMAGE),
    ("CategoryEncoding", {"num_tokens": 3}, VECTOR),
    ("CategoryEncoding", {"num_tokens": 3, "output_mode": "one_hot"}, VECTOR),
    ("Concatenate", {}, [VECTOR, OTHER]),
    ("Concatenate", {"axis": 1}, [IMAGE, IMAGE]),
    ("Concatenate", {"axis": -1}, [IMAGE, IMAGE]),
    ("Dense", {"units": 5}, VECTOR),
    ("Dense", {"units": 5, "activation": "relu", "use_bias": False}, VECTOR),
    ("Dense", {"units": 4, "activation": "gelu", "bias_initializer": "ones"}, IMAGE),
    ("EinsumDense", {"equation": "...i,io->...o", "output_shape": 3, "bias_axes": "o"}, VECTOR),
    ("Dot", {"axes": 1}, [VECTOR, OTHER]),
    ("Dot", {"axes": (2, 1), "normalize": True}, [IMAGE, IMAGE.transpose(0, 2, 1)]),
    ("Dot", {"axes": (1, 2)}, [VECTOR[:, :3], IMAGE]),
    ("Dot", {"axes": (1, 2)}, [IMAGE, np.stack([IMAGE, IMAGE], axis=-1).transpose(0, 2, 1, 3)]),
    ("Dropout", {"rate": 0.5}, VECTOR),
    ("ELU", {"alpha": 0.5}, VECTOR),
    ("Dropout", {"rate": 0.5, "noise_shape": (None, 1, None)}, IMAGE),
    ("FeatureScale", {}, VECTOR),
    ("FeatureScale", {"axes": 2}, IMAGE),
    ("Flatten", {}, IMAGE),
    ("Flatten", {"data_format": "channels_first"}, IMAGE),
    ("Function", {"function": "sum", "arguments": {"axis": -1, "keepdims": True}}, IMAGE),
    ("Function", {"function": "logsumexp", "arguments": {"axis": (1, 2)}}, IMAGE),
    ("GaussianDropout", {"rate": 0.1}, VECTOR),
    ("GaussianNoise", {"stddev": 0.1}, VECTOR),
    ("GroupNormalization", {"groups": 3}, VECTOR),
    ("GroupNormalization", {"groups": 2, "axis": 1, "center": False}, IMAGE),
    ("Identity", {}, IMAGE),
    ("Lambda", {"function": shifted, "arguments": {"by": 2.0}}, VECTOR),
    ("LayerNormalization", {}, VECTOR),
    ("LayerNormalization", {"axis": [1, 2], "scale": False}, IMAGE),
    ("LeakyReLU", {"negative_slope": 0.1}, VECTOR),
    ("Maximum", {}, [VECTOR, OTHER]),
    ("Minimum", {}, [VECTOR, OTHER, OTHER + 1]),
    ("Multiply", {}, [VECTOR, OTHER]),
    ("Multiply", {}, [VECTOR, OTHER[:, :1]]),
    ("Normalization", {}, VECTOR),
    ("Normalization", {"axis": None}, IMAGE),
    ("Normalization", {"mean": 1.0, "variance": 4.0}, IMAGE),
    ("Normalization", {"mean": 1.0, "variance": 4.0, "invert": True}, VECTOR),
    ("Permute", {"dims": (2, 1)}, IMAGE),
    ("PReLU", {}, VECTOR),
    ("PReLU", {"shared_axes": [1]}, IMAGE),
    ("ReLU", {}, VECTOR),
    ("ReLU", {"max_value": 6.0}, VECTOR),
    ("ReLU", {"negative_slope": 0.25, "max_value": 1.0}, VECTOR),
    ("ReLU", {"negative_slope": 0.25, "threshold": 0.5}, VECTOR),
    ("RepeatVector", {"n": 3}, VECTOR),
    ("RMSNormalization", {"axis": [1, 2]}, IMAGE),
    ("RMSNormalization", {}, VECTOR),
    ("Rescaling", {"scale": 0.5, "offset": -1.0}, IMAGE),
    ("Rescaling", {"scale": [1.0, 2.0, 3.0]}, IMAGE),
    ("Reshape", {"target_shape": (3, -1)}, VECTOR),
    ("Softmax", {}, VECTOR),
    ("Softmax", {"axis": 1}, IMAGE),
    ("Softmax", {"axis": [1, 2]}, IMAGE),
    ("Subtract", {}, [VECTOR, OTHER]),
    ("UnitNormalization", {}, VECTOR),
    ("UnitNormalization", {"axis": [1, 2]}, IMAGE),
]
# Some take whole numbers or texts, see test_embedding.py and test_lookup.py; the others are not
# called by users.
NO_EXAMPLE = {"Embedding", "InputLayer", "IntegerLookup", "Operation", "StringLookup"}
EXAMPLES += [
    (name, arguments, VECTOR)
    for name, arguments in layers.registry.examples.items()
    if name not in NO_EXAMPLE | {name for name, _, _ in EXAMPLES}
]


def build(name: str, arguments: dict, data: object) -> tuple[layers.Layer, Model]:
    layer = getattr(layers, name)(**arguments)
    many = isinstance(data, list)
    inputs = [layers.Input(array.shape[1:]) for array in (data if many else [data])]
    return layer, Model(inputs, layer(inputs if many else inputs[0]))


@pytest.mark.parametrize(("name", "arguments", "data"), EXAMPLES)
def test_model_computes_what_the_layer_does(name: str, arguments: dict, data: object) -> None:
    layer, model = build(name, arguments, data)
    for weight in layer.weights:
        weight.assign_add(RNG.uniform(0.1, 0.5, weight.shape))
    expected = layer(data)
    found = model.predict(data, verbose=0)
    assert found.dtype == expected.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=SINGLE_PRECISION)
    assert model.output_shape == (None, *expected.shape[1:])
    shape = [a.shape for a in data] if isinstance(data, list) else data.shape
    assert layer.compute_output_shape(shape)[1:] == expected.shape[1:]


def copied(layer: layers.Layer) -> layers.Layer:
    return type(layer).from_config(layer.get_config(), OWN)


@pytest.mark.parametrize(("name", "arguments", "data"), EXAMPLES)
def test_config_and_copies_compute_the_same(name: str, arguments: dict, data: object) -> None:
    layer, model = build(name, arguments, data)
    expected = model.predict(data, verbose=0)
    again = type(layer).from_config(layer.get_config(), OWN)
    assert again.get_config() == layer.get_config()
    for copy in (clone_model(model, clone_function=copied), model_from_json(model.to_json(), OWN)):
        copy.set_weights(model.get_weights())
        assert copy.layers[-1] is not layer
        np.testing.assert_array_equal(copy.predict(data, verbose=0), expected)


@pytest.mark.parametrize(("name", "arguments", "data"), EXAMPLES)
def test_interpreter_trains_as_the_engine_does(name: str, arguments: dict, data: object) -> None:
    """Gradients of a dense layer below, through the layer, from both ways of computing."""
    if "rate" in arguments:
        arguments = {"rate": 0.0}  # the two draw different masks
    if "stddev" in arguments:
        arguments = {"stddev": 0.0}
    many = isinstance(data, list)
    arrays = data if many else [data]
    inputs = [layers.Input(array.shape[1:], dtype="float64") for array in arrays]
    below = [
        layers.Dense(array.shape[-1], dtype="float64")(tensor)
        for array, tensor in zip(arrays, inputs, strict=True)
    ]
    layer = getattr(layers, name)(**arguments, dtype="float64")
    output = layers.Flatten()(layer(below if many else below[0]))
    plan = graph.Plan(inputs, [output])
    y = RNG.standard_normal((ROWS, output.shape[1]))
    weights = [weight for weight in plan.weights if weight.trainable]
    trainer = plan.trainer([("mean_squared_error", [])], ("sgd", []), parameters=weights)
    from pynn.graph._interpreting_trainer import InterpretingTrainer

    zeros = [0.0] * len(weights)
    loss = ("mean_squared_error", [])
    slow = InterpretingTrainer(plan, [loss], [1.0], [()], weights, zeros, zeros, ("sgd", []), {})
    fast_data = ([graph.to_rows(a) for a in arrays], [graph.to_rows(y)], [None])
    slow_data = (arrays, [y], [None])
    loss_slow, grads_slow = slow.gradients(*slow_data)
    loss_fast, grads_fast = trainer.gradients(*(fast_data if plan.is_native else slow_data))
    assert loss_fast == pytest.approx(loss_slow, rel=1e-12)
    for fast, slow_grad in zip(grads_fast, grads_slow, strict=True):
        np.testing.assert_allclose(fast, slow_grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("symbolic", [False, True])
def test_axes_of_a_dot_product_are_of_one_size(symbolic: bool) -> None:
    """An axis of size 1 too, which would be broadcast."""
    pair = [layers.Input((3,)), layers.Input((1,))] if symbolic else [VECTOR, OTHER[:, :1]]
    with pytest.raises(ValueError, match="axes must be of one size, and are of . and 1"):
        layers.Dot(axes=1)(pair)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("Concatenate", {"axis": 0}, "axis must not be the batch's. Received: axis=0"),
        ("Discretization", {"num_bins": 3, "epsilon": 1}, "epsilon must be between 0 and 1.*=1"),
        ("Discretization", {"num_bins": 3, "epsilon": "a"}, "epsilon must be between 0 and 1"),
        ("Dot", {"axes": 0}, "one or two axes, not the batch's. Received: axes=0"),
        ("Dot", {"axes": (1, 2, 1)}, r"one or two axes.* Received: axes=\(1, 2, 1\)"),
        ("Flatten", {"data_format": "last"}, "data_format must be .* data_format='last'"),
        ("GroupNormalization", {"groups": 0}, "groups must be -1 or a positive.* groups=0"),
        ("GroupNormalization", {"groups": 2.0}, "groups must be -1 or a positive.* groups=2.0"),
        ("InputLayer", {"input_tensor": 1}, "input_tensor must be None. Received: input_tensor=1"),
        ("IntegerLookup", {"oov_method": "md5"}, "must be 'floormod' or 'farmhash'.*'md5'"),
        ("IntegerLookup", {"vocabulary_dtype": "int32"}, "must be 'int64'.*'int32'"),
        ("Permute", {"dims": (0, 1)}, r"dims must be an order of 1, 2.* dims=\(0, 1\)"),
        ("ReLU", {"negative_slope": -1}, "negative_slope must not be negative.* negative_slope=-1"),
        ("ReLU", {"threshold": None}, "threshold must not be negative.* threshold=None"),
        ("ReLU", {"max_value": float("nan")}, "max_value must not be negative.* max_value=nan"),
        ("RepeatVector", {"n": 0}, "n must be positive. Received: n=0"),
    ],
)
def test_arguments_that_are_refused(name: str, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: .*{message}"):
        getattr(layers, name)(**arguments)


def test_the_copies_of_a_vector_are_counted_in_whole_numbers() -> None:
    with pytest.raises(TypeError, match=r"n must be an integer. Received: n=2\.0"):
        layers.RepeatVector(2.0)


@pytest.mark.parametrize("symbolic", [False, True])
@pytest.mark.parametrize(
    ("name", "arguments", "data", "message"),
    [
        ("Add", {}, VECTOR, "takes a list of inputs. Received: "),
        ("Dot", {"axes": -2}, [VECTOR, OTHER], "axes must not be the batch's"),
        ("Dot", {"axes": 1}, [VECTOR[:, 0], OTHER], "inputs must have two axes or more"),
        ("GroupNormalization", {"groups": 4}, VECTOR, r"groups=4, input_shape=\(None, 6\)"),
        ("LayerNormalization", {"axis": 0}, IMAGE, "must be some of its input's.* axis=0"),
        ("LayerNormalization", {"axis": [1, 3]}, IMAGE, r"must be some of its input's.*\[1, 3\]"),
        ("LayerNormalization", {"axis": [1, -2]}, IMAGE, "must be some of its input's"),
        ("Normalization", {"axis": 3}, IMAGE, "Received: axis=3 for an input of 3 axes"),
        ("Normalization", {"axis": (1, -3)}, IMAGE, r"axis=\(1, -3\) for an input of 3 axes"),
        ("Permute", {"dims": (2, 1)}, VECTOR, r"takes rows of 2 axes. Received: shape=\(\w+, 6\)"),
        ("RepeatVector", {"n": 2}, IMAGE, r"takes rows that are vectors.* shape=\(\w+, 2, 3\)"),
    ],
)
def test_inputs_that_are_refused(
    name: str, arguments: dict, data: Any, message: str, symbolic: bool
) -> None:
    layer = getattr(layers, name)(**arguments, name="mine")
    if symbolic:
        many = isinstance(data, list)
        inputs = [layers.Input(array.shape[1:]) for array in (data if many else [data])]
        data = inputs if many else inputs[0]
    with pytest.raises(ValueError, match=f"layer 'mine' .*{message}"):
        layer(data)
