"""`Interface`: what a model takes and returns, whichever way it was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pynn._structure import leaves, pack
from pynn._tensor import Mode, ValueTensor, computing, recording
from pynn._tracing import TrainingFlag, current, tracing
from pynn.graph import gather
from pynn.ops import Tensor


class Interface:
    """Inputs and outputs of a model.

    Attributes
    ----------
    inputs, outputs : structure of Tensor
    flat_inputs, flat_outputs : list of Tensor
    input_names, output_names : list of str
    """

    __slots__ = (
        "flat_inputs",
        "flat_outputs",
        "input_names",
        "inputs",
        "output_names",
        "outputs",
    )

    def __init__(
        self, inputs: Any, outputs: Any, input_names: list[str], output_names: list[str]
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.flat_inputs: list[Tensor] = list(leaves(inputs))
        self.flat_outputs: list[Tensor] = list(leaves(outputs))
        self.input_names = input_names
        self.output_names = output_names


def interface_of_call(call: Callable[[Any], Any], data: Any, dtype: str) -> Interface:
    """Call a subclassed model on tensors like `data` and see what it returns.

    Parameters
    ----------
    call : callable
    data : array, or list, tuple or dict of arrays
    dtype : str
        Of the tensors.

    Raises
    ------
    ValueError
        If something other than tensors is returned.
    """
    arrays = list(leaves(data))
    input_names = _names(data, len(arrays), "input")
    flat = [
        Tensor((None, *array.shape[1:]), dtype, name=name)
        for array, name in zip(arrays, input_names, strict=True)
    ]
    inputs = pack(data, flat)
    with tracing(TrainingFlag()), recording():
        outputs = call(inputs)
    found = _checked_outputs(outputs)
    return Interface(inputs, outputs, input_names, _names(outputs, len(found), "output"))


def interface_of_values(call: Callable[[Any], Any], data: Any, dtype: str) -> Interface:
    """Do what `interface_of_call` does for a `call` that looks at values.

    Parameters
    ----------
    call, dtype
        See there.
    data : array, or list, tuple or dict of arrays
        Of which one or two rows are computed.
    """
    arrays = list(leaves(data))
    input_names = _names(data, len(arrays), "input")
    examples = [gather(array, slice(0, 2), (None, *array.shape[1:]), dtype) for array in arrays]
    with tracing(False), computing(Mode(training=False)):
        current().depth += 1  # leave no records that hold values
        outputs = call(pack(data, [ValueTensor(example) for example in examples]))
    found = _checked_outputs(outputs)
    inputs = [
        Tensor((None, *array.shape[1:]), dtype, name=name)
        for array, name in zip(arrays, input_names, strict=True)
    ]
    results = [Tensor((None, *tensor.shape[1:]), tensor.dtype) for tensor in found]
    return Interface(
        pack(data, inputs),
        pack(outputs, results),
        input_names,
        _names(outputs, len(found), "output"),
    )


def _checked_outputs(outputs: Any) -> list[Tensor]:
    found = list(leaves(outputs))
    wrong = [value for value in found if not isinstance(value, Tensor)]
    if wrong or not found:
        raise ValueError(
            "call() of a model must return tensors, or a list, tuple or dict of them. "
            f"Received: {wrong[0] if wrong else outputs!r}"
        )
    return found


def _names(structure: Any, count: int, prefix: str) -> list[str]:
    if isinstance(structure, Mapping) and len(structure) == count:
        return [str(key) for key in structure]
    return [f"{prefix}_{i + 1}" for i in range(count)]
