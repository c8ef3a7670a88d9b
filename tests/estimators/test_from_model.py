"""From a pynn.Model to an estimator, and back; both share the weights."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import pynn
from estimators.problems import CLASSIFICATION, IRIS
from pynn import layers, ops
from pynn.estimators import MLPClassifier, MLPRegressor

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS


@pytest.fixture(autouse=True)
def same_initial_weights() -> None:
    pynn.utils.set_random_seed(0)


def swish(x: Any) -> Any:
    return x * ops.sigmoid(x)


def chain(*stack: Any, features: int = 4) -> Any:
    return pynn.Sequential([pynn.Input((features,)), *stack])


def rich_model(units: int = 3, activation: str = "softmax") -> Any:
    return chain(
        layers.Dense(8),
        layers.BatchNormalization(),
        layers.Activation("tanh"),
        layers.Dropout(0.2),
        layers.Dense(6),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.Dense(units, activation=activation),
    )


def test_parameters_are_read_from_the_layers() -> None:
    clf = MLPClassifier.from_model(rich_model(), classes=["a", "b", "c"])
    shown = {
        "hidden_layer_sizes": (8, 6),
        "activation": ["tanh", "relu"],
        "dropout": [0.2, 0.0],
        "batch_norm": True,
        "dtype": "float32",
    }
    assert {name: getattr(clf, name) for name in shown} == shown
    assert list(clf.classes_) == ["a", "b", "c"]
    assert (clf.n_features_in_, clf.n_layers_, clf.n_outputs_) == (4, 4, 3)
    assert clf.out_activation_ == "softmax"
    one = MLPRegressor.from_model(pynn.MLP((5, 4), 2, activation="gelu", input_shape=3))
    assert (one.activation, one.dropout, one.batch_norm) == ("gelu", 0.0, False)
    assert one.predict(np.zeros((2, 3))).shape == (2, 2)


def test_the_model_becomes_the_estimator_s() -> None:
    model = rich_model()
    clf = MLPClassifier.from_model(model, learning_rate_init=0.01, batch_size=30, random_state=0)
    assert clf.model_ is model
    np.testing.assert_array_equal(clf.predict_proba(X), model.predict(X, verbose=0))
    for _ in range(150):
        clf.partial_fit(X, Y)
    assert clf.score(X, Y) > 0.9
    np.testing.assert_array_equal(clf.predict_proba(X), model.predict(X, verbose=0))
    model.layers[-1].kernel.assign(np.zeros((6, 3)))
    assert not clf.coefs_[-1].any()
    np.testing.assert_array_equal(clf.predict_proba(X)[0], clf.predict_proba(X)[1])
    clf.coefs_ = [np.ones_like(c) for c in clf.coefs_]
    clf.predict(X)
    assert (model.layers[0].kernel.numpy() == 1).all()


def test_a_compiled_model_brings_its_optimizer() -> None:
    model = pynn.MLP(8, 1, input_shape=4)
    model.compile(optimizer=pynn.optimizers.Nadam(0.02), loss="mse")
    model.fit(X, Y, epochs=1, verbose=0)
    reg = MLPRegressor.from_model(model, warm_start=True, random_state=0, max_iter=60)
    assert isinstance(reg.solver, pynn.optimizers.Nadam)
    assert reg.solver is not model.optimizer
    before = reg.score(X, Y)
    assert reg.fit(X, Y).score(X, Y) > max(before, 0.8)
    assert reg.model_ is model


def test_a_clone_has_the_layers_and_none_of_the_weights() -> None:
    clf = MLPClassifier.from_model(rich_model(), random_state=0, max_iter=2)
    twin = clone(clf).fit(X, Y)
    assert [type(layer) for layer in twin.model_.layers] == [
        type(layer) for layer in clf.model_.layers
    ]


@pytest.mark.parametrize("way", ["pickle", "file"])
def test_copies_are_the_same(way: str, tmp_path: Path) -> None:
    clf = MLPClassifier.from_model(rich_model(), classes=["a", "b", "c"]).partial_fit(
        X, np.array(["a", "b", "c"])[Y]
    )
    if way == "pickle":
        twin = pickle.loads(pickle.dumps(clf))
    else:
        clf.save(tmp_path / "model.pynn")
        twin = pynn.load(tmp_path / "model.pynn")
    np.testing.assert_array_equal(twin.predict_proba(X), clf.predict_proba(X))
    clf.model_.save(tmp_path / "network.pynn")
    network = pynn.models.load_model(tmp_path / "network.pynn")
    np.testing.assert_array_equal(network.predict(X, verbose=0), clf.predict_proba(X))


def test_every_kind_of_output() -> None:
    two = MLPClassifier.from_model(chain(layers.Dense(1, "sigmoid")), classes=["no", "yes"])
    assert two.predict_proba(X).shape == (150, 2)
    assert set(two.predict(X)) <= {"no", "yes"}
    soft = MLPClassifier.from_model(chain(layers.Dense(2, "softmax")))
    assert soft.predict_proba(X).shape == (150, 2)
    assert set(soft.partial_fit(X, Y > 0).predict(X)) <= {0, 1}
    labels = MLPClassifier.from_model(chain(layers.Dense(3, "sigmoid"), features=64))
    x, y = CLASSIFICATION["multilabel"]
    assert labels.partial_fit(x, y).predict(x).shape == y.shape
    counts = MLPRegressor.from_model(chain(layers.Dense(1, "exponential")))
    assert counts.loss == "poisson"
    assert (counts.predict(X) > 0).all()


def test_functional_models_and_own_activations() -> None:
    inputs = pynn.Input((4,))
    hidden = layers.Dense(5, activation=swish)(inputs)
    model = pynn.Model(inputs, layers.Dense(1)(hidden))
    reg = MLPRegressor.from_model(model)
    assert reg.activation is swish
    np.testing.assert_array_equal(reg.predict(X), model.predict(X, verbose=0)[:, 0])


def side_by_side() -> Any:
    inputs = pynn.Input((4,))
    both = layers.concatenate([layers.Dense(3)(inputs), layers.Dense(3)(inputs)])
    return pynn.Model(inputs, layers.Dense(1)(both))


def twice() -> Any:
    inputs = pynn.Input((4,))
    dense = layers.Dense(4)
    return pynn.Model(inputs, layers.Dense(1)(dense(dense(inputs))))


def own_class() -> Any:
    class Own(pynn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    model = Own()
    model(np.zeros((1, 4), "float32"))
    return model


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (own_class, "must be a chain of layers"),
        (lambda: "model", "takes a pynn.Model that has been built"),
        (lambda: pynn.Sequential([layers.Dense(1)]), "takes a pynn.Model that has been built"),
        (side_by_side, "must be a chain of layers"),
        (twice, "must be a chain of layers"),
        (lambda: pynn.MLP(3, 1, input_shape=(2, 2)), "must be a chain of layers"),
        (lambda: chain(layers.Dense(3, use_bias=False), layers.Dense(1)), "has no place in an MLP"),
        (lambda: chain(layers.GaussianNoise(0.1), layers.Dense(1)), "has no place in an MLP"),
        (lambda: chain(layers.Dense(3), layers.LayerNormalization(), layers.Dense(1)), "no place"),
        (
            lambda: chain(layers.Dense(3), layers.Dropout(0.1), layers.Activation("relu")),
            "has no place in an MLP",
        ),
        (lambda: chain(layers.Dense(1), layers.Dropout(0.5)), "is neither normalized nor dropped"),
        (
            lambda: chain(
                layers.Dense(3), layers.BatchNormalization(), layers.Dense(3), layers.Dense(1)
            ),
            "either all hidden layers .* are normalized, and alike, or none",
        ),
    ],
)
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_other_models_are_refused(cls: Any, model: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        cls.from_model(model())
    if "has been built" not in message:
        assert "SKLearnRegressor.from_model take any model of one input" in str(refusal.value)


def test_outputs_have_to_fit() -> None:
    with pytest.raises(ValueError, match="must have a softmax over several units, or a sigmoid"):
        MLPClassifier.from_model(chain(layers.Dense(3)))
    with pytest.raises(ValueError, match="must be 3 different labels in ascending order"):
        MLPClassifier.from_model(chain(layers.Dense(3, "softmax")), classes=["a", "b"])
    with pytest.raises(ValueError, match="must be 3 different labels in ascending order"):
        MLPClassifier.from_model(chain(layers.Dense(3, "softmax")), classes=["b", "a", "c"])
    with pytest.raises(ValueError, match="classes are for labels that exclude each other"):
        MLPClassifier.from_model(chain(layers.Dense(3, "sigmoid")), classes=[1, 2, 3])
    with pytest.warns(UserWarning, match="a softmax over axis -1 of a tensor of shape .None, 1."):
        model = chain(layers.Dense(1, "softmax"))
    with pytest.raises(ValueError, match="must have the activation 'identity' for the loss"):
        MLPRegressor.from_model(model)
    with pytest.raises(ValueError, match="dropout follows from the model"):
        MLPRegressor.from_model(chain(layers.Dense(1)), dropout=0.5)


@pytest.mark.parametrize("loss", [None, "nll", 3])
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_parameters_are_checked_at_once(cls: Any, loss: Any) -> None:
    model = chain(layers.Dense(1, "sigmoid" if cls is MLPClassifier else None))
    with pytest.raises(ValueError, match=f"The 'loss' parameter of {cls.__name__} must be"):
        cls.from_model(model, loss=loss)


@pytest.mark.parametrize("momentum", [0.99, 0.5])
def test_copies_keep_how_a_model_normalizes(momentum: float, tmp_path: Path) -> None:
    model = chain(
        layers.Dense(8),
        layers.BatchNormalization(momentum=momentum, epsilon=0.1),
        layers.Activation("relu"),
        layers.Dense(3, "softmax"),
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, epochs=3, verbose=0)
    clf = MLPClassifier.from_model(model, random_state=0)
    clf.save(tmp_path / "clf.pynn")
    copies = [pickle.loads(pickle.dumps(clf)), pynn.load(tmp_path / "clf.pynn")]
    expected = clf.predict_proba(X)
    after = clf.partial_fit(X, Y).predict_proba(X)
    assert not np.array_equal(after, expected)
    for copy in copies:
        np.testing.assert_array_equal(copy.predict_proba(X), expected)
        np.testing.assert_array_equal(copy.partial_fit(X, Y).predict_proba(X), after)


@pytest.mark.parametrize(
    "given",
    [
        {"trainable": False},
        {"kernel_constraint": "non_neg"},
        {"bias_regularizer": "l2"},
        {"activity_regularizer": "l1"},
    ],
    ids=str,
)
def test_what_an_estimator_would_not_keep_to_is_refused(given: dict[str, Any]) -> None:
    model = chain(layers.Dense(8, "relu", **given), layers.Dense(3, "softmax"))
    with pytest.raises(ValueError, match="none is frozen, regularized or constrained"):
        MLPClassifier.from_model(model)


def test_a_model_that_an_estimator_has_trained_is_saved(tmp_path: Path) -> None:
    clf = MLPClassifier((5,), max_iter=3).fit(X, Y)
    model = clf.model_
    model.compile("sgd", "sparse_categorical_crossentropy")
    clf.partial_fit(X, Y)
    for name in ("m.pynn", "m.keras"):
        model.save(tmp_path / name)
        copy = pynn.models.load_model(tmp_path / name)
        assert type(copy.optimizer).__name__ == "Adam"
        np.testing.assert_array_equal(copy.predict(X, verbose=0), model.predict(X, verbose=0))
