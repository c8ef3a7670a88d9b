"""The released machine code: products that stay in registers, and a baseline for every processor.

What the compiler made of the kernels is part of what is claimed about them, so it is looked at in
the very module that is imported. A loop here is an innermost one with no jump but the one back.
"""

from __future__ import annotations

import platform
import re
import shutil
from pathlib import Path

import pytest

from cpp.disassembly import Function, Instruction, Loop, functions

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64" or shutil.which("objdump") is None,
    reason="needs objdump and x86-64",
)

SOURCE = Path(__file__).resolve().parents[2] / "csrc"
KERNELS = SOURCE / "kernels"
OPTIMIZERS = SOURCE / "formulas" / "optimizers"
VECTOR_ISAS = ("avx2", "avx512")
# Vectors of a register tile: rows times columns of Tiles<T> (see simd/).
FULL_TILE = {"avx2": 12, "avx512": 24}
# Kernels that multiply and add, but not to make matrix products; all others do.
NOT_PRODUCTS = {
    "batch_norm",
    "elementwise",
    "expression",
    "losses",
    "noise",
    "partial_sums",
    "peak",
    "perceptron",
    "row_ops",
    "transpose",
    "update",
}


@pytest.fixture(scope="module")
def code() -> list[Function]:
    found = functions()
    assert any(f.isa for f in found), "the module has been stripped of its symbols"
    return found


def straight_loops(code: list[Function], isa: str) -> list[tuple[Function, Loop]]:
    return [
        (function, loop)
        for function in code
        if function.isa == isa
        for loop in function.innermost_loops()
        if loop.is_straight and loop.uses_vectors
    ]


def product_loops(code: list[Function], isa: str) -> list[tuple[Function, Loop]]:
    """Select the loops that multiply and add in the functions of the products' files."""
    names: set[str] = set()
    for path in KERNELS.glob("*-inl.hpp"):
        if path.name.removesuffix("-inl.hpp") not in NOT_PRODUCTS:
            source = path.read_text(encoding="utf-8")
            names |= set(re.findall(r"\bstatic (?:void|int) (\w+)\(", source))
    return [
        (function, loop)
        for function, loop in straight_loops(code, isa)
        if loop.fmas and function.name in names
    ]


def listed(function: Function, instructions: list[Instruction]) -> str:
    return "\n".join([function.symbol, *map(str, instructions)])


def test_baseline_runs_on_every_processor(code: list[Function]) -> None:
    for function in code:
        if function.isa in (None, "scalar"):
            newer = [i for i in function.instructions if i.is_avx or "%ymm" in i.operands]
            assert not newer, listed(function, newer)


def test_avx2_kernels_have_no_avx512(code: list[Function]) -> None:
    for function in code:
        if function.isa == "avx2":
            newer = [i for i in function.instructions if re.search(r"%zmm|%k\d", i.operands)]
            assert not newer, listed(function, newer)


@pytest.mark.parametrize("isa", VECTOR_ISAS)
def test_product_loops_keep_their_vectors_in_registers(code: list[Function], isa: str) -> None:
    loops = product_loops(code, isa)
    assert len(loops) > 20
    for function, loop in loops:
        assert not loop.calls, listed(function, loop.calls)
        vectors_on_stack = [i for i in loop.on_stack if "mm" in i.operands]
        assert not vectors_on_stack, listed(function, vectors_on_stack)


@pytest.mark.parametrize("isa", VECTOR_ISAS)
def test_loops_of_whole_tiles_never_touch_the_stack(code: list[Function], isa: str) -> None:
    """Forward and grad_x (weights along or across), grad_w: of float32 and float64 at least.

    Neither vectors nor pointers: a pointer read again for every step takes a load from a broadcast.
    """
    loops = [(f, loop) for f, loop in product_loops(code, isa) if loop.fmas == FULL_TILE[isa]]
    assert len(loops) >= 6
    for function, loop in loops:
        assert not loop.on_stack, listed(function, loop.on_stack)


def constant(name: str, path: Path) -> int:
    match = re.search(rf"int {name} = (\d+);", path.read_text(encoding="utf-8"))
    assert match is not None, f"{path.name} does not say {name}"
    return int(match[1])


def tile_choice(name: str, isa: str) -> bool:
    tiles = (SOURCE / "simd" / f"{isa}.hpp").read_text(encoding="utf-8")
    match = re.search(rf"bool {name} = (true|false);", tiles)
    assert match is not None, f"{isa}.hpp does not say {name}"
    return match[1] == "true"


@pytest.mark.parametrize("isa", VECTOR_ISAS)
def test_steps_are_between_the_sums_of_tiles_or_after_them(code: list[Function], isa: str) -> None:
    """So that what is said above about product loops is said about optimizers' steps too."""
    steps = re.compile(r"v(sqrt|div|mul|max)p[sd]")
    loops = [
        (f, any(steps.match(i.mnemonic) for i in loop))
        for f, loop in product_loops(code, isa)
        if f.name == "stepped_panel" and loop.fmas >= FULL_TILE[isa]
    ]
    most = constant("kMostStepVectors", KERNELS / "stepped_panel-inl.hpp")
    short = [p for p in OPTIMIZERS.glob("*.hpp") if constant("kStepVectors", p) <= most]
    plain = [p for p in short if constant("kSlots", p) > 0]
    assert len(short) >= 12 and len(plain) == len(short) - 1
    # Float32 or float64, two widths of panels.
    panels = 2 * 2 * (len(short) + len(plain))
    assert len({f.symbol for f, _ in loops}) == panels
    stepped = {f.symbol for f, has_step in loops if has_step}
    assert len(stepped) == (panels if tile_choice("kStepsBesideSums", isa) else 0)


@pytest.mark.parametrize("isa", VECTOR_ISAS)
def test_products_of_fewer_rows_never_touch_the_stack(code: list[Function], isa: str) -> None:
    """The last rows of a layer: of small networks they are most of the work."""
    found = product_loops(code, isa)
    rows = [(f, loop) for f, loop in found if f.name == "product_rows"]
    blocks = [(f, loop) for f, loop in found if f.name == "block_tiles"]
    assert len(rows) >= 4 * 5  # weights along or across, float32 or float64; rows of AVX2's tile
    # Weights along or across; up to three rows.
    assert len(blocks) == (2 * 3 if tile_choice("kByBlocks", isa) else 0)
    for function, loop in rows + blocks:
        assert not loop.on_stack, listed(function, loop.on_stack)


@pytest.mark.parametrize("isa", VECTOR_ISAS)
def test_loops_of_all_kernels_neither_spill_nor_call(code: list[Function], isa: str) -> None:
    loops = straight_loops(code, isa)
    assert len(loops) > 100
    for function, loop in loops:
        assert not loop.calls, listed(function, loop.calls)
        assert not loop.spills, listed(function, loop.spills)
