"""`Loss`: reduction, weights, masks, types and own losses."""

from __future__ import annotations

import numpy as np
import pytest

import pynn
from pynn import layers, losses, ops
from pynn._numbers import Number

Y_TRUE = np.array([[0.0], [1.0], [2.0]])
Y_PRED = np.array([[1.0], [3.0], [2.0]])
VALUES = np.array([1.0, 4.0, 0.0])
WEIGHTS = np.array([2.0, 1.0, 5.0])


@pytest.mark.parametrize(
    ("reduction", "plain", "weighted"),
    [
        ("sum_over_batch_size", 5 / 3, 6 / 3),
        ("mean", 5 / 3, 6 / 3),
        ("auto", 5 / 3, 6 / 3),
        ("mean_with_sample_weight", 5 / 3, 6 / 8),
        ("sum", 5.0, 6.0),
    ],
)
def test_reductions(reduction: str, plain: float, weighted: float) -> None:
    loss = losses.MeanSquaredError(reduction=reduction)
    for weights, expected in ((None, plain), (WEIGHTS, weighted), (WEIGHTS[:, None], weighted)):
        got = loss(Y_TRUE, Y_PRED, sample_weight=weights)
        assert isinstance(got, Number)
        assert got == pytest.approx(expected)
        assert got.numpy() == pytest.approx(expected)


@pytest.mark.parametrize("reduction", ["none", None])
def test_no_reduction_gives_the_values(reduction: str | None) -> None:
    loss = losses.MeanSquaredError(reduction=reduction)
    np.testing.assert_allclose(loss(Y_TRUE, Y_PRED), VALUES)
    np.testing.assert_allclose(loss(Y_TRUE, Y_PRED, WEIGHTS), VALUES * WEIGHTS)


def test_weights_of_samples_apply_to_all_their_values() -> None:
    loss = losses.MeanSquaredError(reduction="none")
    y = np.zeros((3, 2, 4))
    np.testing.assert_allclose(loss(y, y + 1, WEIGHTS), np.repeat(WEIGHTS[:, None], 2, axis=1))


def test_unknown_reduction_and_dtype_are_refused() -> None:
    with pytest.raises(ValueError, match="reduction must be one of .* Received: reduction='max'"):
        losses.MeanSquaredError(reduction="max")
    with pytest.raises(ValueError, match="dtype must be 'float32', 'float64' or None"):
        losses.MeanSquaredError(dtype="int32")


def test_no_samples_have_the_loss_zero() -> None:
    assert losses.MeanSquaredError()(np.zeros((0, 2)), np.zeros((0, 2))) == 0.0


def test_ignored_rows_do_not_count_in_the_mean() -> None:
    y_pred = np.full((4, 4), 0.25)
    loss = losses.SparseCategoricalCrossentropy(ignore_class=0)
    assert loss([0, 1, 2, 0], y_pred) == pytest.approx(np.log(4))
    weighted = losses.SparseCategoricalCrossentropy(
        ignore_class=0, reduction="mean_with_sample_weight"
    )
    got = weighted([0, 1, 2, 0], y_pred, sample_weight=[9.0, 1.0, 3.0, 9.0])
    assert got == pytest.approx(np.log(4))
    assert loss([0, 0], y_pred[:2]) == 0.0


def test_dtype_is_the_type_of_the_computation() -> None:
    seen = []

    def spy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        seen.append((y_true.dtype.name, y_pred.dtype.name))
        return y_pred[:, 0]

    losses.LossFunctionWrapper(spy)(np.ones((2, 1)), np.ones((2, 1), "float32"))
    losses.LossFunctionWrapper(spy, dtype="float64")(np.ones((2, 1)), np.ones((2, 1), "float32"))
    assert seen == [("float32", "float32"), ("float64", "float64")]


def test_dtype_is_in_the_config() -> None:
    loss = losses.MeanSquaredError(dtype="float64")
    assert losses.deserialize(losses.serialize(loss)).get_config() == loss.get_config()
    assert loss.get_config()["dtype"] == "float64"
    assert "dtype" not in losses.MeanSquaredError().get_config()


def test_tensors_of_targets_and_weights() -> None:
    loss = losses.MeanSquaredError()
    weights = np.array([0.5, 2.0, 1.5], "float32")
    wanted = loss(Y_TRUE, Y_PRED, sample_weight=weights)
    with pynn.Tape():
        given = [ops.identity(pynn.Variable(np.float32(x))) for x in (Y_TRUE, Y_PRED, weights)]
        found = loss(given[0], given[1], sample_weight=given[2])
    assert float(found) == pytest.approx(float(wanted), rel=1e-6)


def test_sums_are_made_in_float64() -> None:
    n = 2**25  # float32 cannot count further than 2**24 by ones
    loss = losses.MeanSquaredError(reduction="sum")
    ones = np.broadcast_to(np.float32(1), (n, 1))
    assert loss(np.broadcast_to(np.float32(0), (n, 1)), ones) == n


class HuberLoss(losses.Loss):
    def __init__(self, threshold: float = 1.0, **kwargs) -> None:
        self.threshold = threshold
        super().__init__(**kwargs)

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        small = ops.abs(error) < self.threshold
        linear = self.threshold * ops.abs(error) - self.threshold**2 / 2
        return ops.where(small, ops.square(error) / 2, linear)

    def get_config(self):
        return {**super().get_config(), "threshold": self.threshold}


def test_own_loss_class() -> None:
    loss = HuberLoss(2.0)
    assert loss.name == "huber_loss"
    assert loss._native() is None
    assert loss(Y_TRUE, Y_PRED) == pytest.approx((0.5 + 2.0 + 0.0) / 3)
    config = losses.serialize(loss)
    again = losses.deserialize(config, custom_objects={"HuberLoss": HuberLoss})
    assert again.threshold == 2.0
    assert again.get_config() == loss.get_config()


def test_a_class_without_call_computes_nothing() -> None:
    empty = type("Empty", (losses.Loss,), {})()
    with pytest.raises(NotImplementedError, match=r"Empty must define call\(y_true, y_pred\)"):
        empty([[0.0]], [[1.0]])


def test_a_class_may_define_the_reduced_loss_alone() -> None:
    class Total(losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return ops.sum(ops.square(y_pred - y_true))

    x, y = np.ones((4, 2), "float32"), np.full((4, 1), 5.0, "float32")
    model = pynn.Sequential([pynn.Input((2,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(pynn.optimizers.SGD(0.01), Total())
    assert model.evaluate(x, y, verbose=0) == pytest.approx(4 * 9.0)
    history = model.fit(x, y, batch_size=4, epochs=2, verbose=0).history["loss"]
    # The gradient by the bias is 4 * 2 * (2 - 5), and the same by both weights.
    assert history == pytest.approx([36.0, 4 * (3 - 3 * 0.24) ** 2])


def test_a_built_in_loss_with_a_call_of_its_own_is_not_the_engines() -> None:
    class Halved(losses.MeanSquaredError):
        def call(self, y_true, y_pred):
            return super().call(y_true, y_pred) / 2

    class Renamed(losses.MeanSquaredError):
        def __init__(self) -> None:
            super().__init__(name="renamed")

    assert Halved()._native() is None
    assert Halved()(Y_TRUE, Y_PRED) == pytest.approx(5 / 6)
    assert Renamed()._native() == ("mean_squared_error", [])
