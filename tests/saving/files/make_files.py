"""Make the files of this folder with the version of pynn that is to be read later; run by hand.

    python make_files.py

For each there is in ``expected.npz`` what it predicts, and where its training can go on, what comes
of that: ``name/predicted`` and ``name/trained/i``. `CASES` says how, for the test that reads them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import pynn
from pynn import MLPClassifier, MLPRegressor, layers, ops, optimizers
from pynn.models import Model, Sequential, load_model

HERE = Path(__file__).resolve().parent

_RNG = np.random.default_rng(11)
X = _RNG.standard_normal((48, 4)).astype("float32")
Y = (X[:, :1] * X[:, 1:2] - X[:, 2:3]).astype("float32")
LABELS = np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")
CLASSES = np.digitize(X[:, 0], [-0.5, 0.5])


def cube(x: Any) -> Any:
    return x * x * x


class Scale(layers.Layer):
    """A layer of the user's, with a weight."""

    def __init__(self, start: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor * self.start


class Own(Model):
    """A model of the user's."""

    def __init__(self, units: int = 3, activation: Any = "tanh", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden = [layers.Dense(units, activation=activation) for _ in range(2)]
        self.scale = Scale(0.5)
        self.out = layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        for layer in self.hidden:
            inputs = layer(inputs)
        return self.out(self.scale(inputs))


CUSTOM = {"cube": cube, "Scale": Scale, "Own": Own}


def sequential() -> Any:
    """Layers with noise and state, and an optimizer with two slots."""
    model = Sequential(
        [
            pynn.Input((4,), name="rows"),
            layers.Dense(6, activation="relu", kernel_regularizer="l2", name="hidden"),
            layers.Dropout(0.2),
            layers.BatchNormalization(),
            layers.GaussianNoise(0.1),
            layers.Dense(3, activation="gelu", kernel_constraint="max_norm"),
            layers.Dense(1),
        ],
        name="plain",
    )
    model.compile(optimizers.Adam(0.01, amsgrad=True), pynn.losses.Huber(0.5), metrics=["mae"])
    return model


def functional() -> Any:
    """Ops, slices and constants between layers; two outputs; a shared layer; an inner model."""
    inner = Sequential([pynn.Input((3,)), layers.Dense(3, activation="elu")], name="inner")
    inputs = pynn.Input((4,), name="in")
    hidden = layers.Dense(3, activation=cube, name="shared")
    first = hidden(inputs)
    second = layers.LeakyReLU(0.2)(inner(first) * 2.0 + np.array([1.0, 0.5, 0.25], "float32"))
    joined = layers.Concatenate()([first[:, 1:], second[..., ::-2], inputs])
    both = layers.Add()([ops.softmax(joined), ops.clip(joined, -1.0, 1.0)])
    model = Model(
        inputs,
        {"main": layers.Dense(1, name="main")(both), "side": layers.Dense(1, name="side")(second)},
        name="branched",
    )
    rate = optimizers.schedules.ExponentialDecay(0.05, 3, 0.5)
    model.compile(
        optimizers.SGD(rate, momentum=0.9, nesterov=True),
        loss={"main": "mse", "side": "mae"},
        loss_weights={"main": 0.75, "side": 0.25},
    )
    return model


def subclassed() -> Any:
    """A class of the user's, and averages of weights beside the optimizer's slots."""
    model = Own(4, activation=cube)
    model.build((None, 4))
    model.hidden[0].trainable = False
    model.compile(optimizers.RMSprop(0.01, momentum=0.5, centered=True, use_ema=True), "mse")
    return model


def targets_of(model: Any) -> Any:
    return {"main": Y, "side": Y} if len(model.outputs) == 2 else Y


def go_on(model: Any) -> list[np.ndarray]:
    """Return a model's weights after more training."""
    model.fit(X, targets_of(model), epochs=2, batch_size=16, shuffle=False, verbose=0)
    return list(model.get_weights())


def go_on_with_rows(estimator: Any) -> list[np.ndarray]:
    """Return an estimator's weights after more training."""
    estimator.partial_fit(X, estimator_targets(estimator))
    coefs = getattr(estimator, "coefs_", None)
    if coefs is not None:
        return [*coefs, *estimator.intercepts_]
    return [estimator.coef_, estimator.intercept_]


def estimator_targets(estimator: Any) -> Any:
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return Y.ravel()
    if isinstance(classes[0], str):
        return LABELS
    return CLASSES


class Case(NamedTuple):
    """A file, and what can be done with it once it is loaded."""

    make: Callable[[], Any]
    load: Callable[[Path], Any]
    predict: Callable[[Any], Any]
    go_on: Callable[[Any], list[np.ndarray]] | None


def trained(make: Callable[[], Any]) -> Any:
    pynn.random.set_seed(5)
    model = make()
    model.fit(X, targets_of(model), epochs=2, batch_size=16, verbose=0)
    return model


def _model(make: Callable[[], Any]) -> Case:
    def predict(model: Any) -> Any:
        found = model.predict(X, verbose=0)
        return np.hstack([*found.values()]) if isinstance(found, dict) else found

    def load(path: Path) -> Any:
        return load_model(path, custom_objects=CUSTOM)

    return Case(lambda: trained(make), load, predict, go_on)


def _estimator(make: Callable[[], Any], proba: bool = False, on: bool = True) -> Case:
    def load(path: Path) -> Any:
        return pynn.load(path, custom_objects=CUSTOM)

    def predict(estimator: Any) -> Any:
        return estimator.predict_proba(X) if proba else estimator.predict(X)

    return Case(make, load, predict, go_on_with_rows if on else None)


CASES = {
    "sequential.pynn": _model(sequential),
    "functional.pynn": _model(functional),
    "subclassed.pynn": _model(subclassed),
    "sequential.keras": _model(sequential),
    "classifier": _estimator(
        lambda: MLPClassifier((5, 3), max_iter=4, random_state=1).fit(X, LABELS), proba=True
    ),
    "classifier_sgd": _estimator(
        lambda: MLPClassifier(
            (5,),
            solver="sgd",
            learning_rate="adaptive",
            early_stopping=True,
            activation="tanh",
            max_iter=6,
            random_state=2,
        ).fit(X.astype("float64"), CLASSES),
        proba=True,
        on=False,
    ),
    "classifier_own": _estimator(
        lambda: MLPClassifier(
            (5,),
            activation=cube,
            dropout=0.1,
            batch_norm=True,
            solver=optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 20), momentum=0.5),
            max_iter=4,
            random_state=3,
        ).fit(X, CLASSES),
        proba=True,
    ),
    "multilabel": _estimator(
        lambda: MLPClassifier((4,), max_iter=3, random_state=4).fit(X, X[:, :2] > 0),
        proba=True,
        on=False,
    ),
    "lbfgs": _estimator(
        lambda: MLPRegressor(
            hidden_layer_sizes=[4], solver="lbfgs", max_iter=9, random_state=5
        ).fit(X.astype("float64"), Y.ravel()),
        on=False,
    ),
    "regressor": _estimator(
        lambda: MLPRegressor(
            hidden_layer_sizes=(4,), loss="poisson", max_iter=4, random_state=6
        ).fit(X, np.abs(Y.ravel())),
        on=False,
    ),
    "regressor_sgd": _estimator(
        lambda: MLPRegressor(hidden_layer_sizes=(4,), solver="sgd", max_iter=4, random_state=6).fit(
            X, Y.ravel()
        )
    ),
    "perceptron": _estimator(
        lambda: pynn.Perceptron(class_weight={"yes": 2.0, "no": 1.0}, random_state=7).fit(X, LABELS)
    ),
    "perceptron_classes": _estimator(
        lambda: pynn.Perceptron(penalty="l2", random_state=8).fit(X, CLASSES)
    ),
    "perceptron_regressor": _estimator(
        lambda: pynn.PerceptronRegressor(random_state=9).fit(X, Y.ravel())
    ),
    "not_fitted": Case(
        lambda: MLPRegressor(alpha=0.5),
        lambda path: pynn.load(path),
        lambda estimator: np.array(estimator.alpha),
        None,
    ),
}


def main() -> None:
    """Write all files."""
    import warnings

    warnings.simplefilter("ignore")
    expected = {}
    for name, case in CASES.items():
        made = case.make()
        path = HERE / (name if "." in name else f"{name}.pynn")
        made.save(path)
        loaded = case.load(path)
        expected[f"{name}/predicted"] = np.asarray(case.predict(loaded))
        if case.go_on is not None:
            for i, array in enumerate(case.go_on(loaded)):
                expected[f"{name}/trained/{i}"] = array
    with open(HERE / "sequential.weights", "wb") as file:
        trained(sequential).save_weights(file)
    np.savez_compressed(HERE / "expected.npz", **expected)
    print(json.dumps({p.name: p.stat().st_size for p in sorted(HERE.iterdir())}, indent=1))


if __name__ == "__main__":
    main()
