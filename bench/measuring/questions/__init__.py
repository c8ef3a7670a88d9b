"""The questions, in the order of the table: a module each, with ``TITLE`` and ``answer(lab)``."""

from __future__ import annotations

import importlib
from typing import Any

NAMES = (
    "epoch",
    "optimizers",
    "batches",
    "avx2",
    "small",
    "regularized",
    "forward",
    "one_row",
    "products",
    "perceptron",
    "float64",
    "growth",
    "memory",
    "fits",
    "neighbour",
)


def load(name: str) -> Any:
    return importlib.import_module(f"measuring.questions.{name}")
