"""Programs in int8: products of bytes, added up in 32 bits, by the ranges of calibration rows.

Weights are symmetric, with a scale for each output; what goes into a product is a byte with a scale
and a zero of its own. From one product to the next all is integers: sums become bytes by a whole
number and a shift, and a function between them is a table of 256 bytes. What is left, such as a
softmax at the end, is computed in float.

Everything that is written here is also run here, with the same integers, to say what is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from pynn import _core
from pynn.formats.c._calibration import ranges_of
from pynn.formats.c._nodes import (
    append_node,
    joined_code,
    loop,
    matrix_of,
    normalization_of,
    note_of,
    picked,
)
from pynn.formats.c._program import Program, Step, Value
from pynn.formats.c._text import literal
from pynn.graph import EngineGraph, EngineNode, to_rows

_LOWEST, _HIGHEST = -128, 127
_MOST_WEIGHT = 127
_MOST_INPUTS = 1 << 16  # of a product: the sum fits 32 bits
_MOST_BIAS = 1 << 30
_FACTOR_BITS = 31
_MOST_SHIFT = 46  # 256 << 46, and a sum of 31 bits times a factor of 31, fit 64 bits
_OFFSET_BITS = 8  # of the fraction of an offset that is added after the factor
_ROWS_AT_ONCE = 1024
_CLAMPS = ("relu", "relu6")  # what the range of the result does by itself

Values = dict[tuple[str, int], np.ndarray]


class Scale(NamedTuple):
    """What bytes stand for: ``(q - zero) * step``."""

    step: float
    zero: int

    @classmethod
    def of_range(cls, low: float, high: float) -> Scale:
        """Return the one whose bytes cover a range, 0 included."""
        low, high = min(low, 0.0), max(high, 0.0)
        step = float(np.float32((high - low) / (_HIGHEST - _LOWEST))) or 1.0
        return cls(step, int(np.clip(np.rint(_LOWEST - low / step), _LOWEST, _HIGHEST)))


class Quantizer:
    """Writes a graph in int8.

    Parameters
    ----------
    graph : EngineGraph
    program : Program
    rows : sequence of ndarray
        Calibration rows for each input.
    inputs, outputs : sequence of Value
        Of the function.
    """

    def __init__(
        self,
        graph: EngineGraph,
        program: Program,
        rows: Sequence[np.ndarray],
        inputs: Sequence[Value],
        outputs: Sequence[Value],
    ) -> None:
        self._dtype = graph.graph.dtype
        self._program = program
        self._outputs = graph.outputs
        self._input_places = graph.inputs
        self._results = dict(zip(graph.outputs, outputs, strict=True))
        self._nodes = list(graph.nodes)
        self._matrices = {
            place: _in_double(matrix_of(node))
            for place, node in enumerate(graph.nodes)
            if node.kind == "dense" and graph.nodes[node.inputs[0]].width <= _MOST_INPUTS
        }
        # Of products that are rectified and then normalized: factor and offset.
        self._rectified: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._fold_normalizations()
        self._fuse_clamps()
        self._ranges = ranges_of(graph, rows)
        self._floats = dict(zip(graph.inputs, inputs, strict=True))
        self._bytes: dict[int, Value] = {}
        self._scales: dict[int, Scale] = {}
        self._runs: list[Callable[[Values], None]] = []
        for place in self._needed():
            self._append(place)

    # ---- what is put together before

    def _readers(self, place: int) -> list[int]:
        return [i for i in self._needed() if place in self._nodes[i].inputs]

    def _needed(self) -> list[int]:
        """Return the places that outputs depend on, in order."""
        found = set(self._outputs)
        for place in range(len(self._nodes) - 1, -1, -1):
            if place in found:
                found.update(self._nodes[place].inputs)
        return sorted(found)

    def _is_product_for(self, before: int, place: int) -> bool:
        """Whether a node is a product that nothing but another node reads."""
        is_inner = before in self._matrices and before not in self._outputs
        return is_inner and self._readers(before) == [place]

    def _replace(self, place: int, product: int, matrix: tuple[np.ndarray, np.ndarray]) -> None:
        """Put a product, with this matrix and bias, in the place of a node behind it."""
        self._matrices[place] = matrix
        self._nodes[place] = self._nodes[product]._replace(layer=self._nodes[place].layer)

    def _is_rectified_product(self, place: int) -> bool:
        node = self._nodes[place]
        inner = {place, *node.inputs}.isdisjoint(self._outputs)
        return node.kind == "relu" and inner and node.inputs[0] in self._matrices

    def _fold_normalizations(self) -> None:
        """Let products do what batch normalizations before or after them do."""
        for place in self._needed():
            node = self._nodes[place]
            if node.kind != "batch_normalization":
                continue
            gain, mean, offset = normalization_of(node)
            before = node.inputs[0]
            if self._is_product_for(before, place):
                matrix, bias = self._matrices[before]
                self._replace(place, before, (matrix * gain, (bias - mean) * gain + offset))
                continue
            if self._is_rectified_product(before) and self._is_read_as_bytes(place):
                product = self._nodes[before].inputs[0]
                if self._readers(before) == [place] and self._readers(product) == [before]:
                    self._rectified[place] = gain, offset - mean * gain
                    self._replace(place, product, self._matrices[product])
                    continue
            readers = self._readers(place)
            # Columns of a table are as different as they are: they are better normalized first.
            if place in self._outputs or before in self._input_places:
                continue
            if all(reader in self._matrices for reader in readers):
                for reader in readers:
                    matrix, bias = self._matrices[reader]
                    shifted = bias + (offset - mean * gain) @ matrix
                    self._matrices[reader] = gain[:, None] * matrix, shifted
                    self._nodes[reader] = self._nodes[reader]._replace(inputs=[before])

    def _fuse_clamps(self) -> None:
        """Let products end with the rectifier after them: bytes of its range are enough for it."""
        for place in self._needed():
            if self._nodes[place].kind in _CLAMPS and self._is_read_as_bytes(place):
                before = self._nodes[place].inputs[0]
                if self._is_product_for(before, place):
                    self._replace(place, before, self._matrices[before])

    def _is_read_as_bytes(self, place: int) -> bool:
        """Whether a product reads a node's value, or what may stay in bytes until one does."""
        if place in self._outputs:
            return False
        return any(
            reader in self._matrices
            or (self._keeps_bytes(self._nodes[reader]) and self._is_read_as_bytes(reader))
            for reader in self._readers(place)
        )

    def _keeps_bytes(self, node: EngineNode) -> bool:
        return node.kind in ("select_features", "concatenate") or _is_unary(node)

    # ---- one node

    def _append(self, place: int) -> None:
        node = self._nodes[place]
        if node.kind == "input":
            return
        if place in self._matrices:
            self._append_product(place, node)
            return
        in_bytes = all(i in self._bytes for i in node.inputs) and node.inputs
        if in_bytes and self._keeps_bytes(node) and self._is_read_as_bytes(place):
            if _is_unary(node):
                self._append_table(place, node)
            elif node.kind == "concatenate":
                self._append_joined(place, node)
            else:
                self._append_selection(place, node)
            return
        read = [self._as_float(i) for i in node.inputs]
        self._floats[place] = append_node(self._program, node, read, self._results.get(place))
        self._runs.append(lambda values: self._run_float(place, node, values))

    def _run_float(self, place: int, node: EngineNode, values: Values) -> None:
        given = [values["f", i] for i in node.inputs]
        n = len(next(iter(values.values())))
        values["f", place] = _computed(node, given, n, self._dtype)

    def _scale(self, place: int) -> Scale:
        if place not in self._scales:
            self._scales[place] = Scale.of_range(*self._ranges[place])
        return self._scales[place]

    def _as_bytes(self, place: int) -> Value:
        if place in self._bytes:
            return self._bytes[place]
        given, scale = self._floats[place], self._scale(place)
        inverse = np.float32(1.0 / scale.step)
        name = self._function("to_int8", _TO_INT8)

        def code(x: list[str], y: str) -> str:
            value = f"{x[0]}[i] * {literal(inverse)} + {literal(scale.zero)}"
            return "int i;\n" + loop(given.length, f"{y}[i] = {name}({value});\n")

        def run(values: Values) -> None:
            moved = values["f", place].astype(np.float32) * inverse + np.float32(scale.zero)
            with np.errstate(invalid="ignore"):
                away = np.trunc(moved + np.copysign(np.float32(0.5), moved))
                found = np.where(away > _LOWEST, np.minimum(away, _HIGHEST), _LOWEST)
            values["q", place] = found.astype(np.int64)

        return self._append_step(place, f"int8 of {given.length}", [given], code, run)

    def _as_float(self, place: int) -> Value:
        if place in self._floats:
            return self._floats[place]
        given, scale = self._bytes[place], self._scale(place)
        result = Value("float", given.length)

        def code(x: list[str], y: str) -> str:
            value = f"(float)({x[0]}[i] - ({scale.zero})) * {literal(scale.step)}"
            return "int i;\n" + loop(given.length, f"{y}[i] = {value};\n")

        def run(values: Values) -> None:
            apart = (values["q", place] - scale.zero).astype(np.float32)
            values["f", place] = apart * np.float32(scale.step)

        self._program.steps.append(Step(f"float of {given.length}", [given], result, code))
        self._runs.append(run)
        self._floats[place] = result
        return result

    def _append_step(
        self,
        place: int,
        note: str,
        reads: Sequence[Value],
        code: Callable[[list[str], str], str],
        run: Callable[[Values], None],
        in_place: bool = False,
    ) -> Value:
        """Append what makes bytes."""
        length = self._nodes[place].width
        self._bytes[place] = result = Value("int8_t", length)
        self._program.steps.append(Step(note, reads, result, code, in_place))
        self._runs.append(run)
        return result

    def _function(self, what: str, text: str) -> str:
        name = f"{self._program.prefix}_{what}"
        self._program.functions[what] = text.replace("NAME", name)
        return name

    def _append_product(self, place: int, node: EngineNode) -> None:
        before = node.inputs[0]
        x, scale = self._as_bytes(before), self._scale(before)
        matrix, bias = self._matrices[place]
        n_in, n_out = matrix.shape
        largest = np.abs(matrix).max(axis=0, initial=0.0)
        steps = np.maximum(largest / _MOST_WEIGHT, np.abs(bias) / (scale.step * _MOST_BIAS))
        steps = np.where(steps > 0, steps, 1.0)
        whole = np.rint(matrix / steps).astype(np.int64)
        start = np.rint(bias / (steps * scale.step)).astype(np.int64) - scale.zero * whole.sum(0)
        weights = self._program.table("weights", whole.T, "int8_t")
        begins = self._program.table("bias", start, "int32_t")
        note = note_of(node, [x])
        sums = f"int32_t s = {begins}[o];\n"
        sums += f"const int8_t *w = {weights} + o * {n_in};\nint i;\n"

        def total(values: Values) -> np.ndarray:
            exact = values["q", before].astype(np.float64) @ whole.astype(np.float64)
            return exact.astype(np.int64) + start

        if not self._is_read_as_bytes(place):
            units = (steps * scale.step).astype(np.float32)
            factors = self._program.table("steps", units)
            result = self._results.get(place) or Value("float", n_out)

            def code(x: list[str], y: str) -> str:
                text = sums + loop(n_in, f"s += {x[0]}[i] * w[i];\n")
                return "int o;\n" + loop(n_out, f"{text}{y}[o] = (float)s * {factors}[o];\n", "o")

            def run(values: Values) -> None:
                values["f", place] = total(values).astype(np.float32) * units

            self._program.steps.append(Step(note, [x], result, code))
            self._runs.append(run)
            self._floats[place] = result
            return
        made = self._scale(place)
        gain, offset = self._rectified.get(place, (np.ones(n_out), np.zeros(n_out)))
        multipliers = steps * scale.step * gain / made.step
        bits = _FACTOR_BITS - int(np.frexp(np.abs(multipliers).max())[1])
        shift = max(_OFFSET_BITS, min(bits, _MOST_SHIFT))
        most = 2**_FACTOR_BITS - 1
        numbers = np.clip(np.rint(np.ldexp(multipliers, shift)), -most, most).astype(np.int64)
        above = np.ldexp(offset / made.step + (made.zero - _LOWEST), _OFFSET_BITS)
        added = np.clip(np.rint(above), -most, most).astype(np.int64)
        rescale = self._function("rescale", _RESCALE)
        factors = self._program.table("factors", numbers, "int32_t")
        is_rectified = place in self._rectified
        addend = str(added[0])
        if is_rectified:
            addend = f"{self._program.table('offsets', added, 'int32_t')}[o]"

        def code_of_bytes(x: list[str], y: str) -> str:
            text = sums + loop(n_in, f"s += {x[0]}[i] * w[i];\n")
            text += "if (s < 0) s = 0;\n" if is_rectified else ""
            text += f"{y}[o] = {rescale}(s, {factors}[o], {shift}, {addend});\n"
            return "int o;\n" + loop(n_out, text, "o")

        def run_to_bytes(values: Values) -> None:
            sum_ = np.maximum(total(values), 0) if is_rectified else total(values)
            moved = sum_ * numbers + (1 << (shift - 1)) + added * (1 << (shift - _OFFSET_BITS))
            values["q", place] = np.clip(moved >> shift, 0, 255) + _LOWEST

        self._append_step(place, note, [x], code_of_bytes, run_to_bytes)

    def _append_table(self, place: int, node: EngineNode) -> None:
        before = node.inputs[0]
        given, made = self._scale(before), self._scale(place)
        inputs = (np.arange(_LOWEST, _HIGHEST + 1) - given.zero) * given.step
        one = node._replace(width=1)
        outputs = _computed(one, [inputs[:, None]], len(inputs), self._dtype)[:, 0]
        found = np.rint(np.nan_to_num(outputs) / made.step) + made.zero
        table = np.clip(found, _LOWEST, _HIGHEST).astype(np.int64)
        self._append_mapping(place, note_of(node, [self._bytes[before]]), before, table)

    def _append_mapping(self, place: int, note: str, before: int, table: np.ndarray) -> None:
        name = self._program.table("map", table, "int8_t")

        def code(x: list[str], y: str) -> str:
            n = self._nodes[place].width
            return "int i;\n" + loop(n, f"{y}[i] = {name}[{x[0]}[i] + 128];\n")

        def run(values: Values) -> None:
            values["q", place] = table[values["q", before] - _LOWEST]

        self._append_step(place, note, [self._bytes[before]], code, run, in_place=True)

    def _append_selection(self, place: int, node: EngineNode) -> None:
        before = node.inputs[0]
        self._scales[place] = self._scale(before)
        index = picked(self._program, node)

        def code(x: list[str], y: str) -> str:
            return "int i;\n" + loop(node.width, f"{y}[i] = {x[0]}[{index}];\n")

        def run(values: Values) -> None:
            values["q", place] = values["q", before][:, node.indices]

        given = self._bytes[before]
        self._append_step(place, note_of(node, [given]), [given], code, run)

    def _append_joined(self, place: int, node: EngineNode) -> None:
        made = self._scale(place)
        given = [self._bytes[i] for i in node.inputs]
        tables = []
        for i in node.inputs:
            own = self._scale(i)
            real = (np.arange(_LOWEST, _HIGHEST + 1) - own.zero) * own.step
            found = np.clip(np.rint(real / made.step) + made.zero, _LOWEST, _HIGHEST)
            tables.append(found.astype(np.int64))
        names = [self._program.table("map", each, "int8_t") for each in tables]

        def code(x: list[str], y: str) -> str:
            return joined_code(given, x, y, names)

        def run(values: Values) -> None:
            mapped = [
                table[values["q", i] - _LOWEST]
                for i, table in zip(node.inputs, tables, strict=True)
            ]
            values["q", place] = np.concatenate(mapped, axis=1)

        self._append_step(place, note_of(node, given), given, code, run)

    # ---- what it predicts

    def predict(self, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the outputs for rows, float32 of shape (n, width), as the program has them."""
        blocks: list[list[np.ndarray]] = []
        for start in range(0, max(len(rows[0]), 1), _ROWS_AT_ONCE):
            values: Values = {
                ("f", place): np.asarray(x[start : start + _ROWS_AT_ONCE], np.float32)
                for place, x in zip(self._input_places, rows, strict=True)
            }
            for run in self._runs:
                run(values)
            blocks.append([values["f", place] for place in self._outputs])
        return [np.concatenate(parts) for parts in zip(*blocks, strict=True)]


def _in_double(pair: tuple[np.ndarray, np.ndarray | None]) -> tuple[np.ndarray, np.ndarray]:
    matrix, bias = pair
    matrix = matrix.astype(np.float64)
    return matrix, np.zeros(matrix.shape[1]) if bias is None else bias.astype(np.float64)


def _is_unary(node: EngineNode) -> bool:
    """Whether a node is one function of one entry, the same for all."""
    if node.kind == "expression":
        return len(node.inputs) == 1 and all(len(values) == 1 for values in node.constants)
    return node.kind in _core.activation_names()


def _computed(node: EngineNode, given: Sequence[np.ndarray], n: int, dtype: str) -> np.ndarray:
    """Return what the engine computes for a node alone, for `n` rows."""
    graph = _core.Graph(dtype)
    # What reads no row reads one that does not matter.
    given = list(given) or [np.zeros((n, 1))]
    inputs = [graph.add("input", params={"features": x.shape[1]}) for x in given]
    read = inputs if node.inputs else []
    if node.kind == "expression":
        made = graph.add_expression(read, node.constants, node.instructions)
    else:
        made = graph.add(node.kind, read, node.variables, node.params, node.indices)
    executor = _core.Executor(graph, inputs, [made])
    rows = [to_rows(np.ascontiguousarray(x, dtype)) for x in given]
    return np.asarray(executor.predict(rows, _ROWS_AT_ONCE, 0)[0], np.float32)


_TO_INT8 = """\
static int8_t NAME(float v)
{
  v = v < 0.0f ? v - 0.5f : v + 0.5f;
  return (int8_t)(v > -128.0f ? (v < 127.0f ? (int)v : 127) : -128);
}
"""
# The sum times factor / 2^shift plus offset / 2^8, to the nearest, from the least byte on.
_RESCALE = """\
static int8_t NAME(int32_t sum, int32_t factor, int shift, int32_t offset)
{
  int64_t v = (int64_t)sum * factor + ((int64_t)1 << (shift - 1));
  v += offset * ((int64_t)1 << (shift - 8));
  if (v < 0) return -128;
  v >>= shift;
  return (int8_t)(v > 255 ? 127 : (int)v - 128);
}
"""
