"""`adapt`: what users bring, as the rows of a training for a network.

Which network it is is known here only as names and shapes of inputs and outputs, in a `Signature`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pynn._sparse import is_sparse
from pynn._structure import children, is_nested, map_leaves, named
from pynn._tensor import Shape
from pynn._user_warning import warn_user
from pynn.training._data import ArrayData, to_numbers


class Signature(NamedTuple):
    """Names and shapes, the batch included, of a network's inputs and outputs.

    `evaluated` names the outputs that have a loss or metrics, if not all have: the others need no
    targets. `input_form` and `output_form` have the names in the form in which data comes, if it is
    more than a list.
    """

    input_names: list[str]
    input_shapes: list[Shape]
    output_names: list[str]
    output_shapes: list[Shape]
    evaluated: Sequence[str] | None = None
    input_form: Any = None
    output_form: Any = None


def adapt(
    signature: Signature,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
) -> ArrayData:
    """Return the data of a call to fit, evaluate or predict.

    Parameters
    ----------
    signature : Signature
    x : array-like, DataFrame or sparse matrix, or a list, tuple or dict of them
        One entry for each input, in order or by name.
    y : the same, default=None
        One entry for each output, or for each that is evaluated.
    sample_weight : the same, default=None
        Shape (n,) each; a single one applies to all outputs.

    Raises
    ------
    ValueError
        If something is missing, superfluous or of a wrong shape.
    """
    if signature.input_form is not None:
        x = in_order(signature.input_form, x)
    inputs = distribute(x, signature.input_names, "x", "input")
    arrays = [
        _input_array(value, name, shape)
        for value, name, shape in zip(
            inputs, signature.input_names, signature.input_shapes, strict=True
        )
    ]
    n_rows = arrays[0].shape[0]
    names = signature.output_names
    targets = [to_numbers(value, "y") for value in targets_of(y, signature, n_rows)]
    sample_weight = flattened(signature.output_form, sample_weight, "sample_weight")
    weights = _row_weights(sample_weight, names, n_rows)
    return ArrayData(arrays, targets, weights)


def in_order(form: Any, x: Any) -> Any:
    """Return data for inputs that are a dict, or nested: those of nested ones by name.

    Raises
    ------
    ValueError
        If they are nested in another way, or it is a list and the keys are not sorted, so that
        nobody knows which is which.
    """
    if isinstance(form, Mapping) and isinstance(x, (list, tuple)) and len(form) > 1:
        if list(form) != sorted(form):
            raise ValueError(
                f"x must be a dict with the keys {list(form)}, as the model's inputs are. "
                f"Received: {type(x).__name__} of {len(x)} arrays"
            )
        warn_user(
            f"x is a {type(x).__name__}, which is taken in the order of the keys of the model's "
            f"inputs, {list(form)}. Give a dict"
        )
        return x
    return flattened(form, x, "x")


def flattened(form: Any, value: Any, argument: str) -> Any:
    """Return what `value` has for each name in a nested form, as a dict; other values as they are.

    Raises
    ------
    ValueError
        If it is nested in another way.
    """
    if not (is_nested(form) and is_nested(value) and any(map(is_nested, children(form)))):
        return value
    found = named(form, value)
    if found is None:
        raise ValueError(
            f"{argument} must have the form {form}, with an entry in place of each name. "
            f"Received: {map_leaves(lambda _: '*', value)}"
        )
    return found


def targets_of(y: Any, signature: Signature, n_rows: int | None = None) -> list[Any]:
    """Return one entry of `y` for each output, None for those that need none and have none."""
    names, some = signature.output_names, signature.evaluated
    if y is None:
        return [None] * len(names)
    y = flattened(signature.output_form, y, "y")
    if some is not None:
        if isinstance(y, Mapping):
            y = {name: None for name in names if name not in some} | dict(y)
        elif not isinstance(y, (list, tuple)) or len(y) == len(some):
            given = dict(zip(some, distribute(y, some, "y", "output", n_rows), strict=True))
            return [given.get(name) for name in names]
    return distribute(y, names, "y", "output", n_rows)


def distribute(
    value: Any, names: Sequence[str], argument: str, role: str, n_rows: int | None = None
) -> list[Any]:
    """Return one entry of `value` for each of `names`; dicts go by name, lists by position."""
    if isinstance(value, Mapping) and not hasattr(value, "to_numpy"):
        missing = [name for name in names if name not in value]
        if missing:
            raise ValueError(
                f"{argument} has nothing for {role} {missing[0]!r}. "
                f"Received: a dict with the keys {list(value)}"
            )
        return [value[name] for name in names]
    if not isinstance(value, (list, tuple)):
        if len(names) > 1:
            raise ValueError(
                f"{argument} must be a list or dict with one array for each {role}: "
                f"{', '.join(names)}. Received: {type(value).__name__}"
            )
        return [value]
    if len(names) == 1 and not _holds_one_array(value, n_rows):
        return [value]
    if len(value) != len(names):
        raise ValueError(
            f"{argument} must have one array for each {role}: {', '.join(names)}. "
            f"Received: {len(value)} arrays"
        )
    return [
        each[0] if isinstance(each, (list, tuple)) and _holds_one_array(each, n_rows) else each
        for each in value
    ]


def _holds_one_array(value: Sequence[Any], n_rows: int | None) -> bool:
    """Whether a list is a list of one array, and not an array written as a list."""
    if len(value) != 1 or not hasattr(value[0], "shape") or not value[0].shape:
        return False
    return len(value[0].shape) > 1 or value[0].shape[0] == n_rows


def _input_array(value: Any, name: str, shape: Shape) -> Any:
    array = to_numbers(value, "x")
    if array is None:
        raise ValueError(f"input {name!r} needs data. Received: None")
    row, wanted = array.shape[1:], shape[1:]
    if row == wanted:
        return array
    # A missing or superfluous axis of size 1 makes no difference; anything else does.
    if [n for n in row if n != 1] == [n for n in wanted if n != 1]:
        return array if is_sparse(array) else array.reshape(len(array), *wanted)
    if isinstance(value, (list, tuple)) and value and len(getattr(value[0], "shape", ())) > 1:
        raise ValueError(
            f"x must have one array for each input: {name}. Received: {len(value)} arrays"
        )
    raise ValueError(
        f"input {name!r} takes arrays of shape {('n', *wanted)}. Received: x of shape "
        f"{array.shape}".replace("'n'", "n")
    )


def _row_weights(sample_weight: Any, names: Sequence[str], n_rows: int) -> list[Any]:
    if sample_weight is None:
        return [None] * len(names)
    single = not isinstance(sample_weight, (list, tuple, Mapping))
    if isinstance(sample_weight, (list, tuple)):
        single = not any(hasattr(value, "__len__") for value in sample_weight[:2])
    if single:
        given = [sample_weight] * len(names)
    elif isinstance(sample_weight, Mapping):
        unknown = [key for key in sample_weight if key not in names]
        if unknown:
            raise ValueError(
                f"sample_weight has the key {unknown[0]!r}, which is no output. The outputs are: "
                f"{', '.join(names)}"
            )
        given = [sample_weight.get(name) for name in names]
    else:
        given = distribute(sample_weight, names, "sample_weight", "output", n_rows)
    weights = []
    for value in given:
        array = to_numbers(value, "sample_weight")
        if array is not None:
            if math.prod(array.shape) != array.shape[0]:
                raise ValueError(
                    "sample_weight must have one number per sample. A loss function can read "
                    "weights of the steps of a sample from further columns of y. Received: "
                    f"shape={array.shape}"
                )
            array = array.reshape(-1)
        weights.append(array)
    return weights
