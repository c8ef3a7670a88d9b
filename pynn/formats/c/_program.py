"""`Program`: the statements of the function of one row, and the local arrays that they need."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from textwrap import indent

import numpy as np

from pynn.formats.c._text import table

_MATH = re.compile(
    r"\b(NAN|INFINITY|(?:expm1|exp|log1p|log|sin|cos|tanh|sqrt|pow|fabs|floor|ceil|rint|trunc|erfc"
    r")f?\()"
)
_FIXED = re.compile(r"\bu?int\d+_t\b")
_NUMPY = {"float": "f4", "double": "f8", "int8_t": "i1", "int32_t": "i4", "uint16_t": "u2"}


@dataclass(eq=False)
class Value:
    """Numbers of one row.

    Attributes
    ----------
    kind : {"float", "int8_t"}
    length : int
    name : str or None
        Of a parameter or a table; None stands for a local array.
    base : Value or None
        What these are a part of.
    offset : int
        Of the part.
    """

    kind: str
    length: int
    name: str | None = None
    base: Value | None = None
    offset: int = 0

    @property
    def root(self) -> Value:
        """The value whose array it is."""
        return self if self.base is None else self.base.root


@dataclass
class Step:
    """Statements that compute one value.

    Attributes
    ----------
    note : str
        What they are, for a comment.
    reads : sequence of Value
    result : Value
    code : callable
        ``code(names of what it reads, name of the result)`` returns the statements.
    in_place : bool
        Whether the result may take the array of the first value that it reads: entry by entry.
    """

    note: str
    reads: Sequence[Value]
    result: Value
    code: Callable[[list[str], str], str]
    in_place: bool = False


@dataclass
class Program:
    """What computes the outputs of one row.

    Parameters
    ----------
    prefix : str
        Of the names of tables and functions.

    Attributes
    ----------
    steps : list of Step
    functions : dict of str to str
        Definitions of further functions, by their names.
    table_bytes, stack_bytes : int
        What tables, and local arrays, take; the latter once `text` was called.
    """

    prefix: str
    steps: list[Step] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)
    table_bytes: int = 0
    stack_bytes: int = 0
    _tables: dict[tuple[str, str, bytes], tuple[str, np.ndarray]] = field(default_factory=dict)

    def table(self, what: str, values: np.ndarray, kind: str = "float") -> str:
        """Return the name of a table of constants, the same one for the same numbers."""
        values = np.ascontiguousarray(values, _NUMPY[kind])
        key = kind, what, values.tobytes()
        if key not in self._tables:
            name = f"{self.prefix}_{what}_{len(self._tables)}"
            self._tables[key] = name, values
            self.table_bytes += values.nbytes
        return self._tables[key][0]

    @property
    def tables(self) -> str:
        """The definitions of all tables."""
        known = self._tables.items()
        return "\n".join(table(kind, name, values) for (kind, _, _), (name, values) in known)

    @property
    def table_headers(self) -> set[str]:
        """The headers that the tables need."""
        found = set()
        for (kind, _, _), (_, values) in self._tables.items():
            if kind.endswith("_t"):
                found.add("stdint.h")
            elif not np.isfinite(values).all():
                found.add("math.h")
        return found

    def text(self) -> str:
        """Return the local arrays and the statements."""
        last: dict[int, int] = {}
        for place, step in enumerate(self.steps):
            for value in (*step.reads, step.result):
                last[id(value.root)] = place
        arrays: list[tuple[str, int]] = []  # kind and length of each
        free: list[int] = []
        taken: dict[int, int] = {}

        def name_of(value: Value) -> str:
            root = value.root
            name = root.name or f"t{taken[id(root)]}"
            return f"{name} + {value.offset}" if value.offset else name

        def take(value: Value) -> int:
            found = [i for i in free if arrays[i][0] == value.kind]
            if not found:
                arrays.append((value.kind, value.length))
                return len(arrays) - 1
            best = min(found, key=lambda i: (arrays[i][1] < value.length, arrays[i][1]))
            free.remove(best)
            arrays[best] = value.kind, max(value.length, arrays[best][1])
            return best

        body = ""
        for place, step in enumerate(self.steps):
            over = {
                id(value.root): taken[id(value.root)]
                for value in step.reads
                if id(value.root) in taken and last[id(value.root)] == place
            }
            root = step.result.root
            if root.name is None and id(root) not in taken:
                first = step.reads[0].root if step.reads else None
                reused = (
                    over.get(id(first)) if step.in_place and step.reads[0].base is None else None
                )
                if reused is not None and arrays[reused][0] == root.kind:
                    del over[id(first)]
                    taken[id(root)] = reused
                    arrays[reused] = root.kind, max(root.length, arrays[reused][1])
                else:
                    taken[id(root)] = take(root)
            names = [_atom(name_of(value)) for value in step.reads]
            code = step.code(names, _atom(name_of(step.result)))
            body += f"  {{ /* {step.note} */\n{indent(code, '    ')}  }}\n"
            free += sorted(over.values())
        declared = "".join(f"  {kind} t{i}[{length}];\n" for i, (kind, length) in enumerate(arrays))
        self.stack_bytes = sum(np.dtype(_NUMPY[kind]).itemsize * n for kind, n in arrays)
        return declared + body


def _atom(name: str) -> str:
    return f"({name})" if " " in name else name


def headers_of(text: str) -> set[str]:
    """Return the headers whose names are used in C code."""
    uses = {"math.h": _MATH, "stdint.h": _FIXED}
    return {header for header, names in uses.items() if names.search(text)}
