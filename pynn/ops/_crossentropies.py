"""Cross-entropies between targets and probabilities or logits."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._tensor import shape_of
from pynn.ops._activation import log_softmax, softplus
from pynn.ops._elementwise import add, clip, divide, log, multiply, negative, subtract
from pynn.ops._reductions import sum
from pynn.ops._shapes import one_hot, squeeze

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
]


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Return ``-log`` of the probability that `output` gives to `target`, entry by entry.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.binary_crossentropy([1.0, 0.0], [0.9, 0.2]).round(3)
    array([0.105, 0.223])
    """
    if from_logits:
        return subtract(softplus(output), multiply(target, output))
    output = clip(output, _state.epsilon(), 1 - _state.epsilon())
    wrong = multiply(subtract(1.0, target), log(subtract(1.0, output)))
    return negative(add(multiply(target, log(output)), wrong))


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return ``-sum(target * log(output))`` along `axis`; `output` is made to sum to 1.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.categorical_crossentropy([[0.0, 1.0]], [[0.1, 0.9]]).round(3)
    array([0.105])
    """
    if from_logits:
        logarithms = log_softmax(output, axis)
    else:
        output = divide(output, sum(output, axis, keepdims=True))
        logarithms = log(clip(output, _state.epsilon(), 1 - _state.epsilon()))
    return negative(sum(multiply(target, logarithms), axis))


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return `categorical_crossentropy` for class numbers.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.sparse_categorical_crossentropy([1], [[0.1, 0.9]]).round(3)
    array([0.105])
    """
    shape = shape_of(output)
    if len(shape_of(target)) == len(shape) and shape_of(target)[axis] == 1:
        target = squeeze(target, axis)
    classes: Any = shape[axis]
    return categorical_crossentropy(one_hot(target, classes, axis), output, from_logits, axis)
