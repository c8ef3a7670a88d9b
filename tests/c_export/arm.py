"""Exported C files, run on a bare Cortex-M3 by QEMU."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from c_export.compiled import FLAGS, sizes_of

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "cortex_m"
QEMU = ["qemu-system-arm", "-M", "mps2-an385", "-nographic"]
QEMU += ["-semihosting-config", "enable=on,target=native", "-kernel"]

_MAIN = """\
#include <string.h>
#include "semihosting.h"
{includes}
static void write_bits(const float *y, int count)
{{
  static const char digits[] = "0123456789abcdef";
  char text[10];
  unsigned long bits;
  int i, k;
  for (k = 0; k < count; k++) {{
    memcpy(&bits, y + k, sizeof bits);
    for (i = 0; i < 8; i++) text[i] = digits[(bits >> (28 - 4 * i)) & 15];
    text[8] = '\\n';
    text[9] = 0;
    write_text(text);
  }}
}}
{tables}
int main(void)
{{
{calls}  return 0;
}}
"""


def run_on_arm(
    paths: Sequence[Path], rows: Sequence[list[np.ndarray]], folder: Path
) -> list[list[np.ndarray]]:
    """What the files' functions predict there: flat rows, one array for each output."""
    includes, tables, calls = "", "", ""
    for path, given in zip(paths, rows, strict=True):
        name = path.stem
        includes += f'#define {name.upper()}_DECLARATIONS\n#include "{path.name}"\n'
        inputs, outputs = sizes_of(path)
        n = len(given[0])
        arguments = []
        for k, x in enumerate(given):
            numbers = ", ".join(f"{float(v):.9e}f" for v in x.ravel())
            tables += f"static const float {name}_x{k}[{x.size}] = {{{numbers}}};\n"
            arguments.append(f"{name}_x{k}")
        for k, size in enumerate(outputs):
            tables += f"static float {name}_y{k}[{n * size}];\n"
            arguments.append(f"{name}_y{k}")
        calls += f"  {name}_predict_rows({n}, {', '.join(arguments)});\n"
        calls += "".join(f"  write_bits({name}_y{k}, {n * s});\n" for k, s in enumerate(outputs))
    (folder / "main.c").write_text(_MAIN.format(includes=includes, tables=tables, calls=calls))
    program = folder / "program.elf"
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb", *FLAGS, f"-I{EXAMPLE}"]
    command += [f"-I{folder}", "-nostartfiles", "-T", str(EXAMPLE / "mps2.ld"), "-o", str(program)]
    sources = [EXAMPLE / "startup.c", folder / "main.c", *paths]
    done = subprocess.run([*command, *map(str, sources), "-lm"], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    ran = subprocess.run([*QEMU, str(program)], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    words = np.array([int(line, 16) for line in (ran.stdout + ran.stderr).split()], np.uint32)
    numbers = words.view(np.float32)
    found: list[list[np.ndarray]] = []
    for path, given in zip(paths, rows, strict=True):
        n, own = len(given[0]), []
        for size in sizes_of(path)[1]:
            own.append(numbers[: n * size].reshape(n, size))
            numbers = numbers[n * size :]
        found.append(own)
    assert not len(numbers)
    return found
