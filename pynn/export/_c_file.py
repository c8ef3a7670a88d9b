"""`c`: what has been learned, as one C99 file."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from pynn import layers, models, ops
from pynn._files import write_atomically
from pynn._sparse import to_dense
from pynn.estimators import MLPClassifier, Perceptron
from pynn.export._c_tables import table_front
from pynn.export._predictors import (
    MLPS,
    PERCEPTRONS,
    PREDICTORS,
    WRAPPED_CLASSIFIERS,
    WRAPPERS,
)
from pynn.export._tables import TABLES
from pynn.formats.c import CFile, QuantizationReport, c_file, c_text, names_of

__all__ = ["c"]


class _Network(NamedTuple):
    """A model of what an estimator predicts, and how a class follows from it.

    Attributes
    ----------
    model : Model
        Its outputs are probabilities, scores or numbers.
    classes : sequence or None
        Labels, if there is one of them for a row.
    threshold : float or None
        What the last number must be above for the second class; None where the largest counts.
    """

    model: models.Model
    classes: Any = None
    threshold: float | None = None


def c(
    model: Any,
    path: Any,
    *,
    name: str | None = None,
    quantize: str | None = None,
    calibration: Any = None,
    labels: Any = None,
    verbose: bool | None = None,
) -> QuantizationReport | None:
    """Write a model or estimator as a C99 file that predicts, for microcontrollers too.

    Parameters
    ----------
    model : Model or estimator
        What has been built or fitted: a model, or one of pynn's estimators or wrappers.
    path : path-like, int or binary file
        What is there is replaced, once the new file is whole.
    name : str, default=None
        What functions begin with; None takes the file's name.
    quantize : {"int8"}, default=None
        None writes the network in float.
    calibration : array-like or DataFrame, default=None
        For int8: some hundreds of rows as ``predict`` takes them.
    labels : array-like, default=None
        Their classes, for what int8 loses of the accuracy.
    verbose : bool, default=None
        False does not print what int8 loses, which is returned anyway.

    Returns
    -------
    QuantizationReport or None
        What predictions lose by int8, on the calibration rows.

    Raises
    ------
    TypeError
        If it is nothing that can be exported.
    ValueError
        If an argument makes no sense.
    sklearn.exceptions.NotFittedError
        If an estimator has not been fitted.
    NotImplementedError
        If the engine does not predict with it, row by row; the layer is named.

    Notes
    -----
    ``<name>_predict`` takes a row, ``<name>_predict_rows`` several; the comment at the top of the
    file says what they read and write. Classifiers write probabilities, and ``<name>_class`` says
    of these which of ``<name>_classes`` it is.

    `TabularClassifier` and `TabularRegressor` take a double for each column, in the order of `fit`:
    a number, the days since 1970 of a date, or the code of a category. A function for each of these
    returns the code of a text, and the comment lists them. Gaps are NaN.

    Networks that compute in float64 are written in float.

    Examples
    --------
    >>> import pynn
    >>> model = pynn.MLP(8, 3, output_activation="softmax", input_shape=4)
    >>> pynn.export.c(model, "model.c")  # doctest: +SKIP
    """
    if isinstance(model, models.Model):
        options = {"name": name, "quantize": quantize, "calibration": calibration}
        return model.export(path, format="c", verbose=verbose, labels=labels, **options)
    if not isinstance(model, (*PREDICTORS, *TABLES)):
        raise TypeError(
            "c takes a pynn.Model or one of pynn's estimators; of a pipeline, export its last step "
            f"and give it rows as that step gets them. Received: {model!r:.80}"
        )
    check_is_fitted(model)
    prefix, file = names_of(path, name, type(model).__name__)
    network = _network_of(model)
    if labels is not None and network.classes is not None:
        labels = _codes(labels, network.classes)
    if calibration is not None and isinstance(model, TABLES):
        calibration = model.prepare(calibration)
    made, report = c_file(network.model, prefix, quantize, calibration, labels)
    _complete(made, model, network)
    content = made.text(file).encode()
    write_atomically(path, lambda target: target.write(content))
    if report is not None and verbose is not False:
        print(report)
    return report


def _codes(labels: Any, classes: Any) -> np.ndarray:
    """Return the places of labels among the classes.

    Raises
    ------
    ValueError
        If one is not among them.
    """
    known = {label: code for code, label in enumerate(np.asarray(classes).tolist())}
    given = np.asarray(labels).ravel().tolist()
    unknown = next((label for label in given if label not in known), None)
    if unknown is not None:
        raise ValueError(f"labels must be among the classes. Received: {unknown!r}")
    return np.array([known[label] for label in given], np.int64)


# ---- the network


def _network_of(estimator: Any) -> _Network:
    if isinstance(estimator, PERCEPTRONS):
        return _of_perceptron(estimator)
    if isinstance(estimator, TABLES):
        return _of_table(estimator)
    if isinstance(estimator, WRAPPERS):
        return _of_wrapper(estimator)
    assert isinstance(estimator, MLPS)
    model = estimator.model_
    if not isinstance(estimator, MLPClassifier):
        return _Network(model)
    known = estimator._labels
    parts = getattr(known, "parts", [known])
    if any(part.kind == "binary" for part in parts):
        kinds = [part.kind for part in parts]

        def both(heads: Any) -> Any:
            given = heads if isinstance(heads, (list, tuple)) else [heads]
            return [
                _of_both_classes(y) if kind == "binary" else y
                for y, kind in zip(given, kinds, strict=True)
            ]

        model = _followed(model, both)
    if known.kind in ("columns", "multilabel"):
        return _Network(model)
    return _Network(model, known.classes)


def _followed(model: models.Model, then: Any) -> models.Model:
    """Return a model with something after its outputs."""
    inputs = [layers.Input(tuple(x.shape[1:]), dtype=x.dtype, name=x.name) for x in model.inputs]
    given: Any = inputs if len(inputs) > 1 else inputs[0]
    outputs = then(model(given))
    if isinstance(outputs, list) and len(outputs) == 1:
        outputs = outputs[0]
    return models.Model(given, outputs, name=model.name)


def _of_both_classes(y: Any) -> Any:
    return ops.concatenate([1.0 - y, y], axis=-1)


def _of_perceptron(estimator: Any) -> _Network:
    coef = np.atleast_2d(to_dense(estimator.coef_))
    dense = layers.Dense(len(coef), name="scores")
    model = models.Sequential([layers.Input((coef.shape[1],)), dense])
    dense.set_weights([coef.T, np.broadcast_to(estimator.intercept_, (len(coef),))])
    if not isinstance(estimator, Perceptron) or estimator._labels.kind == "multilabel":
        return _Network(model)
    threshold = 0.0 if estimator._labels.kind == "binary" else None
    return _Network(model, estimator.classes_, threshold)


def _of_wrapper(estimator: Any) -> _Network:
    model = estimator.model_
    if not isinstance(estimator, WRAPPED_CLASSIFIERS):
        return _Network(model)
    targets, units = estimator._targets, int(model.output_shape[-1])
    if targets.is_matrix and not targets.is_one_hot:
        return _Network(model)
    if units == 1:
        return _Network(_followed(model, _of_both_classes), targets.classes, estimator._threshold)
    n = len(targets.classes)
    if n < units:
        model = _followed(model, lambda y: y[:, :n])
    return _Network(model, targets.classes)


def _of_table(estimator: Any) -> _Network:
    model = estimator.to_model()
    if hasattr(estimator, "classes_"):
        if estimator.n_classes_ == 1:
            model = _followed(model, lambda y: ops.ones_like(y[:, :1]))
        return _Network(model, estimator.classes_)

    def numbers(y: Any) -> Any:
        y = y * estimator.target_scale_.astype(np.float32)
        y = y + estimator.target_mean_.astype(np.float32)
        return ops.clip(y, *estimator.target_range_.astype(np.float32)) if estimator._clamps else y

    return _Network(_followed(model, numbers))


# ---- what the file has beside the network


def _complete(made: CFile, estimator: Any, network: _Network) -> None:
    """Add the preparation of a table, and the names of classes."""
    kind = type(estimator).__name__
    made.about = f"A {kind}, fitted.\n\n{made.about}"
    if isinstance(estimator, TABLES):
        made.front, comment = table_front(estimator, made.name, made.inputs)
        made.about += f"\n{comment}"
    if network.classes is None:
        return
    names = [str(label) for label in np.asarray(network.classes).tolist()]
    count, (output,) = len(names), made.outputs
    made.declarations = (
        f"extern const char *const {made.name}_classes[{count}];\n"
        f"int {made.name}_class(const float *{output.name});\n"
    )
    listed = ", ".join(map(c_text, names))
    if count == 1:
        body = f"  (void){output.name};\n  return 0;\n"
    elif network.threshold is not None:
        number = f"{output.name}[{output.size - 1}]"
        body = f"  return {number} > {float(network.threshold)!r}f;\n"
    else:
        body = (
            f"  int i, best = 0;\n  for (i = 1; i < {count}; i++)\n"
            f"    if ({output.name}[i] > {output.name}[best]) best = i;\n  return best;\n"
        )
    made.definitions = (
        f"const char *const {made.name}_classes[{count}] = {{{listed}}};\n\n"
        f"int {made.name}_class(const float *{output.name})\n{{\n{body}}}\n"
    )
    made.about += (
        f"\nClasses: {', '.join(names)}. {made.name}_class({output.name}) is the place in "
        f"{made.name}_classes.\n"
    )
