"""One step of every optimizer in plain float64 NumPy, written as Keras 3 documents it.

Each entry is a function (w, state, g, rate, step, **hyper) -> (new w, new state); `step` counts
from 1. The order of the state is the engine's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

State = list[np.ndarray]
Step = tuple[np.ndarray, State]


def sgd(w: np.ndarray, state: State, g: np.ndarray, rate: float, step: int) -> Step:
    return w - rate * g, []


def sgd_momentum(
    w: np.ndarray, state: State, g: np.ndarray, rate: float, step: int, momentum: float
) -> Step:
    velocity = momentum * state[0] - rate * g
    return w + velocity, [velocity]


def sgd_nesterov(
    w: np.ndarray, state: State, g: np.ndarray, rate: float, step: int, momentum: float
) -> Step:
    velocity = momentum * state[0] - rate * g
    return w + momentum * velocity - rate * g, [velocity]


def rmsprop(
    w: np.ndarray, state: State, g: np.ndarray, rate: float, step: int, rho: float, epsilon: float
) -> Step:
    square = rho * state[0] + (1 - rho) * g**2
    return w - rate * g / np.sqrt(square + epsilon), [square]


def rmsprop_momentum(
    w: np.ndarray,
    state: State,
    g: np.ndarray,
    rate: float,
    step: int,
    rho: float,
    epsilon: float,
    momentum: float,
    centered: float,
) -> Step:
    square = rho * state[0] + (1 - rho) * g**2
    mean = rho * state[2] + (1 - rho) * g
    variance = square - mean**2 if centered else square
    velocity = momentum * state[1] + rate * g / np.sqrt(variance + epsilon)
    return w - velocity, [square, velocity, mean]


def moments(state: State, g: np.ndarray, beta_1: float, beta_2: float) -> State:
    first = beta_1 * state[0] + (1 - beta_1) * g
    second = beta_2 * state[1] + (1 - beta_2) * g**2
    return [first, second]


def adam(
    w: np.ndarray,
    state: State,
    g: np.ndarray,
    rate: float,
    step: int,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> Step:
    first, second = moments(state, g, beta_1, beta_2)
    corrected_rate = rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    return w - corrected_rate * first / (np.sqrt(second) + epsilon), [first, second]


def adam_amsgrad(
    w: np.ndarray,
    state: State,
    g: np.ndarray,
    rate: float,
    step: int,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> Step:
    first, second = moments(state, g, beta_1, beta_2)
    largest = np.maximum(state[2], second)
    corrected_rate = rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    return w - corrected_rate * first / (np.sqrt(largest) + epsilon), [first, second, largest]


def nadam(
    w: np.ndarray,
    state: State,
    g: np.ndarray,
    rate: float,
    step: int,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> Step:
    def schedule(t: int) -> float:
        return beta_1 * (1 - 0.5 * 0.96**t)

    first, second = moments(state, g, beta_1, beta_2)
    product = np.prod([schedule(t) for t in range(1, step + 1)])
    next_product = product * schedule(step + 1)
    corrected_first = schedule(step + 1) * first / (1 - next_product)
    corrected_first += (1 - schedule(step)) * g / (1 - product)
    corrected_second = second / (1 - beta_2**step)
    return w - rate * corrected_first / (np.sqrt(corrected_second) + epsilon), [first, second]


def adamax(
    w: np.ndarray,
    state: State,
    g: np.ndarray,
    rate: float,
    step: int,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> Step:
    first = beta_1 * state[0] + (1 - beta_1) * g
    largest = np.maximum(beta_2 * state[1], np.abs(g))
    return w - rate / (1 - beta_1**step) * first / (largest + epsilon), [first, largest]


def adagrad(
    w: np.ndarray,
    state: State,
    g: np.ndarray,
    rate: float,
    step: int,
    epsilon: float,
    initial_accumulator_value: float,
) -> Step:
    total = state[0] + g**2
    return w - rate * g / np.sqrt(total + epsilon), [total]


def adadelta(
    w: np.ndarray, state: State, g: np.ndarray, rate: float, step: int, rho: float, epsilon: float
) -> Step:
    square = rho * state[0] + (1 - rho) * g**2
    delta = -np.sqrt(state[1] + epsilon) * g / np.sqrt(square + epsilon)
    steps = rho * state[1] + (1 - rho) * delta**2
    return w + rate * delta, [square, steps]


def lion(
    w: np.ndarray, state: State, g: np.ndarray, rate: float, step: int, beta_1: float, beta_2: float
) -> Step:
    direction = np.sign(beta_1 * state[0] + (1 - beta_1) * g)
    return w - rate * direction, [beta_2 * state[0] + (1 - beta_2) * g]


def ftrl(
    w: np.ndarray,
    state: State,
    g: np.ndarray,
    rate: float,
    step: int,
    learning_rate_power: float,
    l1_regularization_strength: float,
    l2_regularization_strength: float,
    l2_shrinkage_regularization_strength: float,
    beta: float,
    initial_accumulator_value: float,
) -> Step:
    l2 = l2_regularization_strength + beta / (2 * rate)
    shrunk = g + 2 * l2_shrinkage_regularization_strength * w
    total = state[0] + g**2
    sigma = (total**-learning_rate_power - state[0] ** -learning_rate_power) / rate
    linear = state[1] + shrunk - sigma * w
    quadratic = total**-learning_rate_power / rate + 2 * l2
    l1 = l1_regularization_strength
    return (np.clip(linear, -l1, l1) - linear) / quadratic, [total, linear]


OPTIMIZERS: dict[str, Callable[..., Step]] = {
    "sgd": sgd,
    "sgd_momentum": sgd_momentum,
    "sgd_nesterov": sgd_nesterov,
    "rmsprop": rmsprop,
    "rmsprop_momentum": rmsprop_momentum,
    "adam": adam,
    "adam_amsgrad": adam_amsgrad,
    "nadam": nadam,
    "adamax": adamax,
    "adagrad": adagrad,
    "adadelta": adadelta,
    "lion": lion,
    "ftrl": ftrl,
}
