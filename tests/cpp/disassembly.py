"""The machine code of the built module: its functions and innermost loops, by objdump.

x86-64 only. ``python tests/cpp/disassembly.py`` prints the inner loops of the kernels and what each
keeps on the stack; test_disassembly.py says what may not be there.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pynn import _core

# Of a mangled name: the namespace that a kernel unit puts all of its functions into. A name that
# only mentions it further on, a standard template over the unit's types, is not the unit's own.
_ISA = re.compile(r"_ZZ?NK?4pynn\d+(scalar|avx2|avx512)L?\d*([a-z_0-9]+)")
_FUNCTION = re.compile(r"([0-9a-f]+) <(.+)>:$")
_INSTRUCTION = re.compile(r" *([0-9a-f]+):\t(\S+)(?: +(.*))?$")


@dataclass(frozen=True)
class Instruction:
    """A line of objdump, in AT&T's order: sources first, destination last."""

    address: int
    mnemonic: str
    operands: str

    def __str__(self) -> str:
        return f"{self.address:x}: {self.mnemonic} {self.operands}".rstrip()

    @property
    def is_avx(self) -> bool:
        """Is it encoded as AVX or AVX-512? These begin with v, and two old system calls do."""
        return self.mnemonic.startswith("v") and self.mnemonic not in ("verr", "verw")

    @property
    def is_fma(self) -> bool:
        """Does it multiply and add whole vectors?"""
        return re.match(r"vfn?m(add|sub)\d+p[sd]", self.mnemonic) is not None

    @property
    def is_call(self) -> bool:
        return self.mnemonic.startswith("call")

    @property
    def is_jump(self) -> bool:
        return self.mnemonic.startswith("j")

    @property
    def target(self) -> int | None:
        """The address that a direct jump goes to."""
        direct = self.is_jump and not self.operands.startswith("*")
        return int(self.operands.split()[0], 16) if direct else None


class Loop(list[Instruction]):
    """The body of an innermost loop; ``frame`` matches operands in the function's own frame."""

    def __init__(self, body: list[Instruction], frame: re.Pattern[str]) -> None:
        super().__init__(body)
        self.frame = frame

    @property
    def is_straight(self) -> bool:
        """Is the jump back the only one, so that all of the body runs every time?"""
        return not any(i.is_jump for i in self[:-1])

    @property
    def fmas(self) -> int:
        return sum(i.is_fma for i in self)

    @property
    def uses_vectors(self) -> bool:
        return any(re.search("%[yz]mm", i.operands) for i in self)

    @property
    def calls(self) -> list[Instruction]:
        return [i for i in self if i.is_call]

    @property
    def on_stack(self) -> list[Instruction]:
        """Instructions that read or write the stack."""
        return [i for i in self if i.mnemonic != "lea" and self.frame.search(i.operands)]

    @property
    def spills(self) -> list[Instruction]:
        """Vectors stored to the stack. A load alone reads a constant that was put there before."""
        stored = re.compile(r"%[xyz]mm\d+(\{.*\})?,[^,(]*" + self.frame.pattern + r"[^()]*\)$")
        return [i for i in self if stored.search(i.operands)]


@dataclass
class Function:
    """A function of the module, by its mangled name."""

    symbol: str
    instructions: list[Instruction] = field(default_factory=list)

    @cached_property
    def _parts(self) -> tuple[str | None, str]:
        found = _ISA.match(self.symbol)
        return (found[1], found[2]) if found else (None, self.symbol)

    @property
    def isa(self) -> str | None:
        """The instruction set whose kernels the function belongs to; None for everything else."""
        return self._parts[0]

    @property
    def name(self) -> str:
        return self._parts[1]

    @cached_property
    def _frame(self) -> re.Pattern[str]:
        # Functions that align the stack address their frame by rbp, others use rbp as they like.
        aligned = any(i.mnemonic == "mov" and i.operands == "%rsp,%rbp" for i in self.instructions)
        return re.compile(r"\(%r[sb]p" if aligned else r"\(%rsp")

    def innermost_loops(self) -> Iterator[Loop]:
        """Yield the bodies of backward jumps within which no other one lies."""
        start = self.instructions[0].address
        spans = {
            (i.target, i.address)
            for i in self.instructions
            if i.target is not None and start <= i.target <= i.address
        }
        for first, last in spans:
            inside = [s for s in spans if first <= s[0] and s[1] <= last]
            if len(inside) == 1:
                body = [i for i in self.instructions if first <= i.address <= last]
                yield Loop(body, self._frame)


def functions(module: str | Path = _core.__file__) -> list[Function]:
    """Disassemble a module; without symbols, all of it is one function."""
    command = ["objdump", "-d", "--no-show-raw-insn", "-j", ".text", str(module)]
    listing = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    found: list[Function] = []
    for line in listing.splitlines():
        if (header := _FUNCTION.match(line)) is not None:
            found.append(Function(header[2]))
        elif found and (match := _INSTRUCTION.match(line)) is not None:
            address, mnemonic, operands = match.groups()
            found[-1].instructions.append(Instruction(int(address, 16), mnemonic, operands or ""))
    return [function for function in found if function.instructions]


def main() -> None:
    print("isa     FMAs instructions on stack spills calls  function")
    for function in functions():
        if function.isa not in (None, "scalar"):
            for loop in function.innermost_loops():
                if loop.is_straight and loop.uses_vectors:
                    print(
                        f"{function.isa:7} {loop.fmas:4} {len(loop):12} {len(loop.on_stack):8} "
                        f"{len(loop.spills):6} {len(loop.calls):5}  {function.symbol}"
                    )


if __name__ == "__main__":
    main()
