"""The wrappers of ``tf.keras.wrappers.scikit_learn``: a function and its arguments."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy.stats import loguniform, randint, reciprocal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pynn as keras
from pynn.wrappers.scikit_learn import KerasClassifier, KerasRegressor
from wrappers.networks import LINE, SIDES, THIRDS, X, binary, regression, three


def test_fit_keywords_pass_through() -> None:
    keras_reg = KerasRegressor(regression)
    history = keras_reg.fit(
        X,
        LINE,
        epochs=30,
        validation_data=(X[:20], LINE[:20]),
        callbacks=[keras.callbacks.EarlyStopping(patience=1, min_delta=1e9)],
        verbose=0,
    )
    assert history is keras_reg.history
    assert history.epoch == [0, 1]
    assert list(history.history) == ["loss", "val_loss"]
    assert keras_reg.predict(X[:3], verbose=0).shape == (3,)
    mse = keras_reg.model.evaluate(X, LINE, verbose=0)
    assert keras_reg.score(X, LINE, verbose=0) == pytest.approx(-mse)
    assert isinstance(keras_reg.model, keras.Model)


@pytest.mark.parametrize("form", [lambda x: x, lambda x: [x], lambda x: {"out": x}])
@pytest.mark.parametrize(
    ("units", "loss", "classes"),
    [
        (1, "binary_crossentropy", SIDES),
        (1, {"class_name": "BinaryCrossentropy", "config": {}}, SIDES),
        (1, keras.losses.BinaryCrossentropy(), SIDES),
        (3, "categorical_crossentropy", THIRDS),
        (3, "sparse_categorical_crossentropy", THIRDS),
    ],
)
def test_losses_in_every_form_decide_what_targets_are(
    form: Any, units: int, loss: Any, classes: np.ndarray
) -> None:
    def build() -> Any:
        activation = "sigmoid" if units == 1 else "softmax"
        made = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(units, activation, name="out")]
        )
        made.compile(keras.optimizers.Adam(0.1), form(loss))
        return made

    classifier = KerasClassifier(build, epochs=30, verbose=0)
    classifier.fit(X, classes)
    assert np.mean(classifier.predict(X, verbose=0) == classes) > 0.8


def test_defaults_are_parameters() -> None:
    regressor = KerasRegressor(build_fn=regression, n_neurons=3, epochs=2, batch_size=40, verbose=0)
    regressor.fit(X, LINE)
    assert regressor.history.epoch == [0, 1]
    assert regressor.history.params["steps"] == 3
    assert regressor.model.layers[0].units == 3
    regressor.fit(X, LINE, epochs=1)
    assert regressor.history.epoch == [0]


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="n_neuron is not a legal parameter"):
        KerasRegressor(regression, n_neuron=3)
    with pytest.raises(ValueError, match="n_units is not a legal parameter"):
        KerasClassifier(binary).set_params(n_units=3)
    with pytest.raises(ValueError, match="build_fn=None"):
        KerasRegressor()


def test_functions_of_any_parameters_get_them_all() -> None:
    seen: dict[str, Any] = {}

    def build(**given: Any) -> Any:
        seen.update(given)
        return binary(given["units"])

    classifier = KerasClassifier(build, units=3, colour="blue", epochs=2, verbose=0)
    classifier.fit(X, SIDES)
    assert seen == {"units": 3, "colour": "blue"}
    assert classifier.history.epoch == [0, 1]
    assert classifier.set_params(shape="round").get_params()["shape"] == "round"


def test_before_fit() -> None:
    with pytest.raises(NotFittedError, match="call fit"):
        KerasRegressor(regression).predict(X)
    with pytest.raises(NotFittedError, match="call fit"):
        KerasRegressor(regression).score(X, LINE)
    with pytest.raises(NotFittedError, match="call fit|not fitted"):
        KerasClassifier(lambda: None).score(X, SIDES)
    with pytest.raises(ValueError, match="compiled model"):
        KerasRegressor(lambda: keras.Sequential([keras.layers.Dense(1)])).fit(X, LINE)


class Built(KerasRegressor):
    def __call__(self, n_neurons: int = 5) -> Any:
        return regression(n_neurons=n_neurons)


def test_a_subclass_may_be_the_function() -> None:
    regressor = Built(n_neurons=6, verbose=0)
    regressor.fit(X, LINE)
    assert regressor.model.layers[0].units == 6


def test_kinds_and_representations() -> None:
    assert is_regressor(KerasRegressor(regression))
    assert is_classifier(KerasClassifier(binary))
    assert "n_neurons=3" in repr(KerasRegressor(regression, n_neurons=3))
    assert "KerasRegressor" in KerasRegressor(regression, n_neurons=3)._repr_html_()


def test_clone_keeps_numpy_scalars_and_arrays() -> None:
    given = {
        "n_neurons": np.int64(3),
        "learning_rate": np.float64(0.01),
        "validation_data": (X[:2], LINE[:2]),
    }
    regressor = KerasRegressor(regression, **given)
    copy = clone(regressor)
    assert copy is not regressor
    assert copy.get_params()["learning_rate"] == 0.01
    copy.fit(X, LINE, verbose=0)
    assert copy.model.layers[0].units == 3
    assert copy.model.optimizer.learning_rate == pytest.approx(0.01)


@pytest.mark.parametrize("kind", [reciprocal, loguniform])
def test_the_textbooks_random_search(kind: Any) -> None:
    distributions = {
        "n_hidden": [0, 1, 2, 3],
        "n_neurons": np.arange(1, 100),
        "learning_rate": kind(3e-4, 3e-2),
    }
    search = RandomizedSearchCV(
        KerasRegressor(regression), distributions, n_iter=3, cv=3, random_state=0
    )
    search.fit(
        X,
        LINE,
        epochs=2,
        validation_data=(X[:20], LINE[:20]),
        callbacks=[keras.callbacks.EarlyStopping(patience=10)],
        verbose=0,
    )
    assert set(search.best_params_) == set(distributions)
    assert search.best_score_ < 0
    model = search.best_estimator_.model
    assert model.evaluate(X, LINE, verbose=0) == pytest.approx(-search.score(X, LINE), rel=1e-6)


def test_halving_search() -> None:
    search = HalvingRandomSearchCV(
        KerasRegressor(regression, epochs=1, verbose=0),
        {"n_neurons": randint(1, 20), "learning_rate": loguniform(1e-3, 1e-1)},
        resource="epochs",
        max_resources=4,
        min_resources=1,
        factor=2,
        cv=2,
        random_state=0,
    )
    search.fit(X, LINE)
    assert search.best_params_["epochs"] == 4
    assert search.best_estimator_.history.epoch == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("build", "labels", "width"),
    [(binary, SIDES, 2), (three, THIRDS, 3), (three, np.digitize(LINE, [-1, 1]) + 5, 3)],
)
def test_classes_come_back(build: Any, labels: Any, width: int) -> None:
    keras.utils.set_random_seed(1)
    classifier = KerasClassifier(build, epochs=40, batch_size=16, verbose=0)
    classifier.fit(X, labels)
    assert classifier.classes_.tolist() == sorted(set(labels.tolist()))
    predicted = classifier.predict(X)
    assert predicted.shape == (120,)
    assert predicted.dtype == labels.dtype
    np.testing.assert_array_equal(classifier.predict_classes(X), predicted)
    probabilities = classifier.predict_proba(X)
    assert probabilities.shape == (120, width)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(classifier.classes_[probabilities.argmax(axis=1)], predicted)
    assert classifier.score(X, labels) == np.mean(predicted == labels) > 0.85


def test_one_hot_losses_and_targets() -> None:
    classifier = KerasClassifier(three, loss="categorical_crossentropy", verbose=0, epochs=3)
    classifier.fit(X, THIRDS, validation_data=(X[:5], THIRDS[:5]))
    assert "val_accuracy" in classifier.history.history
    one_hot = np.eye(3)[np.digitize(LINE, [-1, 1])]
    for loss in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        classifier = KerasClassifier(three, loss=loss, verbose=0, epochs=3)
        classifier.fit(X, one_hot)
        assert set(classifier.predict(X)) <= {0, 1, 2}
        assert 0 <= classifier.score(X, one_hot) <= 1


def test_labels_that_hold_together() -> None:
    both = np.stack([LINE > 0, X[:, 0] > 0], axis=1).astype(int)

    def build() -> Any:
        made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "sigmoid")])
        made.compile(keras.optimizers.Adam(0.05), "binary_crossentropy")
        return made

    classifier = KerasClassifier(build, epochs=30, verbose=0)
    classifier.fit(X, both)
    right = (classifier.predict(X) == both).all(axis=1)
    assert classifier.score(X, both) == right.mean() > 0.5


def test_a_score_from_figures_by_name() -> None:
    regressor = KerasRegressor(regression, verbose=0)
    regressor.fit(X, LINE)
    expected = -regressor.model.evaluate(X, LINE, verbose=0, return_dict=True)["loss"]
    for options in ({}, {"return_dict": True}):
        assert regressor.score(X, LINE, **options) == pytest.approx(expected, rel=1e-6)


def test_sample_weights_reach_the_loss() -> None:
    classifier = KerasClassifier(binary, epochs=40, batch_size=16, verbose=0)
    classifier.fit(X, SIDES, sample_weight=(SIDES == "left").astype(float))
    assert set(classifier.predict(X)) == {"left"}


def test_in_a_pipeline_and_a_grid() -> None:
    pipeline = make_pipeline(StandardScaler(), KerasClassifier(binary, verbose=0))
    search = GridSearchCV(pipeline, {"kerasclassifier__units": [2, 5]}, cv=2)
    search.fit(X, SIDES, kerasclassifier__epochs=2)
    assert search.best_params_["kerasclassifier__units"] in (2, 5)
    assert set(search.predict(X)) <= {"left", "right"}


@pytest.mark.parametrize("make", [lambda: KerasRegressor(regression, verbose=0, epochs=2)])
def test_pickles(make: Any) -> None:
    regressor = make()
    regressor.fit(X, LINE)
    again = pickle.loads(pickle.dumps(regressor))
    np.testing.assert_array_equal(again.predict(X), regressor.predict(X))
    assert again.history.history == regressor.history.history
