"""`Interface`: what a model takes and returns, whichever way it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from pynn._structure import is_nested, leaves, pack
from pynn.ops import Tensor
from pynn.training import Signature, shaped


class Interface:
    """Inputs and outputs of a model.

    Parameters
    ----------
    inputs, outputs : structure of Tensor
    output_names : list of str, default=None
        Where they are not those of the tensors.
    is_eager : bool, default=False
        Whether the model's `call` looks at values, so that it has to run for each batch.

    Attributes
    ----------
    inputs, outputs, is_eager
        The same.
    flat_inputs, flat_outputs : list of Tensor
    input_names, output_names : list of str
        Keys of dicts; otherwise the names of the tensors, made different.
    """

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        output_names: list[str] | None = None,
        is_eager: bool = False,
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.is_eager = is_eager
        self.flat_inputs: list[Tensor] = list(leaves(inputs))
        self.flat_outputs: list[Tensor] = list(leaves(outputs))
        self.input_names = _names(inputs, self.flat_inputs)
        self.output_names = output_names or _names(outputs, self.flat_outputs)

    @cached_property
    def signature(self) -> Signature:
        """Names and shapes, as data is to have them."""
        return Signature(
            self.input_names,
            [tensor.shape for tensor in self.flat_inputs],
            self.output_names,
            [tensor.shape for tensor in self.flat_outputs],
            input_form=self.input_form,
            output_form=_form(self.outputs, self.output_names),
        )

    @property
    def input_form(self) -> Any:
        """The names of inputs that are a dict or nested, in their form; otherwise None."""
        return _form(self.inputs, self.input_names)

    def in_form(self, outputs: Sequence[np.ndarray]) -> Any:
        """Give flat outputs their shapes, and the form in which the model returns them."""
        shapes = [tensor.shape for tensor in self.flat_outputs]
        return pack(self.outputs, list(map(shaped, outputs, shapes)))


def _form(structure: Any, names: list[str]) -> Any:
    """Return the names in the form of a structure, None if that is a list or less."""
    if not isinstance(structure, Mapping):
        if not is_nested(structure) or not any(map(is_nested, structure)):
            return None
    return pack(structure, list(names))


def _names(structure: Any, tensors: list[Tensor]) -> list[str]:
    if isinstance(structure, Mapping) and len(structure) == len(tensors):
        return [str(key) for key in structure]
    names: list[str] = []
    for tensor in tensors:
        base = name = tensor.name or "tensor"
        count = 0
        while name in names:
            count += 1
            name = f"{base}_{count}"
        names.append(name)
    return names
