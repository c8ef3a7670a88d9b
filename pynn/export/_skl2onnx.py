"""pynn's estimators for skl2onnx, which turns whole pipelines into ONNX graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from pynn._onnx import ONNX_TYPES, OnnxWriter
from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor
from pynn.formats import write_network


def register_skl2onnx() -> None:
    """Teach skl2onnx pynn's estimators, alone and within pipelines.

    After that ``skl2onnx.to_onnx`` and ``convert_sklearn`` take them: every activation, custom ones
    written with `pynn.ops`, dropout and batch normalization. Graphs compute in double if their
    input is double, else in float (but the exact GELU's error function is always in float).

    `MLPClassifier` has skl2onnx's usual outputs, labels and probabilities, with its options
    ``zipmap``, ``nocl`` and ``output_class_labels``; `Perceptron` has labels and the values of
    ``decision_function``, one column for each unit.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Notes
    -----
    Not translated are classifiers of several columns with classes of their own, and labels that
    are neither integers, strings nor bools.

    Examples
    --------
    >>> from pynn.export import register_skl2onnx
    >>> register_skl2onnx()  # doctest: +SKIP
    >>> from skl2onnx import to_onnx  # doctest: +SKIP
    >>> graph = to_onnx(pipeline, X[:1], options={"zipmap": False})  # doctest: +SKIP
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError as error:
        raise ImportError(
            "register_skl2onnx needs skl2onnx. Install it with: pip install 'pynn-mlp[onnx]'"
        ) from error
    labels = {
        "zipmap": [True, False, "columns"],
        "output_class_labels": [False, True],
        "nocl": [True, False],
    }
    for cls, columns, options in (
        (MLPClassifier, lambda e: len(e.classes_), labels),
        (MLPRegressor, lambda e: e.n_outputs_, None),
        (Perceptron, lambda e: len(e.coef_), {"zipmap": [False]}),
        (PerceptronRegressor, lambda e: len(e.intercept_), None),
    ):
        parser = _parse_perceptron if cls is Perceptron else None
        shapes = partial(_set_types, columns)
        update_registered_converter(
            cls, f"Pynn{cls.__name__}", shapes, _convert, parser=parser, options=options
        )


class _ContainerWriter(OnnxWriter):
    """Writes nodes into a container of skl2onnx's."""

    def __init__(self, scope: Any, operator: Any, container: Any) -> None:
        from skl2onnx.common.data_types import guess_proto_type

        kind = guess_proto_type(operator.inputs[0].type)
        double = kind == ONNX_TYPES["float64"]
        super().__init__("float64" if double else "float32", container.target_opset_any_domain(""))
        self._scope, self._container = scope, container
        self.rows = self.cast(operator.inputs[0].full_name)

    def constant(self, array: np.ndarray) -> str:
        """Return the name of an array of numbers or texts, in its own type."""
        array = np.asarray(array)
        texts = array.dtype.kind in "OU"
        kind = ONNX_TYPES["str" if texts else array.dtype.name]
        values = [str(text).encode() for text in array.ravel()] if texts else array.ravel()
        name: str = self._scope.get_unique_variable_name("constant")
        self._container.add_initializer(name, kind, list(array.shape), values)
        return name

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: int = 1,
        output: str | None = None,
        **attributes: Any,
    ) -> list[str]:
        """Add a node and return the names of its outputs, the first of which is `output`."""
        names = [output or self._scope.get_unique_variable_name(operator.lower())]
        names += [self._scope.get_unique_variable_name(operator.lower()) for _ in range(1, outputs)]
        domain = attributes.pop("domain", "")
        self._container.add_node(
            operator,
            list(inputs),
            names,
            op_domain=domain,
            name=self._scope.get_unique_operator_name(operator),
            **({} if domain else {"op_version": self.opset}),
            **attributes,
        )
        return names


def _labels_of(classes: np.ndarray) -> np.ndarray:
    return classes if isinstance(classes[0], str) else classes.astype(np.int64)


def _write_labels(
    w: _ContainerWriter, estimator: Any, scores: str, threshold: float, output: str
) -> None:
    """Write the choice of labels: that of the largest score, or all whose score is above it."""
    if estimator._labels.kind == "multilabel":
        w.cast_to(w.node("Greater", scores, threshold), "int64", output=output)
        return
    place = w.node("ArgMax", scores, axis=1, keepdims=0)
    w.node("Gather", w.constant(_labels_of(estimator.classes_)), place, output=output, axis=0)


def _label_shapes(operator: Any) -> None:
    """Give the first output, of labels, its type."""
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType

    estimator = operator.raw_operator
    classes = estimator.classes_
    if isinstance(classes, list):
        raise NotImplementedError(
            "a classifier of several columns with classes of their own has no ONNX twin here"
        )
    words = all(isinstance(label, str) for label in classes)
    if not words and classes.dtype.kind not in "biu":
        raise NotImplementedError(
            f"labels must be integers, strings or bools for ONNX. Received: {classes.dtype}"
        )
    rows = operator.inputs[0].get_first_dimension()
    several = estimator._labels.kind == "multilabel"
    kind = StringTensorType if words else Int64TensorType
    operator.outputs[0].set_type(kind([rows, len(classes)] if several else [rows]))


def _set_types(columns: Callable[[Any], int], operator: Any) -> None:
    """Give labels, where there are any, and numbers, in so many columns, their types."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    if len(operator.outputs) > 1:
        _label_shapes(operator)
    kind = FloatTensorType
    if isinstance(operator.inputs[0].type, DoubleTensorType):
        kind = DoubleTensorType
    rows = operator.inputs[0].get_first_dimension()
    operator.outputs[-1].set_type(kind([rows, columns(operator.raw_operator)]))


def _parse_perceptron(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Declare the outputs of a perceptron: labels, and scores that are no probabilities."""
    from skl2onnx.common.data_types import Int64TensorType, guess_tensor_type

    operator = scope.declare_local_operator(f"Pynn{Perceptron.__name__}", model)
    operator.inputs = inputs
    scores = guess_tensor_type(inputs[0].type)
    for name, kind in (("label", Int64TensorType()), ("scores", scores)):
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Write an estimator: a classifier has labels beside its probabilities or scores."""
    estimator = operator.raw_operator
    w = _ContainerWriter(scope, operator, container)
    *labels, numbers = (output.full_name for output in operator.outputs)
    binary = bool(labels) and estimator._labels.kind == "binary"
    if isinstance(estimator, (Perceptron, PerceptronRegressor)):
        product = w.node("MatMul", w.rows, np.atleast_2d(estimator.coef_).T)
        scores, threshold = w.node("Add", product, estimator.intercept_, output=numbers), 0.0
        if binary:
            scores = w.node("Concat", w.node("Neg", scores), scores, axis=1)
    else:
        (scores,), threshold = write_network(w, estimator._synchronize().plan, [w.rows]), 0.5
        if binary:
            scores = w.node("Concat", w.node("Sub", 1.0, scores), scores, axis=1)
        w.node("Identity", scores, output=numbers)
    if labels:
        _write_labels(w, estimator, scores, threshold, *labels)
