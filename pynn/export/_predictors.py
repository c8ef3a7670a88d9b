"""What a fitted estimator computes of rows, written as ONNX: numbers, and labels of a classifier.

Where rows come from and where results go is in `_onnx_file`, and in `_skl2onnx` for pipelines.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pynn._onnx import OnnxWriter
from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor
from pynn.formats import write_model, write_network
from pynn.wrappers import (
    KerasClassifier,
    KerasRegressor,
    SKLearnClassifier,
    SKLearnRegressor,
    scikit_learn,
)

MLPS = (MLPClassifier, MLPRegressor)
PERCEPTRONS = (Perceptron, PerceptronRegressor)
WRAPPED_CLASSIFIERS = (KerasClassifier, SKLearnClassifier, scikit_learn.KerasClassifier)
WRAPPED_REGRESSORS = (KerasRegressor, SKLearnRegressor, scikit_learn.KerasRegressor)
WRAPPERS = (*WRAPPED_CLASSIFIERS, *WRAPPED_REGRESSORS)
PREDICTORS = (*MLPS, *PERCEPTRONS, *WRAPPERS)


class Written(NamedTuple):
    """The names of what has been written.

    Attributes
    ----------
    numbers : str
        Probabilities, scores or predicted numbers, of shape (n, columns).
    labels : str or None
        Of shape (n,) or, if `several` may hold, (n, labels).
    several : bool
    """

    numbers: str
    labels: str | None = None
    several: bool = False


def write_predictor(w: OnnxWriter, estimator: Any, rows: str) -> Written:
    """Write what one of `PREDICTORS` computes of rows in the type that the writer computes in."""
    if isinstance(estimator, PERCEPTRONS):
        product = w.node("MatMul", rows, np.atleast_2d(estimator.coef_).T)
        outputs, threshold = w.node("Add", product, estimator.intercept_), 0.0
    elif isinstance(estimator, MLPS):
        heads = write_network(w, estimator._synchronize().plan, [rows])
        outputs, threshold = heads[0], 0.5
    else:
        (outputs,) = write_model(w, estimator.model_, [rows])
        threshold = 0.5
    if isinstance(estimator, WRAPPED_CLASSIFIERS):
        return _of_wrapper(w, estimator, outputs)
    if not isinstance(estimator, (MLPClassifier, Perceptron)):
        return Written(outputs)
    kind = estimator._labels.kind
    if kind == "multilabel":
        return Written(outputs, _all_above(w, outputs, threshold), True)
    if kind == "multiclass":
        return Written(outputs, write_largest(w, outputs, estimator.classes_))
    labels = _above(w, outputs, threshold, estimator.classes_)
    if isinstance(estimator, Perceptron):
        return Written(outputs, labels)
    return Written(w.node("Concat", w.node("Sub", 1.0, outputs), outputs, axis=1), labels)


def _of_wrapper(w: OnnxWriter, estimator: Any, outputs: str) -> Written:
    """Write what `ClassTargets` makes of a model's outputs."""
    targets, threshold = estimator._targets, estimator._threshold
    units = int(estimator.model_.output_shape[-1])
    outputs = w.node("Reshape", outputs, w.integers([-1, units]))
    if targets.is_matrix and not targets.is_one_hot:
        return Written(outputs, _all_above(w, outputs, threshold), True)
    if units == 1:
        numbers = w.node("Concat", w.node("Sub", 1.0, outputs), outputs, axis=1)
        return Written(numbers, _above(w, outputs, threshold, targets.classes))
    n = len(targets.classes)
    if n < units:
        outputs = w.node("Gather", outputs, w.integers(np.arange(n)), axis=1)
    if not targets.is_matrix:
        return Written(outputs, write_largest(w, outputs, targets.classes))
    place = w.node("ArgMax", outputs, axis=1, keepdims=1)
    chosen = w.node("Equal", place, w.integers(np.arange(n)))
    return Written(outputs, w.cast_to(chosen, "int64"), True)


def write_largest(w: OnnxWriter, scores: str, classes: Any) -> str:
    """Write the label of the largest score."""
    place = w.node("ArgMax", scores, axis=1, keepdims=0)
    return w.node("Gather", w.constant(labels_of(classes)), place, axis=0)


def _above(w: OnnxWriter, score: str, threshold: float, classes: Any) -> str:
    """Write the second label where the score is above a threshold."""
    above = w.node("Greater", score, threshold if len(classes) == 2 else np.inf)
    place = w.node("Squeeze", w.cast_to(above, "int64"), w.integers([1]))
    return w.node("Gather", w.constant(labels_of(classes)), place, axis=0)


def _all_above(w: OnnxWriter, scores: str, threshold: float) -> str:
    return w.cast_to(w.node("Greater", scores, threshold), "int64")


def labels_of(classes: Any) -> np.ndarray:
    """Return class labels as ONNX has them: texts or int64.

    Raises
    ------
    NotImplementedError
        If they are of another type, or of several columns.
    """
    if isinstance(classes, list):
        raise NotImplementedError(
            "a classifier of several columns with classes of their own has no ONNX twin here"
        )
    if all(isinstance(label, str) for label in classes):
        return np.asarray(classes, object)
    # Whole numbers become floats where pandas has gaps for them.
    numbers = classes.astype(np.int64) if classes.dtype.kind in "biuf" else None
    if numbers is None or not np.array_equal(numbers, classes):
        raise NotImplementedError(
            "labels must be integers of 64 bits, strings or bools for ONNX. Received: "
            f"{classes.dtype}"
        )
    return numbers
