"""`onnx`: whatever has been learned, as one ONNX file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from pynn import layers, models
from pynn.export._lookups import LOOKUPS, declare_tokens, lookup_dtype, write_lookup
from pynn.export._predictors import (
    MLPS,
    PERCEPTRONS,
    PREDICTORS,
    labels_of,
    write_predictor,
)
from pynn.export._skl2onnx import register_skl2onnx
from pynn.export._tables import COLUMN_TYPES, TABLES, write_table
from pynn.formats import (
    OnnxGraph,
    checked_opset,
    computed_in,
    declare_model_outputs,
    save_onnx,
    write_model,
)

__all__ = ["onnx"]


def onnx(
    model: Any,
    path: Any,
    *,
    X: Any = None,
    preprocessing: Any = None,
    opset_version: int | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a model, estimator, pipeline or lookup as an ONNX file that predicts without pynn.

    Parameters
    ----------
    model : Model, estimator, Pipeline or Layer
        What has been built or fitted: a model, one of pynn's estimators or wrappers, scikit-learn's
        pipelines and ensembles with these inside, or a `StringLookup` or `IntegerLookup`.
    path : path-like, int or binary file
        What is there is replaced, once the new file is whole.
    X : array-like or DataFrame, default=None
        Rows as the pipeline takes them, for the types of its inputs. None stands for float32. Other
        things know their inputs.
    preprocessing : Layer, or dict of str to Layer, default=None
        For a `Model`: the `StringLookup` or `IntegerLookup` that stands before each of its inputs,
        or the only one. The file then takes texts, or int64, in the place of these inputs.
    opset_version : int, default=17
        The version of ONNX's operators, from 13 on.
    metadata : mapping of str to str, default=None
        What else the file is to say, beside ``pynn_version``, ``class`` and, as JSON, ``classes``
        and ``feature_names`` where they are known, and of an estimator for tables ``columns``, the
        kind of each.

    Raises
    ------
    ImportError
        If ``onnx``, or for pipelines ``skl2onnx``, is not installed.
    TypeError
        If it is nothing that can be exported.
    sklearn.exceptions.NotFittedError
        If an estimator has not been fitted.
    NotImplementedError
        If a part of it has no ONNX form: it is named.

    Notes
    -----
    A classifier has the outputs ``label`` and ``probabilities``, or ``scores`` for a `Perceptron`;
    a regressor has ``prediction`` of shape (n, outputs). The input of an estimator is ``X``, in
    float32 or, where it computes in that, float64.

    `TabularClassifier` and `TabularRegressor` have an input of shape (n, 1) for each column, by its
    name: numbers are double, with NaN for gaps; categories are texts, booleans "True" and "False"
    among them, and what is not known is a gap, as an empty text is; dates are int64, microseconds
    since 1970, with the least int64 (NumPy's NaT) for gaps; durations are days.

    Examples
    --------
    >>> import pynn
    >>> model = pynn.MLP(8, 3, output_activation="softmax", input_shape=4)
    >>> pynn.export.onnx(model, "model.onnx")  # doctest: +SKIP
    """
    opset = checked_opset(opset_version)
    said = {"class": type(model).__name__, **(metadata or {})}
    if preprocessing is not None and not isinstance(model, models.Model):
        raise ValueError(f"preprocessing is for a pynn.Model. Received: {type(model).__name__}")
    if isinstance(model, models.Model):
        _write_model(model, path, preprocessing, opset, said)
    elif isinstance(model, LOOKUPS):
        _write_lookup(model, path, opset, said)
    elif isinstance(model, (*PREDICTORS, *TABLES)):
        check_is_fitted(model)
        _write_estimator(model, path, opset, {**_known_of(model), **said})
    elif isinstance(model, BaseEstimator):
        check_is_fitted(model)
        _write_pipeline(model, path, X, opset_version, {**_known_of(model), **said})
    else:
        raise TypeError(
            "onnx takes a pynn.Model, an estimator, a pipeline of scikit-learn's with pynn inside, "
            f"a StringLookup or an IntegerLookup. Received: {model!r:.80}"
        )


def _known_of(estimator: Any) -> dict[str, str]:
    """Return what a file says of an estimator."""
    known = {}
    classes = getattr(estimator, "classes_", None)
    if classes is not None and not isinstance(classes, list):
        known["classes"] = json.dumps(np.asarray(classes).tolist(), default=str)
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        known["feature_names"] = json.dumps(list(map(str, names)))
    if isinstance(estimator, TABLES):
        kinds = dict(zip(_column_names(estimator), estimator._preparation.kinds, strict=True))
        known["columns"] = json.dumps(kinds)
    return known


def _write_model(
    model: models.Model, path: Any, preprocessing: Any, opset: int, said: dict[str, str]
) -> None:
    plan = model._plan()
    names = list(model.input_names)
    before = preprocessing or {}
    if not isinstance(before, Mapping):
        if len(names) > 1:
            raise ValueError(
                f"preprocessing must be a dict with names among {', '.join(names)}: the model has "
                "several inputs"
            )
        before = {names[0]: before}
    unknown = [name for name in before if name not in names]
    if unknown:
        raise ValueError(
            f"preprocessing must have names of inputs: {', '.join(names)}. Received: {unknown[0]!r}"
        )
    w = OnnxGraph(computed_in(plan), opset)
    inputs = []
    for name, tensor in zip(names, plan.inputs, strict=True):
        if name in before:
            given = declare_tokens(w, before[name], name, tensor.shape)
            value = write_lookup(w, before[name], given)
            inputs.append(w.cast_to(value, tensor.dtype))
        else:
            inputs.append(w.declare_input(name, tensor.dtype, tensor.shape))
    declare_model_outputs(w, model, write_model(w, model, inputs))
    w.save(path, model.name, said)


def _write_lookup(layer: layers.Layer, path: Any, opset: int, said: dict[str, str]) -> None:
    w = OnnxGraph("float32", opset)
    given = declare_tokens(w, layer, "input", (None, None))
    value = write_lookup(w, layer, given)
    w.declare_output("output", value, lookup_dtype(layer), (None, None))
    w.save(path, layer.name, said)


def _write_estimator(estimator: Any, path: Any, opset: int, said: dict[str, str]) -> None:
    labels = labels_of(estimator.classes_) if hasattr(estimator, "classes_") else None
    if isinstance(estimator, TABLES):
        w = OnnxGraph("float64", opset)
        columns = [
            w.declare_input(name, COLUMN_TYPES[kind], (None, 1))
            for name, kind in zip(
                _column_names(estimator), estimator._preparation.kinds, strict=True
            )
        ]
        written = write_table(w, estimator, columns)
    else:
        dtype, shape = _rows_of(estimator)
        w = OnnxGraph("float64" if dtype == "float64" else "float32", opset)
        rows = w.declare_input("X", dtype, shape)
        written = write_predictor(w, estimator, rows if dtype == w.dtype.name else w.cast(rows))
    numbers = "prediction"
    if written.labels is not None and labels is not None:
        kind = "str" if labels.dtype == object else "int64"
        w.declare_output("label", written.labels, kind, (None, None)[: 1 + written.several])
        numbers = "scores" if isinstance(estimator, PERCEPTRONS) else "probabilities"
    w.declare_output(numbers, written.numbers, w.dtype.name, (None, None))
    w.save(path, type(estimator).__name__, said)


def _rows_of(estimator: Any) -> tuple[str, tuple[int | None, ...]]:
    """Return the type and shape of an estimator's rows."""
    if isinstance(estimator, MLPS):
        return estimator._synchronize().plan.dtype, (None, estimator.n_features_in_)
    if isinstance(estimator, PERCEPTRONS):
        return "float64", (None, estimator.n_features_in_)
    (tensor,) = estimator.model_._plan().inputs
    return tensor.dtype, tensor.shape


def _column_names(estimator: Any) -> list[str]:
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return [f"x{i}" for i in range(estimator.n_features_in_)]
    return list(map(str, names))


def _write_pipeline(model: Any, path: Any, x: Any, opset: int | None, said: dict[str, str]) -> None:
    last = model[-1] if isinstance(model, Pipeline) else model
    if isinstance(last, TunedThresholdClassifierCV):
        raise NotImplementedError(
            "skl2onnx forgets the threshold of a TunedThresholdClassifierCV. Export its "
            "estimator_, and compare its probabilities with best_threshold_"
        )
    register_skl2onnx()
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    types = None
    if x is None:
        types = [("X", FloatTensorType([None, model.n_features_in_]))]
    made = to_onnx(
        model,
        None if x is None else x[:1],
        name=type(model).__name__,
        initial_types=types,
        options={"zipmap": False} if hasattr(model, "classes_") else None,
        target_opset=opset,
    )
    save_onnx(made, path, said)
