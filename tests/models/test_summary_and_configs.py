"""What is printed and written down of models: `summary`, `to_json`, `MLP`."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import pynn
from pynn import activations, backend, layers, metrics, optimizers
from pynn.models import MLP, Model, Sequential, clone_model, model_from_json

TEXTBOOK = """\
Model: "sequential"
_________________________________________________________________
Layer (type)                 Output Shape            Param #
=================================================================
flatten (Flatten)            (None, 784)             0
dense (Dense)                (None, 300)             235,500
dense_1 (Dense)              (None, 100)             30,100
dense_2 (Dense)              (None, 10)              1,010
=================================================================
Total params: 266,610 (1.02 MB)
Trainable params: 266,610 (1.02 MB)
Non-trainable params: 0 (0.00 B)
_________________________________________________________________
"""


def test_summary_of_the_textbook_network(capsys: pytest.CaptureFixture) -> None:
    backend.clear_session()
    model = Sequential(
        [
            layers.Flatten(input_shape=[28, 28]),
            layers.Dense(300, activation="relu"),
            layers.Dense(100, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.summary()
    assert capsys.readouterr().out == TEXTBOOK


def test_summary_says_what_is_connected_and_frozen() -> None:
    a, b = pynn.Input((3,), name="a"), pynn.Input((3,), name="b")
    inner = Sequential([pynn.Input((3,)), layers.Dense(2, name="deep")], name="inner")
    inner.trainable = False
    both = layers.add([inner(a), layers.Dense(2, name="plain")(b)], name="both")
    lines: list[str] = []
    Model([a, b], both).summary(print_fn=lines.append, expand_nested=True, show_trainable=True)
    text = "\n".join(lines)
    assert "Connected to" in text
    assert "inner[0][0], plain[0][0]" in text
    assert "| deep (Dense)" in text
    assert "Trainable params: 8 (32.00 B)" in text
    assert "Non-trainable params: 8 (32.00 B)" in text


def test_long_names_go_on_in_the_next_line() -> None:
    lines: list[str] = []
    name = "a_layer_with_a_name_that_is_longer_than_its_column"
    Sequential([pynn.Input((3,)), layers.Dense(2, name=name)]).summary(print_fn=lines.append)
    text = "\n".join(lines).replace("\n", "")
    assert name[:20] in text
    assert name[-10:] in text


class Crossing(Model):
    """One layer takes what another one and the input make together."""

    def __init__(self) -> None:
        super().__init__(name="crossing")
        self.first = layers.Dense(3, name="first")
        self.second = layers.Dense(2, name="a_second_layer_with_a_long_name")

    def call(self, inputs: Any) -> Any:
        return self.second(self.first(inputs) + inputs)


def summary_of(model: Model, **options: Any) -> list[str]:
    lines: list[str] = []
    model.summary(print_fn=lines.append, **options)
    return lines


def test_summary_of_a_subclass_says_what_is_connected_through_ops() -> None:
    model = Crossing()
    model.build((None, 3))
    lines = summary_of(model)
    assert [line.split() for line in lines[4:6]] == [
        ["first", "(Dense)", "(None,", "3)", "12", "input_1[0][0]"],
        [
            *["a_second_layer_with_a_long_name", "(Dense)", "(None,", "2)", "8"],
            *["first[0][0],", "input_1[0][0]"],
        ],
    ]
    assert {len(line) for line in lines if set(line) <= {"_", "="}} == {len(lines[1])}


def test_summary_of_layers_in_a_row_needs_no_connections() -> None:
    class Chain(Crossing):
        def call(self, inputs: Any) -> Any:
            return self.second(self.first(inputs))

    model = Chain()
    model.build((None, 3))
    assert "Connected to" not in "\n".join(summary_of(model))


def test_summary_says_that_a_model_runs_eagerly() -> None:
    class Looking(Crossing):
        def call(self, inputs: Any) -> Any:
            hidden = self.first(inputs)
            return self.second(hidden if float(pynn.ops.sum(hidden)) > 0 else -hidden)

    model = Looking()
    model.predict(np.ones((2, 3), "float32"), verbose=0)
    assert "looks at the values of tensors" in summary_of(model)[-2]


def test_summary_before_there_is_data() -> None:
    lines = summary_of(Sequential([layers.Dense(3, name="d"), layers.Flatten(name="f")]))
    assert [line.split() for line in lines[4:6]] == [
        ["d", "(Dense)", "?", "0", "(unbuilt)"],
        ["f", "(Flatten)", "?", "0"],
    ]
    assert lines[7] == "Total params: 0 (0.00 B)"
    assert [line.split()[-2:] for line in summary_of(Crossing())[4:6]] == [["0", "(unbuilt)"]] * 2


def test_which_call_of_a_layer_something_is_connected_to() -> None:
    a, b = pynn.Input((3,), name="a"), pynn.Input((3,), name="b")
    shared = layers.Dense(2, name="shared")
    model = Model([a, b], layers.concatenate([shared(a), shared(b)]))
    lines = summary_of(model)
    assert lines[4].split()[-1] == "-"
    assert lines[6].endswith("a[0][0], b[0][0]")
    assert lines[7].endswith("shared[0][0], shared[1][0]")


def test_summary_of_some_layers() -> None:
    model = Sequential([pynn.Input((3,)), *(layers.Dense(2, name=f"d{i}") for i in range(5))])
    names = [line.split()[0] for line in summary_of(model, layer_range=("d1", "d[23]"))[4:-5]]
    assert names == ["d1", "d2", "d3"]
    with pytest.raises(ValueError, match="there is no layer named 'x'. The layers are: d0, d1"):
        model.summary(layer_range=("d1", "x"))
    with pytest.raises(ValueError, match="layer_range must be a pair of layers' names"):
        model.summary(layer_range="d1")


def test_what_a_notebook_shows() -> None:
    model = Crossing()
    page = model._repr_html_()
    ElementTree.fromstring(page)
    assert "0 (unbuilt)" in page and "<svg" not in page
    model.build((None, 3))
    model.first.trainable = False
    page = model._repr_html_()
    ElementTree.fromstring(page)  # well-formed
    for text in (
        "Crossing",
        "12 (frozen)",
        "first[0][0], input_1[0][0]",
        "Total params: 20",
        "<svg",
    ):
        assert text in page
    hostile = Sequential([pynn.Input((3,)), layers.Dense(2, name="a<b>")])
    assert "a<b>" not in hostile._repr_html_()


def test_json_is_plain_and_comes_back() -> None:
    model = Sequential(
        [
            pynn.Input((3,)),
            layers.Dense(4, activation=activations.gelu, kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.2, seed=3),
            layers.Dense(2, kernel_constraint="max_norm", kernel_initializer="he_normal"),
        ]
    )
    again = model_from_json(json.dumps(json.loads(model.to_json())))
    assert isinstance(again, Sequential)
    assert again.get_config() == model.get_config()
    assert again.layers[0].kernel_regularizer.l2 == 0.01


def test_own_activations_need_custom_objects() -> None:
    def cube(x: object) -> object:
        return x * x * x

    model = Sequential([pynn.Input((3,)), layers.Dense(2, activation=cube)])
    with pytest.raises(ValueError, match="unknown activation"):
        model_from_json(model.to_json())
    again = model_from_json(model.to_json(), custom_objects={"cube": cube})
    assert again.layers[0].activation is cube


def test_a_config_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a dict with the keys"):
        model_from_json("[]")
    with pytest.raises(ValueError, match="unknown model class: 'os.system'"):
        model_from_json('{"class_name": "os.system", "config": {}}')
    with pytest.raises(ValueError, match="takes a model"):
        clone_model(layers.Dense(2))


def test_clones_have_their_own_weights() -> None:
    model = Sequential([pynn.Input((3,)), layers.Dense(2)])
    clone = clone_model(model)
    clone.layers[0].kernel.assign(np.zeros((3, 2)))
    assert model.layers[0].kernel.numpy().any()
    assert [layer.name for layer in clone.layers] == [layer.name for layer in model.layers]
    halved = clone_model(model, clone_function=lambda layer: layers.Dense(1, name=layer.name))
    assert halved.output_shape == (None, 1)


@pytest.mark.parametrize("functional", [False, True])
def test_clones_are_compiled_like_their_models(functional: bool) -> None:
    x, y = np.eye(3, dtype="float32"), np.arange(3.0)[:, None]
    if functional:
        inputs = pynn.Input((3,))
        model = Model(inputs, layers.Dense(1)(inputs))
    else:
        model = Sequential([pynn.Input((3,)), layers.Dense(1)])
    assert not clone_model(model).compiled
    rate = optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    model.compile(optimizers.Adam(rate, beta_1=0.5), "mse", metrics=[metrics.MeanAbsoluteError()])
    start = model.get_weights()
    first = model.fit(x, y, epochs=2, shuffle=False, verbose=0).history
    clone = clone_model(model)
    assert clone.optimizer is not model.optimizer and clone.optimizer.iterations == 0
    clone.set_weights(start)
    assert clone.fit(x, y, epochs=2, shuffle=False, verbose=0).history == first
    assert clone.metrics[1].metrics[0] is not model.metrics[1].metrics[0]
    model.compile(optimizer=None, loss="mse")
    assert clone_model(model).optimizer is None


def test_mlp_is_a_sequential_in_one_line() -> None:
    model = MLP((300, 100), 10, output_activation="softmax", input_shape=(28, 28))
    assert model.count_params() == 266_610
    assert [type(layer).__name__ for layer in model.layers] == ["Flatten"] + ["Dense"] * 3
    model = MLP(5, 1, dropout=0.1, batch_normalization=True, dtype="float64")
    assert model.predict(np.ones((2, 3)), verbose=0).dtype == np.float64
    names = [type(layer).__name__ for layer in model.layers]
    assert names == ["Dense", "BatchNormalization", "Activation", "Dropout", "Dense"]
    copy = model_from_json(model.to_json())
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy(np.ones((2, 3))), model(np.ones((2, 3))))
    with pytest.raises(ValueError, match="units must be a positive integer"):
        MLP((5, 0), 1)
    for own, name in ((None, "HeNormal"), ("zeros", "Zeros")):
        first = MLP(5, 1, kernel_initializer=own).layers[0]
        assert type(first.kernel_initializer).__name__ == name


def test_ops_between_layers_are_called_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    inputs = pynn.Input((4,), name="x")
    model = pynn.Model(inputs, pynn.layers.Dense(1)(pynn.ops.floor_divide(inputs, 2.0)))
    model.summary()
    printed = capsys.readouterr().out
    assert "floor_divide (FloorDivide)" in printed and "Operation" not in printed
    assert ">FloorDivide</td>" in model._repr_html_()
