"""`Dense`: its formula, its weights and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import layers

X = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0]], dtype="float32")


def test_output_is_the_activation_of_the_affine_map() -> None:
    layer = layers.Dense(2, activation="relu", bias_initializer="ones")
    out = layer(X)
    expected = np.maximum(X.astype("float64") @ layer.kernel.numpy() + 1, 0)
    np.testing.assert_allclose(out, expected, rtol=1e-6, atol=1e-6)


def test_weights_have_keras_shapes_and_names() -> None:
    layer = layers.Dense(2, name="hidden")
    assert layer.weights == []
    layer.build((None, 3))
    assert [w.path for w in layer.weights] == ["hidden/kernel", "hidden/bias"]
    assert [w.shape for w in layer.get_weights()] == [(3, 2), (2,)]
    assert layer.count_params() == 8
    assert not layer.get_weights()[1].any()


def test_keyword_arguments_of_older_code() -> None:
    assert layers.Dense(2, input_dim=3)._row_shape == (3,)
    assert layers.Dense(2, input_shape=[3])._row_shape == (3,)
    assert layers.Dense(2, batch_input_shape=(None, 3))._row_shape == (3,)


@pytest.mark.parametrize("units", [0, -3, 2.5, "2", None, True])
def test_units_must_be_a_positive_integer(units: object) -> None:
    with pytest.raises(ValueError, match="units must be a positive integer. Received: units="):
        layers.Dense(units)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown activation"):
        layers.Dense(2, activation="rely")
    with pytest.raises(TypeError, match="takes no argument 'unit'"):
        layers.Dense(2, unit=3)
    with pytest.raises(ValueError, match="must not contain '/'"):
        layers.Dense(2, name="a/b")
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64'"):
        layers.Dense(2, dtype="float16")


def test_input_of_another_width_is_refused_by_name() -> None:
    layer = layers.Dense(2, name="hidden")
    layer(X)
    with pytest.raises(ValueError, match=r"layer 'hidden' takes inputs of shape \(batch, ..., 3\)"):
        layer(X[:, :2])


def test_set_weights_changes_all_or_nothing() -> None:
    layer = layers.Dense(2)
    with pytest.raises(ValueError, match="has not been built yet"):
        layer.set_weights([np.ones((3, 2)), np.ones(2)])
    layer(X)
    before = layer.get_weights()
    for wrong in ([np.ones((3, 2))], [np.ones((3, 2)), np.ones(3)]):
        with pytest.raises(ValueError, match="Received"):
            layer.set_weights(wrong)
        np.testing.assert_array_equal(layer.get_weights()[0], before[0])
    layer.set_weights([np.ones((3, 2)), np.arange(2)])
    np.testing.assert_array_equal(layer.bias.numpy(), [0, 1])
