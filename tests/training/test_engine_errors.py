"""What a trainer, an executor and a graph refuse, and that nothing has changed then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pynn import _core
from reference.twin import Twin


def model() -> tuple[Twin, list[int]]:
    """Two inputs, of 3 and 4 features; an output of 2, a class and an output without a loss."""
    twin = Twin()
    a, b = twin.input(3), twin.input(4)
    h = twin.add("tanh", [twin.dense(twin.add("concatenate", [a, b]), 5)])
    return twin, [twin.dense(h, 2), twin.add("softmax", [twin.dense(h, 6)]), twin.dense(h, 1)]


def trainer_of(twin: Twin, model_outputs: list[int], **changes: Any) -> Any:
    variables = [w.native for w in twin.weights]
    arguments: dict[str, Any] = {
        "graph": twin.native,
        "inputs": twin.inputs,
        "outputs": model_outputs,
        "losses": [("mean_squared_error", []), ("sparse_categorical_crossentropy", []), None],
        "loss_weights": [1.0] * 3,
        "metrics": [[], ["sparse_categorical_accuracy"], []],
        "parameters": variables,
        "l1": [0.0] * len(variables),
        "l2": [0.0] * len(variables),
        "optimizer": ("sgd_momentum", [0.9]),
        "options": {},
    }
    return _core.Trainer(**(arguments | changes))


def rows(n_rows: int, n_cols: int) -> Any:
    return _core.Rows(np.ones((n_rows + 1, n_cols))[:n_rows])


def data(n_rows: int = 20) -> dict[str, list]:
    return {
        "x": [rows(n_rows, 3), rows(n_rows, 4)],
        "y": [rows(n_rows, 2), rows(n_rows, 1), None],
        "weights": [None, None, None],
    }


WRONG_DATA: list[tuple[str, list, str]] = [
    ("x", [rows(20, 3)], "the model has 2 inputs. Received: 1"),
    ("x", [rows(20, 3), rows(20, 4), rows(20, 4)], "the model has 2 inputs. Received: 3"),
    ("x", [rows(20, 4), rows(20, 4)], "input 0 needs 3 features. Received: 4"),
    ("x", [rows(20, 3), rows(20, 5)], "input 1 needs 4 features. Received: 5"),
    ("x", [rows(20, 3), rows(19, 4)], "same number of rows. Received: 20 and 19"),
    ("x", [rows(0, 3), rows(0, 4)], "there is nothing to train on: the data has no rows"),
    ("x", [rows(20, 3), None], "every input needs data"),
    ("y", [rows(20, 2)], "one target and one array of sample weights"),
    ("y", [None, rows(20, 1), None], "output 0 needs a target"),
    ("y", [rows(20, 2), None, None], "output 1 needs a target"),
    ("y", [rows(20, 3), rows(20, 1), None], "output 0 needs 2 columns. Received: 3"),
    ("y", [rows(20, 2), rows(20, 6), None], "output 1 needs 1 columns. Received: 6"),
    ("y", [rows(21, 2), rows(20, 1), None], "same number of rows. Received: 20 and 21"),
    ("weights", [None, None], "one target and one array of sample weights"),
    ("weights", [rows(20, 2), None, None], r"sample weights need the shape \(20, 1\)"),
    ("weights", [None, rows(19, 1), None], r"sample weights need the shape \(20, 1\)"),
]


def begin() -> tuple[Any, Callable[[], list]]:
    """A trainer in the middle of an epoch, and what may not change."""
    twin, outputs = model()
    trainer = trainer_of(twin, outputs)
    trainer.start(*data().values(), 8)
    assert trainer.run(np.full(1, 0.1), 1e9) == 1

    def snapshot() -> list:
        weights = [w.native.view.tolist() for w in twin.weights]
        state = [slot.view.tolist() for slots in trainer.state for slot in slots]
        last_rows, predictions = trainer.last_batch()
        last = [last_rows.tolist(), *(p.tolist() for p in predictions)]
        return [weights, state, last, trainer.results(), trainer.iterations, trainer.seed]

    return trainer, snapshot


@pytest.mark.parametrize(("name", "value", "message"), WRONG_DATA)
def test_wrong_data(name: str, value: list, message: str) -> None:
    trainer, snapshot = begin()
    before = snapshot()
    wrong = data() | {name: value}
    with pytest.raises(ValueError, match=message):
        trainer.start(*wrong.values(), 8)
    with pytest.raises(ValueError, match=message):
        trainer.evaluate(*wrong.values())
    with pytest.raises(ValueError, match=message):
        trainer.gradients(*wrong.values())
    assert snapshot() == before
    # The epoch that was running is still running, from where it was.
    assert trainer.run(np.full(9, 0.1), 1e9) == 2
    other, other_snapshot = begin()
    assert other.run(np.full(9, 0.1), 1e9) == 2
    assert snapshot() == other_snapshot()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "batch_size must be a positive integer. Received: batch_size=0"),
        ((-3,), "batch_size must be a positive integer. Received: batch_size=-3"),
        ((8, np.array([0, 20])), r"order must hold row numbers in \[0, 20\). Received: 20"),
        ((8, np.array([-1])), r"order must hold row numbers in \[0, 20\). Received: -1"),
        ((8, np.array([], np.int64)), "order must name at least one row"),
    ],
)
def test_wrong_epochs(arguments: tuple, message: str) -> None:
    trainer, snapshot = begin()
    before = snapshot()
    with pytest.raises(ValueError, match=message):
        trainer.start(*data().values(), *arguments)
    assert snapshot() == before
    assert trainer.run(np.full(9, 0.1), 1e9) == 2


def test_wrong_rates() -> None:
    trainer, snapshot = begin()
    before = snapshot()
    with pytest.raises(ValueError, match="rates must be a 1-D array"):
        trainer.run(np.ones((2, 1)), 1e9)
    assert trainer.run(np.ones(0), 1e9) == 0
    assert snapshot() == before


def test_run_before_start_does_nothing() -> None:
    twin, outputs = model()
    trainer = trainer_of(twin, outputs)
    assert trainer.run(np.ones(3), 1e9) == 0
    assert trainer.iterations == 0
    assert trainer.results()["loss"] == (0, 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": []}, "at least one input and one output"),
        ({"outputs": []}, "at least one input and one output"),
        ({"inputs": [0]}, "depend on an input that is not among the model's inputs"),
        ({"inputs": [0, 2]}, "a model's input must be an input node"),
        ({"inputs": [0, 99]}, "no such node: 99"),
        ({"outputs": [0, 1, -1]}, "no such node: -1"),
        (
            {
                "outputs": [7, 10**9, 8],  # of a softmax, all outputs are looked at
                "losses": [("sparse_categorical_crossentropy", []), None, None],
                "metrics": [[], [], []],
            },
            "no such node: 1000000000",
        ),
        ({"losses": [None]}, "one loss, one loss weight and one list of metrics"),
        ({"loss_weights": [1.0]}, "one loss, one loss weight and one list of metrics"),
        ({"metrics": [[]]}, "one loss, one loss weight and one list of metrics"),
        ({"l1": [0.0]}, "one l1 and one l2 are needed per parameter"),
        ({"l2": [0.0] * 9}, "one l1 and one l2 are needed per parameter"),
        ({"optimizer": ("sgd", [0.1])}, "the optimizer 'sgd' needs its hyperparameters: "),
        ({"optimizer": ("adam", [0.9])}, "'adam' needs its hyperparameters: beta_1 beta_2 epsilon"),
        ({"optimizer": ("adamw", [])}, "unknown optimizer: 'adamw'. It must be one of sgd, "),
        ({"options": {"clip": 1.0}}, "unknown option: 'clip'"),
        ({"options": {"decay_factors": [1.0]}}, "decay_factors needs one entry per parameter"),
        ({"options": {"rate_factors": [1.0]}}, "rate_factors needs one entry per parameter"),
        ({"parameters": [_core.Variable(2, 2, "float32")], "l1": [0.0], "l2": [0.0]}, "dtype"),
        ({"parameters": [None], "l1": [0.0], "l2": [0.0]}, "dtype"),
    ],
)
def test_wrong_trainers(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trainer_of(*model(), **changes)


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        ([], [4], "at least one input and one output"),
        ([0, 1], [], "at least one input and one output"),
        ([0], [4], "depend on an input that is not among the model's inputs"),
        ([0, 3], [4], "a model's input must be an input node"),
        ([0, 1], [99], "no such node: 99"),
        ([0, -1], [4], "no such node: -1"),
    ],
)
def test_wrong_executors(inputs: list[int], outputs: list[int], message: str) -> None:
    twin, _ = model()
    with pytest.raises(ValueError, match=message):
        _core.Executor(twin.native, inputs, outputs)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([], "the model has 2 inputs. Received: 0"),
        ([rows(5, 3)], "the model has 2 inputs. Received: 1"),
        ([rows(5, 3), rows(5, 3)], "input 1 needs 4 features. Received: 3"),
        ([rows(5, 3), rows(6, 4)], "all inputs need the same number of rows"),
        ([rows(5, 3), None], "every input needs data"),
    ],
)
def test_wrong_predictions(x: list, message: str) -> None:
    twin, outputs = model()
    with pytest.raises(ValueError, match=message):
        _core.Executor(twin.native, twin.inputs, outputs).predict(x)


def variable(n_rows: int, n_cols: int, dtype: str = "float64") -> Any:
    return _core.Variable(n_rows, n_cols, dtype)


@pytest.mark.parametrize(
    ("kind", "inputs", "variables", "params", "message"),
    [
        ("conv", [0], [], {}, "unknown op: 'conv'. It must be one of input, dense"),
        ("input", [], [], {}, "an input needs at least one feature. Received: features=0"),
        ("input", [], [], {"features": 2.5}, "an input needs at least one feature"),
        ("input", [0], [], {"features": 2}, "input got a wrong number of inputs: 1"),
        ("relu", [], [], {}, "relu got a wrong number of inputs: 0"),
        ("relu", [0, 1], [], {}, "relu got a wrong number of inputs: 2"),
        ("relu", [7], [], {}, "no such node: 7"),
        ("relu", [-1], [], {}, "no such node: -1"),
        ("relu", [0], [], {"beta": 1}, "relu has no parameter 'beta'"),
        ("dense", [0], [], {}, "dense needs a kernel and may have a bias. Received: 0 variables"),
        ("dense", [0], [variable(2, 3)] * 3, {}, "Received: 3 variables"),
        ("dense", [0], [variable(2, 4)], {}, r"kernel of shape \(2, 3\). Received: \(2, 4\)"),
        ("dense", [0], [variable(2, 3), variable(2, 1)], {}, r"bias of shape \(1, 2\)"),
        ("dense", [0], [variable(2, 3, "float32")], {}, "needs variables of the graph's dtype"),
        ("dense", [0], [None], {}, "needs variables of the graph's dtype"),
        ("dropout", [0], [], {"rate": 1}, r"rate must be in \[0, 1\). Received: rate=1"),
        ("dropout", [0], [], {"rate": -0.1}, r"rate must be in \[0, 1\)"),
        ("dropout", [0], [], {"rate": float("nan")}, r"rate must be in \[0, 1\)"),
        ("batch_normalization", [0], [variable(1, 3)] * 3, {}, "needs 4 variables. Received: 3"),
        ("batch_normalization", [0], [variable(1, 4)] * 4, {}, r"moving mean of shape \(1, 3\)"),
        ("batch_normalization", [0], [variable(1, 3)] * 4, {"epsilon": 0}, "must be positive"),
        ("add", [0], [], {}, "add got a wrong number of inputs: 1"),
        ("subtract", [0, 0, 0], [], {}, "subtract got a wrong number of inputs: 3"),
        ("multiply", [0, 1], [], {}, "inputs of the same shape. Received: 3 and 4 features"),
        ("concatenate", [], [], {}, "concatenate got a wrong number of inputs: 0"),
        ("reduce_sum", [0], [], {"length": 2}, "needs an axis that divides the features"),
        ("reduce_sum", [0], [], {"length": 2.0**32, "inner": 2.0**32}, "needs an axis that"),
    ],
)
def test_wrong_nodes(kind: str, inputs: list, variables: list, params: dict, message: str) -> None:
    graph = _core.Graph("float64")
    graph.add("input", [], [], {"features": 3})
    graph.add("input", [], [], {"features": 4})
    with pytest.raises(ValueError, match=message):
        graph.add(kind, inputs, variables, params)
    assert len(graph) == 2
    with pytest.raises(ValueError, match="no such node: 2"):
        graph.width(2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3), r"at least one row and one column. Received: \(0, 3\)"),
        ((3, -1), r"at least one row and one column. Received: \(3, -1\)"),
        ((1, 1, "float16"), "dtype must be float32 or float64. Received: dtype=float16"),
    ],
)
def test_wrong_variables(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.Variable(*arguments)
    with pytest.raises(ValueError, match="dtype must be float32 or float64"):
        _core.Graph("int64")


def test_denormal_parameters_are_zero() -> None:
    """As they are where the engine computes: or a kernel would change its shape on the way."""
    graph = _core.Graph("float64")
    graph.add("input", [], [], {"features": 3})
    assert graph.width(graph.add("dense", [0], [variable(2, 3)], {"transposed": 1e-320})) == 2


@pytest.mark.parametrize(
    "params",
    [
        {"outputs": 2.0**62, "output_step": 4.0},  # the product is beyond 64 bits
        {"outputs": 2.0**40},
        {"input_step": 2.0**63},
        {"output_step": float("nan")},
    ],
)
def test_wrong_groups(params: dict) -> None:
    graph = _core.Graph("float64")
    graph.add("input", [], [], {"features": 4})
    with pytest.raises(ValueError, match=r"needs outputs and steps from 1 to 2\*\*28"):
        graph.add("grouped_dense", [0], [variable(2, 1)], params, indices=[0] * 4)
    assert len(graph) == 1


def test_an_unknown_instruction() -> None:
    graph = _core.Graph("float64")
    x = graph.add("input", [], [], {"features": 1})
    with pytest.raises(ValueError, match="unknown instruction: 'none'. It must be one of add, "):
        graph.add_expression([x], [], [("none", [0], 0.0)])
    assert len(graph) == 1
