"""Several columns of class labels, each with classes of its own.

It has the methods of `_labels.Labels` that `MLPClassifier` uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target

from pynn.estimators._labels import Labels


class LabelColumns:
    """The classes of each column, and the way they are coded.

    Parameters
    ----------
    y : array-like of shape (n, k), or list of k array-likes
        Labels in which all classes occur, or a list of the classes of each column.

    Attributes
    ----------
    parts : list of Labels
        One for each column.
    kind : {"columns"}
    """

    kind = "columns"

    def __init__(self, y: Any) -> None:
        given = y if isinstance(y, list) else np.asarray(y).T
        self.parts = [Labels(_plain(column)) for column in given]

    @property
    def classes(self) -> list[np.ndarray]:
        """The sorted classes of each column."""
        return [part.classes for part in self.parts]

    columns = classes

    @property
    def n_outputs(self) -> int:
        """Number of output units that tell these classes apart."""
        return sum(part.n_outputs for part in self.parts)

    @property
    def heads(self) -> list[tuple[str, int]]:
        """Kind and number of units of each output layer."""
        return [(part.kind, part.n_outputs) for part in self.parts]

    def compared(self, y: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the known classes, and those in `y`, of each column.

        Raises
        ------
        ValueError
            If `y` has not as many columns as there are.
        """
        columns = np.asarray(y)
        if columns.ndim != 2 or columns.shape[1] != len(self.parts):
            raise ValueError(
                f"y must have {len(self.parts)} columns of labels. Received: y of shape "
                f"{columns.shape}"
            )
        pairs = zip(self.parts, columns.T, strict=True)
        return [(part.classes, np.unique(_plain(column))) for part, column in pairs]

    def encode(self, y: Any) -> np.ndarray:
        """Return int64 (n, k): the place of each label among its column's classes."""
        columns = np.asarray(y).T
        codes = [part.encode(_plain(c)) for part, c in zip(self.parts, columns, strict=True)]
        return np.stack([code.astype(np.int64) for code in codes], axis=1)

    def decode(self, outputs: Sequence[np.ndarray], threshold: float) -> np.ndarray:
        """Turn the values of the output units, head by head, into labels of shape (n, k)."""
        found = [part.decode(o, threshold) for part, o in zip(self.parts, outputs, strict=True)]
        alike = len({column.dtype.kind for column in found}) == 1
        return np.stack(found, axis=1) if alike else np.stack([c.astype(object) for c in found], 1)

    def hits(
        self, codes: np.ndarray, outputs: Sequence[np.ndarray], threshold: float
    ) -> np.ndarray:
        """Return bool (n,): whether all of a row is decoded as `codes` (of `encode`) says."""
        right = [
            part.hits(codes[:, i], o, threshold)
            for i, (part, o) in enumerate(zip(self.parts, outputs, strict=True))
        ]
        return np.all(right, axis=0)


def is_several_columns(y: Any) -> bool:
    """Whether `y` has columns of class labels of which each is a problem of its own."""
    if y.dtype == object:
        columns = [_plain(column) for column in y.T]
        if len({column.dtype.kind for column in columns}) > 1:
            return True
        y = np.stack(columns, axis=1)
    return str(type_of_target(y)) == "multiclass-multioutput"


def _plain(column: Any) -> np.ndarray:
    """Return a column, of objects that are all of one type as that type."""
    column = np.asarray(column)
    return np.asarray(column.tolist()) if column.dtype == object else column
