"""The optimizer's arrays in a ``.keras`` file, as Keras reads and writes them, without Keras."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import pynn
from pynn.formats.keras._archive import TRAINING

RNG = np.random.default_rng(0)
X = RNG.standard_normal((32, 3)).astype("float32")
Y = X[:, :1] ** 2


def model_with(optimizer: Any) -> Any:
    model = pynn.MLP(4, 1, input_shape=3)
    model.compile(optimizer=optimizer, loss="mse")
    return model


def as_keras_would_write_it(source: Path, target: Path) -> None:
    """Leave out what only pynn reads."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if name != TRAINING:
                new.writestr(name, old.read(name))


@pytest.mark.parametrize(
    "optimizer",
    [
        pynn.optimizers.Adam(0.01, amsgrad=True),
        pynn.optimizers.RMSprop(centered=True),
        pynn.optimizers.SGD(momentum=0.9, use_ema=True, gradient_accumulation_steps=2),
        pynn.optimizers.Adagrad(0.1),
        pynn.optimizers.Adafactor(0.1),
        pynn.optimizers.Lamb(0.01),
        pynn.optimizers.Nadam(0.01),
        pynn.optimizers.Muon(0.01, gradient_accumulation_steps=2),
        pynn.optimizers.ScheduleFreeAdamW(0.01),
        pynn.optimizers.SGD(0.1),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_training_goes_on_by_keras_variables_alone(optimizer: Any, tmp_path: Path) -> None:
    model = model_with(optimizer)
    model.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    model.save(tmp_path / "a.keras")
    as_keras_would_write_it(tmp_path / "a.keras", tmp_path / "b.keras")
    again = pynn.models.load_model(tmp_path / "b.keras")
    assert int(again.optimizer.iterations) == int(model.optimizer.iterations)
    for each in (model, again):
        each.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_training_of_a_subclass_goes_on(tmp_path: Path) -> None:
    class Own(pynn.Model):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.hidden, self.out = pynn.layers.Dense(4, "tanh"), pynn.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.out(self.hidden(inputs))

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name}

    model = Own()
    model.compile(optimizer="adam", loss="mse")
    model.fit(X, Y, shuffle=False, verbose=0)
    model.save(tmp_path / "a.keras")
    as_keras_would_write_it(tmp_path / "a.keras", tmp_path / "b.keras")
    again = pynn.models.load_model(tmp_path / "b.keras", custom_objects={"Own": Own})
    for each in (model, again):
        each.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_variables_in_the_oldest_order(tmp_path: Path) -> None:
    model = model_with("adam")
    model.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    model.save(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        group = file["optimizer_weights"]
        steps, _, *slots = [group[name][()] for name in group.attrs["weight_names"]]
        del file["optimizer_weights"]
        group = file.create_group("optimizer_weights")
        arrays = [steps, *slots[::2], *slots[1::2]]
        names = ["training/iter:0", *(f"training/{i}:0" for i in range(len(slots)))]
        group.attrs["weight_names"] = np.asarray(names, "S")
        for name, array in zip(names, arrays, strict=True):
            group[name] = array
    again = pynn.models.load_model(tmp_path / "a.h5")
    for each in (model, again):
        each.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        del file["optimizer_weights"][names[-1]]
    assert int(pynn.models.load_model(tmp_path / "a.h5").optimizer.iterations) == 0


def variables_in(path: Path) -> list[tuple[int, ...]]:
    with zipfile.ZipFile(path) as archive, archive.open("model.weights.h5") as file:
        group = h5py.File(file)["optimizer/vars"]
        return [group[str(i)].shape for i in range(len(group))]


def test_what_is_written_and_in_which_order(tmp_path: Path) -> None:
    model = model_with("adam")
    model.save(tmp_path / "new.keras")
    assert variables_in(tmp_path / "new.keras") == [(), ()]
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "trained.keras")
    slots = [shape for weight in model.weights for shape in (weight.shape, weight.shape)]
    assert variables_in(tmp_path / "trained.keras") == [(), (), *slots]


def test_arrays_that_do_not_fit_are_passed_over(tmp_path: Path) -> None:
    model = model_with("adam")
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "a.keras")
    with (
        zipfile.ZipFile(tmp_path / "a.keras") as old,
        zipfile.ZipFile(tmp_path / "b.keras", "w") as new,
    ):
        config = old.read("config.json").replace(b'"amsgrad": false', b'"amsgrad": true')
        new.writestr("config.json", config)
        new.writestr("metadata.json", old.read("metadata.json"))
        new.writestr("model.weights.h5", old.read("model.weights.h5"))
    with pytest.warns(UserWarning, match="are not those of Adam for this model"):
        again = pynn.models.load_model(tmp_path / "b.keras")
    assert int(again.optimizer.iterations) == 0
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
