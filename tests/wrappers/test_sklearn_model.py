"""`SKLearnClassifier` and `SKLearnRegressor`, Keras 3's wrappers."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import AdaBoostClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pynn
from pynn.wrappers import SKLearnClassifier, SKLearnRegressor
from wrappers.networks import LINE, SIDES, THIRDS, X, binary, from_data, regression, three


def classifier(**fit_kwargs: Any) -> SKLearnClassifier:
    return SKLearnClassifier(
        model=from_data,
        model_kwargs={"loss": "categorical_crossentropy", "layers": [20]},
        fit_kwargs={"verbose": 0, **fit_kwargs},
    )


@pytest.mark.parametrize("labels", [SIDES, THIRDS, np.eye(3)[np.digitize(LINE, [-1, 1])]])
def test_a_function_sees_one_hot_targets(labels: Any) -> None:
    made = classifier(epochs=60, batch_size=16).fit(X, labels)
    assert made.score(X, labels) > 0.85
    assert made.predict(X).shape == labels.shape
    assert made.predict_proba(X).shape == (120, len(made.classes_))
    assert made.history_.epoch[-1] == 59


@pytest.mark.parametrize(("build", "labels"), [(binary, SIDES), (three, THIRDS)])
def test_a_model_gets_what_its_loss_takes(build: Any, labels: Any) -> None:
    model = build()
    made = SKLearnClassifier(model, fit_kwargs={"epochs": 40, "batch_size": 16, "verbose": 0})
    made.fit(X, labels, validation_data=(X, labels))
    assert made.score(X, labels) > 0.8
    assert "val_loss" in made.history_.history
    assert made.model_ is not model
    assert model.optimizer.iterations == 0


def test_regression() -> None:
    made = SKLearnRegressor(
        model=from_data,
        model_kwargs={"loss": "mse", "layers": [20, 20]},
        fit_kwargs={"epochs": 60, "verbose": 0},
    )
    assert made.fit(X, LINE).score(X, LINE) > 0.9
    assert made.predict(X).shape == (120,)
    assert made.fit(X, np.stack([LINE, LINE], axis=1)).predict(X).shape == (120, 2)
    fitted = SKLearnRegressor(regression(), fit_kwargs={"verbose": 0}).fit(X, LINE)
    assert fitted.predict(X).shape == (120,)


def test_weights_of_samples_count_in_ensembles_and_by_metadata_routing() -> None:
    boosted = AdaBoostClassifier(classifier(epochs=5), n_estimators=2, random_state=0)
    assert boosted.fit(X, THIRDS).predict(X).shape == (120,)
    weights = np.where(THIRDS == "mid", 1.0, 0.0)
    assert classifier(epochs=40).fit(X, THIRDS, weights).score(X, THIRDS, weights) == 1.0
    with config_context(enable_metadata_routing=True):
        routed = classifier(epochs=40).set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        piped = make_pipeline(scaler, routed).fit(X, THIRDS, sample_weight=weights)
    assert piped.score(X[weights > 0], THIRDS[weights > 0]) == 1.0
    with pytest.raises(ValueError, match="sample_weight.shape"):
        classifier().fit(X, THIRDS, weights[:-1])


def test_several_columns_of_classes_are_refused() -> None:
    y = np.stack([np.arange(120) % 3, np.arange(120) % 2], axis=1)
    with pytest.raises(ValueError, match="Multioutput target data is not supported"):
        classifier().fit(X, y)


def test_warm_start_goes_on() -> None:
    made = SKLearnRegressor(regression(), warm_start=True, fit_kwargs={"verbose": 0}).fit(X, LINE)
    model = made.model_
    assert made.fit(X, LINE).model_ is model
    assert model.optimizer.iterations == 8


def test_errors() -> None:
    with pytest.raises(RuntimeError, match="compiled model"):
        SKLearnRegressor(pynn.Sequential([pynn.layers.Dense(1)])).fit(X, LINE)
    with pytest.raises(TypeError, match="model must be a model, or a function"):
        SKLearnRegressor(3).fit(X, LINE)
    with pytest.raises(ValueError, match="only one class"):
        classifier().fit(X, np.ones(120))
    with pytest.raises(NotFittedError):
        classifier().predict(X)


def test_pipelines_searches_clones_and_pickles() -> None:
    search = GridSearchCV(
        make_pipeline(StandardScaler(), classifier()),
        {"sklearnclassifier__fit_kwargs": [{"epochs": 1, "verbose": 0}, {"epochs": 2}]},
        cv=2,
    )
    search.fit(X, SIDES, sklearnclassifier__verbose=0)
    assert set(search.predict(X)) <= {"left", "right"}
    made = SKLearnRegressor(regression(), fit_kwargs={"verbose": 0}).fit(X, LINE)
    again = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(again.predict(X), made.predict(X))
    assert clone(made).fit(X, LINE).predict(X).shape == (120,)


def test_every_fit_begins_with_weights_of_its_own() -> None:
    model = three()
    model.fit(X, np.digitize(LINE, [-1, 1]), epochs=40, batch_size=16, verbose=0)
    before = model.get_weights()
    fitted = SKLearnClassifier(model, fit_kwargs={"epochs": 1, "verbose": 0}).fit(X, THIRDS)
    assert fitted.model_.optimizer.iterations == 4
    assert not np.allclose(fitted.model_.get_weights()[0], before[0], atol=0.1)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_warm_start_keeps_the_classes() -> None:
    made = SKLearnClassifier(
        three(), warm_start=True, fit_kwargs={"epochs": 40, "batch_size": 16, "verbose": 0}
    ).fit(X, THIRDS)
    classes = made.classes_.tolist()
    some = THIRDS != classes[0]
    made.set_params(fit_kwargs={"epochs": 1, "verbose": 0}).fit(X[some], THIRDS[some])
    assert made.classes_.tolist() == classes
    assert made.score(X, THIRDS) > 0.8
    with pytest.raises(ValueError, match="new"):
        made.fit(X, np.where(some, "new", THIRDS))


class Doubled(pynn.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.out = pynn.layers.Dense(8, "relu"), pynn.layers.Dense(1)

    def call(self, x: Any) -> Any:
        return 2.0 * self.out(self.hidden(x))


def test_a_subclass_is_cloned_and_compiled() -> None:
    model = Doubled()
    model.compile("adam", "mse")
    fitted = SKLearnRegressor(model, fit_kwargs={"epochs": 2, "verbose": 0}).fit(X, LINE)
    assert type(fitted.model_) is Doubled
    assert fitted.model_ is not model
    assert fitted.predict(X).shape == (120,)
