"""Models as ONNX graphs, run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

import pynn
from pynn import activations, layers, models, ops
from reference.counting import Counts

RNG = np.random.default_rng(0)
# Equal to 1e-5, as two float32 implementations of the functions can be.
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def sequential(*hidden: Any, shape: tuple[int, ...] = (6,), dtype: str = "float32") -> Any:
    return models.Sequential([layers.Input(shape, dtype=dtype), *hidden])


def outputs_of(path: Path, model: Any, data: list[np.ndarray]) -> list[np.ndarray]:
    onnx.checker.check_model(onnx.load(path))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == list(model.input_names)
    found: list[np.ndarray] = session.run(None, dict(zip(model.input_names, data, strict=True)))
    return found


def functional() -> Any:
    first, second = layers.Input((4,), name="first"), layers.Input((2, 3), name="second")
    hidden = layers.Dense(5, activation="relu")(first)
    flat = layers.Dense(5, activation="gelu")(layers.Flatten()(second))
    joined = layers.Concatenate()([hidden, flat, layers.Add()([hidden, flat])])
    joined = layers.Concatenate()([joined, layers.Multiply()([hidden, flat, hidden])])
    tops = [layers.Maximum()([hidden, flat]), layers.Minimum()([hidden, flat])]
    middle = layers.Average()([*tops, hidden])
    seen = ops.expand_dims(ops.tanh(joined) * 2.0, 1)
    return models.Model(
        [first, second],
        [
            layers.Dense(3, activation="softmax", name="classes")(joined),
            layers.Dense(1, name="value")(middle),
            layers.Reshape((-1, 2), name="pairs")(seen),
            layers.Permute((2, 1), name="transposed")(second),
        ],
    )


class Subclassed(models.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.out = layers.Dense(4, activation="selu"), layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.out(self.hidden(inputs))


def with_categories() -> Any:
    codes, numbers = layers.Input((2,), dtype="int32", name="codes"), layers.Input((3,))
    vectors = layers.Flatten()(layers.Embedding(4, 3)(codes))
    hot = layers.CategoryEncoding(4, output_mode="multi_hot")(codes)
    places = layers.IntegerLookup(vocabulary=[3, 1], output_mode="multi_hot")(codes)
    bins = layers.Discretization([-0.5, 0.5], output_mode="multi_hot")(numbers)
    joined = layers.Concatenate()([vectors, hot, places, bins, numbers])
    return models.Model([codes, numbers], layers.Dense(2)(joined))


def mean_removed(x: Any) -> Any:
    return x - ops.mean(x, axis=-1, keepdims=True)


MODELS: dict[str, Any] = {
    "categories": with_categories,
    "a function": lambda: sequential(layers.Lambda(mean_removed), layers.Dense(2)),
    "a constant": lambda: sequential(layers.Lambda(lambda x: x[:, 1:3] * ops.exp(np.ones(2, "f")))),
    "two layers": lambda: sequential(layers.Dense(5, activation="relu"), layers.Dense(2)),
    "flatten": lambda: sequential(layers.Flatten(), layers.Dense(3), shape=(2, 3)),
    "rescaled": lambda: sequential(layers.Rescaling(0.5, 1.0), layers.Dense(3)),
    "normalized": lambda: sequential(
        layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(3, activation="elu")
    ),
    "prelu": lambda: sequential(layers.Dense(3), layers.PReLU(), layers.LeakyReLU(0.1)),
    "float64": lambda: sequential(layers.Dense(3, dtype="float64"), dtype="float64"),
    "whole inputs": lambda: sequential(layers.Dense(3), dtype="int32"),
    "functional": functional,
    "one that is called": lambda: Subclassed(),
    **{
        f"{name}": lambda name=name: sequential(layers.Dense(4, activation=name))
        for name in ("sigmoid", "softplus", "swish", "mish", "hard_sigmoid", "exponential")
    },
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("rows", [1, 5])
def test_the_graph_predicts_as_the_model(name: str, rows: int, tmp_path: Path) -> None:
    model = MODELS[name]()
    if name == "one that is called":
        model(np.zeros((1, 6), "float32"))
    data = [
        np.abs(RNG.standard_normal((rows, *each.shape[1:])) * 1.2).clip(0, 3).astype(each.dtype)
        if each.dtype == "int32" and name == "categories"
        else (RNG.standard_normal((rows, *each.shape[1:])) * 2).astype(each.dtype)
        for each in model.inputs
    ]
    model.export(tmp_path / "m.onnx", format="onnx")
    expected = model.predict(data if len(data) > 1 else data[0], verbose=0)
    found = outputs_of(tmp_path / "m.onnx", model, data)
    for ours, other in zip(expected if len(found) > 1 else [expected], found, strict=True):
        assert ours.shape == other.shape and ours.dtype == other.dtype
        np.testing.assert_allclose(other, ours, **CLOSE)


@pytest.mark.parametrize("opset", [15, 18, 21])
def test_a_fitted_normalization(opset: int, tmp_path: Path) -> None:
    x = RNG.standard_normal((50, 6)).astype("float32") * 3 + 1
    normal = layers.Normalization()
    normal.adapt(x)
    model = sequential(normal, layers.Dense(3, activation="tanh"), layers.BatchNormalization())
    model.compile("sgd", "mse")
    model.fit(x, x[:, :3], verbose=0)
    model.export(tmp_path / "m.onnx", format="onnx", opset_version=opset)
    assert onnx.load(tmp_path / "m.onnx").opset_import[0].version == opset
    (found,) = outputs_of(tmp_path / "m.onnx", model, [x])
    np.testing.assert_allclose(found, model.predict(x, verbose=0), **CLOSE)


def test_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = sequential(layers.Dense(2, name="dense"))
    model.export(tmp_path / "m.onnx", verbose=True, metadata={"author": "nobody"})
    assert "m.onnx" in capsys.readouterr().out
    written = onnx.load(tmp_path / "m.onnx")
    assert {each.key: each.value for each in written.metadata_props} == {
        "pynn_version": pynn.__version__,
        "class": "Sequential",
        "author": "nobody",
    }
    assert written.producer_name == "pynn" and written.graph.name == model.name


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: x / 3,
        lambda x: ops.mean(x, axis=-1, keepdims=True),
        lambda x: ops.exp(-ops.abs(x)),
        lambda x: layers.Average()([x, x + 1]),
        lambda x: activations.sigmoid(x),
    ],
)
def test_fractions_of_whole_numbers(compute: Any, tmp_path: Path) -> None:
    inputs = layers.Input((4,), dtype="int32")
    model = models.Model(inputs, compute(inputs))
    model.export(tmp_path / "m.onnx")
    x = np.arange(-10, 10, dtype="int32").reshape(5, 4)
    (found,) = outputs_of(tmp_path / "m.onnx", model, [x])
    expected = model.predict(x, verbose=0)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, **CLOSE)


class Branching(models.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        out = self.dense(inputs)
        return out * 2.0 if float(ops.sum(out)) > 0 else out


def test_a_model_that_looks_at_values_has_no_graph(tmp_path: Path) -> None:
    model = Branching()
    model(np.zeros((1, 3), "float32"))
    with pytest.raises(NotImplementedError, match="looks at values"):
        model.export(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_an_op_without_a_twin_is_named(tmp_path: Path) -> None:
    inputs = layers.Input((4,))
    model = models.Model(inputs, ops.erfinv(activations.tanh(inputs)))
    with pytest.raises(NotImplementedError, match="the op 'erfinv' has no ONNX twin"):
        model.export(tmp_path / "m.onnx", format="onnx")
    assert not list(tmp_path.iterdir())


def test_a_model_that_assigns_has_no_graph(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError, match="assigns to its weights when it predicts, which"):
        sequential(Counts()).export(tmp_path / "m.onnx")


class Padded(layers.Layer):
    def __init__(self, fill: Any) -> None:
        super().__init__(name="padded")
        self.fill = fill

    def call(self, inputs: Any) -> Any:
        rows = ops.shape(inputs)[0]
        parts = [self.fill((rows, 2)), ops.broadcast_to(inputs[:, :1], (rows, 3))]
        return ops.concatenate([inputs, *parts], axis=-1)


def test_constants_for_each_row(tmp_path: Path) -> None:
    for fill in (ops.zeros, lambda shape: ops.full(shape, 3.0)):
        model = sequential(Padded(fill), layers.Dense(2))
        model.export(tmp_path / "model.onnx")
        x = RNG.normal(size=(5, 6)).astype("float32")
        found = outputs_of(tmp_path / "model.onnx", model, [x])[0]
        np.testing.assert_allclose(found, model.predict(x, verbose=0), **CLOSE)


def test_random_numbers_of_a_call_are_in_no_graph(tmp_path: Path) -> None:
    model = sequential(Padded(pynn.random.normal))
    with pytest.raises(NotImplementedError, match="random_normal"):
        model.export(tmp_path / "model.onnx")
