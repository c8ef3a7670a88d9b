"""Counts at thresholds, precision, recall and areas, against counting one by one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from pynn import metrics

RNG = np.random.default_rng(11)
Y_TRUE = (RNG.random((40, 3)) > 0.4).astype(int)
# Some predictions fall on thresholds.
Y_PRED = np.round(RNG.random((40, 3)), 1)
WEIGHTS = RNG.uniform(0.5, 2.0, 40)
THRESHOLDS = [0.7, 0.0, 0.3, 1.0]


def counts(y_true, y_pred, weights, threshold: float) -> dict[str, float]:
    found = dict.fromkeys(
        ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"), 0.0
    )
    weights = np.broadcast_to(weights[:, None], y_pred.shape)
    for t, p, w in zip(y_true.flat, y_pred.flat, weights.flat, strict=True):
        name = ("True" if t == (p > threshold) else "False") + (
            "Positives" if p > threshold else "Negatives"
        )
        found[name] += w
    return found


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "name", ["TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"]
)
def test_counts(name: str, weights: np.ndarray | None) -> None:
    used = np.ones(40) if weights is None else weights
    expected = [counts(Y_TRUE, Y_PRED, used, t)[name] for t in THRESHOLDS]
    several = getattr(metrics, name)(thresholds=THRESHOLDS)
    for rows in (slice(0, 15), slice(15, 40)):
        several.update_state(Y_TRUE[rows], Y_PRED[rows], None if weights is None else weights[rows])
    np.testing.assert_allclose(several.result(), expected)
    one = getattr(metrics, name)()
    assert one(Y_TRUE, Y_PRED, weights) == pytest.approx(counts(Y_TRUE, Y_PRED, used, 0.5)[name])
    one.reset_state()
    assert one.result() == 0.0


@pytest.mark.parametrize("threshold", [0.5, 0.2, 1.0])
def test_precision_and_recall(threshold: float) -> None:
    found = counts(Y_TRUE, Y_PRED, WEIGHTS, threshold)
    hits = found["TruePositives"]
    for cls, others in (
        (metrics.Precision, "FalsePositives"),
        (metrics.Recall, "FalseNegatives"),
    ):
        total = hits + found[others]
        expected = hits / total if total else 0.0
        assert cls(thresholds=threshold)(Y_TRUE, Y_PRED, WEIGHTS) == pytest.approx(expected)
        assert cls(thresholds=[threshold, 0.9])(Y_TRUE, Y_PRED).shape == (2,)


def test_weights_may_have_an_axis_of_size_one_more() -> None:
    y_true, y_pred, weights = [1, 0, 1], [0.9, 0.8, 0.1], np.array([3.0, 1.0, 5.0])
    assert metrics.Precision()(y_true, y_pred, weights[:, None]) == 0.75
    assert metrics.Recall()(y_true, y_pred, weights[:, None]) == 0.375


def test_precision_of_one_class() -> None:
    expected = metrics.Precision()(Y_TRUE[:, 1], Y_PRED[:, 1])
    assert metrics.Precision(class_id=1)(Y_TRUE, Y_PRED) == expected
    with pytest.raises(ValueError, match="class_id needs predictions of shape"):
        metrics.Precision(class_id=1)(Y_TRUE[:, 0], Y_PRED[:, 0])


def test_top_k() -> None:
    y_true, y_pred = [[0, 1, 0], [1, 0, 1]], [[0.1, 0.3, 0.2], [0.9, 0.8, 0.1]]
    assert metrics.Precision(top_k=1)(y_true, y_pred) == 1.0
    assert metrics.Precision(top_k=2)(y_true, y_pred) == 0.5
    assert metrics.Recall(top_k=1)(y_true, y_pred) == pytest.approx(2 / 3)


def test_ranks_are_matched_and_other_shapes_refused() -> None:
    assert metrics.Precision()([1, 0], [[0.9], [0.1]]) == 1.0
    with pytest.raises(ValueError, match="must have one shape"):
        metrics.Precision()([1, 0, 1], [0.1, 0.9])


def test_thresholds_are_checked() -> None:
    with pytest.raises(ValueError, match=r"thresholds must be in \[0, 1\]. Received: \[1.5\]"):
        metrics.Recall(thresholds=[0.5, 1.5])


def test_thresholds_are_compared_in_the_type_of_the_predictions() -> None:
    y_pred = np.array([0.3], "float32")  # a little more than the float64 of that name
    assert metrics.TruePositives(thresholds=0.3)([1], y_pred) == 0.0


# With 5,000 thresholds the approximation is as good as the distances between 400 scores allow.
FINE = {"num_thresholds": 5000}
APPROXIMATE = 2e-3


def scores() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    y_true = (rng.random(400) > 0.5).astype(int)
    return y_true, np.clip(rng.normal(0.35 + 0.3 * y_true, 0.2), 0, 1)


def test_area_under_roc() -> None:
    y_true, y_pred = scores()
    metric = metrics.AUC(**FINE)
    for part in (slice(0, 100), slice(100, 400)):
        metric.update_state(y_true[part], y_pred[part])
    assert metric.result() == pytest.approx(roc_auc_score(y_true, y_pred), abs=APPROXIMATE)
    weights = np.linspace(0.1, 3, 400)
    expected = roc_auc_score(y_true, y_pred, sample_weight=weights)
    assert metrics.AUC(**FINE)(y_true, y_pred, weights) == pytest.approx(expected, abs=APPROXIMATE)
    logits = np.log(np.clip(y_pred, 1e-6, 1 - 1e-6) / (1 - np.clip(y_pred, 1e-6, 1 - 1e-6)))
    got = metrics.AUC(**FINE, from_logits=True)(y_true, logits)
    assert got == pytest.approx(metric.result(), abs=APPROXIMATE)


def test_area_under_precision_and_recall() -> None:
    y_true, y_pred = scores()
    expected = average_precision_score(y_true, y_pred)
    got = metrics.AUC(**FINE, curve="PR")(y_true, y_pred)
    assert got == pytest.approx(expected, abs=0.01)  # another interpolation


def test_known_areas() -> None:
    # From the documentation of Keras: recall [1, 0.5, 0], fp rate [1, 0, 0].
    y_true, y_pred = [0, 0, 1, 1], [0, 0.5, 0.3, 0.9]
    assert metrics.AUC(num_thresholds=3)(y_true, y_pred) == pytest.approx(0.75)
    got = metrics.AUC(num_thresholds=3)(y_true, y_pred, sample_weight=[1, 0, 0, 1])
    assert got == pytest.approx(1.0)
    # Steps of the curve at these points: widths 1 and 0, heights 1..0.5 and 0.5..0.
    for method, expected in (("interpolation", 0.75), ("minoring", 0.5), ("majoring", 1.0)):
        metric = metrics.AUC(num_thresholds=3, summation_method=method)
        assert metric(y_true, y_pred) == pytest.approx(expected)


def test_areas_of_several_labels() -> None:
    each = [metrics.AUC()(Y_TRUE[:, i], Y_PRED[:, i]) for i in range(3)]
    assert metrics.AUC(multi_label=True)(Y_TRUE, Y_PRED) == pytest.approx(np.mean(each))
    weighted = metrics.AUC(multi_label=True, num_labels=3, label_weights=[1, 2, 3])
    assert weighted(Y_TRUE, Y_PRED) == pytest.approx(np.average(each, weights=[1, 2, 3]))
    with pytest.raises(ValueError, match="multi_label needs predictions of shape"):
        metrics.AUC(multi_label=True)(Y_TRUE[:, 0], Y_PRED[:, 0])


def test_label_weights_are_weights_of_entries() -> None:
    weights = np.array([1.0, 2.0, 3.0])
    got = metrics.AUC(label_weights=weights)(Y_TRUE, Y_PRED)
    every = np.broadcast_to(weights, Y_TRUE.shape)
    assert got == pytest.approx(metrics.AUC()(Y_TRUE.ravel(), Y_PRED.ravel(), every.ravel()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_thresholds": 1}, "num_thresholds must be above 1"),
        ({"curve": "ROK"}, "curve must be one of"),
        ({"summation_method": "middle"}, "summation_method must be one of"),
        ({"thresholds": [2.0]}, "thresholds must be in"),
        ({"num_labels": 3}, "num_labels needs multi_label=True"),
    ],
)
def test_area_refuses(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metrics.AUC(**arguments)


@pytest.mark.parametrize(
    "metric",
    [
        metrics.Precision(thresholds=[0.2, 0.4], class_id=1, name="p"),
        metrics.Recall(top_k=2),
        metrics.TruePositives(thresholds=0.3),
        metrics.AUC(curve="PR", summation_method="minoring", num_thresholds=7),
        metrics.AUC(thresholds=[0.1, 0.6], multi_label=True, label_weights=[1, 2, 3]),
    ],
    ids=lambda metric: type(metric).__name__,
)
def test_configs_survive_json(metric: metrics.Metric) -> None:
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    assert again.get_config() == metric.get_config()
    np.testing.assert_array_equal(again(Y_TRUE, Y_PRED), metric(Y_TRUE, Y_PRED))


@pytest.mark.parametrize("weights", [None, np.array([1.0, 1.0, 2.0, 2.0, 1.0, 0.0])])
@pytest.mark.parametrize("least", [0.0, 0.4, 0.7, 1.0])
@pytest.mark.parametrize(
    "cls",
    [
        metrics.SensitivityAtSpecificity,
        metrics.SpecificityAtSensitivity,
        metrics.PrecisionAtRecall,
        metrics.RecallAtPrecision,
    ],
)
def test_best_shares(cls: type, least: float, weights: np.ndarray | None) -> None:
    y_true = np.array([[0], [0], [0], [1], [1], [1]])
    y_pred = np.array([[0.1], [0.3], [0.8], [0.3], [0.8], [0.9]])
    metric = cls(least, num_thresholds=11)
    shares = {name: [] for name in ("sensitivity", "specificity", "precision", "recall")}
    for threshold in metric.thresholds:
        found = counts(y_true, y_pred, np.ones(6) if weights is None else weights, threshold)
        tp, fp = found["TruePositives"], found["FalsePositives"]
        tn, fn = found["TrueNegatives"], found["FalseNegatives"]
        shares["sensitivity"].append(tp / (tp + fn))
        shares["recall"].append(tp / (tp + fn))
        shares["specificity"].append(tn / (tn + fp))
        shares["precision"].append(tp / (tp + fp) if tp + fp else 0.0)
    wanted, limited = cls.__name__.lower().split("at")
    good = [w for w, at in zip(shares[wanted], shares[limited], strict=True) if at >= least]
    assert metric(y_true, y_pred, weights) == pytest.approx(max(good, default=0.0), abs=1e-12)


def test_best_shares_refuse() -> None:
    with pytest.raises(ValueError, match=r"`recall` must be in the range \[0, 1\]. Received: rec"):
        metrics.PrecisionAtRecall(1.5)
    with pytest.raises(ValueError, match="`num_thresholds` must be an integer > 0"):
        metrics.RecallAtPrecision(0.5, num_thresholds=0)
    with pytest.raises(ValueError, match="class_id needs predictions of shape"):
        metrics.SensitivityAtSpecificity(0.5, class_id=0)([0, 1], [0.2, 0.7])


def test_area_under_gains() -> None:
    # Gains of recall and precision at the thresholds: (1, 0), (1/2, 1/2), (0, 1).
    metric = metrics.AUC(num_thresholds=3, curve="PRGAIN")
    assert metric([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.7, 0.3, 0.6, 0.9]) == pytest.approx(0.5)
