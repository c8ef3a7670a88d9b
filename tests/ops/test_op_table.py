"""Every op of `pynn.ops` on tensors: its shape rule, its type, and its gradient by differences."""

from __future__ import annotations

import numpy as np
import pytest

import pynn
from pynn import ops
from pynn._tensor import Mode, Node, Op, Tensor, ValueTensor, apply
from pynn._tracing import current
from pynn.graph._interpreter import run_backward, run_forward
from pynn.graph._walk import topological
from pynn.ops._neural import NormalizationOptions
from reference.activations import DECLARED
from reference.elementwise import ELEMENTWISE

RNG = np.random.default_rng(5)
A = RNG.uniform(0.5, 1.5, (4, 3))
B = RNG.uniform(1.6, 2.5, (4, 3))
SIGNED = np.array([[-1.3, 0.4, 2.1], [0.7, -0.6, -2.2], [1.6, 0.3, -0.4], [0.9, 1.2, -1.1]])
ROW = RNG.uniform(0.5, 1.5, 3)
KERNEL = RNG.standard_normal((3, 2))
CUBE = RNG.standard_normal((4, 3, 2))
LABELS = np.array([0.0, 2.0, 1.0, 2.0])
NORMALIZATION = NormalizationOptions(0.9, 1e-3, scale=True, center=True, frozen=lambda: False)
MOMENTS = [RNG.standard_normal(3), RNG.uniform(0.5, 1.5, 3)]

# name: (values, params), or a list of such.
EXAMPLES = {
    "add": [([A, B], {}), ([A, ROW], {}), ([A, 2.0], {})],
    "all": ([SIGNED > 0], {"axis": 1, "keepdims": False}),
    "alpha_dropout": ([A], {"rate": 0.5, "always": False}),
    "any": ([SIGNED > 0], {"axis": None, "keepdims": False}),
    "argmax": [
        ([SIGNED], {"axis": 1, "keepdims": False}),
        ([SIGNED], {"axis": None, "keepdims": False}),
        ([CUBE], {"axis": None, "keepdims": True}),
    ],
    "arccos": ([SIGNED / 3], {}),
    "arccosh": ([B], {}),
    "arcsin": ([SIGNED / 3], {}),
    "arcsinh": ([SIGNED], {}),
    "arctan": ([SIGNED], {}),
    "arctan2": [([SIGNED, A], {}), ([SIGNED, -ROW], {}), ([1.5, SIGNED], {})],
    "arctanh": ([SIGNED / 3], {}),
    "cbrt": ([SIGNED], {}),
    "argsort": [([SIGNED], {"axis": 1}), ([CUBE], {"axis": 0})],
    "cumsum": [([SIGNED], {"axis": 1}), ([CUBE], {"axis": 2})],
    "einsum": [
        ([A, KERNEL], {"subscripts": "ij,jk->ik"}),
        ([A, B], {"subscripts": "ij,ij->i"}),
        ([CUBE, ROW], {"subscripts": "ijk,j->ki"}),
        ([CUBE], {"subscripts": "ijk->i"}),
    ],
    "erf": ([SIGNED], {}),
    "erfc": ([SIGNED], {}),
    "erfinv": ([np.tanh(SIGNED) * 0.9], {}),
    "prod": [
        ([SIGNED], {"axis": 1, "keepdims": False}),
        ([CUBE], {"axis": (0, 2), "keepdims": True}),
        ([np.where(SIGNED > 0, SIGNED, 0)], {"axis": 1, "keepdims": True}),
    ],
    "scatter": ([LABELS[:, None].astype(int), A], {"shape": (3, 3)}),
    "sort": [([SIGNED], {"axis": 1}), ([CUBE], {"axis": 1})],
    "take_along_axis": ([A, np.array([[2, 0], [0, 0], [1, 2], [2, 1]])], {"axis": 1}),
    "argmin": ([SIGNED], {"axis": -1, "keepdims": True}),
    "batch_normalization": [
        ([SIGNED, *MOMENTS, ROW, ROW + 1], {"how": NORMALIZATION}),
        ([SIGNED, *MOMENTS, ROW], {"how": NORMALIZATION._replace(center=False)}),
        ([SIGNED, *MOMENTS, ROW, ROW], {"how": NORMALIZATION._replace(frozen=lambda: True)}),
        (
            [CUBE, *[m[:2] for m in MOMENTS]],
            {"how": NORMALIZATION._replace(center=False, scale=False)},
        ),
    ],
    "batch_size": ([A], {}),
    "cast": ([A], {"dtype": "float64"}),
    "clip": ([SIGNED, -1.0, 1.0], {}),
    "concatenate": [([A, B], {"axis": 1}), ([CUBE, CUBE], {"axis": 2})],
    "dense": [([A, KERNEL], {}), ([A, KERNEL, ROW[:2]], {}), ([CUBE, KERNEL.T, ROW], {})],
    "divide": [([A, B], {}), ([A, ROW], {}), ([ROW, A], {})],
    "dropout": ([A], {"rate": 0.5, "always": False}),
    "equal": ([A, A], {}),
    "expand_dims": ([A], {"axis": 1}),
    "floor_divide": ([B, 0.7], {}),
    "gaussian_dropout": ([A], {"stddev": 0.5, "always": False}),
    "gaussian_noise": ([A], {"stddev": 0.3, "always": True}),
    "greater": ([A, 1.0], {}),
    "greater_equal": ([A, 1.0], {}),
    "identity": ([A], {}),
    "index": [([A], {"key": (slice(None), 1)}), ([CUBE], {"key": (Ellipsis, [0, 0, 1])})],
    "lerp": ([A, B, ROW], {}),
    "less": ([A, 1.0], {}),
    "less_equal": ([A, 1.0], {}),
    "log": ([A], {}),
    "log1p": ([A], {}),
    "logical_and": ([A > 1, B > 2], {}),
    "logical_not": ([A > 1], {}),
    "logical_or": ([A > 1, B > 2], {}),
    "matmul": [
        ([A, KERNEL], {}),
        ([CUBE, KERNEL.T], {}),
        ([A, ROW], {}),
        ([ROW, KERNEL], {}),
        ([ROW, CUBE], {}),
        ([ROW, A[0]], {}),
    ],
    "max": [([SIGNED], {"axis": 1, "keepdims": False}), ([CUBE], {"axis": None, "keepdims": True})],
    "maximum": ([SIGNED, 0.1], {}),
    "mean": [([CUBE], {"axis": (0, 2), "keepdims": True}), ([A], {"axis": -1, "keepdims": False})],
    "merge_add": ([A, B, SIGNED], {}),
    "merge_average": ([A, B, ROW], {}),
    "merge_maximum": ([A, SIGNED, B - 1], {}),
    "merge_minimum": ([A, SIGNED, B - 1], {}),
    "merge_multiply": ([A, B, SIGNED], {}),
    "min": ([SIGNED], {"axis": 0, "keepdims": False}),
    "minimum": ([SIGNED, 0.1], {}),
    "mod": ([B, 0.7], {}),
    "multiply": [([A, B], {}), ([A, 3.0], {}), ([A, ROW], {})],
    "not_equal": ([A, B], {}),
    "one_hot": ([LABELS], {"num_classes": 3, "dtype": "float64"}),
    "ones_like": ([A], {"fill": 1}),
    "pick": ([A, LABELS[:, None].astype(int)], {}),
    "power": [([A, 3.0], {}), ([A, B], {}), ([SIGNED, 2], {})],
    "put": [([A[:, 1], A], {"key": (slice(None), 1)}), ([A, B], {"key": ([0, 0, 3, 1],)})],
    "put_along_axis": ([A[:, :2], A, np.array([[2, 0], [0, 0], [1, 2], [2, 1]])], {"axis": 1}),
    "put_taken": ([A, B, np.array([2, 0, 2])], {"axis": 1}),
    "reshape": ([A], {"shape": (2, 6)}),
    "reshape_rows": ([CUBE], {"target": (2, -1)}),
    "sqrt": ([A], {}),
    "squeeze": [
        ([A[:, :1]], {"axis": 1}),
        ([CUBE[:, None, :, :1]], {"axis": (1, 3)}),
        ([A[:, None]], {"axis": None}),
    ],
    "stop_gradient": ([A], {}),
    "subtract": [([A, B], {}), ([1.0, A], {})],
    "sum": [
        ([CUBE], {"axis": 1, "keepdims": False}),
        ([A], {"axis": None, "keepdims": False}),
        ([A], {"axis": (), "keepdims": False}),
    ],
    "take": ([A, np.array([2, 0, 2])], {"axis": 1, "wraps": True}),
    "transpose": [([A], {"axes": None}), ([CUBE], {"axes": (0, 2, 1)})],
    "where": ([SIGNED > 0, A, B], {}),
}
for _name, (_operands, *_) in ELEMENTWISE.items():
    EXAMPLES.setdefault(_name, ([SIGNED, A, B][:_operands], {}))
CASES = [
    (name, values, params)
    for name, examples in EXAMPLES.items()
    for values, params in (examples if isinstance(examples, list) else [examples])
]
# Comparisons, roundings and positions have no gradient.
SMOOTH = [case for case in CASES if ops.find_op(case[0]).backward is not None]


def evaluate(op: Op, values: list, params: dict, mode: Mode) -> np.ndarray:
    mode.position = 0
    extra = {"mode": mode} if op.modal else {}
    # Moving moments change in place; each evaluation gets its own.
    copies = [np.array(v) if isinstance(v, np.ndarray) else v for v in values]
    return np.asarray(op.forward(*copies, **params, **extra))


def test_every_op_has_an_example() -> None:
    assert set(EXAMPLES) == {op.name for op in ops.all_ops()} - set(DECLARED)


@pytest.mark.parametrize(("name", "values", "params"), CASES)
def test_shape_and_type_are_those_of_the_value(name: str, values: list, params: dict) -> None:
    op = ops.find_op(name)
    out = evaluate(op, values, params, Mode(training=True, seed=1))
    first = next(i for i, value in enumerate(values) if isinstance(value, np.ndarray))
    tensor = Tensor((None, *values[first].shape[1:]), "float64")
    node = Node(op, (*values[:first], tensor, *values[first + 1 :]), params)
    assert len(node.output.shape) == out.ndim
    for known, size in zip(node.output.shape, out.shape, strict=True):
        assert known in (None, size)
    if op.dtype is not None:
        assert out.dtype == np.dtype(op.dtype)


@pytest.mark.parametrize(
    ("name", "values", "params"),
    # The others are recorded with types of their own.
    [case for case in CASES if case[0] not in ("cast", "batch_size", "one_hot")],
)
def test_fractions_of_whole_numbers_are_declared_as_floats(
    name: str, values: list, params: dict
) -> None:
    op = ops.find_op(name)
    whole = [
        (3 * np.abs(value)).astype("int32") + 1
        if isinstance(value, np.ndarray) and value.dtype.kind == "f"
        else value
        for value in values
    ]
    with np.errstate(all="ignore"):
        out = evaluate(op, whole, params, Mode(training=False))
    inputs = [
        Tensor((None, *value.shape[1:]), value.dtype.name)
        if isinstance(value, np.ndarray)
        else value
        for value in whole
    ]
    declared = Node(op, tuple(inputs), params).output.dtype
    assert out.dtype.kind != "f" or declared == "float32"


@pytest.mark.parametrize(("name", "values", "params"), SMOOTH)
def test_gradient_matches_differences(name: str, values: list, params: dict) -> None:
    op = ops.find_op(name)
    h, tolerance = 1e-6, 1e-7  # central differences in float64: error h^2, rounding 1e-16 / h
    mode = Mode(training=True, seed=3)
    out = evaluate(op, values, params, mode)
    grad = np.random.default_rng(0).standard_normal(out.shape)
    tensors = {
        i: Tensor(value.shape, "float64")
        for i, value in enumerate(values)
        if isinstance(value, np.ndarray) and value.dtype == np.float64
    }
    node = Node(op, tuple(tensors.get(i, v) for i, v in enumerate(values)), params)
    known = {id(tensors[i]): np.array(values[i]) for i in tensors}
    run_forward([node], known, mode)
    for i, tensor in tensors.items():
        known[id(tensor)] = np.array(values[i])
    grads = {id(node.output): grad}
    run_backward([node], known, grads, mode, {id(t) for t in tensors.values()})
    for i, tensor in tensors.items():
        if id(tensor) not in grads:
            # Moving moments, places, and what only gives its shape.
            assert name in ("batch_normalization", "take") or name.startswith("put")
            continue
        found = grads[id(tensor)]
        assert np.shape(found) == values[i].shape
        for at in np.ndindex(values[i].shape):
            up, down = (np.array(values[i]) for _ in range(2))
            up[at] += h
            down[at] -= h
            sides = [
                evaluate(op, [*values[:i], side, *values[i + 1 :]], params, mode)
                for side in (up, down)
            ]
            slope = float(((sides[0] - sides[1]) * grad).sum() / (2 * h))
            assert found[at] == pytest.approx(slope, rel=1e-6, abs=10 * tolerance)


# Their gradients are computed with numbers alone.
NOT_TWICE = {"prod"}
TWICE = [
    *(case for case in SMOOTH if case[0] not in NOT_TWICE),
    *((name, [SIGNED], {"alpha": 0.5}) for name in DECLARED),
]


@pytest.mark.parametrize(("name", "values", "params"), TWICE)
def test_second_derivative_matches_differences(name: str, values: list, params: dict) -> None:
    op = ops.find_op(name)
    smooth = [
        i
        for i, value in enumerate(values)
        if isinstance(value, np.ndarray) and value.dtype == np.float64
    ]
    rng = np.random.default_rng(0)
    factors = [rng.standard_normal(values[i].shape) for i in smooth]
    pynn.random.set_seed(3)
    out = evaluate(op, values, params, Mode(training=True, seed=1))
    given = rng.standard_normal(out.shape)

    def slopes(arrays: list[np.ndarray], grad: np.ndarray, twice: bool) -> tuple:
        """Return a sum of the gradients, and its gradients if asked for twice."""
        pynn.random.set_seed(3)  # what is random is the same each time
        tensors = [ValueTensor(np.array(array)) for array in arrays]
        weighted = ValueTensor(grad)
        inputs = list(values)
        for i, tensor in zip(smooth, tensors, strict=True):
            inputs[i] = tensor
        with pynn.Tape() as outer:
            current().training = True
            with pynn.Tape() as inner:
                y = apply(op, *inputs, **params)
            if twice:
                found = inner.gradient(y, tensors, output_gradients=weighted)
                total = sum(
                    (ops.sum(g * f) for g, f in zip(found, factors, strict=True) if g is not None),
                    ops.sum(weighted) * 0.0,
                )
        if twice:
            return total.numpy(), outer.gradient(total, [*tensors, weighted])
        found = inner.gradient(y, tensors, output_gradients=weighted)
        pairs = zip(found, factors, strict=True)
        return sum((g * f).sum() for g, f in pairs if g is not None), None

    arrays = [values[i] for i in smooth]
    total, twice = slopes(arrays, given, True)
    assert total == pytest.approx(slopes(arrays, given, False)[0], rel=1e-12)
    h = 1e-5  # central differences in float64: error h^2 times third derivatives up to 1000
    for i, array in enumerate([*arrays, given]):
        expected = np.zeros(array.shape)
        for at in np.ndindex(array.shape):
            sides = []
            for step in (h, -h):
                moved = [np.array(each) for each in (*arrays, given)]
                moved[i][at] += step
                sides.append(slopes(moved[:-1], moved[-1], False)[0])
            expected[at] = (sides[0] - sides[1]) / (2 * h)
        found = np.zeros(array.shape) if twice[i] is None else twice[i]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", sorted(NOT_TWICE))
def test_where_there_is_no_second_derivative_it_says_so(name: str) -> None:
    _, values, params = next(case for case in SMOOTH if case[0] == name)
    x = ValueTensor(values[0])
    with pynn.Tape() as outer:
        with pynn.Tape() as inner:
            y = apply(ops.find_op(name), x, **params)
        slope = inner.gradient(y, x)
    np.testing.assert_allclose(slope, inner.gradient(y, x), rtol=1e-12)
    with pytest.raises(NotImplementedError, match=f"the op '{name}' has no second derivative"):
        outer.gradient(slope, x)


def test_a_chain_of_nodes_is_differentiated_through() -> None:
    x = Tensor((None, 3), "float64")
    y = ops.sum(ops.square(ops.tanh(x) * 2.0 + x), axis=-1)
    nodes = topological([y], [x])
    values = {id(x): SIGNED}
    mode = Mode(training=False)
    run_forward(nodes, values, mode)
    grads = {id(y): np.ones(4)}
    run_backward(nodes, values, grads, mode, {id(x)})
    inner = 2 * np.tanh(SIGNED) + SIGNED
    expected = 2 * inner * (2 * (1 - np.tanh(SIGNED) ** 2) + 1)
    np.testing.assert_allclose(grads[id(x)], expected, rtol=1e-12)
