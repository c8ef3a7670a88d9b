"""Data as it comes: every dtype, strides, CSR, memory maps, and none of it copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pynn import _core
from reference.tolerances import DTYPES
from reference.twin import Twin, rows

ROW_DTYPES = (
    "float16", "float32", "float64", "bool", "uint8", "uint16", "uint32", "uint64",
    "int8", "int16", "int32", "int64",
)  # fmt: skip
WIDTHS = (1, 3, 15, 16, 17, 32, 100)


def integers(shape: tuple[int, int], dtype: str) -> np.ndarray:
    """Numbers that every dtype holds exactly, negative ones where it can."""
    lowest = 0 if dtype[0] in "bu" else -50
    return np.random.default_rng(shape[1]).integers(lowest, 120, shape).astype(dtype)


def identity(features: int, dtype: str) -> tuple[Twin, Any]:
    """A graph that hands its input back, so that predictions are what was read."""
    twin = Twin(dtype)
    output = twin.add("linear", [twin.input(features)])
    return twin, _core.Executor(twin.native, twin.inputs, [output])


def assert_read(source: Any, want: np.ndarray, dtype: str) -> None:
    """Prediction reads rows in order; training reads them in any order."""
    _, executor = identity(want.shape[1], dtype)
    assert (source.rows, source.cols) == want.shape
    (got,) = executor.predict([source])
    np.testing.assert_array_equal(got, want.astype(dtype))
    twin = Twin(dtype)
    output = twin.dense(twin.input(want.shape[1]), 3)
    y = _core.Rows(np.zeros((len(want), 3)))
    variables = [w.native for w in twin.weights]

    def trained(x: Any) -> list[np.ndarray]:
        for w, value in zip(twin.weights, start, strict=True):
            w.native.view[...] = value
        trainer = _core.Trainer(
            twin.native, twin.inputs, [output], [("huber", [1.0])], [1.0], [[]], variables,
            [0.0] * 2, [0.0] * 2, ("sgd", []),
        )  # fmt: skip
        trainer.start([x], [y], [None], 5, None, 0)
        trainer.run(np.full(len(want), 1e-3), 1e9)
        return [v.view.copy() for v in variables]

    start = [w.native.view.copy() for w in twin.weights]
    plain = np.ascontiguousarray(want.astype(dtype))
    for a, b in zip(trained(source), trained(_core.Rows(plain)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("row_dtype", ROW_DTYPES)
def test_dtypes(row_dtype: str, dtype: str) -> None:
    for width in WIDTHS:
        x = integers((33, width), row_dtype)
        assert_read(_core.Rows(x), x, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_extreme_values(dtype: str) -> None:
    for row_dtype in ROW_DTYPES:
        if row_dtype == "bool":
            continue
        info = np.finfo(row_dtype) if "float" in row_dtype else np.iinfo(row_dtype)
        x = np.array([[info.min, info.max, 0]], row_dtype)
        with np.errstate(over="ignore"):
            want = x.astype(dtype)
        np.testing.assert_array_equal(identity(3, dtype)[1].predict([_core.Rows(x)])[0], want)
    special = np.array([[np.nan, np.inf, -np.inf, -0.0, 6e-8]], np.float16)
    (got,) = identity(5, dtype)[1].predict([_core.Rows(special)])
    np.testing.assert_array_equal(got, special.astype(dtype))
    assert np.signbit(got[0, 3])


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_number_in_half_precision(dtype: str) -> None:
    x = np.arange(2**16, dtype=np.uint16).view(np.float16).reshape(-1, 16)
    (got,) = identity(16, dtype)[1].predict([_core.Rows(x)])
    with np.errstate(invalid="ignore"):  # of signalling NaNs
        want = x.astype(dtype)
    np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(want))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("row_dtype", ["float32", "float64", "uint8"])
def test_strided_rows(row_dtype: str, dtype: str) -> None:
    """Elements of a row adjacent; rows anywhere: apart, backwards, the same one again."""
    for width in (3, 16, 17):
        x = integers((40, 2 * width), row_dtype)
        shapes = {
            "columns of a wider array": x[:, width:],
            "every third row": x[::3, :width],
            "backwards": x[::-1, :width],
            "one row again and again": np.broadcast_to(x[0, :width], (9, width)),
            "overlapping": np.lib.stride_tricks.sliding_window_view(x.ravel(), width)[:50],
        }
        for view in shapes.values():
            assert not view.flags.c_contiguous
            assert_read(_core.Rows(view), view, dtype)
    column = integers((40, 6), row_dtype)[:, 2:3]  # one column of a wider array
    assert_read(_core.Rows(column), column, dtype)


def test_unaligned_rows() -> None:
    """A field of packed records: rows at odd addresses."""
    records = np.zeros(20, np.dtype([("tag", "u1"), ("x", "f4", (16,))]))
    records["x"] = integers((20, 16), "float32")
    assert not records["x"].flags.aligned
    for dtype in DTYPES:
        assert_read(_core.Rows(records["x"]), records["x"].copy(), dtype)


def test_memory_maps(tmp_path: Path) -> None:
    for row_dtype in ("float32", "uint8"):
        x = integers((50, 20), row_dtype)
        path = tmp_path / f"{row_dtype}.npy"
        np.save(path, x)
        mapped = np.load(path, mmap_mode="r")
        assert not mapped.flags.writeable
        assert_read(_core.Rows(mapped), x, "float32")


def test_more_than_four_gigabytes(tmp_path: Path) -> None:
    """Row offsets beyond 32 bits, in a file that is nearly all hole."""
    n_rows, width = 5_000_000, 1024
    path = tmp_path / "huge"
    with open(path, "wb") as file:
        file.truncate(n_rows * width)
    x = np.memmap(path, np.uint8, "r+", shape=(n_rows, width))
    order = np.array([n_rows - 1, 0, 4_200_000, 2_100_000])
    x[order] = integers((4, width), "uint8")
    twin = Twin("float32")
    h = twin.input(width)
    trainer = _core.Trainer(
        twin.native, twin.inputs, [h], [None], [1.0], [[]], [], [], [], ("sgd", [])
    )
    trainer.start([_core.Rows(x)], [None], [None], 4, order)
    assert trainer.run(np.ones(1), 1e9) == 1
    taken, (got,) = trainer.last_batch()
    np.testing.assert_array_equal(taken, order)
    np.testing.assert_array_equal(got, x[order])


def csr(dense: np.ndarray, index: str, value: str) -> Any:
    counts = (dense != 0).sum(axis=1)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(index)
    indices = np.nonzero(dense)[1].astype(index)
    return _core.Rows.csr(dense[dense != 0].astype(value), indices, indptr, dense.shape[1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", ["float32", "float64"])
@pytest.mark.parametrize("index", ["int32", "int64"])
def test_csr(index: str, value: str, dtype: str) -> None:
    rng = np.random.default_rng(0)
    for width in WIDTHS:
        dense = np.where(rng.random((33, width)) < 0.3, integers((33, width), value), 0)
        dense[[4, 32]] = 0  # rows without entries, the last one too
        assert_read(csr(dense, index, value), dense, dtype)


def test_csr_details() -> None:
    data = np.array([1.0, 2.0, 4.0, 9.0])
    # Entries of one place are added; stored values past the last row belong to nobody.
    indices, indptr = np.array([1, 1, 2, 0], np.int32), np.array([0, 2, 2, 3], np.int32)
    want = np.array([[0, 3.0, 0], [0, 0, 0], [0, 0, 4.0]])
    assert_read(_core.Rows.csr(data, indices, indptr, 3), want, "float64")
    empty = _core.Rows.csr(data[:0], indices[:0], np.zeros(4, np.int32), 5)
    assert_read(empty, np.zeros((3, 5)), "float32")


def test_csr_targets_and_weights() -> None:
    """Sparse one-hot targets are read like any other rows."""
    twin = Twin()
    output = twin.add("softmax", [twin.dense(twin.input(4), 6)])
    labels = np.arange(40) % 6
    hot = np.eye(6)[labels]
    weight = (np.arange(40)[:, None] % 3) * 1.0
    trainer = _core.Trainer(
        twin.native, twin.inputs, [output], [("categorical_crossentropy", [0.0])], [1.0],
        [["categorical_accuracy"]], [], [], [], ("sgd", []),
    )  # fmt: skip
    x = rows(twin.data(40))
    sparse = trainer.evaluate(x, [csr(hot, "int32", "float64")], [csr(weight, "int64", "float32")])
    assert sparse == trainer.evaluate(x, rows([hot]), rows([weight]))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int32", "int64", "float16", "float32"])
def test_targets_and_weights_of_any_dtype(dtype: str) -> None:
    twin = Twin()
    output = twin.dense(twin.input(4), 2)
    trainer = _core.Trainer(
        twin.native, twin.inputs, [output], [("huber", [1.0])], [1.0], [[]], [], [], [], ("sgd", [])
    )
    y, weight = integers((40, 2), "uint8") % 2, integers((40, 1), "uint8") % 2
    x = rows(twin.data(40))
    got = trainer.evaluate(x, rows([y.astype(dtype)]), rows([weight.astype(dtype)]))
    assert got == trainer.evaluate(x, rows([y * 1.0]), rows([weight * 1.0]))


def test_nothing_is_copied() -> None:
    """A change of the array is seen by the next prediction."""
    x = np.ones((5, 3), np.float32)
    source = _core.Rows(x)
    _, executor = identity(3, "float32")
    assert executor.predict([source])[0].sum() == 15
    x[2] = 7
    assert executor.predict([source])[0].sum() == 33


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_rows(dtype: str) -> None:
    for width in WIDTHS:
        _, executor = identity(width, dtype)
        for x in (np.empty((0, width)), np.empty((5, width))[:0]):
            source = _core.Rows(x)
            assert (source.rows, source.cols) == (0, width)
            (got,) = executor.predict([source])
            assert got.shape == (0, width) and got.dtype == dtype
        nothing = _core.Rows.csr(np.empty(0), np.empty(0, np.int32), np.zeros(1, np.int32), width)
        assert executor.predict([nothing])[0].shape == (0, width)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(3), "data must be 2-D. Received: 1-D"),
        (np.ones((2, 2, 2)), "data must be 2-D. Received: 3-D"),
        (np.ones((2, 0)), "at least one column. Received: 0"),
        (np.ones((4, 4)).T[:3], "the elements of a row must be adjacent in memory"),
        (np.ones((4, 4))[:, ::2], "the elements of a row must be adjacent in memory"),
        (np.ones((4, 4))[:, ::-1], "the elements of a row must be adjacent in memory"),
        (np.ones((2, 2), ">f4"), "machine's byte order"),
        (np.ones((2, 2), complex), "data must be numeric. Received: dtype=complex128"),
        (np.ones((2, 2), object), "data must be numeric. Received: dtype=object"),
        (np.ones((2, 2), "S3"), "data must be numeric"),
        (np.ones((2, 2), "M8[s]"), "data must be numeric"),
        (np.ones((2, 2), np.longdouble), "data must be numeric"),
    ],
)
def test_wrong_arrays(array: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.Rows(array)


CSR = {
    "data": np.ones(3),
    "indices": np.array([0, 2, 1], np.int32),
    "indptr": np.array([0, 2, 3], np.int32),
    "n_cols": 3,
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": np.ones(3, np.int64)}, "CSR values must be float32 or float64"),
        ({"data": np.ones(2)}, "1-D arrays of fitting sizes"),
        ({"data": np.ones((3, 1))}, "1-D arrays"),
        ({"indices": np.array([0, 2, 1])}, "indices and indptr must have one dtype"),
        ({"indices": np.array([0, 3, 1], np.int32)}, "column numbers must be below n_cols"),
        ({"indices": np.array([0, 2, -1], np.int32)}, "column numbers must be below n_cols"),
        ({"indices": np.array([2, 0, 1], np.int32)}, "column numbers of a row must be sorted"),
        ({"indptr": np.array([0, 2, 4], np.int32)}, "indptr must stay within the stored values"),
        ({"indptr": np.array([1, 2, 3], np.int32)}, "indptr must stay within the stored values"),
        (
            {"indptr": np.array([0, 3, 2, 3], np.int32), "indices": np.array([0, 1, 2], np.int32)},
            "indptr must not decrease",
        ),
        ({"indptr": np.array([0, 50, 3], np.int32)}, "indptr must"),  # nothing is read there
        ({"indptr": np.array([], np.int32)}, "of fitting sizes"),
        ({"n_cols": 0}, "at least one column. Received: 0"),
        ({"n_cols": 2**40}, "at least one column. Received: 1099511627776"),
        (
            {"indices": np.array([0, 2, 1], np.uint32), "indptr": np.array([0, 2, 3], np.uint32)},
            "indices must be int32 or int64",
        ),
        (
            {"indices": np.array([0, 2, 1], np.int16), "indptr": np.array([0, 2, 3], np.int16)},
            "indices must be int32 or int64",
        ),
    ],
)
def test_wrong_csr(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.Rows.csr(**(CSR | changes))
