"""Every op kind in inference against plain NumPy, around the sizes of vectors and blocks."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import _core, ops
from reference.elementwise import ELEMENTWISE
from reference.graph import OPS
from reference.tolerances import DTYPES, FORMULA_UNITS, assert_close
from reference.twin import Twin

FEATURES = (1, 15, 16, 17, 33, 100)
BATCHES = (1, 5, 31, 32, 33, 64, 100, 257)
MERGES = ("add", "subtract", "multiply", "average", "maximum", "minimum")
# An assignment has no value: see training/test_engine_assignments.py.
KINDS = [kind for kind in _core.graph_kinds() if kind not in ("input", "assign")]
# Of terms near 3 (the largest of thousands of normal numbers), cubed in a product of three.
MAGNITUDES = {"multiply": 30.0, "exponential": 30.0, "batch_normalization": 10.0}


def test_every_kind_has_a_reference() -> None:
    assert set(_core.graph_kinds()) == set(OPS) | {"input", "assign"}


def build(kind: str, features: int, dtype: str) -> tuple[Twin, list[int]]:
    """Graphs in which the op stands alone on its inputs; several, where it has variants."""
    twin = Twin(dtype, seed=features)
    x = twin.input(features)
    if kind == "dense":
        return twin, [twin.dense(x, 7), twin.dense(x, 16, bias=False), twin.dense(x, 33)]
    if kind == "grouped_dense":
        return twin, [
            twin.grouped_dense(x, features, 7, features, False, 7 * features),
            twin.grouped_dense(x, features, 1, 1, True, 1),
            twin.grouped_dense(x, 1, 33, 1, False, 0),
            twin.grouped_dense(twin.input(6 * features), 6, 3, 2, True, 18),
        ]
    if kind == "batch_normalization":
        variants = [{}, {"scale": 0}, {"center": 0}, {"scale": 0, "center": 0, "epsilon": 0.1}]
        return twin, [twin.batch_normalization(x, **variant) for variant in variants]
    if kind == "concatenate":
        others = [twin.input(5), twin.input(16)]
        combinations = ([x], [x, x], [x, *others], [*others, x])
        return twin, [twin.add(kind, inputs) for inputs in combinations]
    if kind in MERGES:
        others = [twin.input(features), twin.input(features)]
        pairs = [[x, others[0]], [others[1], x], [x, x]]
        combinations = pairs if kind == "subtract" else [*pairs, [x, *others], [x, x, *others]]
        return twin, [twin.add(kind, inputs) for inputs in combinations]
    if kind in _core.activation_names():
        return twin, [twin.add(kind, [x]), twin.add(kind, [x], alpha=0.3)]
    if kind == "expression":
        return twin, every_expression(twin, x, features)
    if kind == "select_features":
        backwards = list(range(features))[::-1]
        return twin, [twin.select(x, some) for some in (backwards, [0], [0, 0, features - 1] * 9)]
    if kind == "take":
        return twin, [twin.take(x, *sizes) for sizes in ((1, 7), (9, 1), (30, 16), (30, 5))]
    if kind == "variable":
        return twin, [twin.add(kind, [], [twin.normal(1, n)]) for n in (1, features)]
    if kind.startswith("reduce_"):
        wide = twin.input(6 * features)
        sizes = [(6 * features, 1), (6, features), (3, features), (2, 1), (1, 1)]
        if kind == "reduce_argmax":
            sizes = [(length, 1) for length, _ in sizes]
        return twin, [twin.add(kind, [wide], length=n, inner=inner) for n, inner in sizes]
    return twin, [twin.add(kind, [x])]


def every_expression(twin: Twin, x: int, features: int) -> list[int]:
    """Each instruction on operands where it is smooth, one of them an input of one feature."""
    one = twin.input(1)
    constants = [[1.5], [float(1 + i % 3) for i in range(features)], [-0.5]]
    # Values 5, 6, 7: x far from whole numbers, x above 1/2, and the lone feature times a row.
    steps = [
        ("multiply", [0, 3], 0.0),
        ("softplus", [0], 0.0),
        ("multiply", [1, 3], 0.0),
        ("add", [6, 2], 0.0),
    ]
    operands = ([8, 3, 2], [0, 7, 4], [7, 5, 8])
    outputs = []
    for name, (count, _, _) in ELEMENTWISE.items():
        positive = name in ("sqrt", "log", "log1p", "power", "mod", "floor_divide", "divide")
        for given in operands[:1] if positive else operands:
            outputs.append(
                twin.expression([x, one], [*steps, (name, given[:count], 0.0)], constants)
            )
    outputs.append(twin.expression([x], [("elu", [0], 0.3), ("tanh", [1], 0.0)]))
    return outputs


def test_every_instruction_has_a_reference() -> None:
    assert set(_core.elementwise_names()) == set(ELEMENTWISE)


# Not computed by pieces of a batch: see test_a_sum_over_the_batch_is_not_predicted.
COUPLED = {"batch_sum"}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in COUPLED])
def test_inference(kind: str, dtype: str) -> None:
    for features in FEATURES:
        twin, outputs = build(kind, features, dtype)
        executor = _core.Executor(twin.native, twin.inputs, outputs)
        x = twin.data(max(BATCHES))
        want = twin.reference_predict(outputs, x)
        # A sum of products has the error of its terms; as many terms as features, of size 1 or so.
        terms = {"dense": features, "reduce_sum": 6 * features}.get(kind)
        magnitude = MAGNITUDES.get(kind, 4.0) if terms is None else 1.0 + terms**0.5
        for batch in BATCHES:
            got = executor.predict([_core.Rows(a[:batch]) for a in x])
            for mine, truth in zip(got, want, strict=True):
                assert mine.dtype == dtype
                assert_close(mine, truth[:batch], units=FORMULA_UNITS, magnitude=magnitude)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", [*_core.activation_names(), "softmax", "log_softmax"])
def test_after_a_dense_layer(kind: str, dtype: str) -> None:
    """Where an activation works in place on the dense op's output, and where it must not."""
    for units in (1, 17, 48):
        twin = Twin(dtype, seed=units)
        x = twin.input(20)
        alone = twin.add(kind, [twin.dense(x, units)])
        shared = twin.dense(x, units)
        beside = twin.add(kind, [shared])
        sums = [twin.add("add", [shared, beside])]
        chain = twin.add(kind, [twin.add(kind, [twin.dense(x, units)])])
        outputs = [alone, beside, chain, *sums, twin.dense(alone, 3)]
        data = twin.data(70)
        got = twin.predict(outputs, data)
        for mine, truth in zip(got, twin.reference_predict(outputs, data), strict=True):
            # Sums of 20 products and of `units` more; exponentials of exponentials reach e^20.
            allowed = 100 * FORMULA_UNITS * np.finfo(dtype).eps
            if kind in ("heaviside", "sign", "threshold"):  # a jump may fall on either side
                continue_at = np.abs(mine - truth) < 0.1
                assert continue_at.mean() > 0.99
                mine, truth = mine[continue_at], truth[continue_at]
            np.testing.assert_allclose(mine, truth, rtol=allowed, atol=allowed)


@pytest.mark.parametrize("dtype", DTYPES)
def test_not_a_number_passes_through(dtype: str) -> None:
    twin = Twin(dtype)
    x, z = twin.input(3), twin.input(3)
    kinds = ("add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate")
    outputs = [twin.add(kind, [x, z]) for kind in kinds]
    outputs += [twin.add(kind, [x]) for kind in ("relu", "tanh", "sigmoid", "dropout")]
    good = np.ones((40, 3), dtype)
    bad = good.copy()
    bad[33, 1] = np.nan
    for a, b in ((bad, good), (good, bad)):
        for output, got in zip(outputs, twin.predict(outputs, [a, b]), strict=True):
            with np.errstate(invalid="ignore"):
                want = twin.reference_predict([output], [a, b])[0]
            np.testing.assert_array_equal(np.isnan(got), np.isnan(want))


def test_a_sum_over_the_batch_is_not_predicted() -> None:
    twin, outputs = build("batch_sum", 3, "float32")
    with pytest.raises(ValueError, match="an op looks at all rows of a batch"):
        _core.Executor(twin.native, twin.inputs, outputs)


def test_dot_of_more_axes_is_refused() -> None:
    with pytest.raises(ValueError, match="dot takes vectors or a matrix as x2"):
        ops.dot(np.ones((2, 3)), np.ones((4, 3, 5)))
