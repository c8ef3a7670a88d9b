"""Parts of a data set: from collections of Dask, delayed blocks and Parquet files to arrays.

A part is what one task reads at once. What is read is checked where it is read, and what is wrong
is said with the number of the part. How parts become shards is in _shards.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np
from sklearn.utils import check_array, column_or_1d

from pynn._sparse import is_sparse
from pynn.dask._needed import needed
from pynn.graph import to_numeric

BLOCK_BYTES = 64 * 2**20  # of features of Parquet files in memory, by default


class PartitionError(ValueError):
    """Some part of the data cannot be used; the message says which, and why."""


class Rows(NamedTuple):
    """Rows in memory: an array for each input and each target, and weights or None."""

    x: list[Any]
    y: list[Any]
    weight: Any = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.x[0].shape[0])

    def map(self, function: Callable[[Any], Any]) -> Rows:
        """Return what a function makes of each array."""
        weight = None if self.weight is None else function(self.weight)
        return Rows([function(a) for a in self.x], [function(a) for a in self.y], weight)


class Part(Protocol):
    """What can be read where it is needed: `Rows` in memory do not need it."""

    def read(self) -> tuple[Any, ...]:
        """Return inputs, targets and weights as they are stored, or a block of all of them."""


class DelayedPart(NamedTuple):
    """A part that Dask computes.

    Within a task it is computed by that task's thread; its graph travels with it.
    """

    x: list[Any]
    y: list[Any]
    weight: Any = None

    def read(self) -> tuple[Any, ...]:
        """Compute it here."""
        return _computed(self)


class BlockPart(NamedTuple):
    """A delayed block that holds inputs, targets and maybe weights."""

    block: Any

    def read(self) -> tuple[Any, ...]:
        """Compute it here."""
        return _computed(self)


def _computed(part: tuple[Any, ...]) -> tuple[Any, ...]:
    import dask

    found: tuple[tuple[Any, ...]] = dask.compute(tuple(part), scheduler="synchronous")
    return found[0]


class ParquetPart(NamedTuple):
    """Row groups of a Parquet file, one after the other.

    Parameters
    ----------
    path : str
        A path, or a URL of what fsspec knows.
    groups : list of int
    n_rows : int
    features : list of str
        The columns of x, which are numbers.
    target : list of str
    weight : str or None
    dtype : str
        Of x.
    """

    path: str
    groups: list[int]
    n_rows: int
    features: list[str]
    target: list[str]
    weight: str | None
    dtype: str

    def read(self) -> tuple[list[Any], list[Any], Any]:
        """Read it, one row group after the other, so that no more than one is there twice."""
        return self._read(self.features)

    def read_targets(self) -> tuple[list[Any], list[Any], Any]:
        """Read targets and weights only."""
        return self._read([])

    def _read(self, features: list[str]) -> tuple[list[Any], list[Any], Any]:
        import fsspec
        import pyarrow.parquet as pq

        x = np.empty((self.n_rows, len(features)), self.dtype)
        others = [*self.target, *([self.weight] if self.weight else [])]
        read: list[list[np.ndarray]] = [[] for _ in others]
        first = 0
        with fsspec.open(self.path) as stream:
            file = pq.ParquetFile(stream)
            for group in self.groups:
                table = file.read_row_group(group, columns=[*features, *others])
                last = first + table.num_rows
                for i, name in enumerate(features):
                    x[first:last, i] = table.column(name).to_numpy()
                for found, name in zip(read, others, strict=True):
                    found.append(table.column(name).to_numpy())
                first = last
        arrays = [np.concatenate(found) for found in read]
        weight = arrays.pop() if self.weight else None
        y = arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=1)
        return [x], [y], weight


class Wanted(NamedTuple):
    """What the rows are for, which says how they are checked.

    Attributes
    ----------
    of : {"classes", "numbers", "model"}
        A classifier, a regressor or a compiled model.
    features : list of str or None
        The names of the columns, where they have some.
    dtype : str or None
        Of x, if all parts are to have one.
    """

    of: str
    features: list[str] | None = None
    dtype: str | None = None


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Say in an error about the data which part it is of."""
    try:
        yield
    except PartitionError:
        raise
    except Exception as error:
        raise PartitionError(f"{place} cannot be used: {error}") from error


def read_part(part: Part, wanted: Wanted, place: str) -> Rows:
    """Read a part and check it.

    Raises
    ------
    PartitionError
        If it cannot be read, or is not what is wanted.
    """
    with naming(place):
        return checked(part.read(), wanted)


def checked(read: tuple[Any, ...], wanted: Wanted) -> Rows:
    """Return rows as arrays of numbers, and of labels, from what `Part.read` returns.

    Raises
    ------
    ValueError
        On NaN and infinity, on what is no number, on numbers of rows that differ, and on a block
        that is not of two or three things.
    """
    x, y, weight = _unpacked(read[0]) if len(read) == 1 else read
    if wanted.of == "model":
        rows = Rows([_finite(to_numeric(a, "x"), "x") for a in x], [_target(a) for a in y])
    else:
        names = getattr(x[0], "columns", None)
        if wanted.features is not None and names is not None and list(names) != wanted.features:
            raise ValueError(
                f"its columns must be those of the first one, {wanted.features}. Received: "
                f"{list(names)}"
            )
        types = wanted.dtype or (np.float64, np.float32)
        array = check_array(
            x[0],
            accept_sparse="csr",
            dtype=types,
            order="C",
            input_name="X",
            ensure_min_samples=0,  # a filter may leave a partition without rows
        )
        rows = Rows([array], [_labels(y[0], wanted.of)])
    if weight is not None:
        weight = check_array(
            column_or_1d(weight),
            ensure_2d=False,
            dtype=np.float64,
            input_name="sample_weight",
            ensure_min_samples=0,
        )
        rows = rows._replace(weight=weight)
    counts = {a.shape[0] for a in (*rows.x, *rows.y, *([] if weight is None else [weight]))}
    if len(counts) > 1:
        raise ValueError(
            f"x, y and sample_weight must have as many rows. Received: {sorted(counts)}"
        )
    return rows


def _unpacked(block: Any) -> tuple[list[Any], list[Any], Any]:
    """Return inputs, targets and weights of a block."""
    if not isinstance(block, (tuple, list)) or len(block) not in (2, 3):
        raise ValueError(
            "a delayed block must be (x, y) or (x, y, sample_weight) where y is not given. "
            f"Received: {type(block).__name__}"
        )
    x, y, weight = (*block, None)[:3]
    return _listed(x), _listed(y), weight


def _finite(array: Any, name: str) -> Any:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} contains NaN or infinity")
    return array


def _target(y: Any) -> Any:
    return _finite(to_numeric(y, "y"), "y")


def _labels(y: Any, of: str) -> np.ndarray:
    if of == "numbers":
        array = check_array(
            y, ensure_2d=False, dtype="numeric", input_name="y", ensure_min_samples=0
        )
    else:
        array = np.asarray(y)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError("Input y contains NaN.")
        if array.dtype.kind == "O" and any(v is None or v != v for v in array.ravel()):
            raise ValueError("Input y contains None or NaN.")
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


# ---- from what users give


def is_distributed(x: Any) -> bool:
    """Whether that is data for Dask: a collection, delayed blocks, or the path of Parquet files."""
    if isinstance(x, (str, os.PathLike)):
        return True
    if isinstance(x, Mapping):
        x = list(x.values())
    if isinstance(x, (list, tuple)):
        return bool(x) and any(is_distributed(each) for each in x[:2])
    return hasattr(x, "__dask_graph__") and x.__dask_graph__() is not None


class Given(NamedTuple):
    """A data set in parts, as users give it.

    Attributes
    ----------
    parts : list of Part
    features : list of str or None
        Names of the columns.
    """

    parts: list[Any]
    features: list[str] | None = None


def parts_of(x: Any, y: Any, weight: Any, block_bytes: int, dtype: Any = None) -> Given:
    """Return the parts of data that `is_distributed`.

    Raises
    ------
    ValueError
        If x, y and weights are not cut alike, or there is nothing.
    """
    with needed():
        import dask.array  # noqa: F401
    if isinstance(x, (str, os.PathLike)):
        return _parquet(os.fspath(x), y, weight, block_bytes, dtype)
    if hasattr(x, "columns"):
        names = [each for each in (y, weight) if isinstance(each, str)]
        if isinstance(y, list) and y and all(isinstance(each, str) for each in y):
            names += y
        missing = [name for name in names if name not in x.columns]
        if missing:
            raise ValueError(f"x has no column {missing[0]!r}. It has {list(x.columns)}")
        y = x[y] if isinstance(y, (str, list)) and names else y
        weight = x[weight] if isinstance(weight, str) else weight
        x = x.drop(columns=names) if names else x
    features = None
    if hasattr(x, "columns") and all(isinstance(name, str) for name in x.columns):
        features = list(x.columns)
    inputs, like = _listed(x), None
    if hasattr(inputs[0], "chunks"):
        like = inputs[0].chunks[0]
    columns = [_partitions(each, like) for each in inputs]
    if y is None and all(len(each) for each in columns) and _are_delayed(x):
        # Each block has all of it: (x, y) or (x, y, sample_weight).
        return Given([BlockPart(block) for block in columns[0]])
    targets = [_partitions(each, like) for each in _listed(y)]
    weights = None if weight is None else _partitions(weight, like)
    counts = {len(each) for each in (*columns, *targets, *([] if weights is None else [weights]))}
    if len(counts) > 1:
        raise ValueError(
            "x, y and sample_weight must have as many partitions, of as many rows. Received: "
            f"{len(columns[0])} partitions of x and {len(targets[0])} of y"
        )
    if counts == {0}:
        raise ValueError("there is no data to train on: it has no partitions")
    parts = [
        DelayedPart(
            [each[i] for each in columns],
            [each[i] for each in targets],
            None if weights is None else weights[i],
        )
        for i in range(counts.pop())
    ]
    return Given(parts, features)


def _listed(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, (list, tuple)) and not _are_delayed(value):
        return list(value)
    return [value]


def _are_delayed(value: Any) -> bool:
    if not isinstance(value, (list, tuple)) or not value:
        return False
    from dask.delayed import Delayed

    return all(isinstance(each, Delayed) for each in value)


def _partitions(collection: Any, like: Any) -> list[Any]:
    """Return the partitions of a collection as delayed objects, cut as `like` if that is known."""
    if _are_delayed(collection):
        return list(collection)
    if hasattr(collection, "rechunk"):
        cut = {axis: -1 for axis in range(1, collection.ndim)}
        known = not np.isnan(sum(collection.chunks[0]))
        if like is not None and known and not np.isnan(sum(like)):
            if sum(like) != sum(collection.chunks[0]):
                raise ValueError(
                    f"x, y and sample_weight must have as many rows. Received: {sum(like)} and "
                    f"{sum(collection.chunks[0])}"
                )
            cut[0] = like
        return list(collection.rechunk(cut).to_delayed().ravel())
    if hasattr(collection, "to_delayed"):
        return list(collection.to_delayed())
    raise ValueError(
        "data must be arrays or dataframes of Dask, lists of delayed blocks, or the path of "
        f"Parquet files. Received: {type(collection).__name__}"
    )


def _parquet(path: str, y: Any, weight: Any, block_bytes: int, dtype: Any) -> Given:
    with needed():
        import fsspec
        import pyarrow as pa
        import pyarrow.parquet as pq
    target = [y] if isinstance(y, str) else list(y or ())
    if not target or not all(isinstance(name, str) for name in target):
        raise ValueError(f"with Parquet files y must be the name of a column. Received: y={y!r}")
    if weight is not None and not isinstance(weight, str):
        raise ValueError(
            "with Parquet files sample_weight must be the name of a column. Received: "
            f"{type(weight).__name__}"
        )
    system, _, found = fsspec.get_fs_token_paths(path)
    files: list[str] = []
    for each in found:
        files += sorted(system.find(each)) if system.isdir(each) else [each]
    files = [each for each in files if os.path.basename(each)[:1] not in "._"]
    if not files:
        raise FileNotFoundError(f"there are no Parquet files at {path}")
    parts: list[ParquetPart] = []
    names: list[str] | None = None
    for each in files:
        url = system.unstrip_protocol(each)
        with fsspec.open(url) as stream:
            metadata = pq.ParquetFile(stream)
            schema = metadata.schema_arrow
            sizes = [
                metadata.metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)
            ]
        if names is None:
            others = [*target, *([weight] if weight else [])]
            missing = [name for name in others if name not in schema.names]
            if missing:
                raise ValueError(f"{url} has no column {missing[0]!r}. It has {schema.names}")
            names = [name for name in schema.names if name not in others]
            for name in names:
                kind = schema.field(name).type
                if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or kind == "bool"):
                    raise ValueError(
                        f"the column {name!r} of {url} must hold numbers. Received: {kind}"
                    )
            single = all(schema.field(name).type in (pa.float32(), pa.float16()) for name in names)
            kept = np.dtype(dtype or ("float32" if single else "float64"))
            most = max(block_bytes // (kept.itemsize * max(len(names), 1)), 1)
        groups: list[int] = []
        rows = 0
        for i, size in enumerate(sizes):
            if groups and rows + size > most:
                parts.append(ParquetPart(url, groups, rows, names, target, weight, kept.name))
                groups, rows = [], 0
            groups, rows = [*groups, i], rows + size
        if rows:
            parts.append(ParquetPart(url, groups, rows, names, target, weight, kept.name))
    if not parts:
        raise ValueError(f"there is no data to train on: {path} has no rows")
    return Given(parts, names)


def concatenated(arrays: Sequence[Any], dtype: Any = None) -> Any:
    """Return arrays, or sparse matrices, one below the other."""
    if len(arrays) == 1:
        return arrays[0] if dtype is None else arrays[0].astype(dtype, copy=False)
    if any(map(is_sparse, arrays)):
        from scipy.sparse import vstack

        return vstack(arrays, format="csr", dtype=dtype)
    return np.concatenate(arrays, dtype=dtype, casting="unsafe")
