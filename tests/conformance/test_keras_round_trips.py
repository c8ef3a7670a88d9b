"""What pynn writes, Keras loads, and the other way round, with equal predictions."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import pynn
from conformance.layer_cases import FLAT, NOISY, SMOOTH, Case, packed
from pynn._structure import leaves
from saving.data.make_keras_files import shake
from saving.keras_models import MODELS, inputs_for

pytestmark = [
    # Keras's NumPy backend uses what newer versions of NumPy deprecate.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:keras"),
    # So Keras says of its own files, too, if a model was never trained.
    pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer"),
]

# Equal to 1e-6, as two float32 implementations can be, relative to the largest prediction.
TOLERANCE = 1e-6


def predictions(model: Any) -> list[np.ndarray]:
    data = inputs_for(model.inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras wonders at a list of one input
        return list(leaves(model.predict(data, verbose=0)))


def assert_equal(one: Any, other: Any) -> None:
    for a, b in zip(predictions(one), predictions(other), strict=True):
        scale = max(1.0, float(np.abs(a).max()))
        np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCE * scale)


@pytest.mark.parametrize("name", MODELS)
def test_keras_loads_what_pynn_writes(name: str, tmp_path: Path) -> None:
    model = MODELS[name](pynn)
    shake(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_equal(model, loaded)
    assert loaded.compiled == model.compiled
    # Keras counts neither the input of a Sequential model nor ops among the layers.
    left_out = {"Operation"} | ({"InputLayer"} if name == "sequential" else set())
    assert [layer.name for layer in loaded.layers] == [
        layer.name for layer in model.layers if type(layer).__name__ not in left_out
    ]


@pytest.mark.parametrize("name", MODELS)
def test_and_back_again(name: str, tmp_path: Path) -> None:
    model = MODELS[name](pynn)
    shake(model)
    model.save(tmp_path / "a.keras")
    keras.models.load_model(tmp_path / "a.keras").save(tmp_path / "b.keras")
    assert_equal(model, pynn.models.load_model(tmp_path / "b.keras"))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore::UserWarning:keras")
def test_pynn_loads_what_keras_writes(name: str, suffix: str, tmp_path: Path) -> None:
    model = MODELS[name](keras)
    shake(model)
    path = tmp_path / f"model{suffix}"
    model.save(path)
    # Keras itself cannot read a dict of losses in .h5 files, nor ops.
    model.save(tmp_path / "model.keras")
    expected = keras.models.load_model(tmp_path / "model.keras", compile=False)
    assert_equal(expected, pynn.models.load_model(path))


@pytest.mark.parametrize("name", MODELS)
def test_weights_alone(name: str, tmp_path: Path) -> None:
    model = MODELS[name](keras)
    shake(model)
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "w.weights.h5")
    own = MODELS[name](pynn)
    own.load_weights(tmp_path / "w.weights.h5")
    assert_equal(keras.models.load_model(tmp_path / "m.keras"), own)


# A layer of every class, alone in a model; those that hold code are read by neither library.
LAYERS = [case for case in SMOOTH + FLAT + NOISY if case.cls != "Lambda"]
LAYER_IDS = [f"{case.cls}-{i}" for i, case in enumerate(LAYERS)]


def model_around(k: Any, case: Case) -> Any:
    """Return a model of that layer between inputs and an output that depends on each of its."""
    inputs = [k.Input(shape) for shape in case.shapes]
    x = getattr(k.layers, case.cls)(**case.options(k))(packed(inputs))
    return k.Model(packed(inputs), k.layers.Dense(2)(k.layers.Flatten()(x)))


def test_every_layer_makes_the_trip() -> None:
    classes = {
        name
        for name in pynn.layers.__all__
        if isinstance(getattr(pynn.layers, name), type) and hasattr(keras.layers, name)
    }
    # An InputLayer is in all models, an Embedding in one of MODELS; the others are no layers.
    others = {"Embedding", "Input", "InputLayer", "InputSpec", "Lambda", "Layer"}
    others |= {"CategoryEncoding", "IntegerLookup", "StringLookup"}  # which take whole numbers
    assert classes - others == {case.cls for case in LAYERS}


@pytest.mark.parametrize("case", LAYERS, ids=LAYER_IDS)
@pytest.mark.filterwarnings("ignore::UserWarning:keras")
def test_a_layer_from_keras(case: Case, tmp_path: Path) -> None:
    model = model_around(keras, case)
    shake(model)
    model.save(tmp_path / "m.keras")
    # A Normalization layer uses new weights only once it is loaded.
    expected = keras.models.load_model(tmp_path / "m.keras")
    assert_equal(expected, pynn.models.load_model(tmp_path / "m.keras"))
    model.save(tmp_path / "m.h5")
    assert_equal(expected, pynn.models.load_model(tmp_path / "m.h5"))
    model.save_weights(tmp_path / "m.weights.h5")
    own = model_around(pynn, case)
    own.load_weights(tmp_path / "m.weights.h5")
    assert_equal(expected, own)


@pytest.mark.parametrize("case", LAYERS, ids=LAYER_IDS)
def test_a_layer_from_pynn(case: Case, tmp_path: Path) -> None:
    model = model_around(pynn, case)
    if not (case.cls == "Normalization" and "mean" in case.options(keras)):
        shake(model)
    model.save(tmp_path / "m.keras")
    assert_equal(model, keras.models.load_model(tmp_path / "m.keras"))
    assert_equal(model, pynn.models.load_model(tmp_path / "m.keras"))


def test_a_trained_model_arrives_compiled(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((40, 3)).astype("float32")
    model = pynn.MLP(5, 1, batch_normalization=True, input_shape=3)
    model.compile(loss="mse", optimizer=pynn.optimizers.SGD(0.05), metrics=["mae"])
    model.fit(x, x[:, :1], epochs=3, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert int(loaded.optimizer.iterations.numpy()) == 6
    np.testing.assert_allclose(
        loaded.evaluate(x, x[:, :1], verbose=0),
        model.evaluate(x, x[:, :1], verbose=0),
        rtol=1e-5,  # float32 sums over batches
    )


def subclass_of(k: Any) -> type:
    class Residual(k.Model):
        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.hidden = [k.layers.Dense(units, activation="tanh") for _ in range(2)]
            self.norm = k.layers.BatchNormalization()
            self.out = k.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            x = inputs
            for layer in self.hidden:
                x = x + layer(x)
            return self.out(self.norm(x))

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name, "units": self.units}

    return Residual


def test_a_subclass_that_both_know(tmp_path: Path) -> None:
    model = subclass_of(keras)(3)
    x = np.random.default_rng(0).standard_normal((5, 3)).astype("float32")
    model(x)
    shake(model)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    own = subclass_of(pynn)
    loaded = pynn.models.load_model(tmp_path / "model.keras", custom_objects={"Residual": own})
    made = own(3)
    made(x)
    made.load_weights(tmp_path / "model.weights.h5")
    expected = np.asarray(model.predict(x, verbose=0))
    for each in (loaded, made):
        np.testing.assert_allclose(each.predict(x, verbose=0), expected, rtol=TOLERANCE)


def test_categories(tmp_path: Path) -> None:
    for writer, reader in ((keras, pynn), (pynn, keras)):
        inputs = writer.Input((2,), dtype="int32")
        encoding = writer.layers.CategoryEncoding(4, output_mode="count", name="encoding")
        model = writer.Model(inputs, writer.layers.Dense(1)(encoding(inputs)))
        model.save(tmp_path / "model.keras")
        x = np.array([[0, 1], [3, 3]], "int32")
        again = reader.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(
            again.predict(x, verbose=0), model.predict(x, verbose=0), TOLERANCE
        )
