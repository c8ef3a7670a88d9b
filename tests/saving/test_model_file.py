"""A saved model is the same model again: predictions, compile settings, and how it goes on."""

from __future__ import annotations

import json
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers, losses, metrics, ops, optimizers
from pynn._structure import leaves
from pynn.layers import Layer
from pynn.models import Model, Sequential, load_model
from reference.optimizers import NAMES, make
from saving.keras_models import MODELS, inputs_for

X = np.random.default_rng(0).standard_normal((50, 4)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


def cube(x: Any) -> Any:
    return x * x * x


def distance(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.absolute(y_true - y_pred), axis=-1)


class Scale(layers.Layer):
    def __init__(self, start: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor * self.start


class Own(Model):
    def __init__(self, units: int = 3, activation: Any = "tanh", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden = [layers.Dense(units, activation=activation) for _ in range(2)]
        self.out = layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        for layer in self.hidden:
            inputs = layer(inputs)
        return self.out(inputs)


class Pair(Model):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.out = layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return {"sum": self.out(inputs["a"]) + self.out(inputs["b"]), "b": inputs["b"]}


CUSTOM = {"cube": cube, "distance": distance, "Scale": Scale, "Own": Own, "Pair": Pair}


def noisy() -> Model:
    return Sequential(
        [
            pynn.Input((4,)),
            layers.Dense(8, activation="relu"),
            layers.Dropout(0.3),
            layers.BatchNormalization(),
            layers.GaussianNoise(0.1),
            layers.Dense(1),
        ]
    )


def custom() -> Model:
    inputs = pynn.Input((4,), name="in")
    hidden = layers.Dense(5, activation=cube, name="hidden")(inputs)
    between = ops.concatenate([Scale(0.5)(hidden), inputs], axis=-1) * 2.0 + 1.0
    return Model(inputs, layers.Dense(1, name="out")(between))


def own() -> Model:
    model = Own(4)
    model.build((None, 4))
    return model


def save_and_load(model: Model, path: Path, **options: Any) -> Any:
    model.save(path / "model.pynn")
    return load_model(path / "model.pynn", **options)


def outputs_of(model: Any, data: Any) -> list[np.ndarray]:
    return list(leaves(model.predict(data, verbose=0)))


def assert_same(a: Any, b: Any) -> None:
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", MODELS)
def test_models_of_all_layers(tmp_path: Path, name: str) -> None:
    model = MODELS[name](pynn)
    copy = save_and_load(model, tmp_path)
    assert_same(model, copy)
    assert copy.get_config() == model.get_config()
    data = inputs_for(model.inputs)
    for a, b in zip(outputs_of(model, data), outputs_of(copy, data), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("make", [noisy, custom, own])
def test_training_goes_on_bit_for_bit(tmp_path: Path, make: Callable[[], Model]) -> None:
    model = make()
    model.compile(loss="mse", optimizer="adam", metrics=["mae"])
    model.fit(X, Y, epochs=2, verbose=0)
    copy = save_and_load(model, tmp_path, custom_objects=CUSTOM)
    assert copy.optimizer.iterations == 4
    again = save_and_load(copy, tmp_path, custom_objects=CUSTOM)  # state not used yet is kept too
    for each in (model, copy, again):
        each.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    assert_same(model, copy)
    assert_same(model, again)
    assert model.evaluate(X, Y, verbose=0) == copy.evaluate(X, Y, verbose=0)


class Halving(optimizers.Optimizer):
    def update_step(self, gradient: Any, variable: Any, learning_rate: float) -> None:
        variable.assign_sub(0.5 * learning_rate * gradient)


@pytest.mark.parametrize(
    "optimizer",
    [
        *map(make, NAMES),
        optimizers.Adam(optimizers.schedules.ExponentialDecay(0.01, 3, 0.5), amsgrad=True),
        optimizers.AdamW(0.01, weight_decay=0.1, clipnorm=1.0),
        optimizers.SGD(0.01, use_ema=True, ema_momentum=0.5),
        optimizers.Adam(0.01, gradient_accumulation_steps=3),
        Halving(0.01),
    ],
    ids=lambda o: type(o).__name__,
)
def test_every_optimizer_goes_on(tmp_path: Path, optimizer: Any) -> None:
    model = noisy()
    model.compile(loss="mse", optimizer=optimizer)
    model.fit(X, Y, epochs=1, verbose=0)
    copy = save_and_load(model, tmp_path, custom_objects={"Halving": Halving})
    for each in (model, copy):
        each.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    assert_same(model, copy)
    assert copy.optimizer.get_config() == model.optimizer.get_config()


def test_another_optimizer_does_not_get_the_state(tmp_path: Path) -> None:
    model = noisy()
    model.compile(loss="mse", optimizer="adam")
    model.fit(X, Y, epochs=3, verbose=0)
    copies = [save_and_load(model, tmp_path, compile=i == 0) for i in range(2)]
    for copy in copies:
        copy.compile(loss="mse", optimizer="adam")
        copy._trainers._seed = 1
        copy.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    assert_same(*copies)


def test_a_changed_learning_rate_stays(tmp_path: Path) -> None:
    model = noisy()
    model.compile(loss="mse", optimizer=optimizers.SGD(0.1))
    model.optimizer.learning_rate = 0.025
    assert float(save_and_load(model, tmp_path).optimizer.learning_rate) == 0.025


def test_compile_settings(tmp_path: Path) -> None:
    inputs = pynn.Input((4,))
    model = Model(
        inputs, [layers.Dense(1, name="main")(inputs), layers.Dense(1, name="side")(inputs)]
    )
    model.compile(
        optimizer=optimizers.SGD(0.1),
        loss={"main": losses.Huber(delta=0.5), "side": distance},
        loss_weights={"main": 0.75, "side": np.float32(0.25)},
        metrics={"main": ["mae", metrics.RootMeanSquaredError(name="error")], "side": [distance]},
        weighted_metrics={"side": [losses.mean_squared_error]},
        steps_per_execution=4,
    )
    copy = save_and_load(model, tmp_path, custom_objects=CUSTOM)
    assert copy.steps_per_execution == 4
    data = (X, [Y, Y])
    kwargs: dict[str, Any] = {"verbose": 0, "return_dict": True}
    assert copy.evaluate(*data, **kwargs) == model.evaluate(*data, **kwargs)
    assert not load_model(tmp_path / "model.pynn", compile=False).compiled
    with pytest.raises(ValueError, match="unknown loss: 'distance'"):
        load_model(tmp_path / "model.pynn")


def test_a_lambda_leaves_the_compile_settings_out(tmp_path: Path) -> None:
    model = noisy()
    model.compile(loss=lambda y_true, y_pred: ops.square(y_true - y_pred), optimizer="sgd")
    with pytest.warns(UserWarning, match="saved without its compile settings.*define it with def"):
        model.save(tmp_path / "model.pynn")
    assert not load_model(tmp_path / "model.pynn").compiled


def test_inputs_of_any_form(tmp_path: Path) -> None:
    model, data = Pair(), {"a": X, "b": X}
    before = model(data)
    copy = save_and_load(model, tmp_path, custom_objects=CUSTOM)
    assert copy.input_names == ["a", "b"]
    for key, value in copy(data).items():
        np.testing.assert_array_equal(value, before[key])


def test_a_subclass_made_with_a_function(tmp_path: Path) -> None:
    model = Own(2, activation=cube)
    before = model(X)
    copy = save_and_load(model, tmp_path, custom_objects=CUSTOM)
    assert copy.hidden[0].activation is cube
    np.testing.assert_array_equal(copy(X), before)
    text = model.to_json()
    assert pynn.models.model_from_json(text, custom_objects=CUSTOM).hidden[0].activation is cube


class Described(Layer):
    """Its from_config takes the config alone, as older code has it."""

    def __init__(self, factor: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": np.float32(self.factor)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


def test_configs_with_values_of_numpy(tmp_path: Path) -> None:
    model = Sequential([pynn.Input((4,)), Described(0.5)])
    copy = save_and_load(model, tmp_path, custom_objects={"Described": Described})
    np.testing.assert_array_equal(copy(X), 0.5 * X)


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    model = Sequential([pynn.Input((4,)), Described(0.5)])
    model.layers[0].get_config = lambda: {"factor": {1, 2}}
    with pytest.raises(ValueError, match="config of model 'sequential.*of type set is no text"):
        model.save(tmp_path / "model.pynn")
    assert os.listdir(tmp_path) == []


def test_a_frozen_layer_stays_frozen(tmp_path: Path) -> None:
    model = own()
    model.hidden[0].trainable = False
    copy = save_and_load(model, tmp_path, custom_objects=CUSTOM)
    assert [layer.trainable for layer in copy.layers] == [False, True, True]


def test_float64_and_shared_layers_and_same_names(tmp_path: Path) -> None:
    inner = [
        Sequential([pynn.Input((3,)), layers.Dense(3, name="same", dtype="float64")], name=name)
        for name in "uv"
    ]
    inputs = pynn.Input((3,))
    model = Model(inputs, inner[0](inner[1](inner[0](inputs))))
    copy = save_and_load(model, tmp_path)
    assert copy.weights[0].dtype == "float64"
    assert len(copy.weights) == 4
    assert_same(model, copy)


def test_a_model_without_weights_yet(tmp_path: Path) -> None:
    copy = save_and_load(Sequential([layers.Dense(3)]), tmp_path)
    assert not copy.built
    assert copy(X).shape == (50, 3)


@pytest.mark.parametrize("name", ["model", "model.PYNN", "my model.v2.safetensors"])
def test_names_of_pynns_own_format(tmp_path: Path, name: str) -> None:
    model = noisy()
    model.save(str(tmp_path / name))
    assert_same(model, load_model(str(tmp_path / name)))
    assert os.listdir(tmp_path) == [name]


def test_an_existing_file_can_be_protected(tmp_path: Path) -> None:
    noisy().save(tmp_path / "model.pynn")
    with pytest.raises(FileExistsError, match=r"model\.pynn exists, and overwrite is False"):
        noisy().save(tmp_path / "model.pynn", overwrite=False)
    with pytest.raises(ValueError, match="takes no argument 'overwriet'"):
        noisy().save(tmp_path / "model.pynn", overwriet=False)


def test_the_state_can_be_left_out(tmp_path: Path) -> None:
    model = noisy()
    model.compile(loss="mse", optimizer="adam")
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.pynn", include_optimizer=False)
    assert load_model(tmp_path / "model.pynn").optimizer.iterations == 0


# ---- what is wrong


def header_of(path: Path) -> tuple[dict[str, Any], bytes]:
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the texts in a file's metadata."""
    header, data = header_of(path)
    change(header["__metadata__"])
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.mark.parametrize(
    ("make", "name"), [(custom, "layer: 'Scale'"), (own, "model class: 'Own'")]
)
def test_unknown_classes_are_refused_by_name(
    tmp_path: Path, make: Callable[[], Model], name: str
) -> None:
    with pytest.raises(ValueError, match=f"unknown {name}.*passed in custom_objects"):
        save_and_load(make(), tmp_path, custom_objects={"cube": cube})


@pytest.mark.parametrize(
    "name", ["os.system", "builtins.eval", "pynn.layers.Dense", "__import__", "../evil", "Model "]
)
def test_names_are_only_looked_up(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.pynn"
    noisy().save(path)
    description = {"class_name": name, "config": {"command": "touch /nonexistent/file"}}
    rewrite(path, lambda m: m.update(model=json.dumps(description)))
    with pytest.raises(ValueError, match="unknown model class"):
        load_model(path)
    inner = {"class_name": "Sequential", "config": {"layers": [description]}}
    rewrite(path, lambda m: m.update(model=json.dumps(inner)))
    with pytest.raises(ValueError, match="unknown layer"):
        load_model(path)


def test_a_model_larger_than_its_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pynn"
    noisy().save(path)
    for units in (10**9, 10**6):
        rewrite(
            path,
            lambda m, n=units: m.update(model=m["model"].replace('"units": 8', f'"units": {n}')),
        )
        with pytest.raises(ValueError, match="is larger than what the file holds"):
            load_model(path)
        noisy().save(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format="other"), "not one of pynn's: its format is 'other'"),
        (lambda m: m.update(format_version="2"), "of format version '2'"),
        (lambda m: m.pop("model"), "it has no 'model'"),
        (lambda m: m.update(model="{"), "its 'model' is not JSON"),
        (lambda m: m.update(model="[]"), "its 'model' must be a dict"),
        (lambda m: m.update(model="{}"), "a model's config must be a dict with the keys"),
        (lambda m: m.update(weights="[1]"), "holds 1 weights, and model"),
        (lambda m: m.update(trainable="[true]"), "tells of 1 layers, and there are 6"),
        (lambda m: m.update(training="{}"), "no usable model"),
        (
            lambda m: m.update(
                training=m["training"].replace('"iterations": 2', '"iterations": -2')
            ),
            "'iterations' holds no valid number",
        ),
        (lambda m: m.update(compile="{}"), "no usable model: KeyError: 'optimizer'"),
        (lambda m: m.update(model=m["model"].replace("units", "unitz")), "missing 1 required"),
        (lambda m: m.update(model=m["model"].replace('"units": 8', '"units": 7')), "has the shape"),
        (lambda m: m.update(model=m["model"].replace('"layers"', '"layerz"')), "KeyError"),
    ],
)
def test_damaged_descriptions_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    path = tmp_path / "model.pynn"
    model = noisy()
    model.compile(loss="mse", optimizer="adam")
    model.fit(X, Y, verbose=0)
    model.save(path)
    rewrite(path, change)
    with pytest.raises(ValueError, match=message):
        load_model(path)


@pytest.mark.parametrize("inputs", ['{"shape": [null, 0]}', '{"shapes": [null, 4]}'])
def test_inputs_that_are_none_are_refused(tmp_path: Path, inputs: str) -> None:
    path = tmp_path / "model.pynn"
    own().save(path)
    rewrite(path, lambda m: m.update(inputs=inputs))
    with pytest.raises(ValueError, match="describes no input"):
        load_model(path, custom_objects=CUSTOM)


def test_damage_anywhere_in_the_header_is_refused_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "model.pynn"
    model = MODELS["merging"](pynn)
    model.save(path)
    content = path.read_bytes()
    length = 8 + struct.unpack("<Q", content[:8])[0]
    rng = random.Random(0)
    refused = 0
    for _ in range(200):
        damaged = bytearray(content)
        damaged[rng.randrange(length)] = rng.choice(b'09"[]{},:atx\xff')
        path.write_bytes(damaged)
        try:
            load_model(path)
        except ValueError:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(
    "content", [b"", b"x", b"\x80\x04K\x01.", b"garbage " * 100, b"GIF89a" * 9]
)
def test_garbage_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    for load in (load_model, noisy().load_weights):
        with pytest.raises(ValueError, match="is no valid pynn file"):
            load(tmp_path / "x")


def test_other_things_than_files(tmp_path: Path) -> None:
    for error in (FileNotFoundError, ValueError):  # the usual one, and Keras's
        with pytest.raises(error, match="none.pynn"):
            load_model(tmp_path / "none.pynn")
    with pytest.raises(ValueError, match="is a directory. TensorFlow's SavedModel"):
        load_model(tmp_path)
    with pytest.raises(ValueError, match="there is no unsafe mode"):
        load_model(tmp_path, safe_mode=False)


def test_slices_between_layers(tmp_path: Path) -> None:
    inputs = pynn.Input((6,))
    first = inputs[:, 1:5:2]
    last = inputs[..., -2:]
    model = Model(inputs, layers.Dense(1)(pynn.ops.concatenate([first * 2, last], axis=-1)))
    model.save(tmp_path / "m.pynn")
    again = load_model(tmp_path / "m.pynn")
    x = np.random.default_rng(0).standard_normal((5, 6)).astype("float32")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    copy = pynn.models.model_from_json(model.to_json())
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy.predict(x, verbose=0), model.predict(x, verbose=0))
