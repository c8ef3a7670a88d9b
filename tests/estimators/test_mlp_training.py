"""What training an MLP promises beyond scikit-learn's curves: continuing, stopping, weights."""

from __future__ import annotations

import copy
import gc
import pickle
import warnings
import weakref
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from estimators.problems import CLASSIFICATION, IRIS, REGRESSION
from pynn.callbacks import Callback
from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron
from pynn.estimators.mlp._solver import SCHEDULES, SOLVERS
from pynn.optimizers import schedules

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

BOTH = [MLPClassifier, MLPRegressor]
SMALL: dict[str, Any] = {"hidden_layer_sizes": (8,), "random_state": 0, "batch_size": 30}


def weights_of(model: Any) -> list[np.ndarray]:
    return [np.array(w) for w in model.coefs_ + model.intercepts_]


def same_weights(a: Any, b: Any) -> None:
    for left, right in zip(weights_of(a), weights_of(b), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling"])
def test_short_calls_are_one_long_call(cls: Any, solver: str, learning_rate: str) -> None:
    """Bit for bit, shuffling and the optimizer's state included."""
    parameters = {**SMALL, "solver": solver, "learning_rate": learning_rate, "tol": 0.0}
    whole = cls(max_iter=6, **parameters).fit(*IRIS)
    warm = cls(max_iter=2, warm_start=True, **parameters)
    for _ in range(3):
        warm.fit(*IRIS)
    parts = cls(**parameters)
    extra = {"classes": [0, 1, 2]} if cls is MLPClassifier else {}
    for _ in range(6):
        parts.partial_fit(*IRIS, **extra)
    same_weights(whole, warm)
    same_weights(whole, parts)
    assert whole.loss_curve_ == warm.loss_curve_ == parts.loss_curve_
    assert whole.t_ == warm.t_ == parts.t_ == 900
    assert (whole.n_iter_, warm.n_iter_, parts.n_iter_) == (6, 2, 1)


@pytest.mark.filterwarnings("ignore:The learning rate 'cosine' has come to its end")
@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize(
    "change",
    [
        {"max_iter": 1},
        {"n_iter_no_change": np.inf},
        {"tol": 0.05, "n_iter_no_change": 2},
        {"tol": 10.0, "n_iter_no_change": 3},
        {"tol": 0.05, "n_iter_no_change": 1, "solver": "sgd", "learning_rate": "adaptive"},
        {"learning_rate": "invscaling", "solver": "sgd"},
        {"learning_rate": "cosine"},
        pytest.param({"learning_rate": lambda step: 0.01 / (1 + step)}, id="rate of a function"),
        {"shuffle": False},
        {"dropout": 0.3, "batch_norm": True},
        {"metrics": ["accuracy"]},
        {"ema_momentum": 0.9},
        {"restore_best": True},
    ],
    ids=str,
)
def test_a_callback_that_only_listens_changes_nothing(cls: Any, change: dict[str, Any]) -> None:
    """Without one, the engine goes from epoch to epoch by itself wherever nobody would look."""
    parameters = {**SMALL, "max_iter": 30, "warm_start": True, **change}
    alone = cls(**parameters)
    listened = cls(**parameters, callbacks=[Callback()])
    for _ in range(2):
        alone.fit(*IRIS)
        listened.fit(*IRIS)
        same_weights(alone, listened)
        assert alone.loss_curve_ == listened.loss_curve_
        for name in ("history_", "n_iter_", "t_", "loss_", "best_loss_"):
            assert getattr(alone, name) == getattr(listened, name)
        assert alone._state.finished == listened._state.finished
        assert alone._no_improvement_count == listened._no_improvement_count
        np.testing.assert_array_equal(alone._state.random.key, listened._state.random.key)
        assert alone._state.random.position == listened._state.random.position
        # The copy makes all orders once more, and so goes on as the original does.
        alone = copy.deepcopy(alone)
    if "tol" in change and "learning_rate" not in change:
        assert alone.n_iter_ < 30


STEPS = 6 * 5  # six epochs of five batches
RATES: dict[str, Any] = {
    "exponential": schedules.ExponentialDecay(0.01, STEPS, 0.01),
    "cosine": schedules.CosineDecay(0.01, STEPS),
    "one cycle": schedules.CosineDecay(
        0.01 / 25, STEPS - 9, 1e-4, warmup_target=0.01, warmup_steps=9
    ),
    "restarts": schedules.CosineDecayRestarts(0.01, 7),
    "linear": schedules.PolynomialDecay(0.01, STEPS, 0.0),
    "pieces": schedules.PiecewiseConstantDecay([7, 13], [0.01, 0.005, 0.001]),
    "inverse time": schedules.InverseTimeDecay(0.01, 5, 0.5),
    "function": lambda step: 0.01 / (1 + step),
}


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("rate", RATES)
def test_schedules_go_on_from_call_to_call(solver: str, rate: str) -> None:
    parameters = {**SMALL, "solver": solver, "learning_rate": RATES[rate], "tol": 0.0}
    whole = MLPRegressor(max_iter=6, **parameters).fit(*IRIS)
    warm = MLPRegressor(max_iter=2, warm_start=True, **parameters)
    parts = MLPRegressor(**parameters)
    for _ in range(3):
        warm.fit(*IRIS)
        parts.partial_fit(*IRIS).partial_fit(*IRIS)
    same_weights(whole, warm)
    same_weights(whole, parts)
    assert whole.loss_curve_ == warm.loss_curve_ == parts.loss_curve_


@pytest.mark.parametrize(("tol", "patience"), [(0.5, 1), (0.1, 2), (1e-3, 1)])
def test_adaptive_rates_go_on_from_call_to_call(tol: float, patience: int) -> None:
    parameters = {
        **SMALL,
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
        "tol": tol,
        "n_iter_no_change": patience,
    }
    whole = MLPRegressor(max_iter=8, **parameters).fit(*IRIS)
    warm = MLPRegressor(max_iter=2, warm_start=True, **parameters)
    for _ in range(4):
        warm.fit(*IRIS)
    assert whole._optimizer.learning_rate == warm._optimizer.learning_rate < 0.1
    same_weights(whole, warm)
    assert whole.loss_curve_ == warm.loss_curve_


@pytest.mark.parametrize("name", ["cosine", "linear", "exponential", "one_cycle"])
def test_named_schedules_span_max_iter_epochs(name: str) -> None:
    parameters = {**SMALL, "learning_rate": name, "max_iter": 6, "tol": 0.0}
    whole = MLPRegressor(**parameters).fit(*IRIS)
    parts = MLPRegressor(**parameters)
    for _ in range(6):
        parts.partial_fit(*IRIS)
    same_weights(whole, parts)
    by_hand = SCHEDULES[name](whole.learning_rate_init, STEPS)
    same_weights(whole, MLPRegressor(**parameters | {"learning_rate": by_hand}).fit(*IRIS))
    with pytest.warns(UserWarning, match=f"The learning rate '{name}' has come to its end") as seen:
        parts.partial_fit(*IRIS)
    assert seen[0].filename == __file__
    with pytest.warns(UserWarning, match="has come to its end"):
        whole.set_params(warm_start=True).fit(*IRIS)


@pytest.mark.parametrize("cls", BOTH)
def test_a_copy_carries_on_as_the_original_does(cls: Any) -> None:
    model = cls(max_iter=2, warm_start=True, **SMALL).fit(*IRIS)
    twins = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    model.fit(*IRIS)
    for twin in twins:
        twin.fit(*IRIS)
        same_weights(model, twin)
        assert model.loss_curve_ == twin.loss_curve_


def test_after_convergence_a_warm_start_begins_with_a_fresh_optimizer() -> None:
    model = MLPClassifier(
        **SMALL,
        solver="sgd",
        learning_rate="adaptive",
        tol=0.5,
        n_iter_no_change=1,
        max_iter=300,
        warm_start=True,
    )
    model.fit(*IRIS)
    assert model.n_iter_ < 300
    assert model._optimizer.learning_rate <= 1e-6
    model.set_params(max_iter=1).fit(*IRIS)
    # Divided once more, because the loss has still not improved.
    assert model._optimizer.learning_rate == model.learning_rate_init / 5


def test_a_new_learning_rate_counts_in_a_warm_start() -> None:
    model = MLPClassifier(**SMALL, max_iter=1, warm_start=True).fit(*IRIS)
    before = weights_of(model)
    model.set_params(learning_rate_init=1e-300).fit(*IRIS)
    for left, right in zip(before, weights_of(model), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"momentum": 0.5},
        {"nesterovs_momentum": False},
        {"alpha": 10.0},
        {"learning_rate_init": 0.1},
        {"learning_rate": "invscaling"},
        {"solver": "adam"},
        {"solver": "rmsprop"},
        {"clipnorm": 1e-3},
        {"activation": "tanh"},
        {"dropout": 0.5},
        {"batch_norm": True},
        {"loss": "huber"},
        {"metrics": "mae"},
        {"batch_size": 7},
    ],
    ids=str,
)
def test_what_is_changed_between_calls_counts(change: dict[str, Any]) -> None:
    """As in a copy from a pickle, which has nothing left of the engine."""
    model = MLPRegressor(**SMALL, solver="sgd", max_iter=2, warm_start=True).fit(*IRIS).fit(*IRIS)
    twin = pickle.loads(pickle.dumps(model))
    unchanged = pickle.loads(pickle.dumps(model)).fit(*IRIS)
    for each in (model, twin):
        each.set_params(**change).fit(*IRIS)
    same_weights(model, twin)
    assert model.history_ == twin.history_
    same = np.array_equal(model.coefs_[0], unchanged.coefs_[0])
    assert same == (change in ({}, {"metrics": "mae"}))


@pytest.mark.parametrize("cls", BOTH)
def test_the_same_random_state_gives_the_same_model(cls: Any) -> None:
    first, second = (cls(max_iter=4, **SMALL).fit(*IRIS) for _ in range(2))
    same_weights(first, second)
    other = cls(max_iter=4, **SMALL | {"random_state": 1}).fit(*IRIS)
    assert not np.array_equal(first.coefs_[0], other.coefs_[0])


def test_shuffling_changes_the_order_only() -> None:
    """The initial weights stay, one epoch of small steps comes out nearly the same."""
    shuffled, ordered = (
        MLPClassifier(**SMALL, shuffle=s, max_iter=1, learning_rate_init=1e-4).fit(*IRIS)
        for s in (True, False)
    )
    assert not np.array_equal(shuffled.coefs_[0], ordered.coefs_[0])
    np.testing.assert_allclose(shuffled.coefs_[0], ordered.coefs_[0], atol=1e-2)


@pytest.mark.parametrize("solver", sorted({*SOLVERS} - {"lbfgs", "sgd", "adam"}))
def test_other_solvers_learn(solver: str) -> None:
    rate = {"adadelta": 1.0, "adagrad": 0.1, "ftrl": 0.1, "lamb": 0.001, "lion": 0.003}.get(
        solver, 0.01
    )
    model = MLPClassifier((16,), solver=solver, learning_rate_init=rate, random_state=0)
    model.set_params(max_iter=300, batch_size=32).fit(*IRIS)
    assert model.score(*IRIS) > 0.9
    assert model.partial_fit(*IRIS).n_iter_ == 1


@pytest.mark.parametrize("activation", ["elu", "gelu", "silu", "leaky_relu", "sigmoid"])
def test_other_activations_learn(activation: str) -> None:
    model = MLPClassifier((16,), activation, solver="lbfgs", random_state=0, max_iter=1000)
    assert model.fit(*IRIS).score(*IRIS) > 0.95


@pytest.mark.parametrize("cls", BOTH)
def test_early_stopping_keeps_the_best_weights(cls: Any) -> None:
    x, y = IRIS
    model = cls(
        hidden_layer_sizes=(8,),
        early_stopping=True,
        random_state=0,
        learning_rate_init=0.05,
        max_iter=80,
    )
    model.set_params(validation_fraction=0.3, n_iter_no_change=20).fit(x, y)
    best = int(np.argmax(model.validation_scores_))
    assert model.best_validation_score_ == model.validation_scores_[best]
    assert best < model.n_iter_ - 1
    shorter = clone(model).set_params(max_iter=best + 1).fit(x, y)
    same_weights(model, shorter)


def test_early_stopping_may_be_switched_between_calls() -> None:
    model = MLPClassifier((8,), random_state=0, warm_start=True, max_iter=2).fit(*IRIS)
    model.set_params(early_stopping=True).fit(*IRIS)
    assert len(model.validation_scores_) == 2
    model.set_params(early_stopping=False).fit(*IRIS)
    assert model.validation_scores_ is None
    assert np.isfinite(model.best_loss_)
    assert len(model.loss_curve_) == 6


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_training_data_are_let_go(cls: Any, solver: str) -> None:
    x, y = IRIS[0].copy(), IRIS[1].astype(float)
    data = weakref.ref(x)
    model = cls(solver=solver, max_iter=2).fit(x, y)
    del x
    gc.collect()
    assert data() is None
    assert model.n_iter_ == 2


def test_partial_fit_after_fit_keeps_the_state_of_the_optimizer() -> None:
    long = MLPRegressor(**SMALL, max_iter=3).fit(*IRIS)
    short = MLPRegressor(**SMALL, max_iter=2).fit(*IRIS).partial_fit(*IRIS)
    same_weights(long, short)


def test_diverging_scores_are_nan() -> None:
    model = MLPRegressor(
        hidden_layer_sizes=100,
        activation="identity",
        solver="sgd",
        learning_rate_init=1.0,
        max_iter=20,
        early_stopping=True,
        random_state=0,
    )
    with pytest.warns(
        RuntimeWarning, match=r"(?s)the loss became \w+ in epoch.*reach from 0.1 to 7.9"
    ):
        model.fit(*IRIS)
    assert np.isnan(model.validation_scores_[-1])
    assert all(np.isfinite(w).all() for w in weights_of(model))


@pytest.mark.parametrize("cls", BOTH)
def test_float_types_are_kept(cls: Any) -> None:
    x, y = IRIS
    for given, kept in (
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.float16, np.float64),
        (np.int32, np.float64),
    ):
        model = cls(hidden_layer_sizes=(4,), random_state=0, max_iter=2).fit(x.astype(given), y)
        assert {w.dtype for w in model.coefs_ + model.intercepts_} == {np.dtype(kept)}
        if cls is MLPRegressor:
            assert model.predict(x.astype(given)).dtype == kept
        else:
            assert model.predict_proba(x.astype(given)).dtype == kept


@pytest.mark.parametrize("cls", BOTH)
def test_weights_may_be_written_and_assigned(cls: Any) -> None:
    x, y = IRIS
    model = cls(hidden_layer_sizes=(8,), random_state=0, max_iter=3).fit(x, y)
    outputs = model._checked_outputs(x)
    coefs, intercepts = [w.copy() for w in model.coefs_], [w.copy() for w in model.intercepts_]
    model.coefs_[0][...] = 0
    assert not np.allclose(model._checked_outputs(x), outputs)
    model.coefs_ = coefs
    model.intercepts_ = intercepts
    np.testing.assert_array_equal(model._checked_outputs(x), outputs)
    model.coefs_[1] = np.zeros_like(coefs[1])
    model.intercepts_[1] = np.zeros_like(intercepts[1])
    flat = model._checked_outputs(x)
    np.testing.assert_array_equal(flat, np.broadcast_to(flat[0], flat.shape))
    extra = {"classes": [0, 1, 2]} if cls is MLPClassifier else {}
    model.partial_fit(x, y, **extra)
    assert model.coefs_[1].any()


def test_weights_of_another_network_may_be_assigned() -> None:
    x, y = IRIS
    small, large = (MLPRegressor(hidden_layer_sizes=h, max_iter=3).fit(x, y) for h in (4, 9))
    small.coefs_, small.intercepts_ = large.coefs_, large.intercepts_
    np.testing.assert_array_equal(small.predict(x), large.predict(x))
    small.coefs_ = small.coefs_[:1]
    with pytest.raises(ValueError, match=r"coefs_ must be matrices of shapes \(a, b\)"):
        small.predict(x)


def test_weights_may_be_set_before_any_training() -> None:
    """A worked example: 3-2-1 logistic units, one step of plain gradient descent."""
    model = MLPClassifier(
        solver="sgd",
        learning_rate_init=0.1,
        alpha=0.1,
        activation="logistic",
        random_state=1,
        max_iter=1,
        hidden_layer_sizes=2,
        momentum=0,
    )
    model.coefs_ = [np.array([[0.1, 0.2], [0.3, 0.1], [0.5, 0]]), np.array([[0.1], [0.2]])]
    model.intercepts_ = [np.array([0.1, 0.1]), np.array([1.0])]
    model.n_features_in_, model.n_layers_, model.t_ = 3, 3, 0
    model.partial_fit([[0.6, 0.8, 0.7]], [0], classes=[0, 1])
    hidden = 1 / (1 + np.exp(-np.array([0.75, 0.3])))
    delta = 1 / (1 + np.exp(-(hidden @ [0.1, 0.2] + 1)))
    output = np.array([0.1, 0.2])
    np.testing.assert_allclose(
        model.coefs_[1][:, 0], output - 0.1 * (hidden * delta + 0.1 * output), rtol=1e-12
    )
    np.testing.assert_allclose(model.intercepts_[1], 1 - 0.1 * delta, rtol=1e-12)


@pytest.mark.parametrize("cls", BOTH)
def test_the_model_shares_the_weights(cls: Any) -> None:
    x, y = IRIS
    model = cls(hidden_layer_sizes=(8,), random_state=0, max_iter=3)
    with pytest.raises(AttributeError, match="no model_ before fit"):
        _ = model.model_
    model.fit(x, y)
    outputs = model.model_.predict(x, verbose=0)
    np.testing.assert_array_equal(outputs, model._checked_outputs(x))
    assert model.model_.count_params() == sum(w.size for w in weights_of(model))


@pytest.mark.parametrize("cls", BOTH)
def test_pickles_hold_arrays_and_nothing_of_the_engine(cls: Any) -> None:
    x, y = IRIS
    model = cls(hidden_layer_sizes=(8,), random_state=0, max_iter=3).fit(x, y)
    assert "_state" not in model.__getstate__()
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(x), model.predict(x))
    same_weights(twin, model)
    state = model.__getstate__()
    state["coefs_"] = [w.T for w in state["coefs_"]]
    with pytest.raises(ValueError, match="coefs_ must be matrices"):
        cls().__setstate__(state)


@pytest.mark.parametrize("cls", BOTH)
def test_a_clone_is_not_fitted(cls: Any) -> None:
    model = cls(hidden_layer_sizes=(8,), random_state=0, max_iter=3).fit(*IRIS)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        twin.predict(IRIS[0])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_rows_are_never_made_dense(solver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = sp.csr_matrix(CLASSIFICATION["binary"][0]), CLASSIFICATION["binary"][1]

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a sparse matrix was made dense")

    for name in ("toarray", "todense"):
        monkeypatch.setattr(sp.csr_matrix, name, refuse)
    model = MLPClassifier((4,), solver=solver, random_state=0, max_iter=30).fit(x, y)
    assert model.predict(x).shape == y.shape
    assert MLPClassifier((4,), early_stopping=True, max_iter=2).fit(x, y).score(x, y) > 0


def test_the_input_is_never_written_to() -> None:
    x, y = IRIS
    x = x.copy()
    x.setflags(write=False)
    y = y.astype(float)
    y.setflags(write=False)
    for cls in BOTH:
        cls(hidden_layer_sizes=(4,), random_state=0, max_iter=2).fit(x, y).predict(x)


def test_poisson_wants_counts() -> None:
    x, y, _ = REGRESSION["squared_error"]
    with pytest.raises(ValueError, match="y must be >= 0 for the loss 'poisson'"):
        MLPRegressor("poisson", random_state=0).fit(x, y)


@pytest.mark.parametrize("cls", BOTH)
def test_weights_that_are_not_finite_are_an_error(cls: Any) -> None:
    x = np.finfo(np.float64).max * np.random.default_rng(0).uniform(size=(10, 2))
    with (
        pytest.warns(
            RuntimeWarning, match="the loss became (inf|nan) in epoch [13], at its step 1"
        ),
        pytest.raises(ValueError, match="Solver produced non-finite parameter weights"),
    ):
        cls(random_state=0).fit(x, np.arange(10) % 2)


def test_warns_of_a_batch_size_above_the_rows() -> None:
    with pytest.warns(UserWarning, match="Got `batch_size` less than 1 or larger than sample"):
        MLPClassifier((4,), batch_size=151, max_iter=1).fit(*IRIS)


def test_warns_where_max_iter_ends_the_training() -> None:
    message = r"Stochastic Optimizer: Maximum iterations \(2\) reached"
    with pytest.warns(ConvergenceWarning, match=message):
        MLPClassifier((4,), max_iter=2).fit(*IRIS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPClassifier((4,), max_iter=5, tol=10.0, n_iter_no_change=1).fit(*IRIS)


def test_warnings_point_at_the_call_of_fit() -> None:
    calls = (
        lambda: MLPClassifier((4,), batch_size=151, max_iter=1).fit(*IRIS),
        lambda: Perceptron(max_iter=1).fit(*IRIS),
    )
    for call in calls:
        with pytest.warns(UserWarning) as caught:
            call()
        assert {warning.filename for warning in caught} == {__file__}


def test_partial_fit_says_what_was_wrong() -> None:
    x, y = IRIS
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        MLPClassifier().partial_fit(x, y)
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        MLPClassifier(early_stopping=True).partial_fit(x, y, classes=[0, 1, 2])
    model = MLPClassifier((4,)).partial_fit(x, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="`y` has classes not in `self.classes_`"):
        model.partial_fit(x, y + 1)
    with pytest.raises(ValueError, match="is not the same as on last call"):
        model.partial_fit(x, y, classes=[0, 1])
    with pytest.raises(ValueError, match="y must have the 1 outputs of the earlier call"):
        MLPRegressor().partial_fit(x, y).partial_fit(x, np.stack([y, y], axis=1))
    assert not hasattr(MLPRegressor(solver="lbfgs"), "partial_fit")


def test_a_warm_start_wants_the_same_classes() -> None:
    x, y = IRIS
    model = MLPClassifier((4,), warm_start=True, max_iter=1).fit(x, y)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same"):
        model.fit(x, np.minimum(y, 1))


def test_multilabel_targets_may_be_sparse() -> None:
    x, y = CLASSIFICATION["multilabel"]
    dense, sparse = (
        MLPClassifier((6,), random_state=0, max_iter=5).fit(x, t) for t in (y, sp.csr_matrix(y))
    )
    np.testing.assert_array_equal(dense.predict(x), sparse.predict(x).toarray())


@pytest.mark.parametrize("parameters", [{}, {"ema_momentum": 0.9}, {"early_stopping": True}])
def test_a_copy_in_mapped_memory_goes_on(parameters: dict[str, Any], tmp_path: Path) -> None:
    model = MLPClassifier(**SMALL, max_iter=2, warm_start=True, **parameters).fit(*IRIS)
    joblib.dump(model, tmp_path / "model")
    mapped = joblib.load(tmp_path / "model", mmap_mode="r")
    beside = copy.copy(model)
    for each in (model, mapped, beside):
        each.fit(*IRIS)
    same_weights(model, mapped)
    same_weights(model, beside)


@pytest.mark.parametrize(
    ("parameters", "call"),
    [
        ({}, lambda model, x, y: model.fit(x[:, :3], y, validation_data=(x, y))),
        ({}, lambda model, x, y: model.fit(x, y, validation_data=(x, y + 7))),
        ({}, lambda model, x, y: model.fit(x, y, sample_weight=np.zeros(len(y)))),
        ({}, lambda model, x, y: model.fit(pd.DataFrame(x[:, :3], columns=["a", "b", "c"]), x)),
        ({"early_stopping": True}, lambda model, x, y: model.fit(x[:4], y[:4])),
        ({"solver": "lbfgs", "dropout": 0.5}, lambda model, x, y: model.fit(x, y)),
        ({"loss": "no such"}, lambda model, x, y: model.fit(x, y)),
        ({"warm_start": True}, lambda model, x, y: model.fit(x, y + 1)),
        ({}, lambda model, x, y: model.partial_fit(x, y, sample_weight=np.full(len(y), np.nan))),
    ],
)
def test_what_cannot_be_trained_with_changes_nothing(parameters: Any, call: Any) -> None:
    model = MLPClassifier(**SMALL, max_iter=2).fit(*IRIS)
    expected = model.predict_proba(IRIS[0])
    before = {**vars(model), **parameters}
    with pytest.raises(ValueError):
        call(model.set_params(**parameters), *IRIS)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is before[name] for name in before if name != "_labels")
    np.testing.assert_array_equal(model.predict_proba(IRIS[0]), expected)


def test_curves_of_batches_are_gone_with_another_training() -> None:
    model = MLPClassifier(**SMALL, max_iter=2, early_stopping=True).fit(*IRIS)
    model.set_params(solver="lbfgs").fit(*IRIS)
    assert not {"loss_curve_", "validation_scores_", "best_loss_"} & vars(model).keys()
    assert len(model.set_params(solver="adam").fit(*IRIS).loss_curve_) == 2
