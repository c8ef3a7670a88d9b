"""Networks as C99: one file that predicts, for microcontrollers and other languages.

What the engine runs to predict (`pynn.graph.engine_graph`) becomes a function of one row: its
matrices are tables of constants, its buffers local arrays. The C form of an op's formula is
declared beside the op. Preparation of tables is written in `pynn.export`.
"""

from pynn.formats.c._calibration import QuantizationReport
from pynn.formats.c._file import CFile, Front, Pointer, c_file, names_of, write_c
from pynn.formats.c._nodes import NODE_KINDS
from pynn.formats.c._program import Program
from pynn.formats.c._text import c_name, c_text

__all__ = [
    "NODE_KINDS",
    "CFile",
    "Front",
    "Pointer",
    "Program",
    "QuantizationReport",
    "c_file",
    "c_name",
    "c_text",
    "names_of",
    "write_c",
]
