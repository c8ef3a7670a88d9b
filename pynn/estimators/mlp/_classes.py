"""The classes that a call of a classifier brings, and whether they are known.

How labels are coded is in `pynn.estimators._labels`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn._sparse import is_sparse
from pynn.estimators._labels import LabelColumns, Labels

ClassLabels = Labels | LabelColumns


def labels_of_outputs(n_outputs: int, activation: str, classes: Any) -> Labels:
    """Return the classes that the outputs of a model stand for.

    Parameters
    ----------
    n_outputs : int
    activation : str
        Of the outputs: "softmax", or "logistic" for two classes and for labels that may hold
        together.
    classes : array-like or None
        None counts them from 0.

    Raises
    ------
    ValueError
        If the activation is another, or the classes are not as many, or not in order.
    """
    several = activation == "softmax"
    if activation not in ("softmax", "logistic") or (several and n_outputs == 1):
        raise ValueError(
            "the last layer of a classifier's model must have a softmax over several units, or "
            f"a sigmoid. Received: {activation!r} of {n_outputs} units"
        )
    if not several and n_outputs > 1:
        if classes is not None:
            raise ValueError(
                "classes are for labels that exclude each other, and so for a softmax."
            )
        return Labels(np.eye(n_outputs, dtype=int))
    n_classes = n_outputs if several else 2
    labels = Labels(np.arange(n_classes) if classes is None else classes)
    if len(labels.classes) != n_classes or not np.array_equal(
        labels.classes, labels.classes if classes is None else classes
    ):
        raise ValueError(
            f"classes must be {n_classes} different labels in ascending order. Got "
            f"{classes!r} instead."
        )
    if several and n_outputs == 2:
        labels.kind = "multiclass"
    return labels


def check_classes(labels: ClassLabels, y: np.ndarray, warm_start: bool) -> None:
    """Check the classes of a call that continues an earlier one.

    Raises
    ------
    ValueError
        If y has a class that is not known or, in a warm start, has not all that are.
    """
    for known, classes in labels.compared(y):
        if warm_start:
            if set(classes) != set(known):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the "
                    f"previous call to fit. Previously got {known}, `y` has {classes}"
                )
        elif _has_unknown(known, classes):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {known}. "
                f"'y' has {classes}."
            )


def check_validation_labels(labels: ClassLabels, y: Any) -> Any:
    """Return the labels of validation rows, a single column flattened.

    Raises
    ------
    ValueError
        If one of them is no class.
    """
    if not is_sparse(y):
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
    for known, classes in labels.compared(y):
        if _has_unknown(known, classes):
            raise ValueError(
                f"y_val has classes that y has not. y has {known}, y_val has {classes}."
            )
    return y


def _has_unknown(known: np.ndarray, classes: np.ndarray) -> bool:
    return len(np.setdiff1d(classes, known, assume_unique=True)) > 0


def is_list_of_classes(classes: Any) -> bool:
    """Whether `classes` has the classes of several columns, and not those of one."""
    if not isinstance(classes, (list, tuple)) or not len(classes):
        return False
    return all(isinstance(each, (list, tuple, np.ndarray)) and np.ndim(each) for each in classes)


def check_columns(known: np.ndarray | list[np.ndarray], given: LabelColumns, classes: Any) -> None:
    """Check that the classes of each column are those of an earlier call.

    Parameters
    ----------
    known : ndarray or list of ndarray
        A classifier's ``classes_``.
    given : LabelColumns
    classes : object
        What `given` was made from, for the message.

    Raises
    ------
    ValueError
        If they are not.
    """
    columns = known if isinstance(known, list) else [known]
    same = len(columns) == len(given.classes)
    if not (same and all(map(np.array_equal, columns, given.classes))):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {known!r}"
        )
