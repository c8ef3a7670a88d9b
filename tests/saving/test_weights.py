"""Files of weights alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pynn
from pynn import layers
from pynn.models import Model, Sequential, load_model


def model(units: int = 3, last: int = 2) -> Sequential:
    return Sequential(
        [pynn.Input((4,)), layers.Dense(units, name="a"), layers.Dense(last, name="b")]
    )


def same(one: Sequential, other: Sequential) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all((a.shape == b.shape and (a == b).all()) for a, b in pairs)


def test_weights_are_loaded_into_another_model(tmp_path: Path) -> None:
    first, second = model(), model()
    assert not same(first, second)
    first.save_weights(tmp_path / "w")
    second.load_weights(tmp_path / "w")
    assert same(first, second)


def test_a_whole_model_holds_weights_too(tmp_path: Path) -> None:
    first, second = model(), model()
    first.save(tmp_path / "m.pynn")
    second.load_weights(str(tmp_path / "m.pynn"))
    assert same(first, second)
    first.save_weights(tmp_path / "w")
    with pytest.raises(ValueError, match="holds weights without a model"):
        load_model(tmp_path / "w")


def test_weights_that_do_not_fit_change_nothing(tmp_path: Path) -> None:
    model().save_weights(tmp_path / "w")
    other = model(5)
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"/a/kernel' has the shape \(4, 5\).*has \(4, 3\)"):
        other.load_weights(tmp_path / "w")
    for a, b in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.warns(
        UserWarning, match="3 weights keep their values.*a/kernel, .*a/bias, .*b/kernel"
    ):
        other.load_weights(tmp_path / "w", skip_mismatch=True)
    assert (other.get_weights()[3] == 0).all()
    other.add(layers.Dense(1))
    with pytest.raises(ValueError, match="holds 4 weights, and model .* has 6"):
        other.load_weights(tmp_path / "w")


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.weights.h5"])
def test_weights_in_files_of_keras_that_do_not_fit(tmp_path: Path, name: str) -> None:
    pytest.importorskip("h5py")
    source, other = model(), model(last=5)
    (source.save_weights if "weights" in name else source.save)(tmp_path / name)
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"b/kernel' has the shape \(3, 5\).*has \(3, 2\)"):
        other.load_weights(tmp_path / name)
    for a, b in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.warns(UserWarning, match="keep their values.*: (b|.*b/kernel, .*b/bias)$"):
        other.load_weights(tmp_path / name, skip_mismatch=True)
    for a, b in zip([*source.get_weights()[:2], *before[2:]], other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_of_one_name_in_hdf5_files(tmp_path: Path) -> None:
    pytest.importorskip("h5py")

    class Pair(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="pair")
            self.first, self.second = layers.Dense(4, name="d"), layers.Dense(4, name="d")

        def call(self, inputs: np.ndarray) -> np.ndarray:
            return self.second(self.first(inputs))

    first, second = (Sequential([pynn.Input((4,)), Pair()]) for _ in range(2))
    first.save_weights(tmp_path / "w.h5")
    second.load_weights(tmp_path / "w.h5")
    assert same(first, second)


def test_a_model_without_weights(tmp_path: Path) -> None:
    unbuilt = Sequential([layers.Dense(3)])
    with pytest.raises(ValueError, match="has no weights before it is built"):
        unbuilt.save_weights(tmp_path / "w")
    model().save_weights(tmp_path / "w")
    with pytest.raises(ValueError, match="has not been built yet"):
        unbuilt.load_weights(tmp_path / "w")
    with pytest.raises(FileExistsError):
        model().save_weights(tmp_path / "w", overwrite=False)


def part(units: int = 3) -> Model:
    """A model that shares names with another one, and has a layer of its own between them."""
    inputs = pynn.Input((4,))
    hidden = layers.Dense(5, name="first")(inputs)
    hidden = layers.Dense(5, name="own")(hidden)
    return Model(inputs, layers.Dense(units, name="last")(hidden))


def whole() -> Model:
    inputs = pynn.Input((4,))
    hidden = layers.Dense(5, name="first")(inputs)
    hidden = layers.Dense(5, name="middle")(hidden)
    return Model(inputs, layers.Dense(2, name="last")(hidden))


@pytest.mark.parametrize("save", ["save", "save_weights"])
def test_weights_by_the_names_of_layers(tmp_path: Path, save: str) -> None:
    source, target = whole(), part()
    getattr(source, save)(tmp_path / "w.pynn")
    before = target.get_weights()
    with pytest.raises(ValueError, match=r"weight 'last/kernel' has the shape \(5, 3\)"):
        target.load_weights(tmp_path / "w.pynn", by_name=True)
    for a, b in zip(target.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.warns(UserWarning, match="2 weights keep their values.*: last/kernel, last/bias"):
        target.load_weights(tmp_path / "w.pynn", by_name=True, skip_mismatch=True)
    after = target.get_weights()
    np.testing.assert_array_equal(after[0], source.get_weights()[0])
    for i in (2, 4):
        np.testing.assert_array_equal(after[i], before[i])


def test_a_file_without_names_is_not_read_by_name(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    source = whole()
    source.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match=r"m.keras is an archive of Keras 3.* not read by_name"):
        part().load_weights(tmp_path / "m.keras", by_name=True)
