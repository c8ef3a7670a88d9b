"""C files of models: they compile without a warning, and predict what the models do."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from c_export.compiled import FLAGS, call, compile_files, compiler
from c_export.random_models import largest_number, random_model
from pynn import _core, layers, models, ops
from pynn.activations import softplus
from pynn.formats.c import NODE_KINDS
from pynn.ops import find_op
from reference.counting import Counts

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "exports.md"
RNG = np.random.default_rng(0)
MODELS = 12  # tests/c_export/long.py compares more
# Two float32 implementations of sums and functions; of the largest number that there is.
CLOSE = 1e-6


def predicted(model: Any, rows: list[np.ndarray]) -> list[np.ndarray]:
    found = model.predict(rows if len(rows) > 1 else rows[0], verbose=0)
    return [y.reshape(len(y), -1) for y in (found if isinstance(found, list) else [found])]


def sequential(*hidden: Any, shape: tuple[int, ...] = (6,), dtype: str = "float32") -> Any:
    return models.Sequential([layers.Input(shape, dtype=dtype), *hidden])


def test_random_models(tmp_path: Path) -> None:
    paths = [tmp_path / f"m{seed}.c" for seed in range(MODELS)]
    made = [random_model(seed) for seed in range(MODELS)]
    for path, (model, _) in zip(paths, made, strict=True):
        model.export(path)
    library = compile_files(*paths)
    for path, (model, rows) in zip(paths, made, strict=True):
        floats = [x.astype(np.float32) for x in rows]
        scale = largest_number(model, rows)
        for by_row in (False, True):
            found = call(path, library, floats, by_row)
            for ours, other in zip(predicted(model, rows), found, strict=True):
                assert np.abs(ours - other).max() <= CLOSE * scale, path


def values_of(x: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    return [np.ascontiguousarray(each, np.float32) for each in (x, *others)]


def test_every_activation_and_every_formula_of_the_engine(tmp_path: Path) -> None:
    # What a formula does at steps, for large numbers and for what is not a number counts, too.
    edges = [0.0, -0.0, 1.0, -1.0, 3.0, -3.0, 6.0, 0.5, -30.0, 80.0, -90.0, np.nan, np.inf, -np.inf]
    x = np.concatenate([edges, 3 * RNG.standard_normal(50)])
    y = np.concatenate([edges[::-1], np.round(3 * RNG.standard_normal(50))])
    y[y == 0] = 2.5
    rows = values_of(x[:, None], y[:, None], (x > 0)[:, None])
    inputs = [layers.Input((1,), name=name) for name in ("first", "second", "third")]
    names, outputs = [], []
    for name in _core.activation_names():
        outputs.append(ops.apply_activation(name, inputs[0]))
        names.append(name)
    for name in _core.elementwise_names():
        op = find_op(name)
        count = sum(bool(re.search(rf"\b{each}\b", op.c or "")) for each in "xyz")
        outputs.append(ops.Node(op, tuple(inputs[:count]), {}).output)
        names.append(name)
    assert set(names) == {*_core.activation_names(), *_core.elementwise_names()}
    model = models.Model(inputs, [layers.Identity()(each) for each in outputs])
    path = tmp_path / "formulas.c"
    model.export(path)
    found = call(path, compile_files(path), rows)
    for name, ours, other in zip(names, predicted(model, rows), found, strict=True):
        if name == "power":  # of 1 and NaN the engine makes NaN, and C as NumPy 1
            usual = np.isfinite(x) & np.isfinite(y)
            ours, other = ours[usual], other[usual]
        scale = np.maximum(1.0, np.abs(np.where(np.isfinite(ours), ours, 0)))
        np.testing.assert_allclose(
            other / scale, ours / scale, atol=3 * CLOSE, rtol=0, err_msg=name
        )


def test_every_formula_of_the_engine_has_a_c_form() -> None:
    names = {*_core.activation_names(), *_core.elementwise_names()}
    assert [name for name in names if find_op(name).c is None] == []


def test_every_kind_of_node_has_a_c_form() -> None:
    # The last ones are not in a graph that predicts row by row.
    of_their_own = {"input", "variable", *NODE_KINDS}
    absent = {"dropout", "gaussian_dropout", "gaussian_noise", "batch_sum", "assign"}
    assert set(_core.graph_kinds()) == of_their_own | absent | set(_core.activation_names())


def test_several_inputs_and_outputs_are_pointers_by_their_names(tmp_path: Path) -> None:
    first, second = layers.Input((4,), name="first"), layers.Input((2, 3), name="a-b")
    hidden = layers.Dense(5, "relu")(layers.Concatenate()([first, layers.Flatten()(second)]))
    model = models.Model(
        [first, second], [layers.Dense(2, name="i")(hidden), layers.Dense(1, name="value")(hidden)]
    )
    model.export(tmp_path / "my-model.c")
    text = (tmp_path / "my-model.c").read_text()
    assert (
        "void my_model_predict(const float *restrict first, const float *restrict a_b, "
        "float *restrict i_, float *restrict value);" in text
    )
    assert "#define MY_MODEL_INPUTS_A_B 6\n" in text
    assert "a_b: 6 numbers, of shape (2, 3)" in text


def test_the_file_says_what_it_is_and_needs(tmp_path: Path) -> None:
    model = sequential(layers.Dense(5, "relu", name="hidden"), layers.Dense(2))
    model.export(tmp_path / "m.c", name="net")
    text = (tmp_path / "m.c").read_text()
    assert "hidden" in text and "57 numbers" not in text and "47 numbers" in text
    assert "#include" not in text.split("*/")[1], "relu needs no header"
    assert "void net_predict(" in text and "#define NET_OUTPUTS 2\n" in text
    assert f"Tables: {47 * 4:,} bytes" in text and "Local arrays of net_predict: 20 bytes" in text
    sequential(layers.Dense(2, "tanh")).export(tmp_path / "m.c")
    assert "#include <math.h>" in (tmp_path / "m.c").read_text()


def test_the_program_of_the_documents(tmp_path: Path) -> None:
    (text,) = re.findall(r"```c\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    model = sequential(layers.Dense(1, use_bias=False, kernel_initializer="ones"), shape=(4,))
    model.export(tmp_path / "model.c")
    (tmp_path / "program.c").write_text(text)
    sources = [tmp_path / "program.c", tmp_path / "model.c"]
    subprocess.run([compiler(), *FLAGS, "-o", tmp_path / "program", *sources], check=True)
    done = subprocess.run([tmp_path / "program"], check=True, capture_output=True, text=True)
    assert done.stdout == "10.2\n"


VECTOR = np.array([0.5, -1.0, 2.0, 0.25, -3.0, 1.0], np.float32)
SELDOM = {
    "log_softmax": lambda: sequential(layers.Dense(4, "log_softmax")),
    "constants": lambda: sequential(layers.Lambda(lambda x: ops.maximum(x * VECTOR, VECTOR - 0.5))),
    "shared_matrices": lambda: sequential(
        layers.EinsumDense("abcd,bde->abce", (2, 3, 5), bias_axes="be"), shape=(2, 3, 4)
    ),
}


def test_what_random_models_seldom_have(tmp_path: Path) -> None:
    made = {name: make() for name, make in SELDOM.items()}
    for name, model in made.items():
        model.export(tmp_path / f"{name}.c")
    library = compile_files(*(tmp_path / f"{name}.c" for name in made))
    for name, model in made.items():
        rows = values_of(RNG.standard_normal((5, *model.input_shape[1:])))
        (found,) = call(tmp_path / f"{name}.c", library, rows)
        np.testing.assert_allclose(found, predicted(model, rows)[0], atol=CLOSE, err_msg=name)


def test_no_rows_and_the_same_file_again(tmp_path: Path) -> None:
    model = sequential(layers.Dense(3))
    for _ in range(2):
        model.export(tmp_path / "m.c")
    (found,) = call(tmp_path / "m.c", compile_files(tmp_path / "m.c"), [np.empty((0, 6), "f4")])
    assert found.shape == (0, 3) and len(list(tmp_path.glob("*.c"))) == 1


def test_models_in_other_types(tmp_path: Path) -> None:
    model = sequential(layers.Dense(3, "tanh", dtype="float64"), dtype="float64")
    model.export(tmp_path / "m.c")
    x = RNG.standard_normal((5, 6))
    found = call(tmp_path / "m.c", compile_files(tmp_path / "m.c"), [x.astype(np.float32)])
    np.testing.assert_allclose(found[0], model.predict(x, verbose=0), atol=CLOSE)


def test_an_input_or_one_value_twice_as_outputs(tmp_path: Path) -> None:
    x = layers.Input((3,), name="x")
    y = layers.Dense(2)(x)
    model = models.Model(x, [x, y, y, ops.relu(y)])
    model.export(tmp_path / "m.c")
    rows = values_of(RNG.standard_normal((4, 3)))
    found = call(tmp_path / "m.c", compile_files(tmp_path / "m.c"), rows)
    for ours, other in zip(predicted(model, rows), found, strict=True):
        np.testing.assert_allclose(other, ours, atol=CLOSE)


def test_codes_outside_of_an_embedding_are_taken_for_the_first(tmp_path: Path) -> None:
    model = sequential(layers.Embedding(4, 2), layers.Flatten(), shape=(1,), dtype="int32")
    model.export(tmp_path / "m.c")
    rows = values_of(np.array([[0.0], [3.0], [4.0], [-1.0], [np.nan]]))
    (found,) = call(tmp_path / "m.c", compile_files(tmp_path / "m.c"), rows)
    table = model.get_weights()[0]
    np.testing.assert_array_equal(found, table[[0, 3, 0, 0, 0]])


class Looks(models.Model):
    def __init__(self) -> None:
        super().__init__()
        self.out = layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.out(inputs) if float(ops.max(inputs)) > 0 else self.out(-inputs)


class Centred(models.Model):
    def call(self, inputs: Any) -> Any:
        return inputs - ops.mean(inputs, axis=0)


def refused() -> dict[str, tuple[Any, str]]:
    def functional(make: Any) -> Any:
        inputs = layers.Input((4,))
        return models.Model(inputs, make(layers.Dense(4)(inputs)))

    looks = Looks()
    looks(np.ones((1, 4), np.float32))
    centred = Centred()
    centred(np.ones((1, 4), np.float32))
    return {
        "an op in NumPy": (
            functional(lambda x: layers.Lambda(ops.sort, name="ordered")(x)),
            "does not have the op 'sort' of the layer 'ordered'",
        ),
        "the batch": (
            functional(lambda x: x - ops.mean(x, axis=0)),
            "looks at all rows of a batch",
        ),
        "the batch, in no layer": (centred, "^the op 'mean' looks at all rows of a batch"),
        "assignments": (functional(Counts()), "assigns to its weights when it predicts"),
        "noise": (
            functional(lambda x: layers.Dropout(0.5, name="drop")(x, training=True)),
            "layer 'drop' draws random numbers",
        ),
        "values": (looks, "call\\(\\) looks at values"),
    }


@pytest.mark.parametrize(
    "case",
    [
        "an op in NumPy",
        "the batch",
        "the batch, in no layer",
        "assignments",
        "noise",
        "values",
    ],
)
def test_what_cannot_be_written_is_refused_by_name(case: str, tmp_path: Path) -> None:
    model, message = refused()[case]
    with pytest.raises(NotImplementedError, match=message):
        model.export(tmp_path / "m.c")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "1st"}, "name must be an identifier of C. Received: name='1st'"),
        ({"name": "double"}, "name must be an identifier"),
        ({"opset_version": 17}, "does not take the arguments opset_version"),
        ({"input_signature": []}, "does not take the arguments input_signature"),
    ],
)
def test_arguments(arguments: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        sequential(layers.Dense(2)).export(tmp_path / "m.c", **arguments)
    assert not list(tmp_path.iterdir())


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    model = sequential(layers.Dense(3))
    kernel, bias = model.get_weights()
    bias[:] = np.nan, np.inf, -np.inf
    model.set_weights([kernel, bias])
    model.export(tmp_path / "m.c")
    rows = values_of(RNG.standard_normal((2, 6)))
    (found,) = call(tmp_path / "m.c", compile_files(tmp_path / "m.c"), rows)
    np.testing.assert_array_equal(found, predicted(model, rows)[0])


def test_open_files_and_formats_by_name(tmp_path: Path) -> None:
    model = sequential(layers.Dense(2, softplus), layers.Dense(1))
    with open(tmp_path / "any", "wb") as file:
        model.export(file, format="c", name="net")
    assert b"void net_predict(" in (tmp_path / "any").read_bytes()
