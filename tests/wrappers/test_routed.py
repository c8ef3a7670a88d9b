"""`KerasClassifier` and `KerasRegressor` with SciKeras's arguments."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pynn
from pynn import callbacks, losses, metrics, optimizers
from pynn.wrappers import KerasClassifier, KerasRegressor, SKLearnClassifier
from pynn.wrappers.scikit_learn import KerasClassifier as OlderClassifier
from wrappers.networks import LINE, SIDES, THIRDS, X, binary, plain, regression, three, uncompiled


def make(**arguments: Any) -> Any:
    return KerasClassifier(uncompiled, units=6, verbose=0, **arguments)


def test_every_route() -> None:
    classifier = KerasClassifier(
        uncompiled,
        model__units=5,
        optimizer=optimizers.SGD,
        optimizer__learning_rate=optimizers.schedules.ExponentialDecay,
        optimizer__learning_rate__initial_learning_rate=0.5,
        optimizer__learning_rate__decay_steps=10,
        optimizer__learning_rate__decay_rate=0.5,
        loss=losses.BinaryCrossentropy,
        loss__label_smoothing=0.1,
        metrics=[metrics.BinaryAccuracy, "mse"],
        metrics__0__name="hits",
        callbacks={"stop": callbacks.EarlyStopping},
        callbacks__patience=7,
        callbacks__monitor="loss",
        fit__batch_size=60,
        compile__loss_weights=[2.0],
        predict__batch_size=5,
        epochs=3,
        verbose=0,
    ).fit(X, SIDES)
    model = classifier.model_
    assert model.layers[0].units == 5
    assert float(model.optimizer.learning_rate) == pytest.approx(0.5 * 0.5**0.6)
    assert model.loss.label_smoothing == 0.1
    assert list(classifier.history_) == ["loss", "hits", "mse"]
    assert classifier.current_epoch == 3
    assert model.optimizer.iterations == 6
    assert classifier.predict(X).shape == (120,)


def test_routes_to_a_loss_by_the_name_of_its_output() -> None:
    def build() -> Any:
        inputs = pynn.Input((4,))
        return pynn.Model(inputs, pynn.layers.Dense(1, name="price")(inputs))

    for route in ({"loss__delta": 0.25}, {"loss__price__delta": 0.25}):
        regressor = KerasRegressor(build, loss={"price": losses.Huber}, verbose=0, **route)
        assert regressor.fit(X, LINE).model_.loss["price"].delta == 0.25


def test_parameters_beside_the_signature_read_and_write_like_attributes() -> None:
    classifier = make(optimizer__learning_rate=0.1)
    assert classifier.units == 6
    twin = copy.copy(classifier)
    twin.units = 7
    twin.set_params(optimizer__learning_rate=0.2, model__units=8)
    assert twin.get_params()["units"] == twin.units == 7
    assert (classifier.units, classifier.optimizer__learning_rate) == (6, 0.1)
    assert "model__units" not in classifier.get_params()
    assert vars(clone(twin)).keys() == vars(twin).keys()
    with pytest.raises(AttributeError, match="'KerasClassifier' object has no attribute 'layers'"):
        classifier.layers  # noqa: B018


def test_a_column_of_labels_is_flattened_with_a_warning() -> None:
    with pytest.warns(DataConversionWarning, match="column-vector"):
        classifier = make().fit(X, SIDES[:, None])
    assert classifier.predict(X).shape == (120,)


@pytest.mark.parametrize("weight", [np.ones(7), np.full(120, np.nan), "heavy"])
def test_sample_weights_are_checked(weight: Any) -> None:
    with pytest.raises(ValueError):
        make().fit(X, SIDES, sample_weight=weight)


def test_a_later_parameter_wins() -> None:
    classifier = make(epochs=5, fit__epochs=2).fit(X, SIDES)
    assert classifier.current_epoch == 2
    assert classifier.fit(X, SIDES, epochs=1).current_epoch == 1


def test_a_name_takes_parameters_too() -> None:
    classifier = make(optimizer="adam", optimizer__learning_rate=0.25).fit(X, SIDES)
    assert isinstance(classifier.model_.optimizer, optimizers.Adam)
    assert classifier.model_.optimizer.learning_rate == 0.25
    classifier = make(optimizer=optimizers.Adam(0.1, beta_1=0.8), optimizer__learning_rate=0.25)
    assert classifier.fit(X, SIDES).model_.optimizer.beta_1 == 0.8
    regressor = KerasRegressor(plain, loss="huber", loss__delta=0.25, verbose=0).fit(X, LINE)
    assert regressor.model_.loss.delta == 0.25
    with pytest.raises(ValueError, match="takes no parameters"):
        make(loss=lambda y, p: p, loss__delta=1.0).fit(X, SIDES)


def test_the_builder_may_compile() -> None:
    def build(compile_kwargs: dict[str, Any], meta: dict[str, Any], units: int = 2) -> Any:
        model = pynn.Sequential([pynn.layers.Dense(units), pynn.layers.Dense(1)])
        model.compile(**{**compile_kwargs, "loss": "mae"})
        assert meta["X_shape_"] == (120, 4)
        return model

    regressor = KerasRegressor(build, optimizer="sgd", verbose=0).fit(X, LINE)
    assert regressor.model_.loss == "mae"
    assert isinstance(regressor.model_.optimizer, optimizers.SGD)
    compiled = KerasClassifier(binary, units=3, optimizer="sgd", verbose=0).fit(X, SIDES)
    assert isinstance(compiled.model_.optimizer, optimizers.Adam)


@pytest.mark.parametrize(
    ("labels", "loss"),
    [
        (SIDES, "binary_crossentropy"),
        (THIRDS, "sparse_categorical_crossentropy"),
        (LINE > 0, "binary_crossentropy"),
    ],
)
def test_the_loss_follows_the_classes(labels: Any, loss: str) -> None:
    classifier = make(epochs=60, random_state=0, optimizer="adam", optimizer__learning_rate=0.02)
    classifier.fit(X, labels)
    assert classifier.model_.loss == loss
    assert classifier.score(X, labels) > 0.9
    np.testing.assert_array_equal(classifier.classes_, np.unique(labels))
    assert classifier.predict_proba(X).shape == (120, len(classifier.classes_))


def test_multilabel_and_one_hot() -> None:
    both = np.stack([LINE > 0, X[:, 0] > 0], axis=1).astype(int)

    def build() -> Any:
        return pynn.Sequential([pynn.Input((4,)), pynn.layers.Dense(2, activation="sigmoid")])

    classifier = KerasClassifier(
        build, verbose=0, epochs=60, random_state=0, optimizer__learning_rate=0.05
    ).fit(X, both)
    assert classifier.target_type_ == "multilabel-indicator"
    assert classifier.model_.loss == "binary_crossentropy"
    assert classifier.score(X, both) > 0.9
    for other in (both[:, :1], np.ones((120, 3), int)):
        with pytest.raises(ValueError, match="y must have 2 columns, as at first. Received"):
            classifier.partial_fit(X, other.ravel() if other.shape[1] == 1 else other)
    one_hot = np.eye(3)[np.digitize(LINE, [-1, 1])]
    classifier = KerasClassifier(three, verbose=0, epochs=60).fit(X, one_hot)
    assert classifier.target_type_ == "multiclass-onehot"
    assert classifier.predict(X).shape == (120, 3)
    assert classifier.score(X, one_hot) > 0.8


def test_class_weight() -> None:
    ignoring = make(
        class_weight={"left": 1.0, "right": 0.0}, optimizer__learning_rate=0.1, epochs=60
    ).fit(X, SIDES)
    assert set(ignoring.predict(X)) == {"left"}
    make(class_weight="balanced").fit(X, SIDES, sample_weight=np.ones(120))


def test_logits_are_cut_at_zero() -> None:
    classifier = KerasClassifier(
        plain,
        loss=losses.BinaryCrossentropy(from_logits=True),
        verbose=0,
        epochs=60,
        random_state=0,
    ).fit(X, SIDES)
    outputs = classifier.model_.predict(X, verbose=0)[:, 0]
    np.testing.assert_array_equal(classifier.predict(X) == "right", outputs > 0)


def test_regression_score_is_r2() -> None:
    regressor = KerasRegressor(
        plain, optimizer="adam", optimizer__learning_rate=0.02, epochs=60, verbose=0, random_state=0
    ).fit(X, LINE)
    assert regressor.model_.loss == "mean_squared_error"
    assert regressor.predict(X).shape == (120,)
    assert regressor.score(X, LINE) > 0.9


def test_the_seed_decides() -> None:
    def predict(seed: Any) -> Any:
        return make(random_state=seed).fit(X, SIDES).predict_proba(X)

    pynn.utils.set_random_seed(5)
    before = pynn.random.uniform((1,))
    pynn.utils.set_random_seed(5)
    first = predict(3)
    assert pynn.random.uniform((1,)) == before
    np.testing.assert_array_equal(first, predict(3))
    np.testing.assert_array_equal(first, predict(np.int64(3)))
    assert not np.array_equal(first, predict(4))
    predict(np.random.RandomState(0))


def test_going_on() -> None:
    classifier = make(warm_start=True, epochs=2).fit(X, SIDES)
    model = classifier.model_
    classifier.fit(X, SIDES)
    assert classifier.model_ is model
    assert classifier.current_epoch == 4
    classifier.partial_fit(X, SIDES)
    assert classifier.current_epoch == 5
    fresh = make().initialize(X, SIDES)
    assert fresh.current_epoch == 0
    fresh.partial_fit(X, SIDES)
    assert fresh.current_epoch == 1


def test_classes_may_be_known_in_advance() -> None:
    classifier = make().partial_fit(X[:5], ["low"] * 5, classes=["low", "mid", "top"])
    assert classifier.classes_.tolist() == ["low", "mid", "top"]
    assert classifier.partial_fit(X, THIRDS).predict_proba(X).shape == (120, 3)
    assert classifier.fit(X, SIDES).classes_.tolist() == ["left", "right"]


def test_sparse_data_stay_sparse() -> None:
    x = csr_matrix(X)
    classifier = make().fit(x, SIDES)
    np.testing.assert_allclose(
        classifier.predict_proba(x), classifier.predict_proba(X), rtol=1e-5, atol=1e-6
    )


def test_a_model_is_copied() -> None:
    model = regression()
    before = model.get_weights()
    regressor = KerasRegressor(model, verbose=0).fit(X, LINE)
    assert regressor.model_ is not model
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_validation_data_is_encoded() -> None:
    classifier = make(metrics=["accuracy"]).fit(X, THIRDS, validation_data=(X, THIRDS))
    assert "val_accuracy" in classifier.history_
    assert "val_loss" in make(validation_split=0.2).fit(X, SIDES).history_


def test_parameters() -> None:
    classifier = make(optimizer__learning_rate=np.float32(0.5))
    assert classifier.get_params()["units"] == 6
    classifier.set_params(optimizer__momentum=0.5, units=3, epochs=2)
    copy = clone(classifier)
    assert copy.get_params()["optimizer__momentum"] == 0.5
    assert copy.get_params()["optimizer__learning_rate"] == np.float32(0.5)
    with pytest.raises(ValueError, match="Invalid parameter 'unit' for estimator KerasClassifier"):
        classifier.set_params(unit=3)
    with pytest.raises(ValueError, match="Invalid parameter 'optimiser__momentum'"):
        classifier.set_params(optimiser__momentum=3)
    assert "optimizer__momentum=0.5" in repr(classifier)
    assert "KerasClassifier" in classifier._repr_html_()


def test_errors() -> None:
    with pytest.raises(ValueError, match="needs a model, or a function"):
        KerasRegressor().fit(X, LINE)
    with pytest.raises(ValueError, match="must return a model"):
        KerasRegressor(lambda: 3).fit(X, LINE)
    with pytest.raises(NotFittedError):
        make().predict(X)
    with pytest.raises(ValueError, match=r"must hold the classes .* \['new'\] besides"):
        make().fit(X, SIDES).partial_fit(X, np.where(X[:, 0] > 0, "new", "left"))
    with pytest.raises(ValueError, match="features"):
        make().fit(X, SIDES).predict(X[:, :2])


def test_units_are_for_the_classes() -> None:
    """Data may lack a class that the model has a unit for; a class must not lack a unit."""
    for wrapped in (KerasClassifier(three), SKLearnClassifier(three()), OlderClassifier(three)):
        two = np.where(THIRDS == "mid", "top", THIRDS)
        wrapped.fit(X, two)
        (wrapped.model_ if hasattr(wrapped, "model_") else wrapped.model).layers[-1].set_weights(
            [np.zeros((8, 3)), np.array([0.0, 1.0, 9.0])]
        )
        assert set(wrapped.predict(X)) == {"top"}
        assert wrapped.predict_proba(X).shape == (120, 2)
    for wrapped in (KerasClassifier(binary), SKLearnClassifier(binary()), OlderClassifier(binary)):
        with pytest.raises(ValueError, match="Received: 1 unit for 3 classes"):
            wrapped.fit(X, THIRDS)


def test_searches() -> None:
    pipeline = make_pipeline(StandardScaler(), make(optimizer="sgd"))
    search = GridSearchCV(
        pipeline,
        {
            "kerasclassifier__units": np.array([2, 5]),
            "kerasclassifier__optimizer__learning_rate": [0.01, 0.1],
        },
        cv=2,
    ).fit(X, SIDES)
    assert "kerasclassifier__optimizer__learning_rate" in search.best_params_
    random = RandomizedSearchCV(
        make(), {"optimizer__learning_rate": loguniform(1e-3, 1e-1)}, n_iter=2, cv=2
    ).fit(X, SIDES)
    assert 1e-3 <= random.best_estimator_.model_.optimizer.learning_rate.numpy() <= 1e-1
    halving = HalvingRandomSearchCV(
        make(),
        {"units": [1, 2, 3, 4]},
        resource="epochs",
        max_resources=4,
        min_resources=1,
        factor=2,
        cv=2,
    ).fit(X, SIDES)
    assert halving.best_params_["epochs"] == 4
    assert len(cross_val_score(make(), X, SIDES, cv=3)) == 3


def test_pickles() -> None:
    classifier = make(epochs=2, callbacks=callbacks.EarlyStopping, callbacks__monitor="loss").fit(
        X, SIDES
    )
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))
    assert again.history_ == classifier.history_


def test_parameters_that_nobody_takes_are_refused() -> None:
    for name, wrong in {
        "epoch": KerasClassifier(plain, units=3, epoch=5),
        "units": KerasClassifier(plain(), units=5),
        "validation_data": KerasRegressor(regression, validation_data=(X, LINE)),
    }.items():
        with pytest.raises(ValueError, match=f"{name} is neither a parameter of Keras.* fit__"):
            wrong.fit(X, SIDES)


def test_functions_of_any_parameters_get_them_all() -> None:
    seen: list[dict[str, Any]] = []

    def build(**given: Any) -> Any:
        seen.append(given)
        return plain(given["units"])

    classifier = KerasClassifier(build, units=5, model__depth=2, other="x", verbose=0)
    assert classifier.fit(X, SIDES).model_.layers[0].units == 5
    assert seen == [{"units": 5, "depth": 2, "other": "x"}]


def test_classes_are_for_the_first_call() -> None:
    classifier = make().partial_fit(X, SIDES, classes=["left", "right"])
    classifier.partial_fit(X, SIDES, classes=["left", "right"])
    assert classifier.fit(X, THIRDS).classes_.tolist() == ["low", "mid", "top"]
    with pytest.raises(ValueError, match="NaN"):
        make().partial_fit(X * np.nan, SIDES, classes=["left", "right", "up"])
    refused = make()
    with pytest.raises(ValueError, match="NaN"):
        refused.partial_fit(X * np.nan, SIDES, classes=["left", "right", "up"])
    assert refused.fit(X, SIDES).classes_.tolist() == ["left", "right"]
