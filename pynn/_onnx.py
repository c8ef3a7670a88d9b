"""`OnnxWriter`: what the ONNX forms of ops are written with, and `OnnxForm`, such a form.

Truth values are numbers: everything is of the one type that a network computes in. The writer
itself is in `pynn.formats` and, for skl2onnx, in `pynn.export`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol


class OnnxWriter(Protocol):
    """Where nodes go. Names stand for tensors; numbers and arrays become constants."""

    def node(self, operator: str, *inputs: Any, **attributes: Any) -> str:
        """Add a node with one output, and return its name."""

    def integers(self, values: Sequence[int]) -> str:
        """Return the name of whole numbers: a shape, or axes."""

    def cast(self, x: str) -> str:
        """Return `x` in the type that the network computes in."""

    def erf(self, x: str) -> str:
        """Return the error function of `x`."""


# ``(writer, *inputs, **params of the op)`` to the name of the value; or the name of the operator
# that does the same with the same inputs.
OnnxForm = str | Callable[..., str]
