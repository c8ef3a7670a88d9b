"""Shards: a data set cut once, in a way that depends neither on workers nor on their number.

Of collections every row goes to the shard whose number is the row's modulo `n_shards`, so that
shards are alike even where rows are sorted, and the same however the collection is chunked. Where
rows are not kept in memory, whole parts go round the shards in this way.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.multiclass import type_of_target

from pynn.dask._parts import (
    Given,
    ParquetPart,
    PartitionError,
    Rows,
    Wanted,
    checked,
    concatenated,
    naming,
    read_part,
)

LEAST_ROWS = 8192  # of a shard by default: an epoch of 256 steps of 32 rows
MOST_SHARDS = 16  # by default: the mean of more replicas needs more epochs


def default_shards(n_rows: int) -> int:
    """Return the largest power of two, at most 16, that leaves each shard 8192 rows."""
    shards = 1
    while 2 * shards <= MOST_SHARDS and n_rows >= 2 * shards * LEAST_ROWS:
        shards *= 2
    return shards


class Shard(NamedTuple):
    """What one replica trains on: blocks, which are `Rows` or parts to be read when needed.

    Attributes
    ----------
    blocks : list
    sizes : list of int
        Rows of each block.
    origins : list of list of (str, int)
        Of each block, the parts that its rows are of, and how many are of each.
    wanted : Wanted
    """

    blocks: list[Any]
    sizes: list[int]
    origins: list[list[tuple[str, int]]]
    wanted: Wanted

    def rows(self, block: int) -> Rows:
        """Return the rows of a block, read if need be."""
        found = self.blocks[block]
        if isinstance(found, Rows):
            return found
        return read_part(found, self.wanted, self.origins[block][0][0])

    def blame(self, block: int, rows: Rows, check: Callable[[Rows], Any]) -> None:
        """Raise the error that a check of a block's rows has raised, by name of the first part."""
        first = 0
        for place, count in self.origins[block]:
            own = slice(first, first + count)
            if count:
                with naming(place):
                    check(rows.map(operator.itemgetter(own)))
            first += count

    @property
    def is_in_memory(self) -> bool:
        """Whether nothing has to be read."""
        return isinstance(self.blocks[0], Rows)


class Summary(NamedTuple):
    """What is known of a part without its rows."""

    n_rows: int
    widths: list[tuple[int, ...]]
    dtypes: list[Any]
    target_shapes: list[tuple[int, ...]]
    labels: Any  # sorted, of a classifier
    totals: Any  # weight of each label
    is_indicator: bool
    weighted: bool
    heaviest: float
    low: float
    high: float
    target_dtype: Any


class Cut(NamedTuple):
    """A data set in shards on a cluster.

    Attributes
    ----------
    shards : list of Future
        Of `Shard`.
    sizes : list of list of int
        Rows of the blocks of each.
    summary : Summary
        Of all of it.
    features : list of str or None
    """

    shards: list[Any]
    sizes: list[list[int]]
    summary: Summary
    features: list[str] | None

    @property
    def n_rows(self) -> int:
        """Rows of all shards."""
        return sum(map(sum, self.sizes))


def cut(
    client: Any,
    given: Given,
    wanted: Wanted,
    n_shards: int | None,
    in_memory: bool,
    name: str,
    argument: str = "",
) -> Cut:
    """Cut data into shards.

    Parameters
    ----------
    client : distributed.Client
    given : Given
    wanted : Wanted
    n_shards : int or None
        None stands for `default_shards`.
    in_memory : bool
        Whether the workers keep the rows. Parquet files are always read as they are needed.
    name : str
        What the keys of the tasks begin with.
    argument : str, default=""
        What errors call the data, if not those that are trained on.

    Raises
    ------
    PartitionError
        If a part cannot be used.
    ValueError
        If there are fewer rows, or parts to go round, than shards.
    """
    streams = not in_memory or isinstance(given.parts[0], ParquetPart)
    places = [_place(part, i) for i, part in enumerate(given.parts)]
    if argument:
        name, places = f"{name}-{argument}", [f"{place} of {argument}" for place in places]
    wanted = wanted._replace(features=given.features)
    if streams:
        return _streamed(client, given, wanted, n_shards, places, name)
    return _kept(client, given, wanted, n_shards, places, name)


def _place(part: Any, number: int) -> str:
    if isinstance(part, ParquetPart):
        return f"partition {number} (row groups {part.groups} of {part.path})"
    return f"partition {number}"


def _kept(
    client: Any, given: Given, wanted: Wanted, n_shards: int | None, places: list[str], name: str
) -> Cut:
    import dask

    @dask.delayed(pure=False)
    def read(part: Any, place: str) -> Rows:
        with naming(place):
            return checked(part, wanted)

    tasks = [
        read(tuple(part), place, dask_key_name=f"{name}-part-{i}")
        for i, (part, place) in enumerate(zip(given.parts, places, strict=True))
    ]
    parts = client.compute(tasks)
    summaries = _summaries(
        client,
        client.map(summarize, parts, places, of=wanted.of, pure=False, key=f"{name}-summary"),
        parts,
        places,
    )
    summary = together(summaries, places)
    n_shards = _checked_shards(n_shards, summary.n_rows)
    starts = np.cumsum([0, *(each.n_rows for each in summaries)])
    dealt = client.map(
        deal, parts, starts[:-1].tolist(), n_shards=n_shards, pure=False, key=f"{name}-deal"
    )
    shards = []
    dtype = None if wanted.of == "model" else np.result_type(*summary.dtypes)
    for s in range(n_shards):
        pieces = client.map(
            operator.getitem, dealt, [s] * len(dealt), pure=False, key=f"{name}-piece-{s}"
        )
        shards.append(
            client.submit(join, pieces, dtype, places, wanted, pure=False, key=f"{name}-shard-{s}")
        )
    sizes = [[len(range(s, summary.n_rows, n_shards))] for s in range(n_shards)]
    return Cut(shards, sizes, summary, given.features)


def _summaries(client: Any, summaries: list[Any], parts: list[Any], places: list[str]) -> Any:
    """Return what the tasks say, or the error of the first part that could not be computed."""
    try:
        return client.gather(summaries)
    except PartitionError:
        raise
    except Exception:
        for place, part in zip(places, parts, strict=True):
            error = part.exception() if part.status == "error" else None
            if error is not None:
                raise PartitionError(f"{place} cannot be used: {error!r}") from error
        raise


def _streamed(
    client: Any, given: Given, wanted: Wanted, n_shards: int | None, places: list[str], name: str
) -> Cut:
    if isinstance(given.parts[0], ParquetPart):
        wanted = wanted._replace(dtype=given.parts[0].dtype)
    summaries = client.gather(
        client.map(
            summarize_part,
            given.parts,
            places,
            wanted=wanted,
            pure=False,
            key=f"{name}-summary",
        )
    )
    summary = together(summaries, places)
    filled = _filled(summaries)
    if n_shards is None:
        n_shards = min(default_shards(summary.n_rows), len(filled))
    n_shards = _checked_shards(n_shards, summary.n_rows)
    if n_shards > len(filled):
        raise ValueError(
            f"n_shards={n_shards} are more than the {len(filled)} parts that the data come "
            "in, and rows that are not kept in memory go round the shards in whole parts: give "
            "fewer shards, a smaller block_bytes, or smaller row groups"
        )
    if wanted.of != "model":
        wanted = wanted._replace(dtype=np.result_type(*summary.dtypes).name)
    shards, sizes = [], []
    for s in range(n_shards):
        own = filled[s::n_shards]
        counts = [summaries[i].n_rows for i in own]
        blocks = [given.parts[i] for i in own]
        of = [[(places[i], summaries[i].n_rows)] for i in own]
        shards.append(
            client.submit(Shard, blocks, counts, of, wanted, pure=False, key=f"{name}-shard-{s}")
        )
        sizes.append(counts)
    return Cut(shards, sizes, summary, given.features)


def _checked_shards(n_shards: int | None, n_rows: int) -> int:
    n_shards = default_shards(n_rows) if n_shards is None else int(n_shards)
    if n_shards < 1 or n_shards > n_rows:
        raise ValueError(
            f"n_shards must be between 1 and the number of rows, {n_rows}. Received: "
            f"n_shards={n_shards}"
        )
    return n_shards


# ---- tasks


def deal(rows: Rows, start: int, n_shards: int) -> list[Rows]:
    """Return the rows for each shard, of a part whose first row has the number `start`."""
    if n_shards == 1:
        return [rows]

    def own(shard: int) -> Rows:
        first = (shard - start) % n_shards
        return rows.map(lambda array: array[first::n_shards])

    return [own(shard) for shard in range(n_shards)]


def join(pieces: list[Rows], dtype: Any, places: list[str], wanted: Wanted) -> Shard:
    """Return a shard of all the pieces that were dealt to it, from the parts of these names."""
    weight = None
    if pieces[0].weight is not None:
        weight = concatenated([piece.weight for piece in pieces])
    rows = Rows(
        [concatenated(arrays, dtype) for arrays in zip(*(p.x for p in pieces), strict=True)],
        [concatenated(arrays) for arrays in zip(*(p.y for p in pieces), strict=True)],
        weight,
    )
    rows = rows.map(lambda a: a if hasattr(a, "indptr") else np.ascontiguousarray(a))
    counts = [piece.n_rows for piece in pieces]
    return Shard([rows], [sum(counts)], [list(zip(places, counts, strict=True))], wanted)


def summarize(rows: Rows, place: str, of: str) -> Summary:
    """Return what there is to know of rows."""
    labels = totals = None
    indicator = False
    y = rows.y[0]
    if of == "classes" and rows.n_rows:
        kind = str(type_of_target(y[:1000]))
        if y.ndim == 2:
            indicator = kind.startswith("multilabel") and bool(((y == 0) | (y == 1)).all())
            if not indicator:
                raise PartitionError(
                    f"{place} cannot be used: y must be one column of labels, or a matrix of "
                    f"zeros and ones. Received: y of shape {y.shape}"
                )
        else:
            labels, codes = np.unique(y, return_inverse=True)
            totals = np.bincount(codes, rows.weight, minlength=len(labels))
    values = [array.data if hasattr(array, "indptr") else array for array in rows.x]
    filled = [array for array in values if array.size]
    return Summary(
        rows.n_rows,
        [array.shape[1:] for array in rows.x],
        [array.dtype for array in rows.x],
        [array.shape[1:] for array in rows.y],
        labels,
        totals,
        indicator,
        rows.weight is not None,
        0.0 if rows.weight is None or not rows.n_rows else float(np.abs(rows.weight).max()),
        min((float(array.min()) for array in filled), default=0.0),
        max((float(array.max()) for array in filled), default=0.0),
        y.dtype,
    )


def summarize_part(part: Any, place: str, wanted: Wanted) -> Summary:
    """Return what there is to know of a part that is not kept.

    Of Parquet files only targets and weights are read.
    """
    if not isinstance(part, ParquetPart):
        return summarize(read_part(part, wanted, place), place, wanted.of)
    with naming(place):
        _, (y,), weight = part.read_targets()
        x = np.zeros((len(y), 1), part.dtype)
        rows = checked(([x], [y], weight), wanted._replace(features=None))
        found = summarize(rows, place, wanted.of)
    return found._replace(n_rows=part.n_rows, widths=[(len(part.features),)])


def _filled(summaries: list[Summary]) -> list[int]:
    """Return the numbers of the parts that have rows."""
    return [i for i, each in enumerate(summaries) if each.n_rows]


def together(summaries: list[Summary], places: list[str]) -> Summary:
    """Return the summary of all parts.

    Raises
    ------
    PartitionError
        If they do not fit one another.
    """
    filled = _filled(summaries)
    if not filled:
        raise ValueError("there is no data to train on: it has no rows")
    first = summaries[filled[0]]
    labels: Any = None
    totals: Any = None
    for i in filled:
        each, place = summaries[i], places[i]
        for name, ours, theirs in (
            ("x", each.widths, first.widths),
            ("y", each.target_shapes, first.target_shapes),
        ):
            if ours != theirs:
                raise PartitionError(
                    f"{place} cannot be used: its rows of {name} have the shape {ours[0]}, those "
                    f"of {places[filled[0]]} {theirs[0]}"
                )
        if (each.labels is None) != (first.labels is None):
            raise PartitionError(f"{place} cannot be used: its y is of another kind")
    if first.labels is not None:
        known = [summaries[i].labels for i in filled]
        kinds = {each.dtype.kind for each in known}
        if len({"t" if kind in "OUS" else "n" for kind in kinds}) > 1:
            raise PartitionError(
                "y holds texts in some partitions and numbers in others. "
                f"{places[filled[0]]} has {known[0][:3].tolist()}"
            )
        labels, places_of = np.unique(np.concatenate(known), return_inverse=True)
        weights = np.concatenate([summaries[i].totals for i in filled])
        totals = np.bincount(places_of, weights, minlength=len(labels))
    dtypes = [np.result_type(*each) for each in zip(*(s.dtypes for s in summaries), strict=True)]
    return Summary(
        sum(each.n_rows for each in summaries),
        first.widths,
        dtypes,
        first.target_shapes,
        labels,
        totals,
        first.is_indicator,
        first.weighted,
        max(each.heaviest for each in summaries),
        min(summaries[i].low for i in filled),
        max(summaries[i].high for i in filled),
        np.result_type(*(summaries[i].target_dtype for i in filled))
        if first.labels is None
        else first.target_dtype,
    )
