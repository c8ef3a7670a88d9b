"""The parts of an HDF5 file that Keras's files consist of, read without the HDF5 library.

The library can hang or crash where a file is damaged. Here every part is read once, within the file
and within a budget of its size, so that reading ends whatever the bytes say. Groups in the older
and the newer form, numbers in one piece, and texts as attributes are known; whatever else a file
has is refused. What the names mean is not known here.

The format is the "HDF5 File Format Specification", version 3.0; its names are used for the parts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from struct import Struct, calcsize, error, unpack_from
from typing import Any, NamedTuple

import numpy as np

from pynn._files import FileError, OpenFile

_UNDEFINED = 2**64 - 1  # address of what is not there
_DEEPEST = 64  # groups within each other; a model within a model takes two
_MOST_PATHS = 32_000_000  # characters of all paths together
# Types of messages in object headers.
_DATASPACE, _LINK_INFO, _DATATYPE, _EXTERNAL, _LINK, _LAYOUT = 1, 2, 3, 7, 6, 8
_FILTERS, _ATTRIBUTE, _CONTINUATION, _SYMBOL_TABLE, _ATTRIBUTE_INFO = 11, 12, 16, 17, 21
# The properties of IEEE's numbers.
_FLOATS = {
    (0, 16, 10, 5, 0, 10, 15): "f2",
    (0, 32, 23, 8, 0, 23, 127): "f4",
    (0, 64, 52, 11, 0, 52, 1023): "f8",
}

Messages = list[tuple[int, bytes]]


class Array(NamedTuple):
    """An array of numbers."""

    shape: tuple[int, ...]
    dtype: np.dtype
    address: int
    compact: bytes | None  # its bytes, if they are not at the address


class Hdf5Structure:
    """The groups, arrays and attributes of an HDF5 file.

    Parameters
    ----------
    file : OpenFile

    Attributes
    ----------
    groups : dict of str to list of (int, bytes)
        The messages of each group's header, by path; the file itself is ``""``.
    arrays : dict of str to Array
        Those of numbers.

    Raises
    ------
    FileError
        If the file is damaged, or has a part that Keras does not write.
    """

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        self._left = 2 * file.size + 4096  # bytes that may be read yet, beside arrays
        self._left_of_paths = min(16 * file.size, _MOST_PATHS)
        self._heaps: dict[int, dict[int, bytes]] = {}
        self._attributes: dict[str, dict[str, list[bytes]]] = {}
        self.groups: dict[str, Messages] = {}
        self.arrays: dict[str, Array] = {}
        waiting, seen = [("", self._root())], set()
        while waiting:
            path, address = waiting.pop()
            if address in seen:
                continue
            seen.add(address)
            if path.count("/") > _DEEPEST:
                raise self._refused(f"its groups are nested deeper than {_DEEPEST}")
            messages = self._messages(address)
            kinds = dict(messages)
            if _LAYOUT in kinds:
                self._add_array(path, kinds)
                continue
            self.groups[path] = messages
            for name, inner in self._links(messages):
                self._left_of_paths -= len(path) + len(name)
                if self._left_of_paths < 0:
                    raise self._refused("the names in it are longer than Keras writes any")
                waiting.append((f"{path}/{name}" if path else name, inner))

    # ---- bytes

    def _at(self, address: int, size: int) -> bytes:
        self._left -= size
        if self._left < 0 or address + size > self._file.size:
            raise self._invalid("a part of it lies outside of the file or is there twice")
        self._file.stream.seek(address)
        return self._file.stream.read(size)

    def _fields(self, address: int, form: str, signature: bytes = b"") -> tuple[Any, ...]:
        """Return numbers after a signature at an address."""
        data = self._at(address, len(signature) + calcsize(form))
        if not data.startswith(signature):
            raise self._invalid(f"there is no {signature.decode()} at byte {address}")
        return unpack_from(form, data, len(signature))

    def _invalid(self, problem: str) -> FileError:
        return FileError(self._file.name, f"is no valid HDF5 file: {problem}")

    def _refused(self, problem: str) -> FileError:
        return FileError(self._file.name, f"is refused: {problem}")

    def _root(self) -> int:
        """Return the address of the root group's header."""
        version = self._at(8, 1)[0]
        if version in (0, 1):
            sizes, start = self._at(13, 2), 24 if version == 0 else 28
            base, _, end, _, _, root = self._fields(start, "<6Q")
        elif version in (2, 3):
            sizes = self._at(9, 2)
            base, _, end, root = self._fields(12, "<4Q")
        else:
            raise self._invalid(f"its version is {version}")
        if sizes != b"\x08\x08" or base:
            raise self._refused("its addresses are not those of files that Keras writes")
        if end > self._file.size:
            raise self._invalid("it is cut off")
        return int(root)

    # ---- headers

    def _messages(self, address: int) -> Messages:
        """Return type and content of the messages of an object's header."""
        form = "<HHB3x"
        if self._at(address, 4) == b"OHDR":
            flags = self._at(address + 5, 1)[0]
            start = address + 6 + 16 * bool(flags & 0x20) + 4 * bool(flags & 0x10)
            width = 1 << (flags & 3)
            blocks = [(start + width, int.from_bytes(self._at(start, width), "little"))]
            newer, form = True, "<BHB2x" if flags & 4 else "<BHB"
        else:
            version, size = self._fields(address, "<B7xI")
            if version != 1:
                raise self._invalid(f"there is no header at byte {address}")
            blocks, newer = [(address + 16, size)], False
        found: Messages = []
        for start, length in blocks:  # to which continuations are added
            data, at = self._at(start, length), 0
            while at + calcsize(form) <= length:
                kind, size, flags = unpack_from(form, data, at)
                at += calcsize(form)
                body = data[at : at + size]
                at += size
                if kind == _CONTINUATION:
                    place, size = unpack_from("<2Q", body)
                    blocks.append((place + 4, size - 8) if newer else (place, size))
                elif flags & 2 and kind in (_DATASPACE, _DATATYPE, _LAYOUT, _ATTRIBUTE):
                    raise self._refused("a header has a part in another place")
                else:
                    found.append((kind, body))
        return found

    def _links(self, messages: Messages) -> Iterator[tuple[str, int]]:
        """Yield names and addresses of what is in a group, without links to other places."""
        for kind, body in messages:
            if kind == _SYMBOL_TABLE:
                yield from self._symbols(*unpack_from("<2Q", body))
            elif kind == _LINK:
                yield from self._link(body)
            elif kind == _LINK_INFO:
                at = 2 + 8 * (body[1] & 1)
                for message in self._dense(4, *unpack_from("<2Q", body, at)):
                    yield from self._link(message)

    def _link(self, body: bytes) -> Iterator[tuple[str, int]]:
        flags, at = body[1], 2
        hard = not (flags & 8 and body[at])
        at += bool(flags & 8) + 8 * bool(flags & 4) + bool(flags & 16)
        width = 1 << (flags & 3)
        end = at + width + int.from_bytes(body[at : at + width], "little")
        if hard:
            yield body[at + width : end].decode(), unpack_from("<Q", body, end)[0]

    def _symbols(self, tree: int, heap: int) -> Iterator[tuple[str, int]]:
        """Yield the links of a group in the older form, from its B-tree and local heap."""
        size, _, segment = self._fields(heap, "<4x3Q", b"HEAP")
        names = self._at(segment, size)
        nodes = [tree]
        while nodes:
            address = nodes.pop()
            kind, level, count = self._fields(address, "<BBH", b"TREE")
            if kind:
                raise self._invalid("a group's tree is another's")
            children = unpack_from(f"<{2 * count}Q", self._at(address + 32, 16 * count))[::2]
            if level:
                nodes += children
                continue
            for node in children:
                (entries,) = self._fields(node, "<2xH", b"SNOD")
                data = self._at(node + 8, 40 * entries)
                for i in range(entries):
                    name, place, cached = unpack_from("<QQI", data, 40 * i)
                    if cached != 2:  # which is a symbolic link
                        yield names[name : names.index(0, name)].decode(), place

    # ---- groups and attributes in the newer form that is for many

    def _dense(self, at: int, heap: int, tree: int) -> Iterator[bytes]:
        """Yield the objects in a fractal heap that the records of a version 2 B-tree name.

        Parameters
        ----------
        at : int
            Where in a record the object's place in the heap stands.
        heap, tree : int
            Addresses.
        """
        if heap == _UNDEFINED:
            return
        id_length, filters, largest, large = self._fields(heap, "<xHHxI8xQ", b"FRHP")
        table = self._fields(heap + 110, "<HQQHHQH")
        width, first, most, bits, _, root, rows = table
        if filters:
            raise self._refused("a group's heap is compressed")
        place_size = (bits + 7) // 8
        length_size = min(_bytes_for(most), _bytes_for(largest))
        if not (width and first) or 1 + place_size + length_size > id_length:
            raise self._invalid("a heap's sizes do not fit one another")
        apart: dict[int, tuple[int, int]] = {}  # large objects, which have places of their own
        if large != _UNDEFINED:
            apart = {n: (a, size) for a, size, n in map(Struct("<3Q").unpack, self._records(large))}
        for record in self._records(tree):
            found = record[at : at + id_length]
            if found[0] & 0x30:
                yield self._at(*apart[int.from_bytes(found[1:], "little")])
                continue
            place = int.from_bytes(found[1 : 1 + place_size], "little")
            length = int.from_bytes(found[1 + place_size :][:length_size], "little")
            if not rows:
                yield self._at(root + place, length)
                continue
            start, child, size = 0, 0, first
            while place >= start + width * size:  # the block's row
                start, child = start + width * size, child + width
                size = size if child == width else 2 * size
                if size > most:
                    raise self._refused("a group has more entries than Keras writes")
            child += (place - start) // size
            if child >= rows * width:
                raise self._invalid("a heap's row is missing")
            (block,) = self._fields(root + 13 + place_size + 8 * child, "<Q")
            yield self._at(block + (place - start) % size, length)

    def _records(self, tree: int) -> Iterator[bytes]:
        """Yield the records of a version 2 B-tree."""
        header = self._fields(tree, "<xxIHHxxQH", b"BTHD")
        node_size, size, depth, root, count = header
        if not size or depth > 8:
            raise self._invalid("a tree's records have no size")
        # Sizes of the numbers of records beside each child's address, level by level.
        most = (node_size - 10) // size
        count_size, totals, total = _bytes_for(most), [0], most
        for _ in range(depth):
            pointer = 8 + count_size + totals[-1]
            most = max(0, node_size - 10 - pointer) // (size + pointer)
            total = (most + 1) * total + most
            totals.append(_bytes_for(total))
        nodes = [(root, count, depth)]
        while nodes:
            address, count, level = nodes.pop()
            pointer = 8 + count_size + totals[level - 1] if level else 0
            length = count * size + (count + 1) * pointer
            data = self._at(address, 6 + length)[6:]
            for i in range(count):
                yield data[i * size : (i + 1) * size]
            for i in range(count * size, length, pointer) if level else ():
                number = int.from_bytes(data[i + 8 : i + 8 + count_size], "little")
                nodes.append((unpack_from("<Q", data, i)[0], number, level - 1))

    def attributes(self, group: str) -> dict[str, list[bytes]]:
        """Return the attributes of a group that are texts."""
        if group in self._attributes:
            return self._attributes[group]
        found: dict[str, list[bytes]] = {}
        for kind, body in self.groups.get(group, []):
            if kind == _ATTRIBUTE:
                self._add_attribute(found, body)
            elif kind == _ATTRIBUTE_INFO:
                at = 2 + 2 * (body[1] & 1)
                for message in self._dense(0, *unpack_from("<2Q", body, at)):
                    self._add_attribute(found, message)
        self._attributes[group] = found
        return found

    def _add_attribute(self, found: dict[str, list[bytes]], body: bytes) -> None:
        version, flags, *sizes = unpack_from("<BBHHH", body)
        at, parts = 9 if version == 3 else 8, []
        for size in sizes:
            parts.append(body[at : at + size])
            at += -(-size // 8) * 8 if version == 1 else size
        name, datatype, dataspace = parts
        if version > 1 and flags & 3:
            raise self._refused("an attribute has a part in another place")
        shape = _shape(dataspace)
        count = math.prod(shape or ())
        kind, flags, size = datatype[0] & 15, datatype[1], unpack_from("<I", datatype, 4)[0]
        if shape is None or (count and kind != 3 and not (kind == 9 and flags & 15 == 1)):
            return  # no text
        data = body[at : at + count * size]
        if not size or len(data) < count * size:
            raise self._invalid("an attribute is cut off")
        texts = [data[i : i + size] for i in range(0, count * size, size)]
        if kind == 9:
            texts = [self._heap_text(*unpack_from("<IQI", text)) for text in texts]
        found[name.rstrip(b"\0").decode()] = [text.rstrip(b"\0") for text in texts]

    def _heap_text(self, length: int, address: int, index: int) -> bytes:
        """Return a text of a global heap."""
        if not length:
            return b""
        if address not in self._heaps:
            (size,) = self._fields(address, "<4xQ", b"GCOL")
            data, at = self._at(address, size), 16
            objects = self._heaps[address] = {}
            while at + 16 <= size:
                number, taken = unpack_from("<H6xQ", data, at)
                if not number:
                    break
                objects[number] = data[at + 16 : at + 16 + taken]
                at += 16 + -(-taken // 8) * 8
        text = self._heaps[address].get(index, b"")
        self._left -= length  # many may be the same one
        if len(text) < length or self._left < 0:
            raise self._invalid("a text is cut off, or there many times")
        return text[:length]

    # ---- arrays

    def _add_array(self, path: str, kinds: dict[int, bytes]) -> None:
        layout = kinds[_LAYOUT]
        if _EXTERNAL in kinds or layout[:2] == b"\x04\x03":
            raise self._refused(f"array {path!r} lies in another file")
        if _FILTERS in kinds or layout[0] not in (3, 4) or layout[1] > 1:
            raise self._refused(f"array {path!r} is in chunks or compressed")
        shape, dtype = _shape(kinds[_DATASPACE]), _number_type(kinds[_DATATYPE])
        if shape is None or dtype is None:
            return
        wanted, compact = math.prod(shape) * dtype.itemsize, None
        if layout[1]:
            address, stored = unpack_from("<2Q", layout, 2)
        else:
            (stored,) = unpack_from("<H", layout, 2)
            address, compact = 0, layout[4 : 4 + stored]
            stored = len(compact)
        if wanted and (stored < wanted or address + wanted > self._file.size):
            raise self._refused(
                f"array {path!r} of shape {shape} is incomplete or larger than the file"
            )
        self.arrays[path] = Array(shape, dtype, address, compact)

    def read(self, path: str) -> np.ndarray:
        """Return an array of numbers."""
        shape, dtype, address, data = self.arrays[path]
        size = math.prod(shape) * dtype.itemsize
        if data is None and size:
            self._file.stream.seek(address)
            data = self._file.stream.read(size)
        array = np.frombuffer(bytearray((data or b"")[:size]), dtype).reshape(shape)
        return array.astype(dtype.newbyteorder("="), copy=False)


# What bytes that are not those of a file make this module raise, beside FileError.
MALFORMED = (error, LookupError, ValueError, OverflowError)


def _bytes_for(number: int) -> int:
    """Return how many bytes HDF5 takes for numbers up to `number`."""
    return (max(number, 1).bit_length() - 1) // 8 + 1


def _shape(dataspace: bytes) -> tuple[int, ...] | None:
    """Return the shape that a dataspace describes, None for one that holds nothing."""
    version, rank = dataspace[0], dataspace[1]
    if version == 2 and dataspace[3] == 2:
        return None
    return unpack_from(f"<{rank}Q", dataspace, 8 if version == 1 else 4)


def _number_type(datatype: bytes) -> np.dtype | None:
    """Return the type of numbers that a datatype describes, None for anything else."""
    kind, flags, size = datatype[0] & 15, datatype[1], unpack_from("<I", datatype, 4)[0]
    order = ">" if flags & 1 else "<"
    if kind == 0 and size in (1, 2, 4, 8):
        return np.dtype(f"{order}{'i' if flags & 8 else 'u'}{size}")
    name = _FLOATS.get(unpack_from("<HHBBBBI", datatype, 8)) if kind == 1 else None
    return np.dtype(order + name) if name and int(name[1]) == size and not flags & 64 else None
