"""`TabularClassifier` and `TabularRegressor` on tables as users have them."""

from __future__ import annotations

import importlib
import inspect
import itertools
import os
import pickle
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import pynn
from estimators.tabular.tables import SMALL, expensive, mixed_table, prices
from pynn import TabularClassifier, TabularRegressor
from pynn.estimators.tabular._fitting import Fitting
from pynn.estimators.tabular._network import TableShape
from pynn.estimators.tabular._networks import Networks
from pynn.estimators.tabular._recipes import NUMBERS, PRESETS
from pynn.estimators.tabular._scaling import SCALINGS
from pynn.estimators.tabular._training import PreparedRows, Trained
from pynn.optimizers.schedules import CosineLogCycles

X, LATER = mixed_table(), mixed_table(60, seed=1)
LABELS, PRICES = expensive(X), prices(X)


def classifier(preset: str = "mlp", **parameters: Any) -> TabularClassifier:
    return TabularClassifier(**{**SMALL, "preset": preset, "strategy": "refit", **parameters})


def regressor(**parameters: Any) -> TabularRegressor:
    return TabularRegressor(**{**SMALL, "strategy": "refit", **parameters})


@pytest.fixture(scope="module")
def fitted() -> TabularClassifier:
    return classifier().fit(X, LABELS)


@pytest.fixture(scope="module")
def fitted_regressor() -> TabularRegressor:
    return regressor(epochs=30).fit(X, PRICES)


# ---- what is learned


def test_a_table_as_it_is(fitted: TabularClassifier, fitted_regressor: TabularRegressor) -> None:
    assert fitted.score(LATER, expensive(LATER)) > 0.8
    assert fitted.classes_.tolist() == ["high", "low"]
    assert fitted.feature_names_in_.tolist() == X.columns.tolist()
    probabilities = fitted.predict_proba(LATER)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(fitted.predict(LATER) == "low", probabilities[:, 1] > 0.5)
    np.testing.assert_allclose(fitted.predict_log_proba(LATER), np.log(probabilities), rtol=1e-6)
    assert fitted_regressor.score(LATER, prices(LATER)) > 0.7
    assert fitted_regressor.predict(LATER).shape == (60,)


def test_new_gaps_and_unknown_levels_are_predicted(fitted: TabularClassifier) -> None:
    later = LATER.astype({"rooms": float, "garden": object, "street": str})
    later.loc[::2, ["rooms", "garden"]] = None
    later.loc[::3, ["city", "street"]] = "unknown"
    assert np.isfinite(fitted.predict_proba(later)).all()
    gaps = pd.DataFrame(None, index=range(2), columns=X.columns, dtype=object)
    assert np.isfinite(fitted.predict_proba(gaps)).all()


def test_libraries_of_tables_do_not_matter(fitted: TabularClassifier) -> None:
    polars = importlib.import_module("polars")
    columns = {name: LATER[name].astype(object).where(LATER[name].notna(), None) for name in LATER}
    table = polars.DataFrame({name: column.tolist() for name, column in columns.items()})
    np.testing.assert_array_equal(fitted.predict_proba(table), fitted.predict_proba(LATER))
    assert pynn.TabularClassifier(**SMALL).fit(table, table["garden"]).n_features_in_ == 6


def test_columns_of_a_batch_have_names() -> None:
    batch = importlib.import_module("pyarrow").table({"a": [1.0, 2.0] * 9, "b": [0, 1] * 9})
    (batch,) = batch.to_batches()
    found = classifier(epochs=2).fit(batch, LABELS[:18])
    assert found.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="same order"):
        found.predict(batch.select(["b", "a"]))


@pytest.mark.parametrize("scaling", SCALINGS)
def test_numbers_far_away_are_predicted(scaling: str) -> None:
    found = classifier(scaling=scaling, epochs=2).fit(X, LABELS)
    assert np.isfinite(found.predict_proba(LATER.assign(size=1e300))).all()


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, -1]),
        np.array([True, False]),
        np.array([0.0, 1.0]),
        np.array(["a", "b"], object),
        pd.Categorical(["x", "y"]),
        ["only"],
        list("abcde"),
    ],
)
def test_labels_of_any_type(labels: Any) -> None:
    y = np.asarray(labels)[np.arange(len(X)) % len(labels)]
    found = classifier(epochs=2).fit(X, y)
    assert set(found.predict(X)) <= set(y)
    assert type(found.predict(X).tolist()[0]) is type(y.tolist()[0])
    assert found.predict_proba(X).shape == (len(X), len(labels))


@pytest.mark.parametrize("scale", [1e-250, 1e-30, 1e250])
def test_units_of_what_is_predicted_do_not_matter(scale: float) -> None:
    expected = regressor(epochs=3).fit(X, PRICES).predict(LATER)
    found = regressor(epochs=3).fit(X, PRICES * scale).predict(LATER)
    np.testing.assert_allclose(found / scale, expected, rtol=1e-3)


def test_several_numbers_are_predicted() -> None:
    y = np.stack([PRICES, -3.0 * PRICES], axis=1)
    found = regressor(epochs=30).fit(X, y)
    assert found.predict(LATER).shape == (60, 2)
    assert found.score(LATER, np.stack([prices(LATER), -3.0 * prices(LATER)], 1)) > 0.7


def test_predictions_are_kept_in_the_range_of_the_targets() -> None:
    far = LATER.assign(size=1e6)
    free, clamped = (regressor(clamp=clamp).fit(X, PRICES).predict(far) for clamp in (False, True))
    assert np.abs(free).max() > PRICES.max() or free.min() < PRICES.min()
    np.testing.assert_allclose(clamped, np.clip(free, PRICES.min(), PRICES.max()), rtol=1e-6)


def test_weights_of_samples_and_classes_count() -> None:
    rare = np.where(np.arange(len(X)) % 8 == 0, "rare", "frequent")
    plain = classifier().fit(X, rare).predict(X)
    weights = np.where(rare == "rare", 7.0, 1.0)
    for found in (
        classifier(class_weight="balanced").fit(X, rare),
        classifier(class_weight={"rare": 7.0}).fit(X, rare),
        classifier().fit(X, rare, sample_weight=weights),
    ):
        assert (found.predict(X) == "rare").sum() > (plain == "rare").sum()


def test_samples_of_weight_0_are_left_out() -> None:
    weights = np.r_[np.ones(200), np.zeros(40)]
    with_zeros = classifier(epochs=3).fit(X, LABELS, sample_weight=weights)
    without = classifier(epochs=3).fit(X[:200], LABELS[:200], sample_weight=weights[:200])
    np.testing.assert_array_equal(with_zeros.predict_proba(X), without.predict_proba(X))
    with pytest.raises(ValueError, match="non-zero|greater than 0"):
        classifier().fit(X, LABELS, sample_weight=np.zeros(len(X)))


def test_classes_may_weigh_nothing_but_not_all_of_them() -> None:
    weightless = {LABELS[0]: 0.0}
    some = LABELS == LABELS[0]
    found = classifier(class_weight=weightless, epochs=2, strategy="auto")
    found.fit(X, LABELS, X_val=X[some], y_val=LABELS[some])
    assert np.isnan(found.validation_score_)
    assert np.isfinite(found.predict_proba(X)).all()
    before = found.__dict__.copy()
    with pytest.raises(ValueError, match="class_weight must be greater than 0 for some class"):
        found.set_params(class_weight=dict.fromkeys(LABELS, 0.0)).fit(X, LABELS)
    assert found._networks is before["_networks"]


def test_numbers_may_be_categories() -> None:
    by_name = classifier(categorical_features=["rooms"], epochs=2).fit(X, LABELS)
    by_place = classifier(categorical_features=[1], epochs=2).fit(X, LABELS)
    by_flag = classifier(categorical_features=np.arange(6) == 1, epochs=2).fit(X, LABELS)
    assert (
        by_name.prepare(X)[0].shape[1]
        == classifier(epochs=1).fit(X, LABELS).prepare(X)[0].shape[1] + 4
    )
    for other in (by_place, by_flag):
        np.testing.assert_array_equal(by_name.predict_proba(X), other.predict_proba(X))
    with pytest.raises(ValueError, match="categorical_features must be.*'garage'"):
        classifier(categorical_features=["garage"]).fit(X, LABELS)
    for flags in (6, -1, 1.0, None):
        with pytest.raises(ValueError, match=f"categorical_features must be.* Received: {flags}"):
            classifier(categorical_features=[flags]).fit(X, LABELS)


# ---- how training goes


@pytest.mark.parametrize(
    ("strategy", "n_ensemble", "n_networks", "n_chosen"),
    [
        ("holdout", 1, 1, 1),
        ("holdout", 2, 2, 2),
        ("refit", 2, 3, 1),
        ("folds", 1, 3, 3),
        ("folds", 2, 6, 6),
    ],
)
def test_strategies(strategy: str, n_ensemble: int, n_networks: int, n_chosen: int) -> None:
    found = classifier(strategy=strategy, n_ensemble=n_ensemble, n_folds=3, epochs=3).fit(X, LABELS)
    assert found.strategy_ == strategy
    assert found.n_networks_ == n_networks
    assert len(found.best_epochs_) == n_chosen
    assert all(1 <= epoch <= 3 for epoch in found.best_epochs_)
    assert {name: len(values) for name, values in found.history_.items()} == {
        "loss": 3,
        "val_score": 3,
    }
    model = found.to_model()
    np.testing.assert_array_equal(
        model.predict(found.prepare(X)[0], verbose=0), found.predict_proba(X)
    )


@pytest.mark.parametrize(("share_of_noise", "last"), [(0.0, 30), (0.5, 14)])
def test_networks_are_used_as_they_were_at_two_rests(share_of_noise: float, last: int) -> None:
    """Those that predict best together; training ends when the third two or later are worse."""
    seen: list[np.ndarray] = []
    scored: list[float] = []

    def metric(estimator: Any, rows: pd.DataFrame, y: np.ndarray) -> float:
        seen.append(estimator.predict_proba(rows))
        scored.append(-float(log_loss(y, seen[-1])))
        return scored[-1]

    rng = np.random.default_rng(0)
    labels, later = LABELS.copy(), expensive(LATER)
    for some in (labels, later):
        noisy = rng.random(len(some)) < share_of_noise
        some[noisy] = rng.permutation(some[noisy])
    given = {"strategy": "auto", "epochs": 30, "validation_metric": metric}
    found = classifier("realmlp", **given).fit(X, labels, X_val=LATER, y_val=later)
    epochs = len(found.history_["val_score"])
    assert len(found.history_["loss"]) == epochs
    at_rest = [n for n in (2, 6, 14, 30) if n <= epochs]
    own, together, scores, calls = {}, {}, {}, iter(zip(seen, scored, strict=True))
    for n in range(1, epochs + 1):
        own[n], score = next(calls)
        together[n], scores[n] = own[n], score
        if n in at_rest[1:]:
            together[n], scores[n] = next(calls)
    scores = {n: scores[n] for n in at_rest}
    assert next(calls, None) is None
    for before, now in itertools.pairwise([at_rest[0], *at_rest]):
        np.testing.assert_allclose(together[now], (own[before] + own[now]) / 2, rtol=1e-6)
    assert epochs == max(scores) == last
    assert (scores[14] < scores[6]) == (last == 14)
    (best,) = found.best_epochs_
    assert best == max(scores, key=lambda n: (scores[n], n))
    assert found.validation_score_ == scores[best]
    assert found.n_networks_ == (1 if best == 2 else 2)
    np.testing.assert_allclose(found.predict_proba(LATER), together[best], rtol=1e-6)


def test_the_epochs_at_which_the_rate_is_0() -> None:
    recipe = PRESETS["realmlp-td"]["regression"]
    assert recipe.epochs_at_rest() == (17, 51, 119, 256)
    # RealMLP's rate, over the shares of an epoch's end.
    for n in recipe.epochs_at_rest():
        assert 1 - np.cos(2 * np.pi * np.log2(1 + 15 * n / 256)) < 0.002
    assert PRESETS["tabm"]["regression"].epochs_at_rest() == ()


@pytest.mark.parametrize("epochs", [1, 2, 3, 5, 8, 12, 24, 30, 64])
def test_the_rate_is_small_at_rest_however_few_epochs_there_are(epochs: int) -> None:
    at_rest = replace(PRESETS["realmlp"]["regression"], epochs=epochs).epochs_at_rest()
    assert at_rest[-1] == epochs and len(at_rest) <= 4
    rate = CosineLogCycles(1.0, epochs)
    assert max(float(rate(n)) for n in at_rest) <= 0.05


def test_a_metric_that_is_no_number_leaves_the_last_epoch() -> None:
    for preset, n_networks in (("realmlp", 1), ("realmlp-td", 1)):
        found = classifier(
            preset, strategy="holdout", epochs=30, validation_metric=lambda *_: float("nan")
        ).fit(X, LABELS)
        assert (found.best_epochs_, found.n_networks_) == ([30], n_networks)
        assert len(found.history_["loss"]) == 30
        assert np.isnan(found.validation_score_)


@pytest.mark.filterwarnings("ignore")
def test_what_was_good_before_training_diverged_is_kept() -> None:
    given: dict[str, Any] = {"learning_rate": 10.0, "activation": "relu", "epochs": 30}
    found = regressor(preset="realmlp", strategy="holdout", **given).fit(X, PRICES)
    assert np.isnan(found.history_["loss"][-1])
    assert np.isfinite(found.predict(LATER)).all()


def test_small_tables_have_smaller_batches() -> None:
    short, published = (PRESETS[name]["regression"] for name in ("realmlp", "realmlp-td"))
    rows = [9, 150, 800, 1535, 1536, 10**6]
    assert [short.rows_of_a_batch(n) for n in rows] == [4, 12, 64, 112, 128, 128]
    assert [published.rows_of_a_batch(n) for n in rows] == [9, 150, 256, 256, 256, 256]


@pytest.mark.parametrize(("preset", "n_networks"), [("realmlp", 4), ("realmlp-td", 2), ("mlp", 2)])
def test_a_refit_predicts_together_with_the_first_network(preset: str, n_networks: int) -> None:
    """It ends when the learning rate is 0, at the best epoch or after it."""
    first = classifier(preset, epochs=30, strategy="holdout").fit(X, LABELS)
    found = classifier(preset, epochs=30).fit(X, LABELS)
    (best,) = found.best_epochs_
    assert found.best_epochs_ == first.best_epochs_ and best > 2
    networks = found._networks.weights
    assert found.n_networks_ == len(networks) == n_networks
    own = first._networks.weights
    assert len(own) == n_networks // 2
    for weights, same in zip(networks, own, strict=False):
        for one, other in zip(weights, same, strict=True):
            np.testing.assert_array_equal(one, other)
    outputs = []
    for weights in networks:
        found._networks.weights, found._networks._model = [weights], None
        outputs.append(found.predict_proba(LATER))
    assert not any(np.array_equal(a, b) for a, b in itertools.combinations(outputs, 2))
    found._networks.weights, found._networks._model = networks, None
    np.testing.assert_allclose(found.predict_proba(LATER), np.mean(outputs, axis=0), rtol=1e-5)


def fitting_of(preset: str, *, strategy: str, deadline: float | None) -> Fitting:
    """What has nine rows to train on, in two folds."""
    networks = Networks(PRESETS[preset]["regression"], TableShape(1, (), (), 9), 1, "regression")
    return Fitting(
        networks,
        PreparedRows([np.zeros((9, 1))], np.zeros((9, 1))),
        np.zeros(9, int),
        lambda _: len,
        strategy=strategy,
        n_ensemble=1,
        n_folds=2,
        rng=np.random.default_rng(0),
        deadline=deadline,
        say=None,
    )


@pytest.mark.parametrize(
    ("preset", "best", "ends"),
    [
        ("realmlp", 30, [13, 30]),
        ("realmlp", 4, [4]),
        ("realmlp-td", 17, [17]),
        ("realmlp-td", 18, [51]),
        ("mlp", 5, [100]),
        ("tabm", 5, [5]),
    ],
)
def test_where_a_refit_ends(preset: str, best: int, ends: list[int]) -> None:
    fitting = fitting_of(preset, strategy="refit", deadline=None)
    assert fitting._ends(best) == ends


def test_the_number_of_rows_chooses_between_folds_and_refit() -> None:
    assert TabularClassifier(**SMALL | {"epochs": 1}).fit(X, LABELS).strategy_ == "folds"
    many = pd.concat([X] * 5)
    assert (
        TabularClassifier(**SMALL | {"epochs": 1}).fit(many, prices(many) > 150).strategy_
        == "refit"
    )


def test_few_rows_are_all_trained_on() -> None:
    found = classifier().fit(X[:9], LABELS[:9])
    assert (found.strategy_, found.best_epochs_) == ("refit", [12])
    assert np.isnan(found.validation_score_)
    assert classifier("realmlp", epochs=30).fit(X[:9], LABELS[:9]).n_networks_ == 2


def test_given_rows_choose_the_epoch() -> None:
    found = classifier(strategy="auto").fit(X, LABELS, X_val=LATER, y_val=expensive(LATER))
    assert found.strategy_ == "holdout"
    assert found.validation_score_ == found.score(LATER, expensive(LATER))
    assert found.validation_score_ == max(found.history_["val_score"])
    with pytest.raises(ValueError, match="strategy='folds'"):
        classifier(strategy="folds").fit(X, LABELS, X_val=LATER, y_val=expensive(LATER))
    with pytest.raises(ValueError, match="given together"):
        classifier().fit(X, LABELS, X_val=LATER)
    with pytest.raises(ValueError, match="sample_weight_val needs X_val and y_val"):
        classifier().fit(X, LABELS, sample_weight_val=np.ones(60))
    with pytest.raises(ValueError, match="a class that was not in fit: 'huge'"):
        classifier(strategy="auto").fit(X, LABELS, X_val=LATER, y_val=["huge"] * 60)


@pytest.mark.parametrize("cls", [TabularClassifier, TabularRegressor])
def test_given_rows_may_have_weights(cls: Any) -> None:
    y, later = (LABELS, expensive(LATER)) if cls is TabularClassifier else (PRICES, prices(LATER))
    weights = np.random.default_rng(0).integers(1, 5, len(LATER))
    few = {**SMALL, "epochs": 3}
    weighted = cls(**few).fit(X, y, X_val=LATER, y_val=later, sample_weight_val=weights)
    repeated = LATER.loc[LATER.index.repeat(weights)]
    copies = cls(**few).fit(X, y, X_val=repeated, y_val=later.repeat(weights))
    np.testing.assert_allclose(
        weighted.history_["val_score"], copies.history_["val_score"], rtol=1e-5
    )
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        cls(**SMALL).fit(X, y, X_val=LATER, y_val=later, sample_weight_val=-weights)


def test_training_ends_when_epochs_no_longer_get_better() -> None:
    found = classifier(strategy="holdout", patience=2, epochs=200).fit(X, LABELS)
    epochs = len(found.history_["loss"])
    assert epochs == found.best_epochs_[0] + 3 < 200


def test_the_last_of_epochs_that_are_equally_good_is_chosen_if_asked_for() -> None:
    y = np.zeros(len(X), int)
    for last, expected in ((True, 4), (False, 1)):
        found = classifier(strategy="holdout", epochs=4, last_of_ties=last).fit(X, y)
        assert found.best_epochs_ == [expected]


def test_an_epoch_is_chosen_by_one_s_own_metric() -> None:
    seen: list[pd.DataFrame] = []

    def minus_share_of_high(estimator: Any, rows: pd.DataFrame, y: np.ndarray) -> float:
        seen.append(rows)
        return -float((estimator.predict(rows) == "high").mean())

    given = {"X_val": LATER, "y_val": expensive(LATER)}
    found = classifier(strategy="auto", validation_metric=minus_share_of_high).fit(
        X, LABELS, **given
    )
    assert seen[0].columns.tolist() == X.columns.tolist()
    assert found.validation_score_ == -(found.predict(LATER) == "high").mean()
    found = classifier(strategy="auto", validation_metric="neg_log_loss").fit(X, LABELS, **given)
    expected = -log_loss(expensive(LATER), found.predict_proba(LATER))
    assert found.validation_score_ == pytest.approx(expected, rel=1e-5)
    assert classifier(validation_metric="roc_auc").fit(X, LABELS).validation_score_ > 0.8
    numbers = regressor(validation_metric="r2", strategy="holdout").fit(X, PRICES)
    assert numbers.history_["val_score"][numbers.best_epochs_[0] - 1] == numbers.validation_score_


def test_a_metric_that_needs_all_classes_says_which_rows_lack_some() -> None:
    labels = np.array(["a", "b"] * 20 + ["rare"])
    table = X[: len(labels)]
    with pytest.raises(ValueError, match="labels") as failure:
        classifier(validation_metric="neg_log_loss", epochs=1, strategy="folds").fit(table, labels)
    assert re.match(r"These \d+ rows have only 2 of the 3 classes", failure.value.__notes__[0])
    found = classifier(epochs=1).fit(table, labels)
    with pytest.raises(ValueError, match="could not convert") as failure:
        found.permutation_importances(table, labels, scoring=lambda *_: float("no number"))
    assert not hasattr(failure.value, "__notes__")


def test_a_time_limit_is_kept() -> None:
    found = classifier(strategy="auto", epochs=10**6, time_limit=1.5).fit(X, LABELS)
    assert 1 <= found.epochs_ < 10**6
    plenty = classifier(strategy="auto", epochs=1, time_limit=600.0).fit(X, LABELS)
    assert plenty.strategy_ == "folds"
    no_time = classifier(strategy="auto", time_limit=1e-9).fit(X, LABELS)
    assert (no_time.strategy_, no_time.n_networks_, no_time.epochs_) == ("holdout", 1, 1)
    unused = classifier(strategy="refit", time_limit=1e-9).fit(X, LABELS)
    assert (unused.strategy_, unused.n_networks_) == ("holdout", 1)
    few = classifier(time_limit=1e-9).fit(X[:9], LABELS[:9])
    assert (few.strategy_, few.n_networks_, few.epochs_) == ("refit", 1, 1)


def test_folds_are_expected_to_take_all_epochs() -> None:
    """Although the first of them may have ended early."""
    for n_epochs, expected in ((64, "folds"), (30, "refit")):
        fitting = fitting_of("realmlp", strategy="auto", deadline=time.perf_counter() + 100.0)
        first = Trained([], 13, 1.0, True, 50.0, {"loss": [0.0] * n_epochs})
        assert fitting._chosen(first) == expected


def test_what_the_time_ends_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, passed, calls = time.perf_counter, 0.0, 0
    monkeypatch.setattr(time, "perf_counter", lambda: clock() + passed)

    def metric(model: Any, rows: pd.DataFrame, y: np.ndarray) -> float:
        nonlocal passed, calls
        calls += 1
        if calls == 5:  # the rehearsal, three epochs of the first network, one of the second
            passed = 1000.0
        return float(calls)

    found = classifier(strategy="folds", epochs=3, time_limit=600.0, validation_metric=metric)
    found.fit(X, LABELS)
    assert (found.strategy_, found.n_networks_, found.best_epochs_) == ("folds", 1, [3])
    assert calls <= 6


@pytest.mark.filterwarnings("ignore:the loss became nan")
def test_a_training_that_diverges_says_so() -> None:
    for make, y in ((classifier, LABELS), (regressor, PRICES)):
        with pytest.raises(ValueError, match="weights that are not finite. A smaller learning_rat"):
            make(learning_rate=1e30, epochs=2).fit(X, y)


def test_a_regression_worse_than_the_mean_is_warned_of() -> None:
    noise = np.random.default_rng(0).normal(size=60) * 100.0 ** np.random.default_rng(1).normal(
        size=60
    )
    x = np.random.default_rng(2).normal(size=(60, 30))
    with pytest.warns(UserWarning, match="worse than the mean of y"):
        regressor(learning_rate=1.0, epochs=2, batch_norm=False).fit(x, noise)


def test_verbose_training_says_what_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    classifier(verbose=True, epochs=2, strategy="auto").fit(X, LABELS)
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"epoch 1: loss [\d.]+, score [\d.]+, best [\d.]+ of epoch 1", lines[0])
    assert re.match(r"trained on 192 rows in [\d.]+ s: epoch \d, score [\d.]+", lines[2])
    assert lines[3] == "strategy: folds"


def test_the_same_seed_gives_the_same_bits_for_any_number_of_threads() -> None:
    found = []
    for threads in (1, 2, 2):
        pynn.set_num_threads(threads)
        found.append(
            classifier(dropout=0.2, strategy="folds", epochs=3).fit(X, LABELS).predict_proba(LATER)
        )
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()
    assert (classifier(random_state=1).fit(X, LABELS).predict_proba(LATER) != found[0]).any()


def test_the_same_seed_gives_the_same_bits_whatever_numpy_multiplies_with() -> None:
    """OpenBLAS has other kernels, and other sums, on other processors; elsewhere this is silent."""
    program = f"""
import numpy as np
from pynn import TabularRegressor
x = np.random.default_rng(0).standard_normal((300, 10))
for preset in {list(PRESETS)}:
    regressor = TabularRegressor(
        preset, hidden_layer_sizes=(96, 64), epochs=2, strategy="holdout", random_state=0
    )
    print(preset, regressor.fit(x, x[:, 0] * x[:, 1]).predict(x).tobytes().hex())
"""
    found = []
    for core in ("", "Prescott"):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            env=os.environ | ({"OPENBLAS_CORETYPE": core} if core else {}),
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(done.stdout.splitlines())
    assert len(found[0]) == len(PRESETS)
    assert found[0] == found[1]


def test_fits_in_several_threads_do_not_mix_their_random_numbers() -> None:
    alone = [classifier(random_state=seed, epochs=3, dropout=0.2).fit(X, LABELS) for seed in (0, 1)]
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(classifier(random_state=seed, epochs=3, dropout=0.2).fit, X, LABELS)
            for seed in (0, 1)
        ]
    for one, job in zip(alone, jobs, strict=True):
        np.testing.assert_array_equal(one.predict_proba(X), job.result().predict_proba(X))


def test_threads_predict_the_same(fitted: TabularClassifier) -> None:
    again = pickle.loads(pickle.dumps(fitted))  # which has no model yet
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(again.predict_proba, [LATER] * 8))
    for each in found:
        np.testing.assert_array_equal(each, fitted.predict_proba(LATER))


def test_the_global_seed_is_left_alone() -> None:
    pynn.utils.set_random_seed(3)
    expected = pynn.random.normal((2,))
    pynn.utils.set_random_seed(3)
    classifier(epochs=1).fit(X, LABELS)
    np.testing.assert_array_equal(pynn.random.normal((2,)), expected)


# ---- within scikit-learn


def test_pipelines_and_searches() -> None:
    search = GridSearchCV(classifier(epochs=3), {"hidden_layer_sizes": [4, (8, 8)]}, cv=2)
    search.fit(X, LABELS)
    assert search.best_params_["hidden_layer_sizes"] in (4, (8, 8))
    pipeline = make_pipeline(
        FunctionTransformer(lambda t: t.drop(columns="street")), classifier(epochs=3)
    )
    assert cross_val_score(pipeline, X, LABELS, cv=2).shape == (2,)


def test_copies_and_pickles_predict_the_same(fitted: TabularClassifier) -> None:
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(LATER), fitted.predict_proba(LATER))
    assert not hasattr(clone(fitted), "classes_")


def test_permutation_importances(
    fitted_regressor: TabularRegressor, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = LATER.assign(size=LATER["size"].fillna(60.0))
    y = prices(table)
    found = fitted_regressor.permutation_importances(table, y, n_repeats=3, random_state=0)
    assert found.importances.shape == (6, 3)
    assert set(np.argsort(found.importances_mean)[-3:]) == {0, 2, 5}
    # What is permuted by hand loses the same.
    order = np.random.RandomState(0).permutation(60)
    shuffled = table.assign(size=table["size"].to_numpy()[order])
    lost = fitted_regressor.score(table, y) - fitted_regressor.score(shuffled, y)
    assert found.importances[0, 0] == pytest.approx(lost, rel=1e-4)
    module = importlib.import_module("pynn.estimators.tabular._importances")
    monkeypatch.setattr(module, "_NUMBERS_PER_CALL", 1)
    again = fitted_regressor.permutation_importances(table, y, n_repeats=3, random_state=0)
    np.testing.assert_allclose(again.importances, found.importances, rtol=1e-4, atol=1e-6)


def test_importances_by_a_scorer(fitted: TabularClassifier) -> None:
    y = expensive(LATER)
    found = fitted.permutation_importances(LATER, y, scoring="balanced_accuracy", n_repeats=1)
    assert found.importances_mean.max() <= balanced_accuracy_score(y, fitted.predict(LATER))
    with pytest.raises(ValueError, match="inconsistent"):
        fitted.permutation_importances(LATER, y[:5])
    with pytest.raises(ValueError, match="n_repeats must be a positive integer"):
        fitted.permutation_importances(LATER, y, n_repeats=0)
    weights = np.random.default_rng(0).integers(0, 3, len(y))
    weighted = fitted.permutation_importances(
        LATER, y, n_repeats=1, sample_weight=weights, random_state=0
    )
    order = np.random.RandomState(0).permutation(60)
    shuffled = LATER.assign(size=LATER["size"].to_numpy()[order])
    lost = fitted.score(LATER, y, weights) - fitted.score(shuffled, y, weights)
    assert weighted.importances[0, 0] == pytest.approx(lost, rel=1e-6)
    assert lost != fitted.score(LATER, y) - fitted.score(shuffled, y)


def test_a_scorer_gets_predictions_of_its_own_rows_only() -> None:
    with pytest.raises(ValueError, match="for the X that it is given"):
        classifier(validation_metric=lambda model, x, y: model.score(x[:5], y[:5])).fit(X, LABELS)


# ---- bad input


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[:0], LABELS[:0], r"0 sample\(s\)"),
        (X, LABELS[:5], "inconsistent numbers of samples"),
        (X, np.where(LABELS == "low", None, "high"), "values are missing, the first in row"),
        (X, pd.Series(LABELS).where(LABELS == "low"), "values are missing"),
        (X, np.array(["NaT", 1] * 120, "timedelta64[D]"), "120 values are missing"),
        (pd.concat([X, X], axis=1), LABELS, "several named 'size'"),
        (X, PRICES, "Unknown label type"),
        (X, np.stack([LABELS, LABELS], 1), "1d array"),
        (X.assign(size=np.inf), LABELS, "infinity.*'size'"),
    ],
)
def test_bad_tables_are_refused(x: Any, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        classifier().fit(x, y)


def test_targets_of_a_regression_are_numbers_without_gaps() -> None:
    with pytest.raises(ValueError, match="Input y contains NaN"):
        regressor().fit(X, np.where(PRICES > 150, PRICES, np.nan))
    for gaps in (
        np.array(["NaT", 1] * 120, "timedelta64[D]"),
        pd.Series([pd.NaT, pd.Timestamp("2024-05-01")] * 120),
    ):
        with pytest.raises(ValueError, match="120 values are missing, the first in row 0"):
            regressor().fit(X, gaps)
    with pytest.raises(ValueError, match="could not convert"):
        regressor().fit(X, LABELS)
    with pytest.raises(ValueError, match="Found array with dim 3"):
        regressor().fit(X, np.zeros((len(X), 2, 2)))
    with pytest.raises(ValueError, match="y must have 1 columns"):
        regressor(strategy="auto").fit(X, PRICES, X_val=X, y_val=np.stack([PRICES, PRICES], 1))


def test_other_columns_are_refused(fitted: TabularClassifier) -> None:
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(X.rename(columns={"size": "area"}))
    with pytest.raises(ValueError, match="same order"):
        fitted.predict(X[X.columns[::-1]])
    with pytest.raises(
        ValueError, match="Feature names seen at fit time, yet now missing:\n- sold"
    ):
        fitted.predict(X.drop(columns="sold"))
    with pytest.raises(ValueError, match="'size' of X held numbers in fit. Received: texts"):
        fitted.predict(X.assign(size="large"))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_errors_name_the_columns_of_an_array_as_in_fit(fitted: TabularClassifier) -> None:
    name = X.columns[0]
    with pytest.raises(ValueError, match=f"column {name!r} of X held"):
        fitted.predict(LATER.assign(**{name: "not a number"}).to_numpy(object))


def test_a_column_of_gaps_is_ignored_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="column 'nothing' of X has no values and is ignored"):
        found = classifier(epochs=2).fit(X.assign(nothing=None), LABELS)
    assert found.n_features_in_ == 7
    assert np.isfinite(found.predict_proba(LATER.assign(nothing=1.0))).all()


def test_a_number_that_the_preset_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="n_members is no number of preset='mlp'"):
        classifier(n_members=4).fit(X, LABELS)
    with pytest.raises(ValueError, match="'epochs' parameter"):
        classifier(epochs=0).fit(X, LABELS)
    with pytest.raises(ValueError, match="'activation' parameter"):
        classifier(activation="threshold").fit(X, LABELS)
    with pytest.raises(ValueError, match="n_folds must not be greater than the number of samples"):
        classifier(n_folds=13).fit(X[:12], LABELS[:12])
    with pytest.raises(ValueError, match="hidden_layer_sizes must be positive integers"):
        classifier(hidden_layer_sizes=[8, 0]).fit(X, LABELS)


def test_a_fit_that_fails_leaves_the_estimator_as_it_was() -> None:
    found = classifier(strategy="auto", epochs=2).fit(X, LABELS)
    expected = found.predict_proba(LATER)
    with pytest.raises(ValueError, match="not in fit"):
        found.fit(LATER[["rooms"]], expensive(LATER), X_val=LATER[["rooms"]], y_val=[0] * 60)
    np.testing.assert_array_equal(found.predict_proba(LATER), expected)


@pytest.mark.parametrize("cls", [TabularClassifier, TabularRegressor])
def test_every_number_of_a_recipe_is_a_parameter(cls: Any) -> None:
    of_recipes = {
        field.name for presets in PRESETS.values() for r in presets.values() for field in fields(r)
    }
    assert of_recipes == set(NUMBERS)
    parameters = inspect.signature(cls).parameters
    assert of_recipes <= set(parameters)
    assert all(parameters[name].default is None for name in of_recipes)
    assert set(parameters) == set(cls._parameter_constraints)
    names = re.findall(r"\n([a-z_0-9, ]+) : ", inspect.getdoc(cls))
    described = set(re.findall(r"[a-z_0-9]+", " ".join(names)))
    assert set(parameters) <= described
