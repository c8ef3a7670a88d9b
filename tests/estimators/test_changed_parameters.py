"""Parameters that are changed after a fit: what they change, and from when on."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.base import clone

import pynn
from estimators.problems import IRIS
from pynn import estimators
from pynn.estimators import MLPClassifier, MLPRegressor

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS
# Of these solvers nothing is remembered from fit to fit, in scikit-learn or here.
PLAIN: dict[str, Any] = {
    "hidden_layer_sizes": (6, 5),
    "solver": "sgd",
    "momentum": 0.0,
    "learning_rate_init": 0.05,
    "shuffle": False,
    "max_iter": 5,
    "warm_start": True,
    "random_state": 0,
}
CHANGES: list[dict[str, Any]] = [
    {"activation": "tanh"},
    {"activation": "logistic", "alpha": 1.0},
    {"hidden_layer_sizes": (3, 2)},
    {"batch_size": 7},
    {"learning_rate_init": 0.01},
    {"solver": "lbfgs", "activation": "tanh"},
]


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_warm_start_takes_up_changes_as_scikit_learn_does(
    name: str, change: dict[str, Any]
) -> None:
    """The sizes of the layers stay, in both."""
    ours, theirs = (
        getattr(module, name)(**PLAIN).fit(X, Y).set_params(**change).fit(X, Y)
        for module in (estimators, sklearn.neural_network)
    )
    assert [c.shape for c in ours.coefs_] == [(4, 6), (6, 5), (5, ours.n_outputs_)]
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("sizes", [(), 4, (6, 5, 4)])
def test_a_warm_start_keeps_the_number_of_layers(sizes: Any) -> None:
    """scikit-learn's fails with an obscure message."""
    model = MLPClassifier(**PLAIN).fit(X, Y).set_params(hidden_layer_sizes=sizes).fit(X, Y)
    unchanged = MLPClassifier(**PLAIN).fit(X, Y).fit(X, Y)
    for mine, other in zip(model.coefs_, unchanged.coefs_, strict=True):
        np.testing.assert_array_equal(mine, other)
    model.set_params(warm_start=False, hidden_layer_sizes=(3,)).fit(X, Y)
    assert [c.shape for c in model.coefs_] == [(4, 3), (3, 3)]


def assigned(model: Any, tmp_path: Path) -> Any:
    model.coefs_ = [c.copy() for c in model.coefs_]
    return model


def loaded(model: Any, tmp_path: Path) -> Any:
    model.save(tmp_path / "model.pynn")
    return pynn.load(tmp_path / "model.pynn")


WAYS = {
    "itself": lambda model, tmp_path: model,
    "pickle": lambda model, tmp_path: pickle.loads(pickle.dumps(model)),
    "pickled twice": lambda model, tmp_path: pickle.loads(
        pickle.dumps(pickle.loads(pickle.dumps(model)))
    ),
    "deep copy": lambda model, tmp_path: copy.deepcopy(model),
    "file": loaded,
    "weights assigned": assigned,
    "weights assigned to a copy": lambda model, tmp_path: assigned(copy.deepcopy(model), tmp_path),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("model", "y", "change"),
    [
        (MLPClassifier((6, 5), ["relu", "tanh"]), Y, {"activation": "logistic", "dropout": 0.5}),
        (MLPClassifier((6,), batch_norm=True), Y, {"batch_norm": False}),
        (MLPClassifier((6,)), np.column_stack([Y, Y == 1]), {"activation": ["tanh"]}),
        (MLPRegressor(hidden_layer_sizes=(6,)), Y, {"loss": "poisson", "hidden_layer_sizes": ()}),
        (MLPRegressor("poisson", (6,)), Y, {"loss": "huber", "activation": ["relu", "relu"]}),
    ],
    ids=["activation", "normalization", "several outputs", "to poisson", "from poisson"],
)
def test_predictions_are_those_of_the_layers_that_were_fitted(
    model: Any, y: np.ndarray, change: dict[str, Any], way: str, tmp_path: Path
) -> None:
    model = clone(model).set_params(max_iter=3, random_state=0).fit(X, y)
    expected, activation = model.predict(X), model.out_activation_
    outputs = model.model_.predict(X, verbose=0)
    changed = WAYS[way](model.set_params(**change), tmp_path)
    np.testing.assert_array_equal(changed.predict(X), expected)
    assert changed.out_activation_ == activation
    np.testing.assert_equal(changed.model_.predict(X, verbose=0), outputs)


def test_the_output_goes_with_the_loss_from_the_next_fit_on() -> None:
    model = MLPRegressor(**PLAIN)
    model.fit(X, Y).set_params(loss="poisson")
    assert model.out_activation_ == "identity"
    model.fit(X, Y)
    assert model.out_activation_ == "exp"
    assert (model.predict(X) > 0).all()


@pytest.mark.parametrize(
    "kept", [{"early_stopping": True}, {"restore_best": True}, {"ema_momentum": 0.9}], ids=str
)
@pytest.mark.parametrize("first", [False, True])
def test_kept_weights_of_another_network_are_dropped(kept: dict[str, Any], first: bool) -> None:
    model = MLPClassifier((5,), warm_start=True, max_iter=3, random_state=0, batch_norm=first)
    model.set_params(**kept).fit(X, Y)
    model.set_params(batch_norm=not first).fit(X, Y)
    assert np.isfinite(model.predict_proba(X)).all()
    model.coefs_ = [np.ones((4, 3)), np.ones((3, 3))]
    model.intercepts_ = [np.ones(3), np.ones(3)]
    assert model.fit(X, Y).predict_proba(X).shape == (150, 3)


def test_refused_calls_leave_a_classifier_as_it_was() -> None:
    fresh = MLPClassifier((5,), max_iter=3, random_state=0)
    with pytest.raises(ValueError, match="NaN"):
        fresh.partial_fit(X * np.nan, Y, classes=[0, 1])
    assert fresh.partial_fit(X, Y, classes=[0, 1, 2]).classes_.tolist() == [0, 1, 2]
    fitted = MLPClassifier((5,), max_iter=3, random_state=0).fit(X, Y)
    before = fitted.predict_proba(X)
    backup = pynn.callbacks.BackupAndRestore("nowhere")
    for wrong in ({"validation_metric": "zz"}, {"callbacks": [backup]}):
        with pytest.raises(ValueError, match="zz|BackupAndRestore"):
            pickle.loads(pickle.dumps(fitted)).set_params(**wrong).fit(X, Y)
        fitted.set_params(**wrong)
        with pytest.raises(ValueError, match="zz|BackupAndRestore"):
            fitted.fit(X, Y)
        np.testing.assert_array_equal(fitted.predict_proba(X), before)
        fitted.set_params(validation_metric=None, callbacks=None)
