"""`Sequential`: built with an Input or by the first data, grown and shrunk layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers
from pynn.models import Model, Sequential

X = np.random.default_rng(0).standard_normal((50, 4)).astype("float32")


def test_with_an_input_the_weights_exist_at_once() -> None:
    model = Sequential([pynn.Input((4,)), layers.Dense(3), layers.Dense(1)])
    assert model.built
    assert [layer.name for layer in model.layers] == [layer.name for layer in model._stack]
    assert model.input_shape == (None, 4)
    assert model.output_shape == (None, 1)
    assert model.count_params() == 19


def test_the_first_layer_may_bring_the_shape() -> None:
    model = Sequential([layers.Flatten(input_shape=[2, 2]), layers.Dense(3)])
    assert model.input_shape == (None, 2, 2)
    model = Sequential()
    model.add(layers.Dense(3, input_dim=4))
    assert model.count_params() == 15


def test_without_an_input_the_first_data_builds() -> None:
    model = Sequential([layers.Dense(3), layers.Dense(1)])
    assert not model.built
    assert model.weights == []
    for ask in (model.count_params, lambda: model.input_shape):
        with pytest.raises(ValueError, match="built"):
            ask()
    assert model.predict(X, verbose=0).shape == (50, 1)
    assert model.count_params() == 19
    model = Sequential([layers.Dense(3)])
    model.build((None, 7))
    assert model.count_params() == 24


def test_layers_are_added_and_taken_off() -> None:
    model = Sequential()
    model.add(pynn.Input((4,)))
    model.add(layers.Dense(3))
    first = model.predict(X, verbose=0)
    model.add(layers.Dense(1))
    assert model.predict(X, verbose=0).shape == (50, 1)
    assert model.pop().units == 1
    np.testing.assert_array_equal(model.predict(X, verbose=0), first)
    model.pop()
    assert model.layers == []
    with pytest.raises(IndexError, match="has no layer to pop"):
        model.pop()


@pytest.mark.parametrize("shape", [None, (None, 4)])
def test_layers_may_be_changed_before_the_model_is_built_again(shape: Any) -> None:
    model = Sequential([pynn.Input((4,)), layers.Dense(3)])
    model.add(layers.Dense(2), rebuild=False)
    assert not model.built
    with pytest.raises(ValueError, match="built"):
        _ = model.output_shape
    model.build(shape)
    assert model.output_shape == (None, 2)
    assert model.pop(rebuild=False).units == 2
    assert not model.built
    assert model.predict(X, verbose=0).shape == (50, 3)
    model.pop(rebuild=False)
    model.add(layers.Dense(5), rebuild=False)
    with pytest.raises(ValueError, match=r"shape \(None, 4\). Received: input_shape=\(None, 7\)"):
        model.build((None, 7))


def test_what_there_is_to_build() -> None:
    model = Sequential(layers.Dense(2))
    model.build()
    assert not model.built  # for inputs of what shape?
    model.build((None, 3))
    model.build()
    assert model.count_params() == 8
    with pytest.raises(ValueError, match="has no layers to build"):
        Sequential().build((None, 3))


def test_the_output_of_a_layer_makes_another_model() -> None:
    model = Sequential([pynn.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(1)])
    inner = Model(model.input, model.layers[0].output)
    hidden = inner.predict(X, verbose=0)
    np.testing.assert_allclose(
        model.layers[1](hidden), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_a_sequential_in_a_sequential() -> None:
    inner = Sequential([pynn.Input((4,)), layers.Dense(3)])
    model = Sequential([inner, layers.Dense(2)])
    assert model.input_shape == (None, 4)
    assert len(model.weights) == 4
    inner.trainable = False
    assert len(model.trainable_weights) == 2


def test_what_is_no_layer_or_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="holds layers. Received: 3"):
        Sequential([3])
    of_keras = type("Dense", (), {"__module__": "keras.src.layers"})()
    with pytest.raises(ValueError, match="It is one of keras itself, which do not mix with pynn"):
        Sequential([of_keras])
    dense = layers.Dense(2)
    with pytest.raises(ValueError, match="for the second time"):
        Sequential([dense, dense])
    with pytest.raises(ValueError, match="'same' for the second time"):
        Sequential([layers.Dense(2, name="same"), layers.Dense(2, name="same")])
    with pytest.raises(ValueError, match="must come first"):
        Sequential([dense, pynn.Input((4,))])


def test_get_layer_by_name_and_position() -> None:
    model = Sequential([pynn.Input((4,)), layers.Dense(3, name="a"), layers.Dense(1, name="b")])
    assert model.get_layer("b") is model.layers[1]
    assert model.get_layer(index=0) is model.layers[0]
    with pytest.raises(ValueError, match="no layer named 'c'. The layers are: a, b"):
        model.get_layer("c")
    with pytest.raises(ValueError, match="below the number of layers, 2"):
        model.get_layer(index=2)


def test_a_first_layer_may_take_several_inputs() -> None:
    model = Sequential([layers.Concatenate(), layers.Dense(3)])
    model.compile(loss="mse", optimizer="sgd")
    model.fit([X, X], X[:, :3], verbose=0)
    kernel, bias = model.get_weights()
    expected = np.concatenate([X, X], axis=1) @ kernel + bias
    np.testing.assert_allclose(model.predict([X, X], verbose=0), expected, rtol=1e-5, atol=1e-6)
    copy = pynn.models.clone_model(model)
    copy([X, X])
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(copy([X, X]), expected, rtol=1e-5, atol=1e-6)


def test_dense_takes_one_input_only() -> None:
    model = Sequential([layers.Dense(3)])
    with pytest.raises(ValueError, match="takes one input"):
        model.predict([X, X], verbose=0)
    assert model.predict(X, verbose=0).shape == (len(X), 3)
    alone = Sequential([layers.Dense(3)])
    assert alone([X]).shape == (len(X), 3)
    assert alone.input_shape == (None, 4)


def test_older_names_of_predictions() -> None:
    several = Sequential([pynn.Input((3,)), layers.Dense(4, activation="softmax")])
    one = Sequential([pynn.Input((3,)), layers.Dense(1, activation="sigmoid")])
    x = np.random.default_rng(0).standard_normal((20, 3)).astype("float32")
    with pytest.warns(FutureWarning, match="predict_classes is older; use np.argmax"):
        np.testing.assert_array_equal(several.predict_classes(x), several.predict(x).argmax(axis=1))
    with pytest.warns(FutureWarning, match="predict_classes is older"):
        np.testing.assert_array_equal(one.predict_classes(x), one.predict(x) > 0.5)
    with pytest.warns(FutureWarning, match="predict_proba is older; use predict"):
        np.testing.assert_array_equal(several.predict_proba(x), several.predict(x))


def test_a_built_model_is_not_built_for_another_shape() -> None:
    model = Sequential([pynn.Input((2,)), layers.Dense(1)])
    model.build((3, 2))
    with pytest.raises(ValueError, match=r"shape \(None, 2\). Received: input_shape=\(3, 4\)"):
        model.build((3, 4))
