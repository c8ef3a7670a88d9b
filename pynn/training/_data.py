"""Data of a training, as the engine wants it: `ArrayData`, from what users bring.

Arrays are used as they are wherever the engine can read them. Which network the data is for is
known here only as names and shapes of inputs and outputs, in a `Signature`.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pynn import _core
from pynn._number_checks import is_number
from pynn._sparse import is_sparse, to_csr
from pynn._structure import children, is_nested, map_leaves, named
from pynn._user_warning import warn_user
from pynn.graph import flat_rows, to_numeric, to_rows

Shape = tuple[int | None, ...]


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


class ArrayData:
    """Rows of inputs, targets and weights that belong together.

    Parameters
    ----------
    x : sequence
        For each input an array or sparse matrix with one row per sample.
    y : sequence, default=()
        For each output an array or None.
    weights : sequence, default=None
        For each output the weights of its samples, shape (n,), or None; None stands for no weights.
    checked : bool, default=False
        Whether all of them are known to be arrays of numbers that the engine reads, or CSR
        matrices, with as many rows.

    Attributes
    ----------
    x_arrays, y_arrays, weight_arrays : list
        Arrays and sparse matrices, or None.
    n_rows : int
    drop_remainder : bool
        Whether rows that fill no batch are left out of an epoch; set by whoever trains.

    Raises
    ------
    ValueError
        If something does not hold real numbers, or the numbers of rows differ.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn.training import ArrayData
    >>> data = ArrayData([np.zeros((5, 3))], [np.zeros(5)])
    >>> data.n_rows, data.take(slice(0, 2)).n_rows
    (5, 2)
    """

    repeats = True  # an epoch with a fixed number of steps may begin again at the first row

    __slots__ = ("_rows", "drop_remainder", "n_rows", "weight_arrays", "x_arrays", "y_arrays")

    def __init__(
        self,
        x: Sequence[Any],
        y: Sequence[Any] = (),
        weights: Sequence[Any] | None = None,
        *,
        checked: bool = False,
    ) -> None:
        self._rows: tuple[list[Any], list[Any], list[Any]] | None = None
        self.drop_remainder = False
        weights = [None] * len(y) if weights is None else weights
        if checked:
            self.x_arrays, self.y_arrays, self.weight_arrays = list(x), list(y), list(weights)
            self.n_rows = int(x[0].shape[0])
            return
        self.x_arrays = [_numbers(value, "x") for value in x]
        self.y_arrays = [_numbers(value, "y") for value in y]
        self.weight_arrays = [_numbers(value, "sample_weight") for value in weights]
        self.n_rows = int(self.x_arrays[0].shape[0])
        for name, arrays in (
            ("x", self.x_arrays),
            ("y", self.y_arrays),
            ("sample_weight", self.weight_arrays),
        ):
            for array in arrays:
                if array is None or array.shape[0] == self.n_rows:
                    continue
                if name == "x":
                    rows = ", ".join(str(other.shape[0]) for other in arrays)
                    raise ValueError(f"all inputs must have as many rows. Received: {rows} rows")
                raise ValueError(
                    f"x and {name} must have as many rows. Received: {self.n_rows} rows of x "
                    f"and {array.shape[0]} of {name}"
                )

    def sources(self, trainer: Any) -> tuple[list[Any], list[Any], list[Any]]:
        """Return inputs, targets and weights in the form that `trainer` takes."""
        if getattr(trainer, "takes_arrays", False):
            return self.x_arrays, self.y_arrays, self.weight_arrays
        if self._rows is None:
            self._rows = (
                [_rows(array) for array in self.x_arrays],
                [_rows(array) for array in self.y_arrays],
                [_rows(array) for array in self.weight_arrays],
            )
        return self._rows

    @property
    def x(self) -> list[Any]:
        """The inputs as the engine's ``Rows``."""
        return self.sources(None)[0]

    @property
    def y(self) -> list[Any]:
        """The targets as the engine's ``Rows``, or None."""
        return self.sources(None)[1]

    @property
    def weights(self) -> list[Any]:
        """The sample weights as the engine's ``Rows``, or None."""
        return self.sources(None)[2]

    def count_steps(self, batch_size: int, rows: int | None = None) -> int:
        """Return the number of batches, a smaller last one included unless it is dropped."""
        rows = self.n_rows if rows is None else rows
        if self.drop_remainder and rows >= batch_size:
            return rows // batch_size
        return -(-rows // batch_size)

    def segments(
        self, trainer: Any, batch_size: int, order: Any, seed: int | None, skip: int = 0
    ) -> Iterator[tuple[ArrayData, int]]:
        """Start `trainer` on the rows, and yield the data and the number of steps, once.

        The first `skip` steps are left out.
        """
        rows = self.n_rows if order is None else len(order)
        if rows:
            x, y, weights = self.sources(trainer)
            given: dict[str, Any] = {}  # a perceptron's trainer knows neither
            if skip:
                given["skip"] = skip
            if self.drop_remainder:
                given["drop_remainder"] = True
            trainer.start(x, y, weights, batch_size, order, seed, **given)
            yield self, self.count_steps(batch_size, rows) - skip

    def take(self, rows: slice) -> ArrayData:
        """Return a part, without copying what is dense."""
        return ArrayData(
            [array[rows] for array in self.x_arrays],
            [None if array is None else array[rows] for array in self.y_arrays],
            [None if array is None else array[rows] for array in self.weight_arrays],
            checked=True,
        )

    def split(self, fraction: float) -> tuple[ArrayData, ArrayData]:
        """Return all but the last part, and that part.

        Parameters
        ----------
        fraction : float
            Of the rows in the last part, in (0, 1).

        Raises
        ------
        ValueError
            If `fraction` is outside (0, 1) or leaves one of the parts empty.
        """
        if not is_number(fraction) or not 0 < fraction < 1:
            raise ValueError(
                f"validation_split must be in (0, 1). Received: validation_split={fraction!r}"
            )
        at = math.floor(self.n_rows * (1.0 - fraction))
        if at == 0 or at == self.n_rows:
            raise ValueError(
                f"validation_split={fraction} of {self.n_rows} rows leaves no rows for "
                f"{'training' if at == 0 else 'validation'}"
            )
        return self.take(slice(0, at)), self.take(slice(at, self.n_rows))


def _rows(array: Any) -> _core.Rows | None:
    """Return the engine's rows of an array of numbers or a CSR matrix."""
    if array is None:
        return None
    return _core.Rows(flat_rows(array)) if type(array) is np.ndarray else to_rows(array)


def _numbers(value: Any, name: str) -> Any:
    if value is None:
        return None
    array = to_csr(value, name) if is_sparse(value) else to_numeric(value, name)
    if not array.shape:
        raise ValueError(f"{name} must have rows. Received: a single number")
    return array


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
    targets = [_numbers(value, "y") for value in targets_of(y, signature, n_rows)]
    sample_weight = flattened(signature.output_form, sample_weight, "sample_weight")
    weights = _row_weights(sample_weight, names, n_rows)
    return ArrayData(arrays, targets, weights)


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
    array = _numbers(value, "x")
    if array is None:
        raise ValueError(f"input {name!r} needs data. Received: None")
    row, wanted = array.shape[1:], shape[1:]
    if row == wanted:
        return array
    # A missing or superfluous axis of size 1 makes no difference; anything else does.
    if [n for n in row if n != 1] == [n for n in wanted if n != 1]:
        return array if is_sparse(array) else array.reshape(len(array), *wanted)
    if isinstance(value, (list, tuple)) and len(getattr(value[0], "shape", ())) > 1:
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
        given = [sample_weight.get(name) for name in names]
    else:
        given = distribute(sample_weight, names, "sample_weight", "output", n_rows)
    weights = []
    for value in given:
        array = _numbers(value, "sample_weight")
        if array is not None:
            if math.prod(array.shape) != array.shape[0]:
                raise ValueError(
                    f"sample_weight must have one number per sample. Received: shape={array.shape}"
                )
            array = array.reshape(-1)
        weights.append(array)
    return weights


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
