"""The learning rate: a number that can be set, a schedule, or a callable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pynn import backend, optimizers
from pynn.optimizers import SGD, schedules


def test_it_reads_like_a_number() -> None:
    optimizer = SGD(0.1)
    rate = optimizer.learning_rate
    assert rate == 0.1
    assert rate.numpy() == 0.1
    assert rate * 2 == 0.2
    assert f"{rate:.2f}" == "0.10"
    assert backend.get_value(rate) == 0.1


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: [x + 1, 1 - x, x * 3, 3 / x, x**2, 2**x, x // 0.3, x % 0.3, 1 // x, 1 % x],
        lambda x: [-x, +x, abs(x), round(x, 1), float(x), int(x), bool(x), str(x)],
        lambda x: [x < 1, x <= 0.75, x > 1, x >= 1, x == 0.75, x != 1],
        lambda x: [np.float32(3) * x, np.sqrt(x), np.asarray(x), *(np.ones(2) + x)],
    ],
)
def test_it_takes_part_in_arithmetic_like_a_number(compute: Any) -> None:
    rate = SGD(0.75).learning_rate
    assert compute(rate) == compute(0.75)
    assert repr(rate) == "<learning_rate: 0.75>"
    assert rate.assign_add(0.5).assign_sub(0.25) == 1.0
    assert [*range(3)][SGD().iterations] == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda o: setattr(o, "learning_rate", 0.5),
        lambda o: setattr(o, "lr", 0.5),
        lambda o: o.learning_rate.assign(0.5),
        lambda o: backend.set_value(o.learning_rate, 0.5),
        lambda o: setattr(o, "learning_rate", np.float32(0.5)),
        lambda o: setattr(o, "learning_rate", np.array(0.5)),
        lambda o: setattr(o, "learning_rate", SGD(0.5).learning_rate),
    ],
)
def test_it_can_be_set(change) -> None:
    optimizer = SGD(0.1)
    seen_before = optimizer.learning_rate
    change(optimizer)
    assert optimizer.learning_rate == optimizer.lr == seen_before == 0.5
    np.testing.assert_array_equal(optimizer._rates(3, 2), [0.5, 0.5])


def test_arrays_can_be_set_too_and_numbers_cannot() -> None:
    array = np.zeros(3)
    backend.set_value(array, [1.0, 2.0, 3.0])
    assert array.tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="a variable that can be assigned to. Received: 0.5"):
        backend.set_value(0.5, 1.0)


def test_it_can_be_multiplied_in_place() -> None:
    optimizer = SGD(0.1)
    optimizer.learning_rate *= 3
    assert optimizer.learning_rate == pytest.approx(0.3)


@pytest.mark.parametrize("value", ["fast", -0.1, np.nan, None, True, [0.1, 0.2]])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="learning_rate must be a number that is not negative"):
        SGD(value)
    optimizer = SGD(0.1)
    with pytest.raises(ValueError, match="learning_rate must be a number"):
        optimizer.learning_rate = value
    assert optimizer.learning_rate == 0.1


def test_a_schedule_decides_the_rate_of_each_step() -> None:
    schedule = schedules.ExponentialDecay(0.1, 10, 0.5)
    optimizer = SGD(schedule)
    assert optimizer.learning_rate == 0.1
    optimizer._set_iterations(20)
    assert optimizer.learning_rate == pytest.approx(0.025)
    np.testing.assert_allclose(optimizer._rates(5, 3), [schedule(n) for n in (5, 6, 7)])
    w = np.zeros(1)
    optimizer.apply([np.ones(1)], [w])
    np.testing.assert_allclose(w, [-0.025])


def test_a_schedule_cannot_be_overwritten_by_a_number() -> None:
    optimizer = SGD(schedules.ExponentialDecay(0.1, 10, 0.5))
    for change in (
        lambda: setattr(optimizer, "learning_rate", 0.5),
        lambda: optimizer.learning_rate.assign(0.5),
    ):
        with pytest.raises(TypeError, match="is a LearningRateSchedule and so cannot be set"):
            change()
    optimizer.learning_rate = schedules.InverseTimeDecay(0.3, 1, 1.0)
    assert optimizer.learning_rate == 0.3


def test_own_schedules_are_called_step_by_step() -> None:
    class Own(schedules.LearningRateSchedule):
        def __call__(self, step):
            assert isinstance(step, int)
            return np.float32(0.5) if step < 2 else 0.25

    np.testing.assert_array_equal(SGD(Own())._rates(1, 3), [0.5, 0.25, 0.25])


def test_a_subclass_of_a_built_in_schedule_keeps_its_own_call() -> None:
    class Floored(schedules.ExponentialDecay):
        def __call__(self, step):
            return max(super().__call__(step), 0.04)

    np.testing.assert_allclose(SGD(Floored(0.1, 1, 0.5))._rates(0, 3), [0.1, 0.05, 0.04])


def test_callables_with_and_without_the_step() -> None:
    np.testing.assert_array_equal(SGD(lambda: 0.2)._rates(0, 2), [0.2, 0.2])
    np.testing.assert_array_equal(SGD(lambda step: 0.1 * step)._rates(1, 2), [0.1, 0.2])
    assert SGD(lambda step: 0.3).learning_rate == 0.3


class Given(schedules.LearningRateSchedule):
    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, step: int) -> Any:
        return self.function(step)


@pytest.mark.parametrize("wrap", [Given, lambda function: function])
@pytest.mark.parametrize("wrong", [-0.1, np.nan, np.inf, np.float32(-1)])
def test_no_step_is_taken_with_a_rate_that_is_none(wrap: Any, wrong: Any) -> None:
    optimizer = SGD(wrap(lambda step: 0.5 if step < 2 else wrong))
    w = np.zeros(1)
    for _ in range(2):
        optimizer.apply([np.ones(1)], [w])
    with pytest.raises(ValueError, match="must be a finite number that is not negative") as raised:
        optimizer.apply([np.ones(1)], [w])
    assert f"Received: {wrong:g} for step 2" in str(raised.value)
    np.testing.assert_array_equal(w, [-1.0])
    assert optimizer.iterations == 2
    assert str(optimizer.learning_rate.numpy()) == str(float(wrong))  # still to be read, and seen


@pytest.mark.parametrize("wrap", [Given, lambda function: function])
@pytest.mark.parametrize("wrong", ["a", None, True, 1j, np.ones(1), [0.1]])
def test_what_a_schedule_gives_must_be_a_number(wrap: Any, wrong: Any) -> None:
    with pytest.raises(ValueError, match="the learning rate of a step must be a number"):
        SGD(wrap(lambda step: wrong))._rates(0, 1)


def test_rates_of_a_formula_are_checked_too() -> None:
    falling = SGD(schedules.PolynomialDecay(0.1, 4, -0.1))
    np.testing.assert_allclose(falling._rates(0, 3), [0.1, 0.05, 0.0], atol=1e-17)
    with pytest.raises(ValueError, match="Received: -0.05 for step 3"):
        falling._rates(1, 4)


def test_iterations_can_be_read_and_set() -> None:
    optimizer = SGD()
    assert optimizer.iterations == 0
    optimizer.iterations.assign(7)
    assert optimizer.iterations.numpy() == 7
    assert isinstance(optimizer.iterations.value, int)


def test_lr_is_accepted_with_a_warning() -> None:
    with pytest.warns(FutureWarning, match="lr is the older name") as caught:
        optimizer = SGD(lr=0.2)
    assert caught[0].filename == __file__
    assert optimizer.learning_rate == 0.2


def test_decay_is_accepted_with_a_warning() -> None:
    with pytest.warns(FutureWarning, match="decay is an older argument"):
        optimizer = optimizers.Adam(0.1, decay=0.5)
    assert optimizer.learning_rate == 0.1
    np.testing.assert_allclose(optimizer._rates(0, 3), [0.1, 0.1 / 1.5, 0.05])
    with pytest.warns(FutureWarning):
        again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.decay == 0.5
