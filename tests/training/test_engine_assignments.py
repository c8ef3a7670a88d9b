"""What the engine assigns to vectors batch by batch, in training and in evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pynn import _core
from reference.tolerances import DTYPES

WIDTH, ROWS = 40, 600
RNG = np.random.default_rng(3)
X = RNG.standard_normal((ROWS, WIDTH)).astype("float32")
Y = RNG.standard_normal((ROWS, 3)).astype("float32")
MSE = ("mean_squared_error", [])


class Assigning:
    """A dense layer; beside it a moving sum of its inputs, a counter, and two that swap."""

    def __init__(self, dtype: str, reads: bool) -> None:
        graph = self.graph = _core.Graph(dtype)
        names = {"moving": WIDTH, "n": 1, "a": 3, "b": 3}
        self.state = {name: _core.Variable(1, width, dtype) for name, width in names.items()}
        for name, variable in self.state.items():
            variable.view[...] = {"b": 7.0}.get(name, 0.0)
        self.kernel, self.bias = _core.Variable(3, WIDTH, dtype), _core.Variable(1, 3, dtype)
        self.kernel.view[...] = 0.01
        self.x = graph.add("input", [], [], {"features": WIDTH})
        read = {
            name: graph.add("variable", [], [variable], {}) for name, variable in self.state.items()
        }
        hidden = graph.add("dense", [self.x], [self.kernel, self.bias], {})
        self.output = hidden
        if reads:
            add = ("add", [0, 1], 0.0)
            self.output = graph.add_expression([hidden, read["n"]], [], [add])
        total = graph.add("batch_sum", [self.x], [], {})
        moved = graph.add_expression(
            [read["moving"], total],
            [[0.9], [0.01]],
            [("multiply", [0, 2], 0.0), ("multiply", [1, 3], 0.0), ("add", [4, 5], 0.0)],
        )
        counted = graph.add_expression([read["n"]], [[1.0]], [("add", [0, 1], 0.0)])
        values = {"moving": moved, "n": counted, "a": read["b"], "b": read["a"]}
        self.assignments = [
            graph.add("assign", [values[name]], [self.state[name]], {}) for name in self.state
        ]

    def trainer(self, **given: Any) -> Any:
        parameters = [self.kernel, self.bias]
        return _core.Trainer(
            self.graph, [self.x], [self.output], [MSE], [1.0], [[]], parameters, [0.0] * 2,
            [0.0] * 2, ("sgd", []), {}, [], given.get("assignments", self.assignments),
        )  # fmt: skip

    def agrees(self, batches: list[np.ndarray]) -> None:
        moving = np.zeros(WIDTH)
        for batch in batches:
            moving = 0.9 * moving + 0.01 * batch.sum(axis=0, dtype="float64")
        view = {name: variable.view[0] for name, variable in self.state.items()}
        np.testing.assert_allclose(view["moving"], moving, rtol=2e-4, atol=1e-6)
        assert view["n"] == len(batches)
        assert (view["a"] == 7.0 * (len(batches) % 2)).all()
        assert (view["b"] == 7.0 * (1 - len(batches) % 2)).all()


def data(dtype: str) -> tuple[Any, ...]:
    return [_core.Rows(X.astype(dtype))], [_core.Rows(Y.astype(dtype))], [None]


@pytest.mark.parametrize("reads", [False, True])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 7, 32, 100, 257, 600])
def test_batches_assign(size: int, dtype: str, threads: int, reads: bool) -> None:
    _core.set_num_threads(threads)
    twin = Assigning(dtype, reads)
    trainer = twin.trainer()
    batches = [X[i : i + size] for i in range(0, ROWS, size)]
    given = data(dtype)
    seen = []
    for _ in range(3):
        trainer.start(*given, size)
        assert trainer.run(np.full(len(batches), 1e-3), 60.0) == len(batches)
        seen += batches
        twin.agrees(seen)
    trainer.gradients(*given)
    twin.agrees(seen)
    loss = trainer.evaluate(*given, size)["loss"]
    if reads:  # each batch is computed with the counter as it was before
        out = X.astype("float64") @ twin.kernel.view.T.astype("float64") + twin.bias.view
        n = len(seen) + np.repeat(np.arange(len(batches)), [len(batch) for batch in batches])
        wanted = ((out + n[:, None] - Y) ** 2).mean(axis=1).sum()
        assert loss[0] == pytest.approx(wanted, rel=1e-4)
    twin.agrees(seen + batches)


def test_what_is_assigned_may_be_made_of_a_softmax_under_its_loss() -> None:
    graph = _core.Graph("float32")
    x = graph.add("input", [], [], {"features": 4})
    kernel, total = _core.Variable(3, 4, "float32"), _core.Variable(1, 3, "float32")
    kernel.view[...] = RNG.standard_normal((3, 4))
    start = kernel.view.astype("float64")
    output = graph.add("softmax", [graph.add("dense", [x], [kernel], {})], [], {})
    assigned = graph.add("assign", [graph.add("batch_sum", [output], [], {})], [total], {})
    loss = ("sparse_categorical_crossentropy", [])
    trainer = _core.Trainer(
        graph, [x], [output], [loss], [1.0], [[]], [kernel], [0.0], [0.0], ("sgd", []), {}, [],
        [assigned],
    )  # fmt: skip
    rows = X[:50, :4]
    labels = _core.Rows(np.arange(50, dtype="float32").reshape(50, 1) % 3)
    trainer.start([_core.Rows(np.ascontiguousarray(rows))], [labels], [None], 50)
    trainer.run(np.array([0.1]), 60.0)
    logits = np.exp(rows @ start.T)
    wanted = (logits / logits.sum(axis=1, keepdims=True)).sum(axis=0)
    np.testing.assert_allclose(total.view[0], wanted, rtol=1e-5)


def test_what_is_no_assignment_is_refused() -> None:
    twin = Assigning("float32", False)
    for wrong in (-1, twin.output, 1000):
        with pytest.raises(ValueError, match="an assignment needs an assign node|no such node"):
            twin.trainer(assignments=[wrong])
    wide = _core.Variable(1, 2, "float32")
    with pytest.raises(ValueError, match=r"assign needs a variable of shape \(1, 40\)"):
        twin.graph.add("assign", [twin.x], [wide], {})
    with pytest.raises(ValueError, match="assign needs one variable"):
        twin.graph.add("assign", [twin.x], [], {})
    with pytest.raises(ValueError, match="an op looks at all rows of a batch"):
        _core.Executor(twin.graph, [twin.x], twin.assignments)
