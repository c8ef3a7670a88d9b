"""The engine's nodes in float: a few statements each, with every length in place.

A writer takes the program, to which it adds tables, a node and the values of its inputs, and
returns what makes statements of the names of these and of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import indent
from typing import Any

import numpy as np

from pynn.formats.c._program import Program, Step, Value
from pynn.formats.c._text import literal, plain, substituted
from pynn.graph import EngineNode
from pynn.ops import find_op

# Below so many outputs a product is a few sums; from there on the loop over the outputs is the
# inner one, which compilers vectorize.
_NARROW = 4
_STEP = 4  # inputs that are taken together

Code = Callable[[list[str], str], str]
Writer = Callable[[Program, EngineNode, Sequence[Value]], Code]


def append_node(
    program: Program, node: EngineNode, inputs: Sequence[Value], result: Value | None = None
) -> Value:
    """Append what computes a node, and return its value.

    Parameters
    ----------
    program : Program
    node : EngineNode
    inputs : sequence of Value
        All in float.
    result : Value, default=None
        Where the value goes; None stands for a local array.
    """
    if node.kind == "variable":
        values = node.variables[0].view
        name = program.table("values", values.T)
        value = Value("float", node.width, name)
        if result is None:
            return value
        program.steps.append(Step(note_of(node, [value]), [value], result, _copied(node)))
        return result
    if node.kind == "select_features" and result is None:
        first = node.indices[0]
        if node.indices == list(range(first, first + node.width)):
            return Value("float", node.width, base=inputs[0], offset=first + inputs[0].offset)
    result = result or Value("float", node.width)
    code = _WRITERS.get(node.kind, _activation)(program, node, inputs)
    in_place = node.kind not in _APART
    if node.kind == "expression":
        # An input of one number is read for every entry, and so is one that is read twice.
        in_place = len(inputs) == 1 and inputs[0].length == node.width
    program.steps.append(Step(note_of(node, inputs), inputs, result, code, in_place))
    return result


def _c_form(name: str) -> str:
    """Return the C form of one of the engine's ops, each of which has one."""
    form = find_op(name).c
    assert form is not None
    return form


def note_of(node: EngineNode, inputs: Sequence[Value]) -> str:
    """Return what a node is, for a comment."""
    given = " and ".join(str(x.length) for x in inputs[:3])
    layer = f"{node.layer}: " if node.layer else ""
    return plain(f"{layer}{node.kind}, {given} -> {node.width}")


def loop(length: int, statements: str, variable: str = "i") -> str:
    """Return a loop over statements."""
    if statements.count("\n") > 1:
        statements = "{\n" + indent(statements, "  ") + "}\n"
    return f"for ({variable} = 0; {variable} < {length}; {variable}++) {statements}"


def _copied(node: EngineNode) -> Code:
    return lambda x, y: "int i;\n" + loop(node.width, f"{y}[i] = {x[0]}[i];\n")


# ---- products


def dense_code(x: str, w: str, b: str | None, shape: tuple[int, int], y: str) -> str:
    """Return the statements of a product with a matrix of that shape, (in, out).

    The table `w` holds it as (in, out), and a pass over the outputs adds up four inputs, first
    among themselves. With few outputs the table is (out, in), and the sum four sums.
    """
    n_in, n_out = shape
    whole = n_in - n_in % _STEP
    if is_narrow(n_out):
        inner = f"const float *w = {w} + o * {n_in};\n"
        rest = "".join(f" + {x}[{i}] * w[{i}]" for i in range(whole, n_in))
        start = f"{b}[o]" if b else ""
        end = (start + rest).removeprefix(" + ")
        if whole:
            sums = "".join(f"a{k} += {x}[i + {k}] * w[i + {k}];\n" for k in range(_STEP))
            inner += "float a0 = 0.0f, a1 = 0.0f, a2 = 0.0f, a3 = 0.0f;\nint i;\n"
            inner += f"for (i = 0; i < {whole}; i += {_STEP}) {{\n{indent(sums, '  ')}}}\n"
            end = "((a0 + a1) + (a2 + a3))" + (f" + {end}" if end else "")
        return "int o;\n" + loop(n_out, f"{inner}{y}[o] = {end};\n", "o")
    text = "int i, o;\n" + loop(n_out, f"{y}[o] = {f'{b}[o]' if b else '0.0f'};\n", "o")
    if whole:
        terms = [f"x{k} * w[o{f' + {k * n_out}' if k else ''}]" for k in range(_STEP)]
        total = f"({terms[0]} + {terms[1]}) + ({terms[2]} + {terms[3]})"
        given = ", ".join(f"x{k} = {x}[i{f' + {k}' if k else ''}]" for k in range(_STEP))
        inner = f"const float *w = {w} + i * {n_out};\nconst float {given};\n"
        inner += loop(n_out, f"{y}[o] += {total};\n", "o")
        text += f"for (i = 0; i < {whole}; i += {_STEP}) {{\n{indent(inner, '  ')}}}\n"
    if whole < n_in:
        inner = f"const float *w = {w} + i * {n_out};\nconst float x0 = {x}[i];\n"
        inner += loop(n_out, f"{y}[o] += x0 * w[o];\n", "o")
        text += f"for (i = {whole}; i < {n_in}; i++) {{\n{indent(inner, '  ')}}}\n"
    return text


def is_narrow(n_out: int) -> bool:
    """Whether a product has so few outputs that its table is (out, in)."""
    return n_out < _NARROW


def matrix_of(node: EngineNode) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the matrix of a dense node, (in, out), and its bias, (out,)."""
    view = node.variables[0].view
    matrix = view if node.params.get("transposed") else view.T
    return matrix, node.variables[1].view.ravel() if len(node.variables) > 1 else None


def _dense(program: Program, node: EngineNode, inputs: Sequence[Value]) -> Code:
    matrix, bias = matrix_of(node)
    shape = matrix.shape
    w = program.table("weights", matrix.T if is_narrow(shape[1]) else matrix)
    b = None if bias is None else program.table("bias", bias)
    return lambda x, y: dense_code(x[0], w, b, (shape[0], shape[1]), y)


def _grouped(program: Program, node: EngineNode, inputs: Sequence[Value]) -> Code:
    groups, n_out = len(node.indices), int(node.params["outputs"])
    n_in = inputs[0].length // groups
    view = node.variables[0].view
    found, numbers = np.unique(np.array(node.indices), return_inverse=True)
    inner = np.add.outer(
        np.arange(n_in) * int(node.params["input_step"]),
        np.arange(n_out) * int(node.params["output_step"]),
    )
    places = np.add.outer(found, inner)
    memory = np.lib.stride_tricks.as_strided(view, (int(places.max()) + 1,), (view.itemsize,))
    matrices = memory[places]
    if is_narrow(n_out):
        matrices = matrices.swapaxes(1, 2)
    w = program.table("weights", matrices)
    which = ""
    if len(found) > 1 and not np.array_equal(numbers, np.arange(groups)):
        which = program.table("groups", numbers, "uint16_t")
    b = None
    if len(node.variables) > 1:
        given = node.variables[1].view
        rows = given.T if len(given) > 1 and given.shape[1] == groups else given.reshape(-1, n_out)
        b = program.table("bias", rows)

    def code(x: list[str], y: str) -> str:
        size = n_in * n_out
        number = f"{which}[g]" if which else "g"
        text = f"const float *xg = {x[0]} + g * {n_in};\nfloat *yg = {y} + g * {n_out};\n"
        text += f"const float *m = {w}{f' + {number} * {size}' if len(found) > 1 else ''};\n"
        shared = len(node.variables) > 1 and node.variables[1].view.size == n_out and groups > 1
        bias = None if b is None else (b if shared else "b")
        if bias == "b":
            text += f"const float *b = {b} + g * {n_out};\n"
        return "int g;\n" + loop(
            groups, text + dense_code("xg", "m", bias, (n_in, n_out), "yg"), "g"
        )

    return code


# ---- entry by entry


def _activation(program: Program, node: EngineNode, inputs: Sequence[Value]) -> Code:
    alpha = literal(node.params.get("alpha", 0.0))
    formula = substituted(_c_form(node.kind), x="v", alpha=alpha)
    return lambda x, y: (
        "int i;\n" + loop(node.width, f"const float v = {x[0]}[i];\n{y}[i] = {formula};\n")
    )


def expression_code(
    program: Program, node: EngineNode, inputs: Sequence[Value], x: Sequence[str], y: str
) -> str:
    """Return the statements of an expression."""
    operands = [f"{name}[{'i' if v.length > 1 else 0}]" for name, v in zip(x, inputs, strict=True)]
    for values in node.constants:
        if len(values) == 1:
            operands.append(literal(values[0]))
        else:
            operands.append(f"{program.table('values', np.array(values))}[i]")
    text = ""
    for number, (name, places, alpha) in enumerate(node.instructions):
        form = _c_form(name)
        given: dict[str, Any] = dict(zip("xyz", (operands[p] for p in places), strict=False))
        text += f"const float v{number} = {substituted(form, alpha=literal(alpha), **given)};\n"
        operands.append(f"v{number}")
    return "int i;\n" + loop(node.width, f"{text}{y}[i] = {operands[-1]};\n")


def _expression(program: Program, node: EngineNode, inputs: Sequence[Value]) -> Code:
    code: Code = lambda x, y: expression_code(program, node, inputs, x, y)  # noqa: E731
    code(["x"] * len(inputs), "y")  # which makes its tables
    return code


def _normalization(program: Program, node: EngineNode, inputs: Sequence[Value]) -> Code:
    gain, mean, offset = normalization_of(node)
    m = program.table("means", mean)
    g = program.table("gains", gain)
    o = program.table("offsets", offset)
    return lambda x, y: (
        "int i;\n" + loop(node.width, f"{y}[i] = ({x[0]}[i] - {m}[i]) * {g}[i] + {o}[i];\n")
    )


def normalization_of(node: EngineNode) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return factor, mean and offset of a batch normalization: ``(x - mean) * factor + offset``."""
    mean, variance, *terms = [v.view.ravel().astype(np.float64) for v in node.variables]
    gain = 1.0 / np.sqrt(variance + node.params["epsilon"])
    if node.params["scale"]:
        gain = gain * terms[0]
    return gain, mean, terms[-1] if node.params["center"] else np.zeros_like(mean)


_SIGNS = {"multiply": " * ", "subtract": " - "}


def _merge(program: Program, node: EngineNode, inputs: Sequence[Value]) -> Code:
    def code(x: list[str], y: str) -> str:
        values = [f"{name}[i]" for name in x]
        if node.kind in ("maximum", "minimum"):
            sign = ">" if node.kind == "maximum" else "<"
            text = f"float v = {values[0]};\n"
            text += "".join(f"if ({v} {sign} v || {v} != {v}) v = {v};\n" for v in values[1:])
            return "int i;\n" + loop(node.width, f"{text}{y}[i] = v;\n")
        total = _SIGNS.get(node.kind, " + ").join(values)
        if node.kind == "average":
            total = f"({total}) / {literal(len(x))}"
        return "int i;\n" + loop(node.width, f"{y}[i] = {total};\n")

    return code


# ---- what moves entries, and what looks at several


def _concatenate(program: Program, node: EngineNode, inputs: Sequence[Value]) -> Code:
    return lambda x, y: joined_code(inputs, x, y)


def joined_code(inputs: Sequence[Value], x: Sequence[str], y: str, maps: Sequence[str] = ()) -> str:
    """Return the statements that put values one after the other, each byte by a map of its own."""
    text, start = "int i;\n", 0
    for number, (name, value) in enumerate(zip(x, inputs, strict=True)):
        at = f"i + {start}" if start else "i"
        entry = f"{maps[number]}[{name}[i] + 128]" if maps else f"{name}[i]"
        text += loop(value.length, f"{y}[{at}] = {entry};\n")
        start += value.length
    return text


def _select(program: Program, node: EngineNode, inputs: Sequence[Value]) -> Code:
    index = picked(program, node)
    return lambda x, y: "int i;\n" + loop(node.width, f"{y}[i] = {x[0]}[{index}];\n")


def picked(program: Program, node: EngineNode) -> str:
    """Return which feature entry i of a selection is, in C."""
    indices = np.array(node.indices)
    steps = np.diff(indices)
    if (steps == steps[:1]).all():
        step = int(steps[0]) if len(steps) else 0
        first = int(indices[0])
        return str(first) if step == 0 else f"{first} + i * {step}".replace("+ i * -", "- i * ")
    length = 1 + int(np.argmax(steps != 0))  # each so many times, one after the other
    if np.array_equal(indices, np.arange(len(indices)) // length):
        return f"i / {length}"
    return (
        f"{program.table('places', indices, 'uint16_t' if indices.max() < 65536 else 'int32_t')}[i]"
    )


def _take(program: Program, node: EngineNode, inputs: Sequence[Value]) -> Code:
    variable = node.variables[0]
    width, size = variable.view.shape
    name = program.table("rows", variable.view.T)
    wraps = f"if (k < 0) k += {size};\n" if node.params["wraps"] else ""

    def code(x: list[str], y: str) -> str:
        v = f"{x[0]}[p]"
        text = f"int k = {v} > -{size}.0f && {v} < {size}.0f ? (int){v} : 0;\n{wraps}"
        text += "if (k < 0) k = 0;\n"
        text += loop(width, f"{y}[p * {width} + i] = {name}[k * {width} + i];\n")
        return "int i, p;\n" + loop(inputs[0].length, text, "p")

    return code


def _reduce(program: Program, node: EngineNode, inputs: Sequence[Value]) -> Code:
    length, inner = int(node.params["length"]), int(node.params.get("inner", 1))
    kind = node.kind.removeprefix("reduce_")

    def code(x: list[str], y: str) -> str:
        if inner == 1:
            begin, at = f"{x[0]} + o * {length}", "v[i]"
        else:
            begin = f"{x[0]} + o / {inner} * {length * inner} + o % {inner}"
            at = f"v[i * {inner}]"
        text = f"const float *v = {begin};\n"
        if kind in ("sum", "mean"):
            end = f" / {literal(length)}" if kind == "mean" else ""
            text += f"float s = 0.0f;\n{loop(length, f's += {at};' + chr(10))}{y}[o] = s{end};\n"
        elif kind == "argmax":
            text += "int best = 0;\n"
            text += loop(length, "if (v[i] > v[best]) best = i;\n")
            text += f"{y}[o] = (float)best;\n"
        else:
            sign = ">" if kind == "max" else "<"
            text += "float s = v[0];\n"
            text += loop(length, f"if ({at} {sign} s || {at} != {at}) s = {at};\n")
            text += f"{y}[o] = s;\n"
        return "int i, o;\n" + loop(node.width, text, "o")

    return code


def _softmax(program: Program, node: EngineNode, inputs: Sequence[Value]) -> Code:
    n = node.width

    def code(x: list[str], y: str) -> str:
        v = f"{x[0]}[i]"
        text = f"float top = {x[0]}[0], sum = 0.0f;\nint i;\n"
        text += loop(n, f"if ({v} > top) top = {v};\n")
        if node.kind == "softmax":
            text += loop(n, f"{y}[i] = expf({v} - top);\nsum += {y}[i];\n")
            return text + loop(n, f"{y}[i] /= sum;\n")
        text += loop(n, f"sum += expf({v} - top);\n") + "sum = logf(sum);\n"
        return text + loop(n, f"{y}[i] = ({v} - top) - sum;\n")

    return code


# The results of these may not take the array of an input.
_APART: dict[str, Writer] = {
    "dense": _dense,
    "grouped_dense": _grouped,
    "concatenate": _concatenate,
    "select_features": _select,
    "take": _take,
    **dict.fromkeys([f"reduce_{k}" for k in ("sum", "mean", "max", "min", "argmax")], _reduce),
}
_WRITERS: dict[str, Writer] = {
    **_APART,
    "expression": _expression,
    "batch_normalization": _normalization,
    "softmax": _softmax,
    "log_softmax": _softmax,
    **dict.fromkeys(("add", "average", "multiply", "subtract", "maximum", "minimum"), _merge),
}

# Kinds of nodes that have statements of their own; the others are activations.
NODE_KINDS = frozenset(_WRITERS)
