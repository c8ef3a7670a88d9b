"""F-scores and the coefficient of determination, against scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import fbeta_score, r2_score

from pynn import metrics

RNG = np.random.default_rng(4)
SCORES = RNG.random((60, 4))
LABELS = RNG.integers(0, 4, 60)
ONE_HOT = np.eye(4)[LABELS]
WEIGHTS = RNG.uniform(0.5, 2.0, 60)
# Sums have backend.epsilon() added before the divisions.
EPSILON = 1e-6


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_fbeta_of_classes(average: str | None, beta: float, weights) -> None:
    metric = metrics.FBetaScore(average=average, beta=beta)
    for rows in (slice(0, 25), slice(25, 60)):
        metric.update_state(ONE_HOT[rows], SCORES[rows], None if weights is None else weights[rows])
    expected = fbeta_score(
        LABELS, SCORES.argmax(1), beta=beta, average=average, sample_weight=weights
    )
    np.testing.assert_allclose(metric.result(), expected, rtol=EPSILON)
    metric.reset_state()
    np.testing.assert_array_equal(metric.result(), np.zeros_like(expected))


def test_fbeta_with_threshold() -> None:
    y_true = (RNG.random((60, 4)) > 0.5).astype(int)
    expected = fbeta_score(y_true, SCORES > 0.6, beta=1.0, average="macro")
    got = metrics.F1Score("macro", threshold=0.6)(y_true, SCORES)
    assert got == pytest.approx(expected, rel=EPSILON)


def test_rows_of_zeros_choose_no_class() -> None:
    metric = metrics.F1Score()
    metric.update_state([[1, 0]], [[0.0, 0.0]])
    assert metric.false_positives.numpy().tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"average": "mean"}, "average must be one of"),
        ({"beta": 0}, "beta must be positive"),
        ({"threshold": 0.0}, r"threshold must be in \(0, 1\]"),
    ],
)
def test_fbeta_refuses(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metrics.FBetaScore(**arguments)
    with pytest.raises(ValueError, match="F1Score needs targets and predictions of one shape"):
        metrics.F1Score()([0, 1], [0.2, 0.3])


Y_TRUE = RNG.normal(size=(30, 3))
Y_PRED = Y_TRUE + RNG.normal(size=(30, 3)) * [0.1, 0.5, 1.5]
AVERAGES = {
    "uniform_average": "uniform_average",
    "variance_weighted_average": "variance_weighted",
    None: "raw_values",
}


@pytest.mark.parametrize("aggregation", AVERAGES)
@pytest.mark.parametrize("weights", [None, WEIGHTS[:30]], ids=["plain", "weighted"])
def test_r2(aggregation: str | None, weights) -> None:
    metric = metrics.R2Score(class_aggregation=aggregation)
    for rows in (slice(0, 12), slice(12, 30)):
        metric.update_state(Y_TRUE[rows], Y_PRED[rows], None if weights is None else weights[rows])
    expected = r2_score(Y_TRUE, Y_PRED, sample_weight=weights, multioutput=AVERAGES[aggregation])
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-9)


def test_adjusted_r2() -> None:
    y_true, y_pred = Y_TRUE[:, :1], Y_PRED[:, :1]
    plain = r2_score(y_true, y_pred)
    got = metrics.R2Score(num_regressors=4)(y_true, y_pred)
    assert got == pytest.approx(1 - (1 - plain) * 29 / 25)
    with pytest.warns(UserWarning, match="needs more samples than num_regressors"):
        assert metrics.R2Score(num_regressors=29)(y_true, y_pred) == pytest.approx(plain)


def test_r2_refuses() -> None:
    with pytest.raises(ValueError, match="class_aggregation must be one of"):
        metrics.R2Score(class_aggregation="sum")
    with pytest.raises(ValueError, match="num_regressors must not be negative"):
        metrics.R2Score(num_regressors=-1)
    with pytest.raises(ValueError, match="R2Score needs targets"):
        metrics.R2Score()([1.0, 2.0], [1.0, 2.0])


@pytest.mark.parametrize(
    "metric",
    [
        metrics.F1Score("macro", threshold=0.3),
        metrics.FBetaScore("micro", beta=2.0, name="f2"),
        metrics.R2Score("variance_weighted_average", num_regressors=2),
    ],
    ids=lambda metric: type(metric).__name__,
)
def test_configs_survive_json(metric: metrics.Metric) -> None:
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


def test_correlations_of_outputs_and_of_samples() -> None:
    y_true, y_pred = RNG.normal(size=(30, 4)), RNG.normal(size=(30, 4))
    y_pred += 0.7 * y_true
    rows = [np.corrcoef(a, b)[0, 1] for a, b in zip(y_true, y_pred, strict=True)]
    np.testing.assert_allclose(metrics.pearson_correlation(y_true, y_pred), rows, rtol=1e-12)
    assert metrics.PearsonCorrelation()(y_true, y_pred) == pytest.approx(np.mean(rows), rel=1e-12)
    columns = [np.corrcoef(y_true[:, i], y_pred[:, i])[0, 1] for i in range(4)]
    by_column = metrics.PearsonCorrelation(axis=0)(y_true, y_pred)
    assert by_column == pytest.approx(np.mean(columns), rel=1e-12)
    over_all = metrics.PearsonCorrelation.from_config({"axis": [0, 1]})
    assert over_all(y_true, y_pred) == pytest.approx(np.corrcoef(y_true.flat, y_pred.flat)[0, 1])
    assert np.isnan(metrics.PearsonCorrelation()([[1.0, 1.0]], [[1.0, 2.0]]))


def test_concordance() -> None:
    y_true, y_pred = RNG.normal(size=(30, 4)), RNG.normal(1.0, 2.0, size=(30, 4))
    covariance = ((y_true - y_true.mean(0)) * (y_pred - y_pred.mean(0))).mean(0)
    size = y_true.var(0) + y_pred.var(0) + (y_true.mean(0) - y_pred.mean(0)) ** 2
    got = metrics.concordance_correlation(y_true, y_pred, axis=0)
    np.testing.assert_allclose(got, 2 * covariance / size, rtol=EPSILON)
