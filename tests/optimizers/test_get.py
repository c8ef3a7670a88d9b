"""Finding optimizers, writing them down, and refusing wrong arguments."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pynn import optimizers
from pynn.optimizers import schedules
from reference.optimizers import NAMES, make


@pytest.mark.parametrize("name", ["SGD", "sgd", "Adam", "adam", "AdamW", "adamw", "RMSprop"])
def test_names(name: str) -> None:
    assert type(optimizers.get(name)).__name__.lower() == name.lower()


def test_other_identifiers() -> None:
    given = optimizers.Nadam()
    assert optimizers.get(given) is given
    assert isinstance(optimizers.get(optimizers.Lion), optimizers.Lion)
    assert optimizers.get(None) is None
    with pytest.raises(ValueError, match="unknown optimizer: 'adamm'. Did you mean 'adam"):
        optimizers.get("adamm")
    with pytest.raises(ValueError, match="must be a name, a config, a class or an instance"):
        optimizers.get(len)


@pytest.mark.parametrize("name", NAMES)
def test_configs_survive_json(name: str) -> None:
    optimizer = make(name)
    again = optimizers.deserialize(json.loads(json.dumps(optimizers.serialize(optimizer))))
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()
    assert again._native() == optimizer._native()


def test_common_options_and_schedules_survive_json() -> None:
    optimizer = optimizers.AdamW(
        schedules.ExponentialDecay(0.1, 10, 0.5),
        weight_decay=0.1,
        global_clipnorm=2.0,
        use_ema=True,
        ema_momentum=0.5,
        ema_overwrite_frequency=3,
        loss_scale_factor=4.0,
        gradient_accumulation_steps=2,
        name="mine",
    )
    config = json.loads(json.dumps(optimizers.serialize(optimizer)))
    again = optimizers.deserialize(config)
    assert again.get_config() == optimizer.get_config()
    assert (again.name, again.weight_decay, again.clipnorm) == ("mine", 0.1, None)
    assert again.learning_rate == 0.1


def test_own_functions_come_from_custom_objects() -> None:
    def halving(step: int) -> float:
        return 0.5 ** (step + 1)

    class Constant:
        def __call__(self) -> float:
            return 0.25

    config = optimizers.SGD(halving).get_config()
    assert config["learning_rate"] == "halving"
    again = optimizers.SGD.from_config(config, {"halving": halving})
    np.testing.assert_array_equal(again._rates(0, 2), [0.5, 0.25])
    assert optimizers.SGD(Constant()).get_config()["learning_rate"] == "Constant"


def test_a_schedule_may_be_given_as_its_config() -> None:
    decay = schedules.ExponentialDecay(0.1, 1, 0.5)
    optimizer = optimizers.SGD(schedules.serialize(decay))
    assert optimizer.get_config() == optimizers.SGD(decay, name=optimizer.name).get_config()
    np.testing.assert_allclose(optimizer._rates(0, 2), [0.1, 0.05])


def test_own_schedules_come_from_custom_objects() -> None:
    class Own(schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.5

    config = optimizers.serialize(optimizers.SGD(Own()))
    assert optimizers.deserialize(config, {"Own": Own}).learning_rate == 0.5
    with pytest.raises(ValueError, match="unknown learning-rate schedule: 'Own'"):
        optimizers.deserialize(config)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clipnorm": 0.0}, "clipnorm must be positive or None"),
        ({"clipvalue": -1.0}, "clipvalue must be positive or None"),
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "only one of clipnorm, clipvalue and global_clipno"),
        ({"weight_decay": -0.1}, "weight_decay must be in"),
        ({"ema_momentum": 1.5}, r"ema_momentum must be in \[0, 1\]. Received: ema_momentum=1.5"),
        ({"ema_overwrite_frequency": 0}, "ema_overwrite_frequency must be an integer >= 1"),
        ({"gradient_accumulation_steps": 1}, "gradient_accumulation_steps must be an integer >= 2"),
        ({"loss_scale_factor": 0}, "loss_scale_factor must be positive"),
        ({"momentun": 0.9}, "unknown argument of SGD: momentun"),
        ({"momentum": 1.5}, r"momentum must be in \[0, 1\]"),
        ({"momentum": "much"}, r"momentum must be in \[0, 1\]"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        optimizers.SGD(**arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.Adam(beta_1=1.0), r"beta_1 must be in \[0, 1\)"),
        (lambda: optimizers.Adamax(beta_2=-0.1), r"beta_2 must be in \[0, 1\)"),
        (
            lambda: optimizers.Adam(amsgrad=True, epsilon_after_correction=True),
            "only one of amsgrad and epsilon_after_correction may be True",
        ),
        (lambda: optimizers.RMSprop(rho=2.0), r"rho must be in \[0, 1\]"),
        (lambda: optimizers.Nadam(epsilon=-1e-7), r"epsilon must be in \[0, inf\)"),
        (lambda: optimizers.AdamW(weight_decay=None), "weight_decay must be a number"),
        (lambda: optimizers.Adagrad(initial_accumulator_value=-1), "initial_accumulator_value"),
        (lambda: optimizers.Lion(beta_1=0.0), r"beta_1 must be in \(0, 1\]"),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "learning_rate_power must be"),
        (lambda: optimizers.Ftrl(l1_regularization_strength=-1), "l1_regularization_strength"),
    ],
)
def test_hyperparameters_are_checked(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
