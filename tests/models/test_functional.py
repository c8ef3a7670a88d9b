"""Functional models: several inputs and outputs, shared layers, nesting, names and order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pynn
from pynn import layers
from pynn.models import Model, Sequential, clone_model, model_from_json

RNG = np.random.default_rng(0)
WIDE = RNG.standard_normal((60, 5)).astype("float32")
DEEP = RNG.standard_normal((60, 6)).astype("float32")


def wide_and_deep(outputs: int = 2) -> Model:
    wide = pynn.Input((5,), name="wide")
    deep = pynn.Input((6,), name="deep")
    hidden = layers.Dense(7, activation="relu", name="hidden")(deep)
    both = layers.concatenate([wide, hidden], name="both")
    main = layers.Dense(1, name="main")(both)
    aux = layers.Dense(1, name="aux")(hidden)
    return Model([wide, deep], [main, aux] if outputs == 2 else main)


class Shifted(layers.Layer):
    def call(self, x: object, shift: object = None) -> object:
        return x if shift is None else x + shift


def test_an_optional_input_may_be_none() -> None:
    x, shift = pynn.Input((5,), name="x"), pynn.Input((5,), name="shift", optional=True)
    model = Model([x, shift], layers.Dense(1)(Shifted()(x, shift)))
    again = Model.from_config(model.get_config(), {"Shifted": Shifted})
    again.set_weights(model.get_weights())
    without = model([WIDE, np.zeros_like(WIDE)])
    for found in (model([WIDE, None]), again({"x": WIDE, "shift": None}, training=True)):
        np.testing.assert_allclose(found, without, rtol=1e-6, atol=1e-6)
    with pytest.raises(ValueError, match="input 'x' needs data. Received: None"):
        model([None, WIDE])
    with pytest.raises(ValueError, match="input 'shift' needs data. Received: None"):
        model.predict([WIDE, None])


def test_nested_dicts_of_inputs(tmp_path: Path) -> None:
    a, b, c = pynn.Input((1,)), pynn.Input((2,)), pynn.Input((3,))
    model = Model({"a": a, "rest": {"c": c, "b": [b]}}, {"a": a + 1.0, "rest": {"c": c, "b": b}})
    x = {"rest": {"b": [np.ones((4, 2))], "c": np.zeros((4, 3))}, "a": np.ones((4, 1))}
    model.save(tmp_path / "model.pynn")
    loaded = pynn.models.load_model(tmp_path / "model.pynn")
    for found in (model(x), model.predict(x, verbose=0), loaded.predict(x, verbose=0)):
        np.testing.assert_array_equal(found["a"], np.full((4, 1), 2.0))
        np.testing.assert_array_equal(found["rest"]["b"], x["rest"]["b"][0])
        np.testing.assert_array_equal(found["rest"]["c"], x["rest"]["c"])


def test_a_list_for_a_dict_of_inputs_must_be_in_a_known_order() -> None:
    a, b = pynn.Input((3,), name="a"), pynn.Input((3,), name="b")
    x, y = np.full((2, 3), 5.0), np.ones((2, 3))
    for use in (lambda model: model([x, y]), lambda model: model.predict([x, y], verbose=0)):
        with pytest.raises(ValueError, match=r"must be a dict with the keys \['b', 'a'\]"):
            use(Model({"b": b, "a": a}, b - a))
        with pytest.warns(UserWarning, match=r"in the order of the keys .*\['a', 'b'\]. Give a d"):
            np.testing.assert_array_equal(use(Model({"a": a, "b": b}, a - b)), x - y)
    lists = Model([a, b], a - b)
    np.testing.assert_array_equal(lists(([x], y)), x - y)  # lists of one array are that array


def test_a_clone_may_call_its_layers_in_another_way() -> None:
    def call(layer: layers.Layer, *args: object, **kwargs: object) -> object:
        output = layer(*args, **kwargs)
        return layers.Dropout(0.5)(output) if isinstance(layer, layers.Dense) else output

    model = wide_and_deep()
    outer = Model(model.inputs, model(model.inputs))
    inner, shallow = clone_model(model, call_function=call), clone_model(outer, call_function=call)
    deep = clone_model(outer, clone_function=lambda x: x, call_function=call, recursive=True)
    counts = [
        sum(isinstance(layer, layers.Dropout) for layer in found.layers)
        for found in (inner, shallow, deep.layers[-1])
    ]
    assert counts == [3, 0, 3]
    assert deep.get_layer(index=-1).get_layer("hidden") is model.get_layer("hidden")
    for a, b in zip(deep([WIDE, DEEP]), model([WIDE, DEEP]), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="call_function is for functional models"):
        clone_model(Sequential([layers.Dense(1)]), call_function=call)


def test_a_clone_is_built_on_tensors_in_the_form_of_the_inputs() -> None:
    a, b = pynn.Input((3,)), pynn.Input((3,))
    model = Model({"a": a, "b": b}, layers.subtract([a, b]))
    clone = clone_model(model, input_tensors={"b": pynn.Input((3,)), "a": pynn.Input((3,))})
    x = {"a": np.full((2, 3), 5.0), "b": np.ones((2, 3))}
    np.testing.assert_array_equal(clone(x), np.full((2, 3), 4.0))
    listed = Model([a, {"b": [b]}], layers.subtract([a, b]))
    clone = clone_model(listed, input_tensors=(pynn.Input((3,)), {"b": [pynn.Input((3,))]}))
    np.testing.assert_array_equal(clone([x["a"], {"b": [x["b"]]}]), np.full((2, 3), 4.0))
    for original, tensors in (
        (model, (a, b)),
        (model, {"a": a, "c": b}),
        (listed, [a]),
        (listed, [a, {"b": b}]),
    ):
        with pytest.raises(ValueError, match="must have the form of the model's inputs"):
            clone_model(original, input_tensors=tensors)


def test_inputs_and_outputs_by_position_and_by_name() -> None:
    model = wide_and_deep()
    assert model.input_names == ["wide", "deep"]
    assert model.output_names == ["main", "aux"]
    assert model.input_shape == [(None, 5), (None, 6)]
    by_position = model.predict([WIDE, DEEP], verbose=0)
    assert isinstance(by_position, list)
    for data in ((WIDE, DEEP), {"deep": DEEP, "wide": WIDE}):
        for a, b in zip(model.predict(data, verbose=0), by_position, strict=True):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(model([WIDE, DEEP]), by_position, strict=True):
        np.testing.assert_array_equal(a, b)


def test_output_is_what_the_formula_says() -> None:
    model = wide_and_deep(1)
    kernel, bias, kernel2, bias2 = (w.astype("float64") for w in model.get_weights())
    hidden = np.maximum(DEEP @ kernel + bias, 0)
    expected = np.concatenate([WIDE, hidden], axis=1) @ kernel2 + bias2
    np.testing.assert_allclose(model.predict([WIDE, DEEP], verbose=0), expected, atol=1e-5)


def test_layers_go_from_the_inputs_to_the_outputs() -> None:
    names = [layer.name for layer in wide_and_deep().layers]
    # deep is three calls away from the end, wide and hidden two.
    assert names == ["deep", "wide", "hidden", "both", "main", "aux"]


def test_what_feeds_a_shared_layer_comes_before_it() -> None:
    """The orders of Keras 3.15, which weights in files and `set_weights` follow."""

    def dense(name: str) -> layers.Layer:
        return layers.Dense(3, name=name)

    i, j = layers.Input((3,), name="i"), layers.Input((3,), name="j")
    both = layers.Concatenate(name="both")([dense("b")(dense("a")(i)), j])
    model = Model([i, j], dense("o")(both))
    assert [layer.name for layer in model.layers] == ["i", "a", "b", "j", "both", "o"]
    shared = dense("w")
    total = layers.Add(name="sum")([shared(dense("a")(i)), dense("v")(shared(dense("b")(j)))])
    model = Model([i, j], total)
    assert [layer.name for layer in model.layers] == ["i", "j", "a", "b", "w", "v", "sum"]


def test_dicts_of_inputs_and_outputs() -> None:
    a, b = pynn.Input((5,)), pynn.Input((6,))
    total = layers.Dense(2)(layers.concatenate([a, b]))
    model = Model({"a": a, "b": b}, {"total": total, "b_again": layers.Identity()(b)})
    out = model.predict({"a": WIDE, "b": DEEP}, verbose=0)
    assert set(out) == {"total", "b_again"}
    np.testing.assert_array_equal(out["b_again"], DEEP)
    assert model.output_names == ["total", "b_again"]


def test_a_shared_layer_has_its_weights_once() -> None:
    a, b = pynn.Input((5,)), pynn.Input((5,))
    shared = layers.Dense(3)
    model = Model([a, b], layers.subtract([shared(a), shared(b)]))
    assert len(model.weights) == 2
    np.testing.assert_allclose(model.predict([WIDE, WIDE], verbose=0), 0, atol=1e-6)
    model.compile(loss="mse", optimizer=pynn.optimizers.SGD(0.1))
    y = np.ones((60, 3), "float32")
    before = model.evaluate([WIDE, 2 * WIDE], y, verbose=0)
    model.fit([WIDE, 2 * WIDE], y, epochs=3, verbose=0)
    assert model.evaluate([WIDE, 2 * WIDE], y, verbose=0) < before
    copy = model_from_json(model.to_json())
    assert len(copy.weights) == 2


def test_a_model_is_a_layer() -> None:
    inner = Sequential([pynn.Input((5,)), layers.Dense(4, activation="tanh")], name="inner")
    a, b = pynn.Input((5,)), pynn.Input((5,))
    model = Model([a, b], layers.add([inner(a), inner(b)]))
    assert [w.path for w in model.weights] == [w.path for w in inner.weights]
    expected = 2 * inner.predict(WIDE, verbose=0)
    np.testing.assert_allclose(model.predict([WIDE, WIDE], verbose=0), expected, rtol=1e-6)
    for copy in (clone_model(model), model_from_json(model.to_json())):
        copy.set_weights(model.get_weights())
        assert copy.get_layer("inner") is not inner
        np.testing.assert_array_equal(
            copy.predict([WIDE, WIDE], verbose=0), model.predict([WIDE, WIDE], verbose=0)
        )


def test_images_as_rows_of_several_axes() -> None:
    inputs = pynn.Input((2, 3))
    model = Model(inputs, layers.Reshape((3, 2))(layers.Dense(6)(layers.Flatten()(inputs))))
    x = RNG.standard_normal((11, 2, 3))
    assert model.predict(x, verbose=0).shape == (11, 3, 2)
    assert model(x).shape == (11, 3, 2)
    with pytest.raises(ValueError, match=r"takes arrays of shape \(n, 2, 3\). Received: .*11, 6"):
        model.predict(x.reshape(11, 6), verbose=0)


def test_all_weights_are_of_one_type() -> None:
    inputs = pynn.Input((5,), dtype="float64")
    hidden = layers.Dense(3, dtype="float64")(inputs)
    model = Model(inputs, layers.Dense(2, dtype="float64")(hidden))
    assert model.predict(WIDE, verbose=0).dtype == np.float64
    mixed = Model(inputs, layers.Dense(2, dtype="float32")(hidden))
    with pytest.raises(ValueError, match="must have the same dtype. Received: float32, float64"):
        mixed.predict(WIDE, verbose=0)


def test_what_is_no_graph_is_refused() -> None:
    a, b = pynn.Input((5,), name="a"), pynn.Input((5,), name="b")
    with pytest.raises(ValueError, match="depend on the input 'b'"):
        Model(a, layers.add([a, b]))
    with pytest.raises(ValueError, match="must be tensors"):
        Model(a, layers.Dense(3))
    with pytest.raises(ValueError, match="needs both inputs and outputs"):
        Model(inputs=a)
    with pytest.raises(ValueError, match="inputs of a model must be different tensors"):
        Model([a, a], layers.add([a, a]))
    twice = layers.Dense(2, name="twice")(layers.Dense(2, name="twice")(a))
    with pytest.raises(ValueError, match="'twice' more than once"):
        Model(a, twice)
    with pytest.raises(ValueError, match="takes exactly 2 inputs. Received: 3"):
        layers.subtract([a, b, a])
    with pytest.raises(ValueError, match="cannot combine inputs of the shapes"):
        layers.add([a, pynn.Input((4,))])


def test_data_for_the_wrong_inputs_is_refused() -> None:
    model = wide_and_deep()
    with pytest.raises(ValueError, match="nothing for input 'deep'"):
        model.predict({"wide": WIDE}, verbose=0)
    with pytest.raises(ValueError, match="one array for each input: wide, deep"):
        model.predict([WIDE], verbose=0)
    with pytest.raises(ValueError, match="one array for each input: wide, deep"):
        model.predict(WIDE, verbose=0)
    with pytest.raises(ValueError, match="as many rows"):
        model.predict([WIDE, DEEP[:3]], verbose=0)


def test_tensors_for_the_wrong_inputs_are_refused() -> None:
    model, deep = wide_and_deep(), pynn.Input((6,))
    with pytest.raises(ValueError, match="nothing for the input 'wide'.*the keys \\['deep'\\]"):
        model({"deep": deep})
    with pytest.raises(ValueError, match="with 2 inputs takes as many tensors. Received: 1"):
        model([deep])


class Scaled(layers.Layer):
    def call(self, inputs: object, factor: object = 1.0) -> object:
        return inputs * (factor if isinstance(factor, float) else 7.0)


def test_what_else_a_layer_was_called_with_is_kept() -> None:
    inputs = pynn.Input((5,))
    model = Model(inputs, layers.Dense(1, kernel_initializer="ones")(Scaled()(inputs, 3.0)))
    for other in (
        Model(again := pynn.Input((5,)), model(again)),
        clone_model(model),
        Model.from_config(model.get_config(), custom_objects={"Scaled": Scaled}),
    ):
        np.testing.assert_allclose(
            other.predict(WIDE, verbose=0)[:, 0], 3 * WIDE.sum(axis=1), rtol=1e-4, atol=1e-5
        )
    with pytest.raises(ValueError, match="called on a value that cannot be written down: <object"):
        Model(inputs, Scaled()(inputs, object())).get_config()


def test_the_order_of_layers_in_a_config_does_not_matter() -> None:
    a, b = pynn.Input((5,)), pynn.Input((6,))
    model = Model([a, b], layers.add([layers.Dense(3)(a), layers.Dense(3)(b)]))
    config = model.get_config()
    config["layers"].reverse()
    copy = Model.from_config(config)
    copy.set_weights(model.get_weights())
    wanted = model.predict([WIDE, DEEP], verbose=0)
    np.testing.assert_array_equal(copy.predict([WIDE, DEEP], verbose=0), wanted)


def test_a_layer_may_return_what_an_op_made() -> None:
    inputs = layers.Input((2,))
    doubled = inputs * 2.0
    same = layers.Activation("linear", name="same")(doubled)
    model = Model(inputs, same)
    assert [layer.name for layer in model.layers][-1] == "same"
    data = np.ones((3, 2), "float32")
    np.testing.assert_array_equal(model.predict(data, verbose=0), 2 * data)
