"""`Layer`, the base class: names, freezing, own layers, losses on the way, and configs."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import Input, backend, initializers, layers, metrics, ops, regularizers
from pynn._alpha_dropout import SELU_FLOOR, alpha_affine
from pynn.models import Model, Sequential
from pynn.utils import custom_object_scope

X = np.arange(6, dtype="float32").reshape(2, 3)


class Affine(layers.Layer):
    def __init__(self, units: int, factor: float = 1.0, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.factor = factor

    def build(self, input_shape: tuple) -> None:
        self.kernel = self.add_weight("kernel", [input_shape[-1], self.units], initializer="ones")
        self.bias = self.add_weight(shape=(self.units,), name="bias")

    def call(self, inputs: object) -> object:
        return (inputs @ self.kernel + self.bias) * self.factor


def test_default_names_count_up_and_start_again() -> None:
    backend.clear_session()
    assert [layers.Dense(1).name for _ in range(3)] == ["dense", "dense_1", "dense_2"]
    assert layers.ReLU().name == "re_lu"
    assert layers.BatchNormalization().name == "batch_normalization"
    backend.clear_session()
    assert layers.Dense(1).name == "dense"


def test_own_layer_computes_with_arrays_and_in_a_model() -> None:
    layer = Affine(2, factor=0.5)
    expected = X.sum(axis=1, keepdims=True) * np.full((1, 2), 0.5)
    np.testing.assert_allclose(layer(X), expected)
    assert [w.name for w in layer.weights] == ["kernel", "bias"]
    inputs = layers.Input((3,))
    model = Model(inputs, layer(inputs))
    np.testing.assert_allclose(model.predict(X, verbose=0), expected)


def test_products_with_weights_run_in_the_engine() -> None:
    model = Sequential([layers.Input((3,)), Affine(2), layers.Dense(1)])
    assert model._plan().is_native

    class Plain(Affine):
        def call(self, inputs: object) -> object:
            return self.bias + inputs @ self.kernel

    model = Sequential([layers.Input((3,)), Plain(2), layers.Activation("tanh")])
    assert model._plan().is_native
    np.testing.assert_allclose(model.predict(X, verbose=0)[:, 0], np.tanh(X.sum(axis=1)), rtol=1e-6)


def test_layers_in_attributes_lists_and_dicts_are_found_once() -> None:
    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.first = layers.Dense(3)
            self.more = [layers.Dense(3), self.first]
            self.named = {"last": layers.Dense(2)}

        def call(self, inputs: object) -> object:
            x = self.first(inputs)
            return self.named["last"](self.more[0](x) + inputs)

    block = Block()
    assert block(X).shape == (2, 2)
    assert len(block.weights) == 6
    block.trainable = False
    assert block.trainable_weights == []
    assert not block.more[0].trainable
    block.first.trainable = True
    block.trainable = True
    assert len(block.trainable_weights) == 6


def test_a_frozen_layer_freezes_what_it_builds_later() -> None:
    layer = layers.Dense(2, trainable=False)
    layer(X)
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == 2
    layer.trainable = True
    assert len(layer.trainable_weights) == 2


def test_config_of_a_class_without_one_is_its_arguments() -> None:
    layer = Affine(4, factor=2.0, name="affine")
    config = layer.get_config()
    assert config == {"units": 4, "factor": 2.0, "name": "affine", "trainable": True}
    copy = Affine.from_config(config)
    assert (copy.units, copy.factor, copy.name) == (4, 2.0, "affine")


class Listed(layers.Layer):
    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.sizes = sizes

    def call(self, inputs: object) -> object:
        return inputs


def test_config_of_arguments_without_names() -> None:
    assert Listed().get_config() == {}  # not even a name, which it does not take
    with pytest.raises(ValueError, match="'sizes' of layer .* needs a get_config"):
        Listed(3, 4).get_config()


def test_arguments_that_are_layers_come_back() -> None:
    class Wrapper(layers.Layer):
        def __init__(self, inner: layers.Layer, **kwargs: object) -> None:
            super().__init__(**kwargs)
            self.inner = inner

        def call(self, inputs: object) -> object:
            return self.inner(inputs)

    copy = Wrapper.from_config(Wrapper(layers.Dense(7)).get_config())
    assert isinstance(copy.inner, layers.Dense)
    assert copy.inner.units == 7
    copy = Wrapper.from_config(Wrapper([layers.Dense(3), layers.ReLU(max_value=6.0)]).get_config())
    assert [type(layer) for layer in copy.inner] == [layers.Dense, layers.ReLU]
    assert (copy.inner[0].units, copy.inner[1].max_value) == (3, 6.0)


def test_an_argument_that_cannot_be_written_down_says_so() -> None:
    layer = Affine(lambda x: x)
    with pytest.raises(ValueError, match="'units' of layer .* needs a get_config"):
        layer.get_config()


def test_add_weight_accepts_functions_and_checks_shapes() -> None:
    layer = layers.Layer()
    weight = layer.add_weight(
        shape=(2,), initializer=lambda shape, dtype=None: np.full(shape, 3, dtype), name="w"
    )
    assert weight.numpy().tolist() == [3, 3]
    assert layer.add_weight(initializer=initializers.Constant(2.5)).numpy() == 2.5
    threes = layer.add_weight(shape=(2,), initializer=lambda shape: np.full(shape, 3.0))
    assert threes.numpy().tolist() == [3, 3] and threes.dtype == "float32"
    with pytest.raises(ValueError, match="must return the shape"):
        layer.add_weight(shape=(2,), initializer=lambda shape, dtype=None: np.ones(3))
    with pytest.raises(ValueError, match="must be known"):
        layer.add_weight(shape=(None, 2))

    class Failing(initializers.Initializer):
        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            raise TypeError("no such table")

    with pytest.raises(TypeError, match="^no such table$"):
        layer.add_weight(shape=(2,), initializer=Failing())


def test_a_layer_is_called_on_something() -> None:
    with pytest.raises(TypeError, match="layer 'd' must be called on inputs"):
        layers.Dense(2, name="d")()


def test_call_must_return_tensors() -> None:
    class Wrong(layers.Layer):
        def call(self, inputs: object) -> object:
            return 3

    with pytest.raises(ValueError, match="must return tensors"):
        Wrong()(layers.Input((3,)))


def test_training_is_passed_down_to_layers_inside() -> None:
    seen = []

    class Spy(layers.Layer):
        def call(self, inputs: object, training: object = None) -> object:
            seen.append(bool(training))
            return inputs

    class Outer(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.spy = Spy()

        def call(self, inputs: object, training: object = None) -> object:
            return self.spy(inputs, training=training)

    layer = Outer()
    layer(X, training=True)
    layer(X, training=False)
    layer(X)
    assert seen == [True, False, False]


def test_activity_regularizer_penalizes_the_output_per_row() -> None:
    model = Sequential(
        [layers.Input((3,)), layers.Dense(2, activity_regularizer="l2", use_bias=False)]
    )
    model.compile(loss="mse", optimizer="sgd")
    y = np.zeros((2, 2), "float32")
    out = model.predict(X, verbose=0).astype("float64")
    expected = (out**2).mean() + 0.01 * (out**2).sum() / 2
    assert model.evaluate(X, y, verbose=0) == pytest.approx(expected, rel=1e-6)


def test_losses_do_not_leak_from_one_model_into_another() -> None:
    layers.Dense(2, activity_regularizer="l2")(layers.Input((3,)))
    model = Sequential([layers.Input((3,)), layers.Dense(2)])
    assert model._plan().losses == []


def test_ops_between_layers_become_layers() -> None:
    inputs = layers.Input((3,))
    scaled = inputs / 2.0
    outputs = layers.Dense(1, kernel_initializer="ones")(ops.exp(scaled) + inputs)
    model = Model(inputs, outputs)
    expected = (np.exp(X.astype("float64") / 2) + X).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-6)
    copy = Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(copy.predict(X, verbose=0), expected, rtol=1e-6)


def test_what_is_computed_from_weights_alone_is_trained_too() -> None:
    class Scale(layers.Layer):
        def build(self, input_shape: tuple) -> None:
            self.logarithm = self.add_weight(shape=(), name="logarithm")

        def call(self, inputs: object) -> object:
            return inputs * ops.exp(self.logarithm * 2)

    model = Sequential([layers.Input((3,)), Scale()])
    np.testing.assert_allclose(model.predict(X, verbose=0), X)
    model.layers[0].logarithm.assign(0.5)
    np.testing.assert_allclose(model.predict(X, verbose=0), X * np.e, rtol=1e-6)
    model.compile(loss="mse", optimizer="adam")
    before = model.layers[0].logarithm.numpy()
    model.fit(X, X, epochs=3, verbose=0)
    assert model.layers[0].logarithm.numpy() < before


def test_a_list_that_grows_after_a_call_does_not_change_the_call() -> None:
    tensors = [layers.Input((2,))]
    for _ in range(3):
        tensors.append(layers.Dense(2)(layers.Concatenate()(tensors)))
    model = Model(tensors[0], tensors[-1])
    assert [call.inputs for call in model.layers[1]._calls] == [tensors[:1]]
    assert model.predict(np.ones((1, 2)), verbose=0).shape == (1, 2)


def test_an_activity_regularizer_survives_its_config() -> None:
    for layer in (
        layers.Activation("relu", activity_regularizer="l2"),
        layers.Dropout(0.5, activity_regularizer="l1"),
        layers.Dense(2, activity_regularizer="l1l2"),
    ):
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
        assert type(again.activity_regularizer) is type(layer.activity_regularizer)
    penalty = layers.ActivityRegularization(l1=0.5)
    assert type(penalty).from_config(penalty.get_config()).l1 == 0.5


def test_losses_are_those_of_the_last_call() -> None:
    class Penalized(layers.Layer):
        def call(self, inputs: object) -> object:
            self.add_loss(ops.mean(ops.square(inputs)))
            return inputs

    own = Penalized()
    dense = layers.Dense(1, activity_regularizer=regularizers.L2(0.5), kernel_initializer="ones")
    for factor in (1.0, 2.0):
        x = np.full((4, 3), factor, "float32")
        own(x)
        dense(x)
        assert [float(loss) for loss in own.losses] == [factor**2]
        # Half of the square of three times the factor, the mean over four rows.
        assert [float(loss) for loss in dense.losses] == [0.5 * 9 * factor**2]


def test_a_layer_without_weights_is_built_unless_a_subclass_has_something_to_build() -> None:
    class Scaled(layers.Rescaling):
        def build(self, input_shape):
            self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")

        def call(self, inputs):
            return super().call(inputs) * self.factor

    assert layers.Rescaling(2.0).built
    layer = Scaled(2.0)
    assert not layer.built
    assert layer(np.ones((1, 3), "float32")).tolist() == [[2.0, 2.0, 2.0]]
    assert layer.built and len(layer.weights) == 1


def test_what_a_layer_has_only_once_it_was_called() -> None:
    layer = layers.Dense(2)
    assert not hasattr(layer, "input") and not hasattr(layer, "output")
    with pytest.raises(ValueError, match="has not been called on a tensor yet"):
        layer.input  # noqa: B018
    layer(Input((3,)))
    assert layer.input.shape == (None, 3) and layer.output.shape == (None, 2)


def test_every_layer_may_be_called_with_training() -> None:
    x = np.array([[1.0, -1.0]], "float32")
    assert layers.ReLU()(x, training=True).tolist() == [[1.0, 0.0]]
    inputs = layers.Input((2,))
    outputs = layers.Add()([layers.Rescaling(2.0)(inputs, training=False), inputs], training=False)
    assert Model(inputs, outputs).predict(x, verbose=0).tolist() == [[3.0, -3.0]]

    class Kept(layers.Layer):
        def call(self, inputs, **options):
            return inputs * options["training"]

    assert Kept()(x, training=2).tolist() == [[2.0, -2.0]]


def test_softmax_leaves_out_what_is_masked() -> None:
    x = np.array([[1.0, 2.0, 5.0], [1.0, 1.0, 1.0]], "float32")
    mask = np.array([[True, True, False], [False, False, False]])
    expected = [[0.26894143, 0.7310586, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(layers.Softmax()(x, mask=mask), expected, rtol=1e-6)
    over_all = np.exp(x) / np.exp(x).sum()
    np.testing.assert_allclose(layers.Softmax(axis=[1, 2])(x[None])[0], over_all, rtol=1e-6)
    with pytest.raises(ValueError, match=r"mask\.shape=\(3, 3\), inputs\.shape=\(2, 3\)"):
        layers.Softmax()(x, mask=np.ones((3, 3)))


def test_dropout_shares_its_draws_along_axes_of_size_one() -> None:
    x = np.ones((20, 5, 10), "float32")
    outputs = layers.Dropout(0.5, noise_shape=(None, 1, None))(x, training=True)
    assert set(np.unique(outputs)) == {0.0, 2.0}
    assert (outputs == outputs[:, :1]).all() and not (outputs == outputs[:, :, :1]).all()
    with pytest.raises(ValueError, match="noise_shape must be None, or a tuple"):
        layers.Dropout(0.5, noise_shape=(20, 1.5))
    with pytest.raises(ValueError, match=r"\(None, 2, None\), must fit its input"):
        layers.Dropout(0.5, noise_shape=(None, 2, None))(x, training=True)


def test_a_weight_may_be_added_as_a_variable() -> None:
    layer = layers.Layer()
    layer.count = layer.add_variable((), "zeros", trainable=False, name="count")
    assert layer.non_trainable_weights == [layer.count] and layer.count.name == "count"
    assert int(layer.count.assign(3.0)) == 3


def test_merged_inputs_of_fewer_axes_get_them_after_the_batchs() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 3, 4)).astype("float32"), rng.normal(size=(3, 4)).astype("float32")
    np.testing.assert_array_equal(layers.Subtract()([x, y]), x - y[:, None])
    np.testing.assert_array_equal(layers.Maximum()([y, x]), np.maximum(x, y[:, None]))
    inputs = [layers.Input((3, 4)), layers.Input((4,))]
    model = pynn.Model(inputs, layers.Multiply()(inputs))
    assert model.output_shape == (None, 3, 4)
    np.testing.assert_array_equal(model.predict([x, y], verbose=0), x * y[:, None])


def test_masks_of_merged_inputs() -> None:
    x = np.ones((1, 3, 2), "float32")
    first, second = np.array([[True, False, False]]), np.array([[False, False, True]])
    either = np.array([[True, False, True]])
    for cls in (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum):
        np.testing.assert_array_equal(cls().compute_mask([x, x], [first, second]), either)
        assert cls().compute_mask([x, x], [first, None]) is None
        assert cls().compute_mask([x, x]) is None
    beside = layers.Concatenate().compute_mask([x, x], [first, second])
    np.testing.assert_array_equal(beside, either)
    after = layers.Concatenate(axis=1).compute_mask([x, x], [first, None])
    np.testing.assert_array_equal(after, [[True, False, False, True, True, True]])
    for_each = np.array([[[True, False], [False, False], [True, True]]])
    beside = layers.Concatenate().compute_mask([x, x], [for_each, second])
    np.testing.assert_array_equal(beside, either)
    assert layers.Concatenate().compute_mask([x, x], [None, None]) is None
    assert layers.Dot(axes=2).compute_mask([x, x], [first, second]) is None
    with pytest.raises(ValueError, match="a list of inputs, and of masks one for each"):
        layers.Add().compute_mask([x, x], [first])


def test_alpha_dropout_shares_its_draws_along_axes_of_size_one() -> None:
    x = np.random.default_rng(0).normal(size=(200, 5, 10)).astype("float32")
    layer = layers.AlphaDropout(0.4, noise_shape=(None, 1, None))
    np.testing.assert_array_equal(layer(x), x)
    outputs = np.asarray(layer(x, training=True))
    factor, offset = alpha_affine(0.4)
    dropped = np.isclose(outputs, factor * SELU_FLOOR + offset)
    np.testing.assert_allclose(outputs[~dropped], (x * factor + offset)[~dropped], rtol=1e-5)
    assert (dropped == dropped[:, :1]).all()
    assert 0.3 < dropped.mean() < 0.5
    assert layers.AlphaDropout.from_config(layer.get_config()).noise_shape == (None, 1, None)


def test_a_weight_made_in_call_is_refused() -> None:
    class Late(layers.Layer):
        def call(self, inputs: object) -> object:
            return inputs * self.add_weight(shape=(), initializer="ones", name="late")

    for inputs in (X, Input((3,))):
        with pytest.raises(ValueError, match="'late'.*must make its weights in __init__"):
            Late(name="late")(inputs)


def test_layers_inside_may_be_built_in_call() -> None:
    class Around(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Affine(2)

        def call(self, inputs: object) -> object:
            return self.inner(inputs)

    layer = Around()
    assert layer(X).shape == (2, 2)
    assert len(layer.weights) == 2


def test_the_base_class_computes_nothing() -> None:
    layer = layers.Layer()
    for ask in (layer.call, layer.compute_output_shape, layer):
        with pytest.raises(NotImplementedError, match="class Layer must define call"):
            ask(X)


def test_build_takes_the_shapes_of_several_inputs_by_name() -> None:
    class Weighted(layers.Layer):
        def build(self, b_shape: tuple, a_shape: tuple) -> None:
            self.shapes = a_shape, b_shape

        def call(self, a: object, b: object) -> object:
            return a[:, :1] + b[:, :1]

    class Other(Weighted):
        def build(self, a_shape: tuple, c_shape: tuple) -> None:
            pass

    for inputs in ((X, X[:, :2]), (Input((3,)), Input((2,)))):
        layer = Weighted()
        layer(*inputs)
        assert layer.shapes == ((None, 3), (None, 2))
        with pytest.raises(ValueError, match="Received: 'c_shape', for call"):
            Other()(*inputs)


def test_metrics_of_layers_are_the_models_too() -> None:
    class Measured(Affine):
        def __init__(self, units: int) -> None:
            super().__init__(units)
            self.error = metrics.MeanSquaredError()

    inner = Measured(2)
    model = Sequential([inner, Measured(1)])
    model(X)
    assert inner.metrics == [inner.error]
    assert len(inner.metrics_variables) == 2
    assert len(inner.weights) == 2
    model.compile("sgd", "mse")
    assert model.metrics[1:] == [inner.error, model.layers[1].error]
    around = Sequential([model])
    around(X)
    around.compile("sgd", "mse")
    assert around.metrics[1:] == model.metrics[1:]
    inner.error.update_state([1.0], [3.0])
    model.reset_metrics()
    assert inner.error.result() == 0.0


def test_losses_of_a_model_within_a_model() -> None:
    class Penalized(layers.Layer):
        def call(self, inputs: object) -> object:
            self.add_loss(ops.sum(inputs))
            return inputs

    model = Sequential([Sequential([Sequential([Penalized()])])])
    model(X)
    assert [float(loss) for loss in model.losses] == [X.sum()]


def test_a_config_has_no_activity_regularizer_that_there_is_not() -> None:
    assert "activity_regularizer" not in layers.Dense(2).get_config()


def test_the_function_of_a_lambda_may_be_in_a_scope() -> None:
    def double(x: object) -> object:
        return x * 2

    config = layers.Lambda(double).get_config()
    with custom_object_scope({"double": double}):
        np.testing.assert_array_equal(layers.Lambda.from_config(config)(X), X * 2)
    again = layers.Lambda.from_config({**config, "function": double})
    assert again.function is double and again.name == config["name"]
    with pytest.raises(ValueError, match="function of layer 'doubling' has no name. Define it"):
        layers.Lambda(lambda x: x * 2, name="doubling").get_config()


@pytest.mark.parametrize(
    ("axes", "first", "second", "sums"),
    [
        ((-2, -1), (3, 2), (1, 2, 3), "nij,nkli->njkl"),
        ((2, 1), (5, 2, 3), (2, 4), "nijk,njl->nikl"),
        ((2, 2), (3, 2), (5, 2, 3), "nij,nkjl->nikl"),
        ((1, 3), (3,), (5, 2, 3), "ni,nkli->nkl"),
    ],
)
def test_dot_of_inputs_with_many_axes(axes: tuple, first: tuple, second: tuple, sums: str) -> None:
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(4, *shape)) for shape in (first, second)]
    expected = np.einsum(sums, *inputs)
    layer = layers.Dot(axes)
    tensors = [Input(first), Input(second)]
    model = Model(tensors, layer(tensors))
    for found in (layer(inputs), model.predict(inputs, verbose=0)):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert model.output_shape[1:] == expected.shape[1:]


def test_a_call_with_other_weights_than_its_own() -> None:
    model = Sequential(
        [Input((3,)), layers.Dense(2, kernel_regularizer="l2"), layers.BatchNormalization()]
    )
    x = np.random.default_rng(0).standard_normal((6, 3)).astype("float32")
    before = model.get_weights()
    other = [w.numpy() + 1 for w in model.trainable_variables]
    moving = [w.numpy() + 1 for w in model.non_trainable_variables]
    outputs, left, losses = model.stateless_call(other, moving, x, return_losses=True)
    for mine, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, kept)
    for mine, given in zip(left, moving, strict=True):
        np.testing.assert_array_equal(mine, given)
    assert float(losses[0]) == pytest.approx(0.01 * np.square(other[0]).sum(), rel=1e-6)
    _, left = model.stateless_call(other, moving, x, training=True)
    assert not np.array_equal(left[0], moving[0])
    for weight, value in zip(model.trainable_variables, other, strict=True):
        weight.assign(value)
    for weight, value in zip(model.non_trainable_variables, moving, strict=True):
        weight.assign(value)
    np.testing.assert_array_equal(model(x), outputs)
    with pytest.raises(ValueError, match="has 4 trainable_variables.* Received: 1"):
        model.stateless_call(other[:1], moving, x)
    with pytest.raises(ValueError, match="needs a layer that is built"):
        layers.Dense(2).stateless_call([], [], x)


def test_inputs_are_as_input_spec_says() -> None:
    class Checked(layers.Layer):
        def __init__(self, spec: Any) -> None:
            super().__init__(name="checked")
            self.input_spec = spec

        def call(self, inputs: Any) -> Any:
            return inputs[0] if isinstance(inputs, list) else inputs

    spec = layers.InputSpec
    x = np.zeros((2, 3), "float32")
    for good in (
        spec(ndim=2),
        spec(shape=(None, 3)),
        spec(min_ndim=1, max_ndim=2, axes={-1: 3, 0: None}),
        spec(shape=(None, 3, 1), allow_last_axis_squeeze=True),
        spec(shape=(None, 3), allow_last_axis_squeeze=True),
        spec(dtype="float32"),
    ):
        assert Checked(good)(x).shape == x.shape
        assert Checked(good)(pynn.Input((3,))).shape == (None, 3)
    for bad, problem in (
        (spec(ndim=3), "3 axes"),
        (spec(shape=(None, 4)), "the size 4 along axis 1"),
        (spec(min_ndim=3), "3 axes at least"),
        (spec(max_ndim=1), "1 axes at most"),
        (spec(axes={-1: 4}), "the size 4 along axis -1"),
        (spec(axes={5: 4}), "the size 4 along axis 5"),
        (spec(dtype="int32"), "of type int32"),
    ):
        for value in (x, pynn.Input((3,))):
            with pytest.raises(ValueError, match=f"layer 'checked' must .*{problem}"):
                Checked(bad)(value)
    squeezed = Checked(spec(shape=(None, 3), allow_last_axis_squeeze=True))
    assert squeezed(x[..., None]).shape == (2, 3, 1)
    with pytest.raises(ValueError, match="must have the size 3 along axis 1"):
        squeezed(x[:, :2, None])
    pair = [spec(ndim=2), spec(ndim=2, optional=True)]
    assert Checked(pair)([x, None]).shape == x.shape
    with pytest.raises(ValueError, match="takes 2 inputs. Received: 1"):
        Checked(pair)(x)
    named = Checked([spec(ndim=3, name="image"), spec(ndim=2, name="age")])
    given = {"age": x, "image": x[None], "id": x}
    assert named(given)["age"].shape == x.shape
    with pytest.raises(ValueError, match="must have 3 axes"):
        named({**given, "image": x})


@pytest.mark.parametrize("base", [pynn.layers.Layer, pynn.Model])
def test_a_forgotten_super_is_named(base: Any) -> None:
    class Mine(base):
        def __init__(self) -> None:
            self.units = 3

        def call(self, inputs: Any) -> Any:
            return inputs

    for use in (repr, lambda layer: layer(np.ones((2, 3)))):
        with pytest.raises(RuntimeError, match=r"Mine.__init__\(\) has not called super\(\)"):
            use(Mine())
    assert {"name", "dtype"} <= {name for name, _ in inspect.getmembers(Mine)}


def test_the_shape_for_inputs_by_name() -> None:
    class Named(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return {"sum": inputs["a"] + inputs["b"], "first": inputs["a"]}

    shapes = {"a": (None, 3), "b": (None, 1)}
    assert Named().compute_output_shape(shapes) == {"sum": (None, 3), "first": (None, 3)}


def test_a_dtype_policy_as_keras_writes_it() -> None:
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float64"}}
    assert layers.Dense(2, dtype=policy).dtype == "float64"
    policy["config"] = {"name": "mixed_float16"}
    for unknown in (policy, "mixed_float16", "int32"):
        with pytest.raises(ValueError, match="Dense: dtype must be 'float32' or 'float64'"):
            layers.Dense(2, dtype=unknown)
