"""`ArrayData`: the rows of a training as the engine reads them.

Arrays are used as they are wherever the engine can read them. What users bring comes to this in
_adapt.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pynn import _core
from pynn._number_checks import is_number
from pynn._sparse import is_sparse, to_csr
from pynn.graph import flat_rows, to_numeric, to_rows


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
        self.x_arrays = [to_numbers(value, "x") for value in x]
        self.y_arrays = [to_numbers(value, "y") for value in y]
        self.weight_arrays = [to_numbers(value, "sample_weight") for value in weights]
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
        self, trainer: Any, batch_size: int, order: Any, seed: int | None, skip: int
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


def to_numbers(value: Any, name: str) -> Any:
    """Return an array of numbers or a CSR matrix, and None for None.

    Raises
    ------
    ValueError
        If it holds no numbers, or is a single one.
    """
    if value is None:
        return None
    array = to_csr(value, name) if is_sparse(value) else to_numeric(value, name)
    if not array.shape:
        raise ValueError(f"{name} must have rows. Received: a single number")
    return array
