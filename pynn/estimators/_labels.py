"""Class labels to numbers for the engine, and back.

What counts as a label follows scikit-learn's LabelBinarizer; no one-hot matrix is made. Which
classes a call to fit may bring is decided by the estimators.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.utils.multiclass import type_of_target, unique_labels

from pynn._sparse import check_sparse, is_sparse, to_dense
from pynn.estimators._saving import saved_as


def _are_numbers(y: Any) -> bool:
    return isinstance(y, np.ndarray) and y.dtype.kind in "biuf" and y.dtype.isnative


@saved_as("Labels")
class Labels:
    """The classes of one column, or of an indicator matrix, and the way they are coded.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, k)
        Labels in which all classes occur, or the classes themselves. Two dimensions: an indicator
        matrix of k labels that may hold together.

    Attributes
    ----------
    classes : ndarray
        The classes, sorted; for an indicator matrix the column numbers.
    kind : {"binary", "multiclass", "multilabel"}
    is_sparse : bool
        Whether `y` was a sparse indicator matrix; what is decoded is one too then.

    Raises
    ------
    ValueError
        If `y` holds no class labels: real numbers, several multi-class columns, or a mixture of
        strings and numbers.
    """

    is_sparse = False

    def __init__(self, y: Any) -> None:
        if is_sparse(y):
            check_sparse(y, "y")
            self.is_sparse = True
        target = type_of_target(y, input_name="y")
        if "multioutput" in target:
            raise ValueError(
                "y must be one column of labels, or a matrix of zeros and ones with a column for "
                f"each label that may hold. Multioutput target data is not supported. Received: "
                f"y of type {target!r} and shape {np.shape(y)}"
            )
        if target.startswith("multilabel"):
            _check_indicators(y)
        if target in ("binary", "multiclass") and _are_numbers(y):
            self.classes = np.unique(y)  # as unique_labels, which asks for the type once more
        else:
            self.classes = unique_labels(y)
        if target.startswith("multilabel"):
            self.kind = "multilabel"
        else:
            self.kind = "binary" if len(self.classes) <= 2 else "multiclass"

    @property
    def n_outputs(self) -> int:
        """Number of output units for these classes."""
        return 1 if self.kind == "binary" else len(self.classes)

    @property
    def heads(self) -> list[tuple[str, int]]:
        """Kind and number of units of each output layer: here of one."""
        return [(self.kind, self.n_outputs)]

    @property
    def columns(self) -> list[np.ndarray]:
        """The classes of each column of y."""
        if self.kind == "multilabel":
            return [np.array([0, 1])] * len(self.classes)
        return [self.classes]

    def compared(self, y: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the known classes, and those in `y`, of each column.

        Raises
        ------
        ValueError
            If `y` is an indicator matrix and these classes are not, or the other way round, or one
            of another number of labels.
        """
        shape = np.shape(y) if not is_sparse(y) else y.shape
        if shape[1:] != ((len(self.classes),) if self.kind == "multilabel" else ()):
            raise ValueError(
                f"y must be of the kind of the first call, {self.kind} with {len(self.classes)} "
                f"classes. Received: y of shape {shape}"
            )
        if self.kind == "multilabel":
            _check_indicators(y)
        return [(self.classes, unique_labels(y))]

    def encode(self, y: Any) -> np.ndarray:
        """Return the target array for the engine.

        Returns
        -------
        ndarray
            Binary: bool (n,), true for the second class. Multiclass: int64 (n,), the place in
            `classes`. Multilabel: bool (n, k).
        """
        if self.kind == "multilabel":
            return np.ascontiguousarray(np.asarray(to_dense(y)) != 0)
        if self.kind == "binary":
            return np.asarray(y == self.classes[-1]) & (len(self.classes) == 2)
        return np.searchsorted(self.classes, y).astype(np.int64, copy=False)

    def indicators(self, y: Any) -> np.ndarray:
        """Return bool (n, n_outputs): which output unit should fire for which row."""
        codes = self.encode(y)
        if self.kind == "multiclass":
            return codes[:, np.newaxis] == np.arange(len(self.classes))
        return codes.reshape(len(codes), -1)

    def _codes(self, outputs: np.ndarray, threshold: float) -> np.ndarray:
        """Return the codes, as `encode` makes them, that the output units stand for."""
        if self.kind == "multilabel":
            return outputs > threshold
        if self.kind == "multiclass":
            return outputs.argmax(axis=1)
        fires = outputs[:, 0] > threshold
        return fires if len(self.classes) == 2 else np.zeros_like(fires)

    def decode(self, outputs: np.ndarray, threshold: float) -> Any:
        """Turn the values of the output units into labels.

        Parameters
        ----------
        outputs : ndarray of shape (n, n_outputs)
        threshold : float
            Binary and multilabel: what is above it counts as true.

        Returns
        -------
        ndarray of shape (n,) or, multilabel, int (n, k): a CSR matrix of it if y was sparse
        """
        codes = self._codes(outputs, threshold)
        if self.kind == "multilabel":
            found = codes.astype(np.int64)
            return csr_matrix(found) if self.is_sparse else found
        return self.classes.take(codes)

    def hits(self, codes: np.ndarray, outputs: np.ndarray, threshold: float) -> np.ndarray:
        """Return bool (n,): whether all of a row is decoded as `codes` (of `encode`) says."""
        right = self._codes(outputs, threshold) == codes
        return right.all(axis=1) if self.kind == "multilabel" else right


@saved_as("LabelColumns")
class LabelColumns:
    """The classes of several columns, each with classes of its own: as `Labels` for each.

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
        """Number of output units for these classes."""
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


def labels_of(y: np.ndarray) -> Labels | LabelColumns:
    """Return the classes of y, of each column where each is a problem of its own."""
    return LabelColumns(y) if y.ndim == 2 and _is_several_columns(y) else Labels(y)


def _is_several_columns(y: Any) -> bool:
    """Whether `y` has columns of class labels of which each is a problem of its own."""
    if y.dtype == object:
        columns = [_plain(column) for column in y.T]
        if len({column.dtype.kind for column in columns}) > 1:
            return True
        y = np.stack(columns, axis=1)
    found = str(type_of_target(y))
    # Two numbers that are not 0 and 1 are the classes of columns: nothing says which one holds.
    return found == "multiclass-multioutput" or (
        found == "multilabel-indicator" and not _are_indicators(y)
    )


def _are_indicators(y: Any) -> bool:
    return is_sparse(y) or bool(np.isin(np.asarray(y), (0, 1)).all())


def _check_indicators(y: Any) -> None:
    if not _are_indicators(y):
        raise ValueError(
            "a matrix of labels that may hold together must have zeros and ones. Received: "
            f"{np.unique(np.asarray(y))[:5]}"
        )


def _plain(column: Any) -> np.ndarray:
    """Return a column, of objects that are all of one type as that type."""
    column = np.asarray(column)
    return np.asarray(column.tolist()) if column.dtype == object else column
