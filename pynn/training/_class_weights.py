"""`class_weighted`: weights of samples by their classes."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from pynn._number_checks import is_number
from pynn.training._adapt import Signature
from pynn.training._data import ArrayData


def class_weighted(
    data: ArrayData, class_weight: Mapping[Any, Any] | None, signature: Signature
) -> ArrayData:
    """Return the data with the weights of samples times those of their classes.

    Parameters
    ----------
    data : ArrayData
    class_weight : dict of int to float, or None
        Classes not named have 1. Of several outputs each has its own dict, by name, or they share
        one.
    signature : Signature

    Raises
    ------
    ValueError
        If it is no such dict, or targets are missing.
    """
    if class_weight is None:
        return data
    weights = _class_weights(class_weight, signature, data.y_arrays, data.weight_arrays)
    return ArrayData(data.x_arrays, data.y_arrays, weights, checked=True)


def _class_weights(
    class_weight: Mapping[Any, Any],
    signature: Signature,
    targets: list[Any],
    weights: list[Any],
) -> list[Any]:
    """Return the weights times those of the classes, for each output that is evaluated."""
    names = signature.output_names
    evaluated = names if signature.evaluated is None else signature.evaluated
    if not isinstance(class_weight, Mapping):
        raise ValueError(
            "class_weight must be a dict of class numbers to factors. Received: "
            f"class_weight={class_weight!r}"
        )
    by_name = any(isinstance(value, Mapping) for value in class_weight.values())
    unknown = [key for key in class_weight if by_name and key not in names]
    if unknown:
        raise ValueError(
            f"class_weight has the key {unknown[0]!r}, which is no output. The outputs are: "
            f"{', '.join(names)}"
        )
    made = []
    for name, target, known in zip(names, targets, weights, strict=True):
        table = class_weight.get(name) if by_name else class_weight
        if table is None or (target is None and not by_name and name not in evaluated):
            made.append(known)
            continue
        if target is None:
            raise ValueError(f"class_weight needs the targets of output {name!r}")
        factors = _factors_of(table, target)
        made.append(factors if known is None else factors * known)
    return made


def _factors_of(class_weight: Mapping[Any, float], labels: Any) -> np.ndarray:
    """Return the factor of each label; those of classes that are not named are 1."""
    labels = labels.argmax(axis=1) if labels.ndim > 1 and labels.shape[1] > 1 else labels
    labels = np.asarray(labels).reshape(-1).astype(np.int64)
    for key, factor in class_weight.items():
        whole = isinstance(key, (numbers.Real, np.bool_)) and key % 1 == 0
        if not (whole and is_number(factor)):
            raise ValueError(
                "class_weight must be a dict of class numbers to factors, which are finite "
                f"numbers. Received: {{{key!r}: {factor!r}}}"
            )
    if not class_weight:
        return np.ones(len(labels))
    classes, factors = np.array(sorted(class_weight.items()), np.float64).T
    places = np.searchsorted(classes, labels).clip(max=len(classes) - 1)
    return np.where(classes[places] == labels, factors[places], 1.0)
