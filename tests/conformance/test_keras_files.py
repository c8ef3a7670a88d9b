"""Files of either library, read by the other: HDF5 files, and what is a user's own."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import pynn
from conformance.test_keras_round_trips import assert_equal
from saving.data.make_keras_files import shake
from saving.keras_models import MODELS
from saving.own_classes import OWN, ROWS

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:keras"),
    pytest.mark.filterwarnings("ignore::UserWarning:keras"),
    pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer"),
]
# Two float32 implementations, relative to values about 1.
CLOSE = {"rtol": 1e-5, "atol": 1e-6}
# Keras does not read its own .h5 files with ops between layers or a dict of losses.
UNREAD = {"operators", "merging"}


@pytest.mark.parametrize("name", MODELS)
def test_keras_reads_hdf5_models_of_pynn(name: str, tmp_path: Path) -> None:
    model = MODELS[name](pynn)
    shake(model)
    model.save(tmp_path / "m.h5")
    assert_equal(model, pynn.models.load_model(tmp_path / "m.h5"))
    if name not in UNREAD:
        loaded = keras.models.load_model(tmp_path / "m.h5")
        assert_equal(model, loaded)
        assert loaded.compiled == model.compiled


@pytest.mark.parametrize("ending", [".weights.h5", ".h5"])
@pytest.mark.parametrize("name", MODELS)
def test_keras_reads_hdf5_weights_of_pynn(name: str, ending: str, tmp_path: Path) -> None:
    model, theirs, ours = MODELS[name](pynn), MODELS[name](keras), MODELS[name](pynn)
    shake(theirs)  # not the given moments of a Normalization, which are no weights in Keras
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    model.load_weights(tmp_path / "theirs.weights.h5")
    model.save_weights(tmp_path / f"w{ending}")
    theirs = MODELS[name](keras)
    theirs.load_weights(tmp_path / f"w{ending}")
    theirs.save(tmp_path / "again.keras")  # a Normalization layer uses new weights once loaded
    assert_equal(model, keras.models.load_model(tmp_path / "again.keras"))
    ours.load_weights(tmp_path / f"w{ending}")
    assert_equal(model, ours)


def predict(model: Any) -> np.ndarray:
    return np.asarray(model.predict(ROWS, verbose=0))


@pytest.mark.parametrize("source", ["keras", "pynn"])
@pytest.mark.parametrize("name", OWN)
def test_own_classes_travel(name: str, source: str, tmp_path: Path) -> None:
    makers = {"keras": keras, "pynn": pynn}
    model, _ = OWN[name](makers[source])
    shake(model)
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    expected = predict(model)
    for library in makers.values():
        made, names = OWN[name](library)
        loaded = library.models.load_model(tmp_path / "m.keras", custom_objects=names)
        np.testing.assert_allclose(predict(loaded), expected, **CLOSE)
        made.load_weights(tmp_path / "m.weights.h5")
        np.testing.assert_allclose(predict(made), expected, **CLOSE)
        made.load_weights(tmp_path / "m.keras")
        assert {type(loaded).__name__, "Functional"} >= {type(model).__name__} - {"Model"}
        for missing in names:
            rest = {key: value for key, value in names.items() if key != missing}
            with pytest.raises((TypeError, ValueError), match=missing):
                library.models.load_model(tmp_path / "m.keras", custom_objects=rest)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("source", ["keras", "pynn"])
def test_own_compile_settings_travel(source: str, suffix: str, tmp_path: Path) -> None:
    makers = {"keras": keras, "pynn": pynn}
    model, _ = OWN["own_training"](makers[source])
    shake(model)
    model.save(tmp_path / f"m{suffix}")
    target = np.sum(ROWS, axis=1, keepdims=True)
    options = {"shuffle": False, "batch_size": 4, "epochs": 3, "verbose": 0}
    expected = model.fit(ROWS, target, **options).history
    for library in makers.values():
        _, names = OWN["own_training"](library)
        loaded = library.models.load_model(tmp_path / f"m{suffix}", custom_objects=names)
        assert type(loaded.optimizer).__name__ == "Slow"
        if library is keras and suffix == ".h5":
            continue  # Keras cannot train what it read from an .h5 file
        found = loaded.fit(ROWS, target, **options).history
        assert {*found} == {*expected}
        for key, values in expected.items():
            np.testing.assert_allclose(found[key], values, **CLOSE)


@pytest.mark.parametrize("source", ["keras", "pynn"])
def test_what_is_registered_need_not_be_passed(source: str, tmp_path: Path) -> None:
    makers = {"keras": keras, "pynn": pynn}
    for library in makers.values():
        for thing in OWN["own_layer"](library)[1].values():
            library.saving.register_keras_serializable("mine")(thing)
        for thing in OWN["own_training"](library)[1].values():
            library.saving.register_keras_serializable("mine")(thing)
    try:
        for make in (OWN["own_layer"], OWN["own_training"]):
            model, names = make(makers[source])
            for thing in names.values():  # those of this model
                makers[source].saving.register_keras_serializable("mine")(thing)
            model.save(tmp_path / "m.keras")
            for library in makers.values():
                loaded = library.models.load_model(tmp_path / "m.keras")
                np.testing.assert_allclose(predict(loaded), predict(model), **CLOSE)
                assert loaded.compiled == model.compiled
    finally:
        for library in makers.values():
            library.saving.get_custom_objects().clear()


@pytest.mark.parametrize("source", ["keras", "pynn"])
def test_the_function_of_a_lambda_layer_is_found_by_its_name(source: str, tmp_path: Path) -> None:
    def double(x: Any) -> Any:
        return 2.0 * x

    makers = {"keras": keras, "pynn": pynn}
    k = makers[source]
    k.Sequential([k.Input((3,)), k.layers.Lambda(double)]).save(tmp_path / "m.keras")
    for library in makers.values():
        loaded = library.models.load_model(tmp_path / "m.keras", custom_objects={"double": double})
        np.testing.assert_array_equal(predict(loaded), 2 * ROWS)


@pytest.mark.parametrize("seed", range(12))
def test_layers_of_random_graphs_have_the_same_order(seed: int, tmp_path: Path) -> None:
    def make(k: Any) -> Any:
        rng = random.Random(seed)
        tensors = [k.Input((3,), name=f"in{i}") for i in range(2)]
        inputs = [*tensors]
        for _ in range(9):
            if rng.random() < 0.3:
                tensors.append(k.layers.Add()(rng.sample(tensors, 2)))
            else:
                tensors.append(k.layers.Dense(3, activation="tanh")(rng.choice(tensors[-4:])))
        ends = [k.layers.Dense(2)(x) for x in rng.sample(tensors[2:], 3)]
        return k.Model(inputs, [*ends, k.layers.Dense(1)(k.layers.add(inputs))])

    theirs, ours = make(keras), make(pynn)
    shake(theirs)
    theirs.save_weights(tmp_path / "a.weights.h5")
    ours.load_weights(tmp_path / "a.weights.h5")
    assert_equal(theirs, ours)
    shake(ours, seed + 10)
    again = make(keras)
    ours.save_weights(tmp_path / "b.weights.h5")
    again.load_weights(tmp_path / "b.weights.h5")
    assert_equal(ours, again)
    ours.save(tmp_path / "b.keras")
    assert_equal(ours, keras.models.load_model(tmp_path / "b.keras"))
    ours.save(tmp_path / "b.h5")
    assert_equal(ours, keras.models.load_model(tmp_path / "b.h5"))


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras", ".h5"])
def test_layers_that_do_not_fit_are_left_out(suffix: str, tmp_path: Path) -> None:
    def make(k: Any, units: int) -> Any:
        first = k.layers.Dense(4, name="first")
        rest = [k.layers.Dense(units, name="middle"), k.layers.BatchNormalization(name="norm")]
        return k.Sequential([k.Input((3,)), first, *rest])

    source = make(keras, 5)
    shake(source)
    source.save(tmp_path / f"m{suffix}") if suffix == ".keras" else None
    if suffix == ".h5":
        source.save(tmp_path / "m.h5")
    elif suffix == ".weights.h5":
        source.save_weights(tmp_path / "m.weights.h5")
    found = []
    for library in (keras, pynn):
        model = make(library, 2)
        model.set_weights([np.zeros(np.shape(x), "float32") for x in model.get_weights()])
        with pytest.raises(ValueError):
            model.load_weights(tmp_path / f"m{suffix}")
        with pytest.warns(UserWarning):
            model.load_weights(tmp_path / f"m{suffix}", skip_mismatch=True)
        found.append([np.asarray(x) for x in model.get_weights()])
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_unbuilt_models(tmp_path: Path) -> None:
    for library in (keras, pynn):
        model = library.Sequential([library.layers.Dense(3)])
        with pytest.raises(ValueError):
            model.save_weights(tmp_path / "w.weights.h5")
        assert not (tmp_path / "w.weights.h5").exists()
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    made.save_weights(tmp_path / "w.weights.h5")
    for library in (keras, pynn):
        with pytest.raises(ValueError, match="built"):
            library.Sequential([library.layers.Dense(3)]).load_weights(tmp_path / "w.weights.h5")


def test_an_unbuilt_model_is_saved_as_one(tmp_path: Path) -> None:
    model = pynn.Sequential([pynn.layers.Dense(3)])
    model.save(tmp_path / "m.keras")
    for library in (keras, pynn):
        loaded = library.models.load_model(tmp_path / "m.keras")
        assert not loaded.built
        assert loaded(ROWS).shape == (8, 3)


@pytest.mark.parametrize("ending", ["", ".txt", ".tf", ".ckpt", ".weights"])
def test_endings(ending: str, tmp_path: Path) -> None:
    for library in (keras, pynn):
        model = library.Sequential([library.Input((2,)), library.layers.Dense(3)])
        for save in (model.save, model.save_weights):
            if library is pynn and not ending:
                continue  # pynn's own format
            with pytest.raises(ValueError, match="must end in|extension"):
                save(tmp_path / f"m{ending}")
    assert not any(tmp_path.iterdir())
