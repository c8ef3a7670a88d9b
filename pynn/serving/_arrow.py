"""Requests and answers as streams of Arrow, through pyarrow.

A stream of a stranger must not be able to take more memory than its own size: what is compressed,
and types whose values may share bytes, are refused before anything is made of them.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from pynn.serving._content import BadContent, BadFormat, Content, check_rows, objects
from pynn.serving._served import Served

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
_OLDEST = 15  # earlier versions unpickle what a schema names
_MOST_COLUMNS = 10_000
_RECORD_BATCH, _COMPRESSION = 3, 3  # places in the tables of Arrow's Message.fbs


def pyarrow() -> Any:
    """Import pyarrow.

    Raises
    ------
    ImportError
        If it is not installed, or too old to read what strangers send.
    """
    import pyarrow as found
    import pyarrow.ipc

    if int(found.__version__.split(".")[0]) < _OLDEST:
        raise ImportError(f"pyarrow must be {_OLDEST} or later")
    return found


def read(body: bytes, max_rows: int) -> Content:
    """Return what a stream holds.

    Raises
    ------
    BadContent
        If it is no stream, is compressed, has other types, or more rows than that.
    """
    pa = pyarrow()
    try:
        for message in pa.ipc.MessageReader.open_stream(body):
            if message.type in ("record batch", "dictionary") and _is_compressed(message):
                raise BadContent("the buffers of the stream must not be compressed")
        with pa.ipc.open_stream(body) as reader:
            schema = reader.schema
            if len(schema) > _MOST_COLUMNS or len(set(schema.names)) < len(schema):
                raise BadContent(f"there must be at most {_MOST_COLUMNS} columns, of other names")
            for field in schema:
                _check_type(pa, field.name, field.type)
            batches, count = [], 0
            for batch in reader:
                count += batch.num_rows
                check_rows(count, max_rows)
                batch.validate(full=True)
                batches.append(batch)
        table = pa.Table.from_batches(batches, schema)
        columns = {name: _values(pa, table.column(name), count) for name in schema.names}
    except BadContent:
        raise
    # Among them names that are no UTF-8, and durations that Python's do not reach.
    except (pa.ArrowException, OSError, struct.error, ValueError, OverflowError) as error:
        raise BadFormat(f"the body is not a stream of Arrow: {error!s:.200}") from None
    return Content(columns=columns, is_table=True)


def _is_compressed(message: Any) -> bool:
    """Look whether a record batch, or that of a dictionary, has a compression in its metadata.

    The metadata is a flatbuffer, which pyarrow has verified.
    """
    buffer = memoryview(message.metadata)
    (table,) = struct.unpack_from("<I", buffer)
    header = _field(buffer, table, 2)
    if message.type == "dictionary" and header is not None:
        header = _field(buffer, header, 1)
    return header is not None and _field(buffer, header, _COMPRESSION) is not None


def _field(buffer: memoryview, table: int, index: int) -> int | None:
    """Return where the table is that a field of a table refers to, None if it is absent."""
    (back,) = struct.unpack_from("<i", buffer, table)
    vtable = table - back
    (size,) = struct.unpack_from("<H", buffer, vtable)
    if 6 + 2 * index > size:
        return None
    (offset,) = struct.unpack_from("<H", buffer, vtable + 4 + 2 * index)
    if offset == 0:
        return None
    (ahead,) = struct.unpack_from("<I", buffer, table + offset)
    return int(table + offset + ahead)


def _check_type(pa: Any, name: str, kind: Any) -> None:
    types = pa.types
    inner = kind
    while types.is_fixed_size_list(inner):
        inner = inner.value_type
    if inner is not kind:
        fits = types.is_integer(inner) or types.is_floating(inner)
    else:
        values = kind.value_type if types.is_dictionary(kind) else kind
        fits = any(
            is_one(values)
            for is_one in (
                types.is_integer,
                types.is_floating,
                types.is_boolean,
                types.is_decimal,
                types.is_string,
                types.is_large_string,
                types.is_temporal,
                types.is_null,
            )
        )
    if not fits or types.is_interval(inner):
        raise BadContent(f"column {name!r:.80} has a type that is not taken: {kind!s:.80}")


def _values(pa: Any, column: Any, count: int) -> np.ndarray:
    """Return an array of numbers, dates or objects; of lists of a fixed size, one with more axes.

    Nulls are NaN among numbers, and None elsewhere.
    """
    array = column.combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) and array.num_chunks else array
    kind = column.type
    shape = [count]
    while pa.types.is_fixed_size_list(kind):
        if array.null_count:
            raise BadContent("lists must not be null")
        shape.append(kind.list_size)
        array, kind = array.flatten(), kind.value_type
    if len(shape) > 1:
        return array.to_numpy(zero_copy_only=False).reshape(shape)
    types = pa.types
    if types.is_dictionary(kind):
        return _looked_up(array)
    if types.is_integer(kind) or types.is_floating(kind):
        return array.to_numpy(zero_copy_only=False)
    if types.is_timestamp(kind) or types.is_date(kind):
        return array.cast(pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False)
    return objects(array.to_pylist())


def _looked_up(array: Any) -> np.ndarray:
    """Return the values of a dictionary's codes, each value made once."""
    values = objects([*array.dictionary.to_pylist(), None])
    codes = array.indices.fill_null(len(values) - 1).to_numpy(zero_copy_only=False)
    return values[codes]


def write(served: Served, outputs: Mapping[str, np.ndarray]) -> bytes:
    """Return the body of an answer: a column for each output, of lists where a row has several.

    The schema's metadata has the classes as JSON.
    """
    pa = pyarrow()
    columns = {name: _column(pa, array) for name, array in outputs.items()}
    metadata = None
    if served.classes is not None:
        metadata = {"classes": json.dumps(served.classes)}
    table = pa.table(columns).replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _column(pa: Any, array: np.ndarray) -> Any:
    kind = array.dtype.kind
    flat = array.reshape(-1)
    if kind in "Mm":
        flat = flat.astype(f"{kind}8[us]")  # Arrow has not all of NumPy's units
    plain = kind in "biufMm"
    column = pa.array(flat if plain else flat.tolist())
    for size in reversed(array.shape[1:]):
        column = pa.FixedSizeListArray.from_arrays(column, size)
    return column
