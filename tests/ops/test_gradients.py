"""Gradients of every op kind between dense layers: against NumPy and finite differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pynn import _core
from reference.elementwise import ELEMENTWISE, NO_SLOPE
from reference.gradient_checks import (
    check_against_differences,
    check_against_reference,
    native_gradients,
)
from reference.networks import COUPLED_NETWORKS, NETWORKS, normalized
from reference.tolerances import DTYPES
from reference.trainer import Batch
from reference.twin import Training, Twin, rows

KINDS = [kind for kind in _core.graph_kinds() if kind not in ("input", "assign")]
MERGES = ("add", "subtract", "multiply", "average", "maximum", "minimum")
MSE = ("mean_squared_error", [])


def apply(twin: Twin, kind: str, x: int, width: int) -> int:
    """The op on dense layers of x, and some of its results reused where it takes several."""
    if kind == "dense":
        return twin.dense(twin.dense(x, width), width, bias=False)
    h = twin.dense(x, width)
    if kind == "grouped_dense":
        # The derivative of this relu is applied by the op that reads it.
        positive = twin.add("relu", [twin.dense(x, 3 * width)])
        many = twin.grouped_dense(positive, 3, width, 2, False, width)
        return twin.grouped_dense(many, width, 3, width, True, 3 * width)
    if kind == "batch_normalization":
        return twin.batch_normalization(h)
    if kind == "concatenate":
        return twin.add(kind, [h, twin.dense(x, 3), twin.dense(x, 16)])
    if kind == "subtract":
        return twin.add(kind, [h, twin.dense(x, width)])
    if kind in MERGES:
        return twin.add(kind, [h, twin.dense(x, width), twin.dense(x, width)])
    if kind in _core.activation_names():
        return twin.add(kind, [h], alpha=0.3)
    if kind == "expression":
        return twin.expression([h, twin.dense(x, 1)], *every_smooth_instruction(width))
    if kind == "select_features":
        return twin.select(h, [*range(width // 2, width), 0, 0])
    if kind == "take":
        looked_up = twin.take(twin.dense(x, 3), 11, width)
        return twin.add("multiply", [twin.dense(looked_up, width), h])
    if kind == "variable":
        gain = twin.add(kind, [], [twin.normal(1, width)])
        lone = twin.add(kind, [], [twin.normal(1, 1)])
        return twin.expression([h, gain, lone], [("multiply", [0, 1], 0), ("multiply", [3, 2], 0)])
    if kind.startswith("reduce_"):
        wide = twin.dense(x, 6 * width)
        return twin.add(kind, [wide], length=3, inner=1 if kind == "reduce_argmax" else width)
    return twin.add(kind, [h])


def every_smooth_instruction(width: int) -> tuple[list, list]:
    """One program of all instructions that have a gradient, and some that have none.

    Inputs: 0, and 1 of one feature; constants: 2 is 0.7, 3 is a number a feature, 4 is -0.4.
    """
    steps: list = [
        ("add", [0, 1], 0.0),  # 5
        ("multiply", [5, 3], 0.0),  # 6
        ("softplus", [6], 0.0),  # 7, positive
        ("add", [7, 2], 0.0),  # 8, above 0.7
    ]
    total = 5
    for name in _core.elementwise_names():
        operands, _, slopes = ELEMENTWISE[name]
        given = {
            "power": [8, 6],
            "mod": [0, 2],
            "where": [0, 6, 8],
            "clip": [6, 4, 2],
            "maximum": [0, 6],
            "minimum": [5, 6],
            "divide": [6, 8],
        }.get(name, [8, 5, 6][:operands])
        if slopes is NO_SLOPE and name != "less":
            continue
        at = 5 + len(steps)
        steps += [(name, given, 0.0), ("add", [total, at], 0.0)]
        total = at + 1
    steps += [("softsign", [total], 0.0)]
    return steps, [[0.7], [0.5 + i % 3 for i in range(width)], [-0.4]]


def between_dense_layers(twin: Twin, kind: str, width: int) -> list[int]:
    x = twin.input(6)
    return [twin.dense(apply(twin, kind, x, width), 2)]


def beside_its_input(twin: Twin, kind: str, width: int) -> list[int]:
    """The op's input and its output are both read again: nothing may work in place."""
    x = twin.input(6)
    y = apply(twin, kind, x, width)
    reads = list(twin.reference.nodes[y].inputs) or [x]
    h = reads[0]
    both = twin.add("concatenate", [h, y, *reads])
    return [twin.dense(twin.add("tanh", [both]), 2), y]


def twice(twin: Twin, kind: str, width: int) -> list[int]:
    """The op's output is read by two dense layers and by itself again."""
    y = apply(twin, kind, twin.input(6), width)
    joined = twin.add("add", [twin.dense(y, 2), twin.dense(y, 2)])
    return [twin.add("multiply", [joined, joined])]


LAYOUTS = (between_dense_layers, beside_its_input, twice)
Layout = Callable[[Twin, str, int], list[int]]


def problem(
    build: Callable[[Twin], list[int]], n_rows: int, dtype: str = "float64", **options
) -> tuple[Training, Batch]:
    """A training run with the squared error of every output, and data for it."""
    twin = Twin(dtype, seed=n_rows)
    outputs = build(twin)
    loss_weights = [1.0, -0.4, 2.0][: len(outputs)]
    training = Training(twin, outputs, [MSE] * len(outputs), loss_weights, **options)
    x = twin.data(n_rows)
    y = [twin.rng.normal(size=(n_rows, twin.native.width(o))).astype(dtype) for o in outputs]
    return training, Batch(x, y, [None] * len(outputs))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_against_differences(kind: str, layout: Layout) -> None:
    training, batch = problem(lambda twin: layout(twin, kind, 5), 37)
    check_against_differences(training, batch)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_against_reference(kind: str, layout: Layout, dtype: str) -> None:
    if dtype == "float32" and kind in (
        "maximum",
        "minimum",
        "expression",
        "reduce_max",
        "reduce_min",
    ):
        dtype = "float64"  # of values close together, rounding may choose another one
    for n_rows, width in ((1, 1), (5, 17), (32, 16), (33, 15), (100, 33), (257, 4)):
        training, batch = problem(lambda twin, w=width: layout(twin, kind, w), n_rows, dtype)
        check_against_reference(training, batch)


def activations_that_are_read_again(names: list[str]) -> Callable[[Twin], list[int]]:
    """Each is multiplied by what it is computed from: both gradients need both values."""

    def build(twin: Twin) -> list[int]:
        steps: list = []
        last = 0
        for name in names:
            steps += [(name, [last], 0.3), ("multiply", [1 + len(steps), last], 0.0)]
            steps += [("tanh", [len(steps)], 0.0)]
            last = len(steps)
        h = twin.dense(twin.input(6), 5)
        return [twin.expression([h], steps)]

    return build


@pytest.mark.parametrize("name", _core.activation_names())
def test_activations_within_an_expression(name: str) -> None:
    training, batch = problem(activations_that_are_read_again([name, "softplus", name]), 37)
    check_against_reference(training, batch)


@pytest.mark.parametrize("n", [50, 80])
def test_there_may_be_no_room_for_derivatives(n: int) -> None:
    """240 values, their gradients and 160 derivatives are more than the scratch memory takes."""
    training, batch = problem(activations_that_are_read_again(["softplus"] * n), 37)
    check_against_reference(training, batch)


@pytest.mark.parametrize(
    "network", NETWORKS + COUPLED_NETWORKS, ids=lambda network: network.__name__
)
def test_networks_against_differences(network: Callable[[Twin, int], list[int]]) -> None:
    training, batch = problem(lambda twin: network(twin, 4), 37)
    check_against_differences(training, batch)


@pytest.mark.parametrize(
    "network", NETWORKS + COUPLED_NETWORKS, ids=lambda network: network.__name__
)
@pytest.mark.parametrize("n_rows", [1, 33, 100, 600])
def test_networks_against_reference(network: Callable[[Twin, int], list[int]], n_rows: int) -> None:
    """600 rows are more than the engine takes through the graph at once."""
    for width in (1, 5, 16, 17):
        training, batch = problem(lambda twin, w=width: network(twin, w), n_rows)
        check_against_reference(training, batch)


@pytest.mark.parametrize(
    "network", NETWORKS + COUPLED_NETWORKS, ids=lambda network: network.__name__
)
def test_frozen_variables(network: Callable[[Twin, int], list[int]]) -> None:
    """With some variables left out, the others' gradients stay what they were, to the bit."""
    training, batch = problem(lambda twin: network(twin, 5), 45)
    loss, gradients = native_gradients(training, batch)
    everything = list(zip(training.weights, gradients, strict=True))
    for chosen in (everything[:1], everything[-1:], everything[::2], everything[1::2], []):
        some = Training(
            training.twin, training.outputs, training.losses, training.loss_weights,
            weights=[w for w, _ in chosen],
        )  # fmt: skip
        some_loss, some_gradients = native_gradients(some, batch)
        assert some_loss == loss
        for got, (_, want) in zip(some_gradients, chosen, strict=True):
            np.testing.assert_array_equal(got, want)


def test_a_variable_without_influence_has_no_gradient() -> None:
    twin = Twin()
    x = twin.input(4)
    used = twin.dense(x, 3)
    unused = twin.dense(x, 2)  # an output without a loss
    training = Training(twin, [used, unused], [MSE, None])
    y = twin.rng.normal(size=(6, 3))
    _, gradients = native_gradients(training, Batch(twin.data(6), [y, None], [None, None]))
    assert all((g != 0).any() for g in gradients[:2])
    assert all((g == 0).all() for g in gradients[2:])


def test_maximum_gives_ties_to_the_first() -> None:
    twin = Twin()
    x = twin.input(3)
    first, second = twin.dense(x, 3), twin.dense(x, 3)
    for a, b in zip(twin.weights[:2], twin.weights[2:], strict=True):
        b.assign(a.native.view)
    for kind in ("maximum", "minimum"):
        training = Training(twin, [twin.add(kind, [first, second])], [MSE])
        _, gradients = native_gradients(training, Batch(twin.data(6), [np.ones((6, 3))], [None]))
        assert all((g != 0).any() for g in gradients[:2])
        assert all((g == 0).all() for g in gradients[2:])


def test_a_product_with_zeros() -> None:
    """The gradient of a factor is the product of the others, even where the factor is 0."""
    twin = Twin()
    x = twin.input(3)
    factors = [twin.dense(x, 2) for _ in range(3)]
    for weight in twin.weights[:2]:
        weight.assign(np.zeros_like(weight.native.view))
    training = Training(twin, [twin.add("multiply", factors)], [MSE])
    batch = Batch(twin.data(9), [np.ones((9, 2))], [None])
    check_against_reference(training, batch)
    assert (native_gradients(training, batch)[1][0] != 0).all()


def test_gradients_change_nothing() -> None:
    training, batch = problem(lambda twin: normalized(twin, 5), 40)
    before = [v.native.view.copy() for v in training.weights]
    moving = [v for node in training.twin.reference.nodes for v in node.variables]
    assert len(moving) > len(before)
    trainer = training.native()
    first = trainer.gradients(rows(batch.x), rows(batch.y), rows(batch.weights))
    second = trainer.gradients(rows(batch.x), rows(batch.y), rows(batch.weights))
    assert first[0] == second[0]
    for a, b in zip(first[1], second[1], strict=True):
        np.testing.assert_array_equal(a, b)
    for weight, value in zip(training.weights, before, strict=True):
        np.testing.assert_array_equal(weight.native.view, value)
    assert trainer.iterations == 0
    # The moving statistics still give the same predictions as the untouched reference.
    got = training.twin.predict(training.outputs, batch.x)
    want = training.twin.reference_predict(training.outputs, batch.x)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-12, atol=1e-12)
