"""Every name and argument of docs/keras-surface.md is used, and the document is up to date."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn as keras
from surface.surface_attributes import (
    ATTRIBUTES,
    DATA_SETS,
    MAYBE_EMPTY,
    OLDER,
    PICTURES,
    write_data_sets,
)
from surface.surface_list import METHODS, SECTIONS
from surface.surface_methods import OWNED
from surface.surface_ops import missing
from surface.surface_table import PATH, text
from surface.surface_use import Y, accepts, compiled, found, small

CASES = [
    pytest.param(entry, argument, id=f"{entry.name}-{argument or 'alone'}")
    for entries in SECTIONS.values()
    for entry in entries
    for argument in (None, *entry.others)
]
METHOD_CASES = [
    pytest.param(method, argument, id=f"{method.name}-{argument or 'alone'}")
    for method in METHODS
    for argument in (None, *method.others)
]
OWNED_CASES = [
    pytest.param(method, argument, id=f"{method.owner}.{method.name}-{argument or 'alone'}")
    for method in OWNED
    for argument in (None, *method.others)
]
# Arguments that only make sense beside another one.
COMPANIONS = {
    "nesterov": {"momentum": 0.9},
    "ema_momentum": {"use_ema": True},
    "ema_overwrite_frequency": {"use_ema": True},
}


@pytest.mark.parametrize(("entry", "argument"), CASES)
def test_name_and_argument(
    entry: Any, argument: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = found(entry.name)
    if entry in DATA_SETS:
        write_data_sets(tmp_path)
        monkeypatch.setattr(keras.datasets.cifar10, "_PICTURES", PICTURES)
        monkeypatch.setenv("PYNN_DATA_DIR", str(tmp_path))
    elif "load" in entry.name:
        small().save("model.pynn")
    given = dict(entry.needed)
    if argument is not None:
        assert accepts(target, argument)
        given.update(COMPANIONS.get(argument, {}))
        given[argument] = entry.others[argument]
    assert all(accepts(target, name) for name in given)
    made = target(**given)
    if argument == "name" and hasattr(made, "name"):
        assert made.name == "given"
    entry.use(made)


@pytest.mark.parametrize(("method", "argument"), METHOD_CASES)
def test_method_and_argument(
    method: Any, argument: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = dict(method.needed)
    if "load" in method.name:
        small().save_weights("model.weights.pynn")
    if argument is not None:
        given[argument] = copy.copy(method.others[argument])
    if "class_weight" in given:
        given["y"] = (Y > 0.5).astype(int)
    getattr(compiled(), method.name)(**given)


@pytest.mark.parametrize(("method", "argument"), OWNED_CASES)
def test_owned_method_and_argument(method: Any, argument: str | None) -> None:
    given = dict(method.needed)
    if argument is not None:
        given[argument] = method.others[argument]
    made = method.make()
    owner = found(method.owner)
    assert isinstance(made, owner)
    assert callable(getattr(owner, method.name))
    getattr(made, method.name)(**given)


def test_all_ops_are_listed() -> None:
    assert missing() == set()


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        pytest.param(each, name, id=f"{each.owner}.{name}")
        for each in ATTRIBUTES
        for name in each.names
    ],
)
def test_attribute(attributes: Any, name: str) -> None:
    made = attributes.make()
    if attributes.owner:
        assert isinstance(made, found(attributes.owner))
    value = getattr(made, name)
    assert value is not None
    if isinstance(value, (list, tuple, dict, str)) and name not in MAYBE_EMPTY:
        assert value


def test_functional_and_subclassed_models() -> None:
    inputs = keras.Input((6,))
    for cls in (keras.Model, keras.models.Model):
        model = cls(inputs=inputs, outputs=keras.layers.Dense(1)(inputs), name="given")
        assert model.name == "given"
        assert cls.from_config(model.get_config()).count_params() == 7


def test_weights_and_models_come_back(tmp_path: Path) -> None:
    model = compiled()
    model.save(tmp_path / "model.pynn")
    model.save_weights(tmp_path / "model.weights.pynn")
    again = keras.models.load_model(tmp_path / "model.pynn", custom_objects=None, compile=True)
    other = small()
    other.load_weights(tmp_path / "model.weights.pynn")
    for copied in (again, other):
        np.testing.assert_array_equal(copied.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        pytest.param(name, argument, id=f"{name}-{argument}")
        for name in OLDER
        for argument in OLDER[name]
    ],
)
def test_an_older_argument_is_taken_with_a_warning(name: str, argument: str) -> None:
    with pytest.warns(FutureWarning, match=argument):
        found(name)(**{argument: OLDER[name][argument]})


def test_older_arguments_mean_the_newer_ones() -> None:
    with pytest.warns(FutureWarning):
        assert keras.optimizers.SGD(lr=0.5).learning_rate == 0.5
    with pytest.warns(FutureWarning):
        assert keras.layers.LeakyReLU(alpha=0.1).negative_slope == 0.1


def test_a_learning_rate_reads_like_a_number_and_is_assignable() -> None:
    optimizer = keras.optimizers.SGD(0.5)
    assert optimizer.learning_rate.numpy() == 0.5
    optimizer.learning_rate = 0.25
    assert optimizer.learning_rate * 2 == 0.5


def test_other_ways_to_say_so() -> None:
    assert keras.activations.get("relu") is keras.activations.relu
    assert keras.optimizers.get(keras.optimizers.Adam) is not None
    known = keras.optimizers.Adam()
    assert keras.optimizers.get(known) is known
    for short in ("mse", "mae", "mape", "msle", "kld", "bce", "hinge", "poisson", "logcosh"):
        model = small()
        model.compile("sgd", short, metrics=["acc", short])


def test_the_document_is_what_the_package_says() -> None:
    assert PATH.read_text() == text()
