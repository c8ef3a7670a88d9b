"""The matrix kernels against NumPy at sizes around the tiles, and their fused steps."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import _core, _core_testing
from reference.optimizers import OPTIMIZERS
from reference.tolerances import assert_close, unit

# (batch, fan_in, fan_out): tiles have 4, 6 or 12 rows and 4 to 64 columns, blocks 32 lanes.
SIZES = [
    (1, 1, 1),
    (2, 3, 5),
    (7, 4, 3),
    (15, 16, 6),
    (16, 15, 11),
    (17, 17, 12),
    (31, 31, 13),
    (32, 64, 24),
    (33, 63, 25),
    (64, 65, 7),
    (65, 130, 18),
    (100, 33, 37),
    # Rows of the weights, and rows of the batch, in more than one pass.
    (300, 20, 520),
    (1, 300, 75),
    # A last block that is left to narrower tiles, and one that is not.
    (24, 33, 4),
    (57, 129, 10),
    (61, 257, 388),
]


@pytest.fixture(params=SIZES, ids=str)
def problem(request: pytest.FixtureRequest, dtype: str) -> dict[str, np.ndarray]:
    """x, w, bias and grad_y of one dense layer."""
    batch, fan_in, fan_out = request.param
    rng = np.random.default_rng(batch)
    shapes = {
        "x": (batch, fan_in),
        "w": (fan_out, fan_in),
        "bias": (fan_out,),
        "grad_y": (batch, fan_out),
    }
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}


def widened(problem: dict[str, np.ndarray]) -> list[np.ndarray]:
    return [problem[name].astype(np.float64) for name in ("x", "w", "bias", "grad_y")]


def check_product(got: np.ndarray, a: np.ndarray, b: np.ndarray, plus: np.ndarray | float) -> None:
    """A sum of n terms errs by at most n units of the sum of their magnitudes (Higham 2002)."""
    magnitude = np.abs(a) @ np.abs(b) + np.abs(plus)
    assert_close(got, a @ b + plus, units=a.shape[1] + 2, magnitude=magnitude)


def test_forward(isa: str, problem: dict[str, np.ndarray]) -> None:
    x, w, bias, _ = widened(problem)
    got = _core_testing.dense_forward(problem["x"], problem["w"], problem["bias"])
    check_product(got, x, w.T, bias)
    check_product(_core_testing.dense_forward(problem["x"], problem["w"]), x, w.T, 0)


def test_forward_with_relu(isa: str, problem: dict[str, np.ndarray]) -> None:
    plain = _core_testing.dense_forward(problem["x"], problem["w"], problem["bias"])
    got = _core_testing.dense_forward(problem["x"], problem["w"], problem["bias"], relu=True)
    np.testing.assert_array_equal(got, np.maximum(plain, 0))


def test_relu_keeps_nan(isa: str, dtype: str) -> None:
    x = np.array([[np.nan], [1.0]], dtype)
    got = _core_testing.dense_forward(x, np.ones((1, 1), dtype), relu=True)
    np.testing.assert_array_equal(got, x)


def test_forward_accumulates(isa: str, problem: dict[str, np.ndarray]) -> None:
    x, w, _, start = widened(problem)
    got = _core_testing.dense_forward(problem["x"], problem["w"], start=problem["grad_y"])
    check_product(got, x, w.T, start)


def test_forward_of_some_rows(isa: str, problem: dict[str, np.ndarray]) -> None:
    fan_out = problem["w"].shape[0]
    whole = _core_testing.dense_forward(problem["x"], problem["w"], problem["bias"])
    for row in range(min(fan_out, 14)):
        part = _core_testing.dense_forward(
            problem["x"], problem["w"], problem["bias"], row_begin=row
        )
        np.testing.assert_array_equal(part[:, row:], whole[:, row:])


def test_grad_input(isa: str, problem: dict[str, np.ndarray]) -> None:
    _, w, _, grad_y = widened(problem)
    got = _core_testing.dense_grad_input(problem["grad_y"], problem["w"])
    check_product(got, grad_y, w, 0)
    masked = _core_testing.dense_grad_input(problem["grad_y"], problem["w"], problem["x"])
    np.testing.assert_array_equal(masked, np.where(problem["x"] > 0, got, 0))


def test_grad_weights(isa: str, problem: dict[str, np.ndarray]) -> None:
    x, w, _, grad_y = widened(problem)
    got = _core_testing.dense_grad_weights(problem["x"], problem["grad_y"])
    check_product(got, grad_y.T, x, 0)
    added = _core_testing.dense_grad_weights(problem["x"], problem["grad_y"], problem["w"])
    check_product(added, grad_y.T, x, w)


def test_small_batches_have_the_bits_of_large_ones(
    isa: str, problem: dict[str, np.ndarray]
) -> None:
    """A small batch takes a path of its own, in the same order, in either layout of the weights."""
    w, bias = problem["w"], problem["bias"]
    x, grad_y = (np.resize(problem[name], (40, problem[name].shape[1])) for name in ("x", "grad_y"))
    ways = [(w, False), (np.ascontiguousarray(w.T), True)]
    plain = _core_testing.dense_forward(x, w, bias)
    rectified = _core_testing.dense_forward(x, w, bias, relu=True)
    started = _core_testing.dense_forward(x, w, start=grad_y)
    grad_x = _core_testing.dense_grad_input(grad_y, w)
    masked = _core_testing.dense_grad_input(grad_y, w, x)
    for n in range(1, 10):
        some, grads = x[:n], grad_y[:n]
        for weights, in_out in ways:
            got = _core_testing.dense_forward(some, weights, bias, in_out=in_out)
            np.testing.assert_array_equal(got, plain[:n])
            got = _core_testing.dense_forward(some, weights, bias, relu=True, in_out=in_out)
            np.testing.assert_array_equal(got, rectified[:n])
            got = _core_testing.dense_forward(some, weights, start=grads, in_out=in_out)
            np.testing.assert_array_equal(got, started[:n])
        np.testing.assert_array_equal(_core_testing.dense_grad_input(grads, w), grad_x[:n])
        np.testing.assert_array_equal(_core_testing.dense_grad_input(grads, w, some), masked[:n])


def test_some_outputs_of_small_batches(isa: str, dtype: str) -> None:
    """Workers divide outputs anywhere; pieces of them, and of the inputs, go through the caches."""
    rng = np.random.default_rng(0)
    for n, fan_in, fan_out in [(1, 40, 70), (3, 4200, 20), (4, 30, 4200), (8, 1100, 1100)]:
        x = rng.normal(size=(40, fan_in)).astype(dtype)
        w = rng.normal(size=(fan_in, fan_out)).astype(dtype)
        want = _core_testing.dense_forward(x, np.ascontiguousarray(w.T))
        for row in (0, 6, fan_out - 1):
            got = _core_testing.dense_forward(x[:n], w, in_out=True, row_begin=row)
            np.testing.assert_array_equal(got[:, row:], want[:n, row:])


def test_gradient_of_small_batches(isa: str, dtype: str) -> None:
    """Sums run along the lines of the weights; workers divide the inputs anywhere.

    Around whole groups of 16 outputs, tiles of lines, and pieces of depth and of lines.
    """
    rng = np.random.default_rng(0)
    shapes = [(16, 1), (17, 5), (130, 23), (144, 24), (300, 49), (700, 25), (1100, 270), (4200, 3)]
    for n_rows in range(1, 9):
        for outputs, inputs in [*shapes, (4100 // n_rows, 1030 // n_rows)]:
            grad_y = rng.normal(size=(n_rows, outputs)).astype(dtype)
            w = rng.normal(size=(inputs, outputs)).astype(dtype)
            x = rng.normal(size=(n_rows, inputs)).astype(dtype)
            exact = grad_y.astype(np.float64), w.T.astype(np.float64)
            got = _core_testing.dense_grad_input(grad_y, w, in_out=True)
            check_product(got, *exact, 0)
            masked = _core_testing.dense_grad_input(grad_y, w, x, in_out=True)
            np.testing.assert_array_equal(masked, np.where(x > 0, got, 0))
            added = _core_testing.dense_grad_input(grad_y, w, start=x, in_out=True)
            check_product(added, *exact, x)
            both = _core_testing.dense_grad_input(grad_y, w, x, x, in_out=True)
            np.testing.assert_array_equal(both, np.where(x > 0, added, 0))
            for row in (1, 6, inputs - 1):
                if row < inputs:
                    part = _core_testing.dense_grad_input(grad_y, w, row_begin=row, in_out=True)
                    np.testing.assert_array_equal(part[:, row:], got[:, row:])


def test_gradient_of_small_batches_keeps_nan_to_itself(isa: str, dtype: str) -> None:
    rng = np.random.default_rng(0)
    for n_rows in range(1, 9):
        grad_y = rng.normal(size=(n_rows, 16 * n_rows + 3)).astype(dtype)
        w = rng.normal(size=(20, grad_y.shape[1])).astype(dtype)
        want = _core_testing.dense_grad_input(grad_y, w, in_out=True)
        grad_y[-1, -1] = np.nan
        got = _core_testing.dense_grad_input(grad_y, w, in_out=True)
        np.testing.assert_array_equal(got[:-1], want[:-1])
        assert np.isnan(got[-1]).all()
        grad_y[-1, -1], w[7, 0] = 1, np.inf
        got = _core_testing.dense_grad_input(grad_y, w, in_out=True)
        np.testing.assert_array_equal(np.isinf(got), np.tile(np.arange(20) == 7, (n_rows, 1)))


def test_partial_sums_of_small_batches(isa: str, dtype: str) -> None:
    """Term t goes to sum t % 16, in order; then the sums are added up in a tree."""
    tiny = unit(dtype) / 2
    ones = np.ones((5, 160), dtype)
    for n_rows in range(1, 9):
        grad_y = np.zeros((n_rows, 160), dtype)
        grad_y[:, 0] = 1
        grad_y[:, [16, 32, 144]] = tiny  # each of them lost
        got = _core_testing.dense_grad_input(grad_y, ones, in_out=True)
        np.testing.assert_array_equal(got, np.ones((n_rows, 5)))
        grad_y[:, [1, 17]] = tiny  # together a unit
        got = _core_testing.dense_grad_input(grad_y, ones, in_out=True)
        np.testing.assert_array_equal(got, np.full((n_rows, 5), 1 + 2 * tiny, dtype))
        grad_y[:, [1, 17]] = 0
        grad_y[:, [1, 9]] = tiny  # sums 1 and 9 meet before they meet sum 0
        got = _core_testing.dense_grad_input(grad_y, ones, in_out=True)
        np.testing.assert_array_equal(got, np.full((n_rows, 5), 1 + 2 * tiny, dtype))
        grad_y[:, [1, 9]] = 0
        grad_y[:, [8, 4]] = tiny  # these meet sum 0 one after the other
        got = _core_testing.dense_grad_input(grad_y, ones, in_out=True)
        np.testing.assert_array_equal(got, np.ones((n_rows, 5)))


def test_more_rows_or_few_outputs_have_sums_in_order(isa: str, dtype: str) -> None:
    """Whichever way weights lie, as in every product but that of the tests above."""
    rng = np.random.default_rng(0)
    for n_rows, outputs in [(9, 300), (12, 144), (40, 65), (8, 127), (4, 63), (2, 31), (1, 15)]:
        grad_y = rng.normal(size=(n_rows, outputs)).astype(dtype)
        w = rng.normal(size=(outputs, 37)).astype(dtype)
        out_in = _core_testing.dense_grad_input(grad_y, w)
        in_out = _core_testing.dense_grad_input(grad_y, np.ascontiguousarray(w.T), in_out=True)
        np.testing.assert_array_equal(in_out, out_in)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.3, 0.6, 1.0])
def test_weights_of_zeros_in_one_row_are_passed_over(isa: str, dtype: str, share: float) -> None:
    """Where a quarter of many inputs are zero; what the others hold counts, be it NaN."""
    rng = np.random.default_rng(0)
    for fan_in, fan_out in [(63, 40), (64, 1), (100, 33), (784, 70), (9000, 130)]:
        x = rng.normal(size=(40, fan_in)).astype(dtype)
        x[:, rng.random(fan_in) < share] = 0
        x[0, ::7] *= -0.0
        w = rng.normal(size=(fan_in, fan_out)).astype(dtype)
        bias = rng.normal(size=fan_out).astype(dtype)
        want = _core_testing.dense_forward(x, np.ascontiguousarray(w.T), bias)
        for row in (0, fan_out // 2):
            got = _core_testing.dense_forward(x[:1], w, bias, in_out=True, row_begin=row)
            np.testing.assert_array_equal(got[:, row:], want[:1, row:])
        x[0, -1] = np.nan
        assert np.isnan(_core_testing.dense_forward(x[:1], w, in_out=True)).all()


def slowly_in_order(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The forward product by the smallest pieces that the kernel takes: one unit, 16 inputs."""
    columns = []
    for row in w:
        sums = None
        for t in range(0, x.shape[1], 16):
            piece, weights = (np.ascontiguousarray(a[..., t : t + 16]) for a in (x, row[None]))
            sums = _core_testing.dense_forward(piece, weights, start=sums)
        columns.append(sums[:, 0])
    return np.stack(columns, axis=1)


def test_passes_through_the_caches_change_no_bit(isa: str, dtype: str) -> None:
    """Wide layers and long batches are cut into passes; between them the sums wait in memory."""
    rng = np.random.default_rng(0)
    for batch, fan_in, fan_out in [(70, 2100, 5), (300, 1030, 3), (1, 1100, 9), (600, 530, 3)]:
        x, w = (rng.normal(size=(n, fan_in)).astype(dtype) for n in (batch, fan_out))
        got = _core_testing.dense_forward(x, w)
        np.testing.assert_array_equal(got, slowly_in_order(x, w))
        np.testing.assert_array_equal(
            _core_testing.dense_grad_input(x, np.ascontiguousarray(w.T)), slowly_in_order(x, w)
        )


def test_slices_of_the_batch_change_no_bit(isa: str, dtype: str) -> None:
    """The gradient is a forward product too, of the transposes, in which nothing is cut."""
    rng = np.random.default_rng(0)
    for batch, fan_in, fan_out in [(520, 37, 50), (257, 130, 13), (260, 20, 600)]:
        x = rng.normal(size=(batch, fan_in)).astype(dtype)
        grad_y = rng.normal(size=(batch, fan_out)).astype(dtype)
        transposed = (np.ascontiguousarray(a.T) for a in (grad_y, x))
        np.testing.assert_array_equal(
            _core_testing.dense_grad_weights(x, grad_y), _core_testing.dense_forward(*transposed)
        )


@pytest.mark.parametrize("optimizer", _core.optimizer_names())
@pytest.mark.parametrize("modifiers", [(0, 0, 1, 1, 0), (0.1, 0.2, 0.9, 0.5, 1.5)])
def test_fused_step_is_gradient_then_step(
    isa: str, optimizer: str, modifiers: tuple[float, ...], dtype: str
) -> None:
    """The gradient and its step in one pass, against the gradient kernel and the reference step."""
    special = {"learning_rate_power": -0.5, "centered": 1.0}
    names = _core.optimizer_parameters(optimizer)
    hyper = {name: special.get(name, 0.5) for name in names}
    values = list(hyper.values())
    l1, l2, decay_factor, scale, clip = modifiers
    for batch, fan_in, fan_out in [(1, 1, 1), (17, 16, 7), (33, 65, 25)]:
        rng = np.random.default_rng(batch)
        x = rng.normal(size=(batch, fan_in)).astype(dtype)
        grad_y = rng.normal(size=(batch, fan_out)).astype(dtype)
        w = rng.normal(size=(fan_out, fan_in)).astype(dtype)
        got = _core_testing.dense_step(x, grad_y, w, optimizer, values, 0.1, modifiers)
        g = scale * _core_testing.dense_grad_weights(x, grad_y).astype(np.float64)
        g += l2 * w + l1 * np.sign(w)
        if clip > 0:
            g = np.clip(g, -clip, clip)
        state = [np.zeros(w.shape) for _ in range(_core.optimizer_slots(optimizer))]
        if state:
            state[0][:] = _core.optimizer_initial(optimizer, values)
        want, want_state = OPTIMIZERS[optimizer](
            decay_factor * w.astype(float), state, g, 0.1, 1, **hyper
        )
        # g^2 enters the state; the sum behind g has an error of `batch` units.
        magnitude = 1 + np.abs(g).max() ** 2
        for mine, theirs in zip(got, [want, *want_state], strict=True):
            assert_close(mine, theirs, units=64, magnitude=magnitude)


def test_times_are_times() -> None:
    for in_out in (False, True):
        seconds = _core_testing.bench_dense("forward", 32, 64, 64, 10, in_out=in_out)
        assert 0 < seconds < 1
    with pytest.raises(ValueError, match="kind must be one of forward, grad_input, grad_weights"):
        _core_testing.bench_dense("backward", 32, 64, 64, 10)


def test_a_sum_runs_in_order(isa: str, dtype: str) -> None:
    """Terms are added one after the other, so that the result does not depend on the tile."""
    tiny = unit(dtype) / 2
    x = np.array([[1.0] + [tiny] * 40], dtype)
    got = _core_testing.dense_forward(x, np.ones((5, 41), dtype))
    np.testing.assert_array_equal(got, np.ones((1, 5)))
