"""Finding losses by name, config, class and function."""

from __future__ import annotations

import json

import numpy as np
import pytest

from losses.cases import CASES, IDS, Case
from pynn import losses


def cube(y_true, y_pred):
    return abs(y_pred - y_true)[:, 0] ** 3


@pytest.mark.parametrize(
    ("short", "name"),
    [
        ("mse", "mean_squared_error"),
        ("MSE", "mean_squared_error"),
        ("mae", "mean_absolute_error"),
        ("mape", "mean_absolute_percentage_error"),
        ("msle", "mean_squared_logarithmic_error"),
        ("bce", "binary_crossentropy"),
        ("kld", "kl_divergence"),
        ("kullback_leibler_divergence", "kl_divergence"),
        ("logcosh", "log_cosh"),
        ("pinball", "quantile"),
    ],
)
def test_short_names(short: str, name: str) -> None:
    assert losses.get(short) is getattr(losses, name)
    assert getattr(losses, short) is getattr(losses, name)


def test_names_of_functions_classes_and_none() -> None:
    assert losses.get("sparse_categorical_crossentropy") is losses.sparse_categorical_crossentropy
    assert isinstance(losses.get("SparseCategoricalCrossentropy"), losses.Loss)
    assert isinstance(losses.get(losses.Huber), losses.Huber)
    assert losses.get(None) is None
    assert losses.get(cube) is cube


def test_unknown_names_are_refused_with_a_hint() -> None:
    with pytest.raises(ValueError, match="unknown loss: 'mean_square_error'. Did you mean 'mean_"):
        losses.get("mean_square_error")


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_configs_survive_json(case: Case) -> None:
    config = json.loads(json.dumps(losses.serialize(case.loss)))
    again = losses.deserialize(config)
    assert type(again) is type(case.loss)
    assert again.get_config() == case.loss.get_config()
    assert again(case.y_true, case.y_pred) == case.loss(case.y_true, case.y_pred)


def test_wrapped_functions_survive_json() -> None:
    built_in = losses.LossFunctionWrapper(losses.huber, delta=3.0, name="h")
    again = losses.deserialize(json.loads(json.dumps(losses.serialize(built_in))))
    assert (again.fn, again.name, again._fn_kwargs) == (losses.huber, "h", {"delta": 3.0})
    own = losses.serialize(losses.LossFunctionWrapper(cube, name="cube"))
    assert losses.deserialize(own, {"cube": cube}).fn is cube
    with pytest.raises(ValueError, match="unknown loss: 'cube'"):
        losses.deserialize(own)


def test_a_config_may_hold_the_function_itself() -> None:
    config = {"fn": losses.mean_absolute_error, "reduction": "sum"}
    loss = losses.LossFunctionWrapper.from_config(config)
    assert float(loss([[1.0], [2.0]], [[0.0], [4.0]])) == 3.0


def test_as_loss_makes_instances_of_what_was_typed() -> None:
    loss = losses.as_loss("mse")
    assert isinstance(loss, losses.MeanSquaredError)
    assert loss.name == "mse"
    assert losses.as_loss(losses.huber)._native() == ("huber", [1.0])
    assert losses.as_loss("Huber").name == "huber_loss"
    given = losses.Hinge()
    assert losses.as_loss(given) is given
    assert losses.as_loss(None) is None


def test_as_loss_wraps_own_functions() -> None:
    loss = losses.as_loss(cube)
    assert (loss.name, loss._native()) == ("cube", None)
    assert loss(np.zeros((2, 1)), np.array([[1.0], [2.0]])) == pytest.approx(4.5)
    assert losses.as_loss("my_loss", custom_objects={"my_loss": cube}).name == "my_loss"


@pytest.mark.parametrize(
    ("y_true", "y_pred", "expected"),
    [
        ((None, 1), (None, 1), losses.BinaryCrossentropy),
        ((None,), (None, 1), losses.BinaryCrossentropy),
        ((None,), (None, 10), losses.SparseCategoricalCrossentropy),
        ((None, 1), (None, 10), losses.SparseCategoricalCrossentropy),
        ((None, 10), (None, 10), losses.CategoricalCrossentropy),
    ],
)
def test_crossentropy_is_chosen_by_shape(y_true, y_pred, expected: type) -> None:
    for name in ("crossentropy", "ce"):
        loss = losses.as_loss(name, y_true, y_pred)
        assert type(loss) is expected
        assert loss.name == name


def test_crossentropy_needs_shapes() -> None:
    with pytest.raises(ValueError, match="needs the shapes"):
        losses.as_loss("ce")


class Plain:
    """A loss that is no class of pynn's, without a config."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def __call__(self, y_true: object, y_pred: object) -> object:
        return self.factor


def test_what_has_no_config_is_written_by_its_name() -> None:
    assert losses.serialize(losses.MeanSquaredError) == "MeanSquaredError"
    assert losses.serialize(losses.mean_squared_error) == "mean_squared_error"
    with pytest.raises(ValueError, match="a loss must have a get_config.* or a __name__ to be"):
        losses.serialize(Plain())
    function = losses.deserialize({"class_name": "mean_squared_error", "config": {}})
    assert function is losses.mean_squared_error
    own = losses.deserialize({"class_name": "Plain", "config": {"factor": 3.0}}, {"Plain": Plain})
    assert isinstance(own, Plain)
    assert own.factor == 3.0
