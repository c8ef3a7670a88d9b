"""Class labels to numbers for the engine, and back: of one column, or an indicator matrix.

What counts as a label follows scikit-learn's LabelBinarizer; no one-hot matrix is made. Which
classes a call to fit may bring is decided by the estimators; several columns are `_label_columns`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.utils.multiclass import type_of_target, unique_labels


class Labels:
    """The classes of a problem and the way they are coded.

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
        if hasattr(y, "toarray"):
            self.is_sparse = True
        target = type_of_target(y, input_name="y")
        if "multioutput" in target:
            raise ValueError(
                "y must be one column of labels, or a matrix of zeros and ones with a column for "
                f"each label that may hold. Multioutput target data is not supported. Received: "
                f"y of type {target!r} and shape {np.shape(y)}"
            )
        self.classes: np.ndarray = unique_labels(y)
        if target.startswith("multilabel"):
            self.kind = "multilabel"
        else:
            self.kind = "binary" if len(self.classes) <= 2 else "multiclass"

    @property
    def n_outputs(self) -> int:
        """Number of output units that tell these classes apart."""
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
        """Return the known classes, and those in `y`, of each column."""
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
            dense = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
            return np.ascontiguousarray(dense != 0)
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
