"""`Metric`: weights, own metrics, reset and configs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pynn import metrics
from pynn._numbers import Number
from pynn.backend import clear_session


class HuberMean(metrics.Metric):
    """A metric as textbooks write it, weights added by name and assigned to."""

    def __init__(self, threshold: float = 1.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.threshold = threshold
        self.total = self.add_weight("total", initializer="zeros")
        self.count = self.add_weight(name="count", shape=(), initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        error = np.abs(y_true - y_pred)
        values = np.where(error < self.threshold, error**2 / 2, error - self.threshold / 2)
        self.total.assign_add(np.sum(values))
        self.count.assign_add(np.size(y_true))

    def result(self):
        return self.total / self.count

    def get_config(self):
        return {**super().get_config(), "threshold": self.threshold}


def test_own_metric() -> None:
    metric = HuberMean(name="huber_mean")
    metric.update_state(np.array([[2.0]]), np.array([[10.0]]))
    assert metric.result() == 7.5
    assert metric(np.array([[0.0], [5.0]]), np.array([[1.0], [9.25]])) == pytest.approx(11.75 / 3)
    assert [weight.name for weight in metric.variables] == ["total", "count"]
    assert [weight.numpy() for weight in metric.variables] == [11.75, 3.0]
    metric.reset_state()
    assert [float(weight) for weight in metric.variables] == [0.0, 0.0]


def test_own_metric_survives_json() -> None:
    config = json.loads(json.dumps(metrics.serialize(HuberMean(2.0, name="h"))))
    again = metrics.deserialize(config, {"HuberMean": HuberMean})
    assert (again.threshold, again.name) == (2.0, "h")


class Peak(metrics.Metric):
    """Arithmetic on weights, and assignment by plain names."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = self.add_weight(shape=(2,), initializer="ones", name="peak")
        self.n = self.add_weight(dtype="int64", name="n")
        self.inner = metrics.Mean()

    def update_state(self, values):
        self.peak = np.maximum(self.peak, values)
        self.n += 1
        self.inner.update_state(values)

    def result(self):
        return self.peak * self.n


def test_weights_take_part_in_arithmetic_and_keep_their_place() -> None:
    metric = Peak()
    metric.update_state(np.array([0.5, 3.0]))
    metric.update_state(np.array([2.0, 1.0]))
    np.testing.assert_array_equal(metric.result(), [4.0, 6.0])
    assert metric.n.dtype == np.int64
    assert metric.peak[1] == 3.0
    assert len(metric.variables) == 4
    metric.reset_state()
    np.testing.assert_array_equal(metric.peak, [1.0, 1.0])
    assert (int(metric.n), metric.inner.result()) == (0, 0.0)


def test_weights_are_shown_and_stepped_through() -> None:
    weight = metrics.Mean().add_weight(name="w", shape=(2,), initializer="ones")
    assert (weight.ndim, len(weight)) == (1, 2)
    assert repr(weight.assign_sub(0.5)) == "<MetricWeight w: array([0.5, 0.5])>"
    array = np.array([1.0, 2.0])
    array += weight
    np.testing.assert_array_equal(array, [1.5, 2.5])
    assert f"{metrics.Mean().add_weight(name='w', shape=()):.2f}" == "0.00"


def test_weights_refuse_other_shapes() -> None:
    metric = Peak()
    with pytest.raises(ValueError, match=r"'peak' must have the shape \(2,\). Received: shape=\(3"):
        metric.peak.assign(np.ones(3))


def test_names_count_up() -> None:
    clear_session()
    assert [Peak().name, Peak().name, metrics.Precision().name] == ["peak", "peak_1", "precision"]
    clear_session()
    assert Peak().name == "peak"


def test_abstract_methods_must_be_there() -> None:
    with pytest.raises(TypeError, match="abstract"):
        type("Empty", (metrics.Metric,), {})()


def test_dtype_is_checked() -> None:
    assert metrics.Mean().dtype == "float32"
    assert metrics.Mean(dtype="float64").dtype == "float64"
    with pytest.raises(ValueError, match="dtype must be"):
        metrics.Mean(dtype="int8")


def test_mean_and_sum() -> None:
    mean, total = metrics.Mean(), metrics.Sum()
    for metric, expected in ((mean, 3.0), (total, 15.0)):
        metric.update_state([1, 3, 5, 7])
        metric.update_state(-1)
        assert isinstance(metric.result(), Number)
        assert metric.result() == expected
        metric.reset_state()
        assert metric.result() == 0.0


def test_mean_and_sum_with_weights() -> None:
    values, weights = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([2.0, 0.5])
    assert metrics.Mean()(values, sample_weight=weights) == pytest.approx((3.0 + 2.0) / 2.5)
    assert metrics.Sum()(values, sample_weight=weights) == pytest.approx(6.0 + 4.0)
    full = np.array([[1.0, 0.0], [0.0, 2.0]])
    assert metrics.Sum()(values, sample_weight=full) == 11.0
    assert metrics.Mean()(values, sample_weight=full) == pytest.approx((0.5 + 5.0) / (0.5 + 1.0))


def test_long_sums_stay_exact() -> None:
    metric = metrics.Mean()
    metric._assign(2.0**24, 2.0**24)  # float32 cannot count further by ones
    metric.update_state([0.0])
    assert metric.count.numpy() == 2.0**24 + 1
    assert metric.result() < 1.0


def test_functions_become_metrics() -> None:
    def largest(y_true, y_pred, scale=1.0):
        return scale * np.abs(y_true - y_pred).max(axis=-1)

    metric = metrics.MeanMetricWrapper(largest, scale=2.0)
    assert metric.name == "mean_metric_wrapper"
    assert metric._native() is None
    assert metric([[0.0, 1.0], [0.0, 0.0]], [[3.0, 1.0], [0.0, 1.0]]) == 4.0
    weighted = metrics.MeanMetricWrapper(largest)
    weights = np.array([3.0, 1.0])
    assert weighted([[0.0, 1.0], [0.0, 0.0]], [[3.0, 1.0], [0.0, 1.0]], weights) == 2.5
    again = metrics.deserialize(metrics.serialize(metric), {"largest": largest})
    assert (again._fn, again._fn_kwargs) == (largest, {"scale": 2.0})
    given = metrics.MeanMetricWrapper.from_config({"fn": largest, "name": "mine", "scale": 3.0})
    assert (given._fn, given._fn_kwargs, given.name) == (largest, {"scale": 3.0}, "mine")


def test_metrics_in_lists_and_dicts_have_their_weights_reset() -> None:
    class Several(metrics.Metric):
        def __init__(self) -> None:
            super().__init__()
            self.own = self.add_weight(name="own")
            self.parts = {"means": [metrics.Mean(), metrics.Mean()], "sum": metrics.Sum()}
            self.last = (metrics.Sum(),)

        def update_state(self, y_true, y_pred, sample_weight=None):
            for part in [*self.parts["means"], self.parts["sum"], *self.last]:
                part.update_state(y_pred)

        def result(self):
            return sum(part.result() for part in [*self.parts["means"], self.parts["sum"]])

    metric = Several()
    assert len(metric.variables) == 1 + 2 * 2 + 1 + 1
    assert metric([0.0, 0.0], [1.0, 2.0]) == 1.5 + 1.5 + 3.0
    metric.reset_state()
    assert metric([0.0, 0.0], [1.0, 2.0]) == 1.5 + 1.5 + 3.0


def test_states_outside_of_a_metric() -> None:
    metric = metrics.Mean()
    metric.update_state([5.0])
    state = metric.stateless_reset_state()
    assert state == [0.0, 0.0]
    for values in ([1.0, 2.0], [6.0]):
        state = metric.stateless_update_state(state, values)
    assert state == [9.0, 3.0]
    assert metric.stateless_result(state) == 3.0
    assert metric.result() == 5.0
    with pytest.raises(ValueError, match="has 2 metric_variables.*as many values. Received: 1"):
        metric.stateless_result([1.0])
    with pytest.raises(ValueError, match="could not convert"):
        metric.stateless_update_state(state, ["a"])
    assert metric.result() == 5.0


def test_what_has_seen_nothing_is_0() -> None:
    for metric in (
        metrics.AUC(),
        metrics.AUC(multi_label=True),
        metrics.F1Score(),
        metrics.R2Score(),
    ):
        assert metric.result() == 0.0


def test_weights_may_be_named_first() -> None:
    metric = metrics.Mean()
    first = metric.add_weight("seen", (2,))
    assert (first.name, first.shape, first.numpy().tolist()) == ("seen", (2,), [0.0, 0.0])
    second = metric.add_weight("kept", initializer="ones")
    assert (second.name, second.shape, float(second)) == ("kept", (), 1.0)


def test_a_type_is_part_of_the_config() -> None:
    for metric in (metrics.Mean(dtype="float64"), metrics.F1Score(dtype="float64")):
        config = metric.get_config()
        assert config["dtype"] == "float64"
        assert type(metric).from_config(config).dtype == "float64"
