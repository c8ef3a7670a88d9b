"""Every optimizer with every option: sequences of steps on the same gradients."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import array_of, assert_agree, generator

# Six float32 steps of two implementations, on weights of order one.
STEPS = {"rtol": 2e-5, "atol": 2e-6}
# Keras computes 1 - beta_2**t in float32, pynn in float64: for beta_2 = 0.999 a step of 0.1 then
# differs by up to 3e-5 of itself, and six of them add up.
CORRECTED_STEPS = {"rtol": 2e-5, "atol": 2e-5}
CORRECTED = {"Adam", "AdamW", "Nadam", "Muon"}
SHAPES = [(4, 3), (3,)]

# The hyperparameters of each.
OWN: dict[str, list[dict[str, Any]]] = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.8, "nesterov": True}],
    "RMSprop": [
        {},
        {"rho": 0.7, "epsilon": 1e-3},
        {"momentum": 0.5},
        {"centered": True},
        {"momentum": 0.5, "centered": True},
    ],
    "Adam": [{}, {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3}, {"amsgrad": True}],
    "AdamW": [
        {},
        {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3, "weight_decay": 0.1},
        {"amsgrad": True, "weight_decay": 0.05},
    ],
    "Nadam": [{}, {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3}],
    "Adamax": [{}, {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3}],
    "Adagrad": [{}, {"initial_accumulator_value": 0.5, "epsilon": 1e-3}],
    "Adadelta": [{}, {"rho": 0.7, "epsilon": 1e-3}],
    "Lion": [{}, {"beta_1": 0.7, "beta_2": 0.8}],
    "Ftrl": [
        {},
        {"learning_rate_power": -0.7, "initial_accumulator_value": 0.3, "beta": 0.2},
        {"l1_regularization_strength": 0.05, "l2_regularization_strength": 0.1},
        {"l2_shrinkage_regularization_strength": 0.1},
    ],
    "Adafactor": [
        {},
        {"beta_2_decay": -0.5, "epsilon_1": 1e-3, "epsilon_2": 0.1, "clip_threshold": 0.5},
        {"relative_step": False},
    ],
    "Lamb": [{}, {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3}],
    "ScheduleFreeAdamW": [
        {},
        {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3, "warmup_steps": 4},
    ],
    "Muon": [
        {},
        {"momentum": 0.8, "nesterov": False, "ns_steps": 3, "rms_rate": None},
        {"adam_beta_1": 0.7, "adam_beta_2": 0.9, "epsilon": 1e-3, "adam_lr_ratio": 0.5},
        {"weight_decay": None, "adam_weight_decay": 0.1},
        {"muon_a": 3.0, "muon_b": -3.2, "muon_c": 1.2, "adam_weight_decay": None},
        {"exclude_layers": [".*"], "exclude_embeddings": False},
    ],
}
# What all of them take; a schedule stands for the rate.
COMMON: list[dict[str, Any]] = [
    {"weight_decay": 0.05},
    {"clipnorm": 0.5},
    {"clipvalue": 0.2},
    {"global_clipnorm": 0.6},
    {"use_ema": True, "ema_momentum": 0.8},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3},
    {"gradient_accumulation_steps": 2},
    {"gradient_accumulation_steps": 3, "clipnorm": 0.4, "weight_decay": 0.1},
    {"gradient_accumulation_steps": 2, "use_ema": True, "ema_overwrite_frequency": 2},
    {"loss_scale_factor": 4.0},
    {"learning_rate": "schedule"},
    {"learning_rate": "schedule", "weight_decay": 0.1},
]
CASES = [(name, options) for name, many in OWN.items() for options in many] + [
    (name, {**many[-1], **common}) for name, many in OWN.items() for common in COMMON
]
IDS = [f"{n}-{'-'.join(f'{k}={v}' for k, v in o.items()) or 'plain'}" for n, o in CASES]


def made_by(library: Any, name: str, options: dict[str, Any]) -> Any:
    arguments = {"learning_rate": 0.1, **options}
    if arguments["learning_rate"] == "schedule":
        arguments["learning_rate"] = library.optimizers.schedules.ExponentialDecay(0.2, 2, 0.7)
    return getattr(library.optimizers, name)(**arguments)


def weights_and_gradients(key: Any) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
    rng = generator(key)

    def draw() -> list[np.ndarray]:
        return [rng.standard_normal(shape).astype("float32") for shape in SHAPES]

    return draw(), [draw() for _ in range(6)]


def test_nothing_is_left_out() -> None:
    names = {name for name in pynn.optimizers.__all__ if name[0].isupper()} - {"Optimizer"}
    assert names - pynn.optimizers.registry.own == set(OWN)


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_steps(name: str, options: dict[str, Any]) -> None:
    ours, theirs = made_by(pynn, name, options), made_by(keras, name, options)
    tolerance = CORRECTED_STEPS if name in CORRECTED else STEPS
    start, gradients = weights_and_gradients((name, str(options)))
    weights = [array.copy() for array in start]
    variables = [keras.Variable(array) for array in start]
    for step, grads in enumerate(gradients):
        ours.apply_gradients(zip(grads, weights, strict=True))
        theirs.apply_gradients(zip(map(keras.ops.convert_to_tensor, grads), variables, strict=True))
        for weight, variable in zip(weights, variables, strict=True):
            assert_agree(weight, variable, tolerance, f"step {step}")
    assert int(ours.iterations) == int(array_of(theirs.iterations))
    ours.finalize_variable_values(weights)
    theirs.finalize_variable_values(variables)
    for weight, variable in zip(weights, variables, strict=True):
        assert_agree(weight, variable, tolerance, "at the end")


@pytest.mark.parametrize("name", OWN)
def test_a_rate_changed_on_the_way(name: str) -> None:
    ours, theirs = made_by(pynn, name, {}), made_by(keras, name, {})
    start, gradients = weights_and_gradients((name, "rate"))
    weights = [array.copy() for array in start]
    variables = [keras.Variable(array) for array in start]
    for step, grads in enumerate(gradients[:4]):
        ours.learning_rate = theirs.learning_rate = 0.1 / (step + 1)
        ours.apply_gradients(zip(grads, weights, strict=True))
        theirs.apply_gradients(zip(map(keras.ops.convert_to_tensor, grads), variables, strict=True))
    for weight, variable in zip(weights, variables, strict=True):
        assert_agree(weight, variable, CORRECTED_STEPS if name in CORRECTED else STEPS)


@pytest.mark.parametrize("name", OWN)
def test_excluded_from_weight_decay(name: str) -> None:
    options = {"weight_decay": 0.5}
    ours, theirs = made_by(pynn, name, options), made_by(keras, name, options)
    start, gradients = weights_and_gradients((name, "excluded"))
    weights = [array.copy() for array in start]
    variables = [keras.Variable(array) for array in start]
    ours.exclude_from_weight_decay(var_list=weights[1:])
    theirs.exclude_from_weight_decay(var_list=variables[1:])
    for grads in gradients[:3]:
        ours.apply_gradients(zip(grads, weights, strict=True))
        theirs.apply_gradients(zip(map(keras.ops.convert_to_tensor, grads), variables, strict=True))
    for weight, variable in zip(weights, variables, strict=True):
        assert_agree(weight, variable, CORRECTED_STEPS if name in CORRECTED else STEPS)


@pytest.mark.parametrize("name", OWN)
def test_every_argument_of_keras_is_taken_and_compared(name: str) -> None:
    compared = {key for case, options in CASES if case == name for key in options}
    wanted = set(inspect.signature(getattr(keras.optimizers, name)).parameters)
    assert wanted - {"name", "kwargs"} <= compared


@pytest.mark.parametrize("name", ["SGD", "Adam", "Adagrad", "Lamb"])
def test_order_of_the_variables(name: str) -> None:
    options = {"use_ema": True, "gradient_accumulation_steps": 2, "name": "o"}
    paths = []
    for library in (pynn, keras):
        optimizer = made_by(library, name, options)
        optimizer.build([library.Variable(np.ones(shape), name="w") for shape in SHAPES])
        paths.append([(variable.path, tuple(variable.shape)) for variable in optimizer.variables])
    assert paths[0] == paths[1]
