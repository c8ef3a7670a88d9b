"""Wrong use: both libraries refuse it, with the same kind of error."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import pynn

X = np.zeros((6, 4), dtype="float32")
Y = np.zeros((6, 1), dtype="float32")


def compiled(k: Any, loss: Any = "mse", units: int = 1, **arguments: Any) -> Any:
    model = bare(k, units)
    model.compile("sgd", loss, **arguments)
    return model


def bare(k: Any, units: int = 1) -> Any:
    return k.Sequential([k.Input((4,)), k.layers.Dense(units, name="out")])


def two(k: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((3,), name="b")
    both = k.layers.concatenate([a, b])
    outputs = [k.layers.Dense(1, name="p")(both), k.layers.Dense(1, name="q")(both)]
    model = k.Model([a, b], outputs)
    model.compile("sgd", ["mse", "mse"])
    return model


CASES: dict[str, Callable[[Any], Any]] = {
    # Layers
    "unknown activation": lambda k: k.layers.Dense(3, activation="rellu"),
    "unknown initializer": lambda k: k.layers.Dense(3, kernel_initializer="he_norml"),
    "unknown regularizer": lambda k: k.layers.Dense(3, kernel_regularizer="l3"),
    "unknown constraint": lambda k: k.layers.Dense(3, kernel_constraint="max"),
    "negative units": lambda k: k.layers.Dense(-3),
    "no units": lambda k: k.layers.Dense(),
    "units as text": lambda k: k.layers.Dense("3"),
    "half a unit": lambda k: k.layers.Dense(2.5),
    "name is no text": lambda k: k.layers.Dense(3, name=5),
    "slash in a name": lambda k: k.layers.Dense(3, name="a/b"),
    "rate too high": lambda k: k.layers.Dropout(1.5),
    "negative rate": lambda k: k.layers.Dropout(-0.1),
    "negative noise": lambda k: k.layers.GaussianNoise(-1),
    "unknown Activation": lambda k: k.layers.Activation("softmx"),
    "function is none": lambda k: k.layers.Lambda(3)(X),
    "half a normalization": lambda k: k.layers.Normalization(mean=1.0),
    "adapting a given one": lambda k: k.layers.Normalization(mean=1.0, variance=1.0).adapt(X),
    "layer built for others": lambda k: bare(k).layers[-1](k.Input((7,))),
    "reshape to another size": lambda k: k.layers.Reshape((3, 3))(k.Input((4,))),
    "sum of different widths": lambda k: k.layers.Add()([k.Input((4,)), k.Input((3,))]),
    "three to subtract": lambda k: k.layers.Subtract()([k.Input((4,))] * 3),
    "one to add": lambda k: k.layers.Add()(k.Input((4,))),
    "concatenation of other rows": lambda k: k.layers.Concatenate(axis=1)(
        [k.Input((2, 3)), k.Input((2, 4))]
    ),
    "dot of other widths": lambda k: k.layers.Dot(axes=1)([k.Input((4,)), k.Input((3,))]),
    "batch normalization of no axis": lambda k: k.layers.BatchNormalization(axis=5)(X),
    # Models
    "no layer": lambda k: k.Sequential([3]),
    "same name twice": lambda k: k.Sequential(
        [k.layers.Dense(1, name="d"), k.layers.Dense(1, name="d")]
    ),
    "no outputs": lambda k: k.Model(inputs=k.Input((3,))),
    "disconnected": lambda k: k.Model(
        k.Input((3,)), k.layers.Dense(1)(k.Input((3,), name="other"))
    ),
    "unknown layer": lambda k: bare(k).get_layer("dense_7"),
    "no such place": lambda k: bare(k).get_layer(index=5),
    "neither name nor place": lambda k: bare(k).get_layer(),
    "too few weights": lambda k: bare(k).set_weights([Y]),
    "weights of another shape": lambda k: bare(k).set_weights([np.zeros((3, 1)), np.zeros(1)]),
    "counting too early": lambda k: k.Sequential([k.layers.Dense(1)]).count_params(),
    "popping from nothing": lambda k: k.Sequential().pop(),
    # compile
    "unknown optimizer": lambda k: bare(k).compile("sdg", "mse"),
    "optimizer is a number": lambda k: bare(k).compile(3, "mse"),
    "unknown loss": lambda k: compiled(k, "msee").fit(X, Y, verbose=0),
    "unknown metric": lambda k: compiled(k, metrics=["acuracy"]).fit(X, Y, verbose=0),
    "loss of no output": lambda k: compiled(k, {"other": "mse"}).fit(X, Y, verbose=0),
    "too many losses": lambda k: compiled(k, ["mse", "mse"]).fit(X, Y, verbose=0),
    # fit, evaluate, predict
    "fit before compile": lambda k: bare(k).fit(X, Y, verbose=0),
    "evaluate before compile": lambda k: bare(k).evaluate(X, Y, verbose=0),
    "step before compile": lambda k: bare(k).train_on_batch(X, Y),
    "no loss": lambda k: compiled(k, None).fit(X, Y, verbose=0),
    "missing target": lambda k: compiled(k).fit(X, verbose=0),
    "too few targets": lambda k: compiled(k).fit(X, Y[:3], verbose=0),
    "too many features": lambda k: compiled(k).fit(np.zeros((6, 5)), Y, verbose=0),
    "predicting from too much": lambda k: compiled(k).predict(np.zeros((6, 5)), verbose=0),
    "calling on too much": lambda k: compiled(k)(np.zeros((6, 5), "float32")),
    "weights too few": lambda k: compiled(k).fit(X, Y, sample_weight=np.ones(5), verbose=0),
    "weights of no output": lambda k: two(k).fit(
        [X, X[:, :3]], [Y, Y], sample_weight={"p": np.ones(6), "r": np.ones(6)}, verbose=0
    ),
    "an empty list": lambda k: compiled(k).fit([], [], verbose=0),
    "validation of other lengths": lambda k: compiled(k).fit(
        X, Y, validation_data=(X, Y[:2]), verbose=0
    ),
    "split of everything": lambda k: compiled(k).fit(X, Y, validation_split=1.5, verbose=0),
    "one of two inputs": lambda k: two(k).fit([X], [Y, Y], verbose=0),
    "one of two names": lambda k: two(k).fit({"a": X}, [Y, Y], verbose=0),
    "one of two targets": lambda k: two(k).fit([X, X[:, :3]], [Y], verbose=0),
    "inputs swapped": lambda k: two(k).predict([X[:, :3], X], verbose=0),
    "misspelt argument": lambda k: compiled(k).fit(X, Y, shuffl=True),
    "no callback": lambda k: compiled(k).fit(X, Y, callbacks=[3], verbose=0),
    "labels for a one-hot loss": lambda k: compiled(k, "categorical_crossentropy", 3).fit(
        X, np.zeros(6), verbose=0
    ),
    # What goes with models
    "optimizer's argument": lambda k: k.optimizers.SGD(learning_rte=1),
    "momentum": lambda k: k.optimizers.SGD(momentum=-1.0),
    "clipped twice": lambda k: k.optimizers.SGD(clipnorm=1.0, clipvalue=1.0),
    "accumulating one": lambda k: k.optimizers.SGD(gradient_accumulation_steps=1),
    "averaging too much": lambda k: k.optimizers.SGD(use_ema=True, ema_momentum=2.0),
    "growing rate": lambda k: k.callbacks.ReduceLROnPlateau(factor=2.0),
    "save_freq": lambda k: k.callbacks.ModelCheckpoint("m.keras", save_freq="often"),
    "reduction": lambda k: k.losses.MeanSquaredError(reduction="avg"),
    "binary loss of other widths": lambda k: k.losses.BinaryCrossentropy()(Y, X),
    "binary loss of other logits": lambda k: k.losses.BinaryCrossentropy(True)(Y, X),
    "focal loss of other widths": lambda k: k.losses.BinaryFocalCrossentropy()(Y, X),
    "categorical loss of other widths": lambda k: k.losses.CategoricalCrossentropy()(Y, X),
    "metric of other widths": lambda k: k.metrics.BinaryCrossentropy()(Y, X),
    "loss by a wrong name": lambda k: k.losses.get("msee"),
    "metric by a wrong name": lambda k: k.metrics.get("acuracy"),
    "thresholds": lambda k: k.metrics.Precision(thresholds=2.0),
    "curve": lambda k: k.metrics.AUC(curve="ROX"),
    "average": lambda k: k.metrics.F1Score(average="mean"),
    "beta": lambda k: k.metrics.FBetaScore(beta=-1.0),
    "pieces": lambda k: k.optimizers.schedules.PiecewiseConstantDecay([1, 2], [1.0]),
    "scale": lambda k: k.initializers.VarianceScaling(scale=-1.0),
    "fan": lambda k: k.initializers.VarianceScaling(mode="fan"),
    "strength": lambda k: k.regularizers.L2("a"),
    "rows": lambda k: k.regularizers.OrthogonalRegularizer(mode="row"),
    "config of nothing": lambda k: k.models.model_from_json("[1]"),
    "cloning a number": lambda k: k.models.clone_model(3),
    "classes out of range": lambda k: k.utils.to_categorical([0, 5], num_classes=3),
    "half of a type": lambda k: k.backend.set_floatx("float12"),
}
# Refused by Keras with an accidental kind of error, or not at all, and by pynn with a ValueError.
OTHERWISE = {
    "function is none": "TypeError",
    "adapting a given one": "AttributeError",
    "batch normalization of no axis": "IndexError",
    "loss of no output": "TypeError",
    "too many losses": None,
    "no loss": None,
    "split of everything": None,
    "an empty list": "KeyError",
    "inputs swapped": None,
    "no callback": "AttributeError",
    "config of nothing": None,
    "cloning a number": None,
    "classes out of range": "IndexError",
}


def kinds_of(action: Callable[[Any], Any], library: Any) -> list[str]:
    """Return the names of the error's class and of its bases; nothing if there is no error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            action(library)
        except Exception as error:
            return [cls.__name__ for cls in type(error).__mro__]
    return []


@pytest.mark.parametrize("name", CASES)
def test_kind_of_error(name: str) -> None:
    ours, theirs = (kinds_of(CASES[name], library) for library in (pynn, keras))
    if name in OTHERWISE:
        assert "ValueError" in ours
        assert (theirs[0] if theirs else None) == OTHERWISE[name]
    else:
        assert theirs[0] in ours


@pytest.mark.parametrize(
    "use",
    [
        lambda: pynn.Sequential([keras.layers.Dense(3)]),
        lambda: pynn.layers.Dense(3)(keras.Input((4,))),
        lambda: bare(pynn).compile(keras.optimizers.Adam(), "mse"),
    ],
    ids=["layer", "tensor", "optimizer"],
)
def test_objects_of_keras_itself(use: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"one of keras itself.* call pynn.as_keras\(\) before"):
        use()
