"""The optimizers' steps against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import _core
from reference.optimizers import HYPER, OPTIMIZERS
from reference.tolerances import AWKWARD_SIZES, assert_close

NAMES = _core.optimizer_names()
RATE = 0.01
STEPS = 4
# Several rounded operations a step, and steps add up; gradients and weights are of size 1.
STEP_UNITS = 16


def hyper_of(name: str) -> dict[str, float]:
    return dict(zip(_core.optimizer_parameters(name), HYPER[name], strict=True))


def start(name: str, n: int, dtype: str) -> tuple[np.ndarray, list[np.ndarray]]:
    w = np.random.default_rng(n).normal(size=n).astype(dtype)
    state = [np.zeros(n, dtype) for _ in range(_core.optimizer_slots(name))]
    if state:
        state[0][:] = _core.optimizer_initial(name, list(hyper_of(name).values()))
    return w, state


def compare(name: str, hyper: dict[str, float], n: int, dtype: str) -> None:
    w, state = start(name, n, dtype)
    want_w, want_state = w.astype(np.float64), [s.astype(np.float64) for s in state]
    rng = np.random.default_rng(0)
    for step in range(1, STEPS + 1):
        g = rng.normal(size=n).astype(dtype)
        _core.optimizer_steps(name, list(hyper.values()), RATE, step, [w], [state], [g], {})
        want_w, want_state = OPTIMIZERS[name](
            want_w, want_state, g.astype(np.float64), RATE, step, **hyper
        )
    # FTRL's linear term sums w / rate, a hundred times larger than what is left of it.
    assert_close(w, want_w, units=STEP_UNITS * (8 if name == "ftrl" else 1))
    for got, want in zip(state, want_state, strict=True):
        assert_close(got, want, units=STEP_UNITS, magnitude=100 if name == "ftrl" else 1)


def test_every_optimizer_is_declared() -> None:
    assert set(NAMES) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", NAMES)
def test_steps(isa: str, name: str, dtype: str) -> None:
    for n in AWKWARD_SIZES:
        compare(name, hyper_of(name), n, dtype)


def test_rmsprop_without_centering(isa: str, dtype: str) -> None:
    compare("rmsprop_momentum", hyper_of("rmsprop_momentum") | {"centered": 0.0}, 33, dtype)


def test_ftrl_with_another_power(isa: str, dtype: str) -> None:
    compare("ftrl", hyper_of("ftrl") | {"learning_rate_power": -0.7}, 33, dtype)


def test_nadam_at_a_step_out_of_order() -> None:
    hyper = hyper_of("nadam")
    values = list(hyper.values())
    for step in (5, 6, 7, 3, 3, 4, 1):
        w, state = np.ones(3), [np.full(3, 0.5), np.full(3, 0.25)]
        want, _ = OPTIMIZERS["nadam"](w, state, np.ones(3), RATE, step, **hyper)
        _core.optimizer_steps("nadam", values, RATE, step, [w], [state], [np.ones(3)], {})
        np.testing.assert_allclose(w, want, rtol=1e-14)


def test_initial_state() -> None:
    assert _core.optimizer_initial("adagrad", [1e-7, 0.3]) == 0.3
    assert _core.optimizer_initial("adam", [0.9, 0.999, 1e-7]) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "adamw"}, "name must be one of sgd"),
        ({"hyper": [0.9]}, "adam takes 3 parameters"),
        ({"step": 0}, "step counts from 1"),
        ({"states": [[]]}, "adam keeps 2 arrays of state"),
        ({"states": []}, "one list of state are needed for each"),
        ({"grads": [np.ones(4)]}, "weights and grads must have the same shape"),
        ({"grads": [np.ones(3, "f4")]}, "g must have the same dtype"),
        ({"states": [[np.zeros(3), np.zeros(4)]]}, "state must be a writable C-contiguous"),
        ({"weights": [np.broadcast_to(1.0, 3)]}, "read-only"),
    ],
)
def test_errors(change: dict, message: str) -> None:
    arguments = {
        "name": "adam",
        "hyper": [0.9, 0.999, 1e-7],
        "rate": 0.1,
        "step": 1,
        "weights": [np.ones(3)],
        "states": [[np.zeros(3), np.zeros(3)]],
        "grads": [np.ones(3)],
        "options": {},
    }
    with pytest.raises(ValueError, match=message):
        _core.optimizer_steps(**(arguments | change))
