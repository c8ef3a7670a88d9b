"""The file as a whole: what it says of itself, sizes, declarations, tables and functions."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any, NamedTuple

from pynn._files import write_atomically
from pynn.formats.c._calibration import QuantizationReport, check_calibration, report_of
from pynn.formats.c._int8 import Quantizer
from pynn.formats.c._nodes import append_node
from pynn.formats.c._program import Program, Value, headers_of
from pynn.formats.c._text import c_name, comment
from pynn.graph import EngineGraph, engine_graph

# Names of variables in the functions.
_LOCAL = re.compile(r"[a-z]\d*|rows|top|sum|best|xg|yg")
_HOW_TO_USE = """\
Compile: cc -std=c99 -O3 -c {file}{link}
It allocates nothing and needs {needs}. Calls may run at the same time.

Elsewhere, for the sizes and declarations alone:
  #define {upper}_DECLARATIONS
  #include "{file}"

{calls}

Tables: {tables:,} bytes, constant. Local arrays of {name}_predict: {stack:,} bytes.
"""


class Pointer(NamedTuple):
    """An argument of the functions.

    Attributes
    ----------
    name : str
    size : int
        Numbers of one row.
    kind : str
        The type of these, ``const`` where they are read.
    about : str
        What they are, for the comment.
    """

    name: str
    size: int
    kind: str = "const float"
    about: str = ""


@dataclass
class Front:
    """What happens to a row before the network gets it.

    Attributes
    ----------
    rows : sequence of Pointer
        What takes the place of the network's inputs in `predict`.
    definitions : str
        Tables and functions.
    call : str
        The statement that fills the arrays that are named as the network's inputs.
    table_bytes : int
    declarations : str
        Of functions that users call.
    """

    rows: Sequence[Pointer]
    definitions: str
    call: str
    table_bytes: int = 0
    declarations: str = ""


@dataclass
class CFile:
    """What a file is made of.

    Attributes
    ----------
    name : str
        What its functions begin with.
    about : str
        What the network is.
    program : Program
    inputs, outputs : sequence of Pointer
    front : Front or None
    declarations, definitions : str
        Of what else it has: names of classes.
    """

    name: str
    about: str
    program: Program
    inputs: Sequence[Pointer]
    outputs: Sequence[Pointer]
    front: Front | None = None
    declarations: str = ""
    definitions: str = ""

    def text(self, file: str) -> str:
        """Return the file's text; `file` is its name."""
        name, upper = self.name, self.name.upper()
        body = self.program.text()
        inner = f"{name}_network" if self.front else f"{name}_predict"
        functions = [
            *self.program.functions.values(),
            _function(
                inner, [*self.inputs, *self.outputs], body, "static void" if self.front else "void"
            ),
        ]
        rows = list(self.front.rows if self.front else self.inputs)
        if self.front:
            arrays = "".join(f"  float {p.name}[{p.size}];\n" for p in self.inputs)
            names = ", ".join(p.name for p in (*self.inputs, *self.outputs))
            calls = f"{arrays}  {self.front.call}\n  {inner}({names});\n"
            functions += [_function(f"{name}_predict", [*rows, *self.outputs], calls)]
        pointers = [*rows, *self.outputs]
        names = ", ".join(p.name for p in pointers)
        steps = "".join(f"    {p.name} += {p.size};\n" for p in pointers)
        loop = f"  for (; rows > 0; rows--) {{\n    {name}_predict({names});\n{steps}  }}\n"
        functions.append(_function(f"{name}_predict_rows", pointers, loop, rows=True))
        fronts = self.front.definitions if self.front else ""
        code = "\n".join(part for part in (fronts, self.definitions, *functions) if part)
        used = headers_of(code + self.declarations) | self.program.table_headers
        headers = sorted(used)
        code = "\n".join(part for part in (self.program.tables, code) if part)
        before = self.front.declarations if self.front else ""
        declared = before + "".join(
            f"void {name}_predict{'_rows' if rows_too else ''}({_arguments(pointers, rows_too)});\n"
            for rows_too in (False, True)
        )
        table_bytes = self.program.table_bytes + (self.front.table_bytes if self.front else 0)
        head = (
            self.about.rstrip()
            + "\n\n"
            + _HOW_TO_USE.format(
                file=file,
                name=name,
                upper=upper,
                link=", and link with -lm" if "math.h" in headers else "",
                needs=" and ".join(f"<{each}>" for each in headers) or "no header",
                calls=_calls(name, rows, self.outputs),
                tables=table_bytes,
                stack=self.program.stack_bytes,
            )
        )
        sizes = _sizes(upper, "INPUTS", rows) + _sizes(upper, "OUTPUTS", self.outputs)
        includes = "".join(f"#include <{each}>\n" for each in headers)
        return (
            f"{comment(head)}#ifndef {upper}_H\n#define {upper}_H\n\n{includes}"
            f"{chr(10) if includes else ''}{sizes}\n{declared}{self.declarations}\n#endif\n\n"
            f"#ifndef {upper}_DECLARATIONS\n\n{code}\n#endif\n"
        )


def _function(
    name: str, pointers: Sequence[Pointer], body: str, kind: str = "void", rows: bool = False
) -> str:
    return f"{kind} {name}({_arguments(pointers, rows)})\n{{\n{body}}}\n"


def _arguments(pointers: Sequence[Pointer], rows: bool) -> str:
    given = ", ".join(f"{p.kind} *restrict {p.name}" for p in pointers)
    return f"long rows, {given}" if rows else given


def _sizes(upper: str, what: str, pointers: Sequence[Pointer]) -> str:
    if len(pointers) == 1:
        return f"#define {upper}_{what} {pointers[0].size}\n"
    return "".join(f"#define {upper}_{what}_{p.name.upper()} {p.size}\n" for p in pointers)


def _calls(name: str, rows: Sequence[Pointer], outputs: Sequence[Pointer]) -> str:
    arguments = ", ".join(p.name for p in (*rows, *outputs))
    lines = [
        f"{name}_predict({arguments}) takes a row, {name}_predict_rows(rows, {arguments}) so many "
        "of them, one after the other. What is written to must not overlap what is read.",
    ]
    lines += [f"  {p.name}: {p.size} numbers{f', {p.about}' if p.about else ''}" for p in rows]
    lines += [
        f"  {p.name}: {p.size} numbers, written{f': {p.about}' if p.about else ''}" for p in outputs
    ]
    return "\n".join(fill(line, 96, subsequent_indent="    ") for line in lines)


def pointers_of(model: Any, graph: EngineGraph) -> tuple[list[Pointer], list[Pointer]]:
    """Return the arguments of the functions of a model."""
    inputs, outputs = list(model.input_names), list(model.output_names)
    taken: set[str] = set()

    def named(given: str, only: bool, short: str, kind: str, place: int, shape: Any) -> Pointer:
        name = short if only else c_name(given)
        while name in taken or (not only and _LOCAL.fullmatch(name)):
            name += "_"
        taken.add(name)
        about = f"of shape {tuple(shape[1:])}" if len(shape) > 2 else ""
        return Pointer(name, graph.nodes[place].width, kind, about)

    plan = model._plan()
    return (
        [
            named(each, len(inputs) == 1, "x", "const float", place, tensor.shape)
            for each, place, tensor in zip(inputs, graph.inputs, plan.inputs, strict=True)
        ],
        [
            named(each, len(outputs) == 1, "y", "float", place, tensor.shape)
            for each, place, tensor in zip(outputs, graph.outputs, plan.outputs, strict=True)
        ],
    )


def float_program(
    graph: EngineGraph, prefix: str, inputs: Sequence[Pointer], outputs: Sequence[Pointer]
) -> Program:
    """Return the program of a graph in float."""
    program = Program(prefix)
    values = dict(zip(graph.inputs, _values(inputs), strict=True))
    results = dict(zip(graph.outputs, _values(outputs), strict=True))
    for place, node in enumerate(graph.nodes):
        if node.kind != "input":
            read = [values[i] for i in node.inputs]
            values[place] = append_node(program, node, read, results.get(place))
    return program


def about_model(model: Any) -> str:
    """Return what a model is, in lines."""
    rows = [("layer", "kind", "output", "numbers")]
    for layer in _layers(model):
        shape = getattr(getattr(layer, "output", None), "shape", None) if layer._calls else None
        count = sum(weight.size for weight in layer.weights)
        rows.append(
            (layer.name, type(layer).__name__, "" if shape is None else str(shape), f"{count:,}")
        )
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = [
        "  ".join(
            [
                *(cell.ljust(n) for cell, n in zip(row[:3], widths, strict=False)),
                row[3].rjust(widths[3]),
            ]
        )
        for row in rows
    ]
    total = sum(weight.size for weight in model.weights)
    lines = [f"The network {model.name!r} ({type(model).__name__}), {total:,} numbers.", "", *lines]
    return "\n".join(lines) + "\n\nWritten by pynn.\n"


def _layers(model: Any) -> Iterator[Any]:
    """Yield the layers of a model, and in the place of models among them theirs."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        else:
            yield layer


def write_c(
    model: Any,
    filepath: Any,
    *,
    name: str | None = None,
    quantize: str | None = None,
    calibration: Any = None,
    labels: Any = None,
    **unknown: Any,
) -> Any:
    """Write a model as a C99 file; see `export_model`.

    Parameters
    ----------
    model : pynn.Model
        Built.
    filepath : path-like, int or binary file
    name : str, default=None
        What the functions and sizes begin with; None takes the file's name.
    quantize : {"int8"}, default=None
    calibration : array-like or list of array-like, default=None
    labels : array-like, default=None

    Returns
    -------
    QuantizationReport or None
    """
    if unknown:
        raise ValueError(f"export does not take the arguments {', '.join(unknown)}")
    prefix, file = names_of(filepath, name, model.name)
    made, report = c_file(model, prefix, quantize, calibration, labels)
    content = made.text(file).encode()
    write_atomically(filepath, lambda target: target.write(content))
    return report


def c_file(
    model: Any, prefix: str, quantize: str | None, calibration: Any, labels: Any
) -> tuple[CFile, QuantizationReport | None]:
    """Return what a model's file is made of, and in int8 what is lost; see `write_c`."""
    if quantize not in (None, "int8"):
        raise ValueError(f"quantize must be None or 'int8'. Received: quantize={quantize!r}")
    if quantize is None and (calibration is not None or labels is not None):
        raise ValueError("calibration and labels are for quantize='int8'")
    graph = engine_graph(model._plan())
    inputs, outputs = pointers_of(model, graph)
    program = float_program(graph, prefix, inputs, outputs)
    about = about_model(model)
    if quantize is None:
        return CFile(prefix, about, program, inputs, outputs), None
    rows = check_calibration(calibration, model)
    in_bytes = Program(prefix)
    quantizer = Quantizer(graph, in_bytes, rows, _values(inputs), _values(outputs))
    expected = model._plan().predict(rows)
    sizes = program.table_bytes, in_bytes.table_bytes
    report = report_of(quantizer.predict(rows), expected, labels, sizes)
    return CFile(prefix, f"{about}\n{fill(str(report), 96)}\n", in_bytes, inputs, outputs), report


def _values(pointers: Sequence[Pointer]) -> list[Value]:
    return [Value("float", pointer.size, pointer.name) for pointer in pointers]


def names_of(filepath: Any, name: str | None, otherwise: str) -> tuple[str, str]:
    """Return what functions begin with, and the name of the file.

    Raises
    ------
    ValueError
        If `name` is not an identifier.
    """
    is_path = isinstance(filepath, (str, os.PathLike))
    file = os.path.basename(os.fspath(filepath)) if is_path else ""
    if name is not None and c_name(name) != name:
        raise ValueError(f"name must be an identifier of C. Received: name={name!r}")
    prefix = name or c_name(os.path.splitext(str(file))[0] or otherwise)
    return prefix, str(file) or f"{prefix}.c"
