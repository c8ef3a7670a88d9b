"""Class labels to what a model's loss takes, and a model's outputs back to class labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from pynn._registry import to_snake_case


class ClassTargets:
    """The classes of a problem.

    Parameters
    ----------
    y : ndarray, shape (n,), (n, 1) or (n, classes)
        Labels, or a matrix of zeros and ones with a column for each class.

    Attributes
    ----------
    classes : ndarray
        Sorted labels; the numbers of the columns of a matrix.
    is_matrix : bool
    is_one_hot : bool
        Whether y is a matrix with a single one in each row.

    Raises
    ------
    ValueError
        If y holds no class labels.
    """

    def __init__(self, y: Any) -> None:
        y = np.asarray(y)
        self.is_matrix = y.ndim == 2 and y.shape[1] > 1
        self.is_one_hot = False
        if self.is_matrix:
            if not np.isin(y, (0, 1)).all():
                raise ValueError(
                    "y must be one column of labels, or a matrix of zeros and ones with a column "
                    "for each class. Multioutput target data is not supported. Received: y of type "
                    f"{type_of_target(y)!r} and shape {y.shape}"
                )
            self.classes = np.arange(y.shape[1])
            self.is_one_hot = bool((y.sum(axis=1) == 1).all())
            return
        labels = column_or_1d(y)
        check_classification_targets(labels)
        self.classes = np.unique(labels)

    def check_units(self, units: int) -> None:
        """Raise ValueError if so many output units of a model cannot tell the classes apart.

        Units that no class has a label for are allowed: a part of the data may lack a class.
        """
        if units < len(self.classes) and (units > 1 or len(self.classes) > 2):
            raise ValueError(
                f"the model must have an output unit for each class, or one for two classes. "
                f"Received: {units} {'unit' if units == 1 else 'units'} for "
                f"{len(self.classes)} classes"
            )

    def encode(self, y: Any, one_hot: bool) -> np.ndarray:
        """Return y as a loss takes it.

        Parameters
        ----------
        y : array-like
            In the form that the constructor got.
        one_hot : bool
            Whether to return float32 (n, classes) and not class numbers, int64 (n,).

        Raises
        ------
        ValueError
            If y has labels that are not among `classes`.
        """
        y = np.asarray(y)
        if self.is_matrix:
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise ValueError(
                    f"y must have {len(self.classes)} columns, as at first. Received: "
                    f"y of shape {y.shape}"
                )
            if self.is_one_hot and not one_hot:
                return y.argmax(axis=1)
            return y.astype(np.float32)
        labels = column_or_1d(y)
        codes = np.searchsorted(self.classes, labels).clip(max=len(self.classes) - 1)
        if not np.array_equal(self.classes[codes], labels):
            new = sorted(set(labels.tolist()) - set(self.classes.tolist()))
            raise ValueError(
                f"y must hold the classes {self.classes.tolist()}. Received: {new} besides"
            )
        if one_hot:
            return np.eye(len(self.classes), dtype=np.float32)[codes]
        return codes.astype(np.int64, copy=False)

    def decode(self, outputs: np.ndarray, threshold: float, matrix: bool = False) -> np.ndarray:
        """Return labels (n,), or zeros and ones (n, classes), for a model's outputs.

        Parameters
        ----------
        outputs : ndarray, shape (n, units)
        threshold : float
            What a single unit, or each label of a matrix, must be above.
        matrix : bool, default=False
            Whether a matrix with one class per row is returned as a matrix.
        """
        outputs = outputs.reshape(len(outputs), -1)
        if self.is_matrix and not self.is_one_hot:
            return (outputs > threshold).astype(np.int64)
        if outputs.shape[1] == 1:
            codes = (outputs[:, 0] > threshold) & (len(self.classes) > 1)
        else:
            codes = outputs[:, : len(self.classes)].argmax(axis=1)
        codes = codes.astype(np.int64)
        if self.is_matrix and matrix:
            return np.eye(len(self.classes), dtype=np.int64)[codes]
        return self.classes.take(codes)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return those of the classes, (n, classes), for a model's outputs.

        A single unit gives that of the second class; units without a class are left out.
        """
        outputs = outputs.reshape(len(outputs), -1)
        if outputs.shape[1] == 1:
            return np.hstack([1 - outputs, outputs])
        return outputs[:, : len(self.classes)]


def takes_one_hot(loss: Any, width: int) -> bool:
    """Whether a loss, as `compile` got it, compares `width` outputs with as many targets."""
    name = loss_name(loss)
    if name.startswith("sparse") or name in ("crossentropy", "ce"):
        return False
    return width > 1


def threshold_of(loss: Any) -> float:
    """Return the output of a single unit above which the second class is more likely."""
    return 0.0 if getattr(single(loss), "from_logits", False) or "hinge" in loss_name(loss) else 0.5


def single(loss: Any) -> Any:
    """Return the loss that a list or dict of one holds."""
    if isinstance(loss, dict) and len(loss) == 1 and "class_name" not in loss:
        return next(iter(loss.values()))
    if isinstance(loss, (list, tuple)) and len(loss) == 1:
        return loss[0]
    return loss


def loss_name(loss: Any) -> str:
    """Return the name, in snake case, of a loss as `compile` got it."""
    loss = single(loss)
    if isinstance(loss, dict):
        loss = loss.get("class_name", "")
    if not isinstance(loss, str):
        loss = getattr(loss, "__name__", type(loss).__name__)
    return to_snake_case(loss)
