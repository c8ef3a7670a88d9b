"""pynn's estimators for skl2onnx, which turns whole pipelines into ONNX graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sklearn.base import ClassifierMixin

from pynn._onnx import OnnxWriter
from pynn._optional import needed
from pynn.estimators import MLPRegressor, Perceptron, PerceptronRegressor, TabularRegressor
from pynn.export._predictors import PREDICTORS, labels_of, write_predictor
from pynn.export._tables import COLUMN_TYPES, TABLES, write_table


def register_skl2onnx() -> None:
    """Teach skl2onnx pynn's estimators and wrappers, alone and within pipelines.

    It is called by itself, as soon as both pynn's estimators and skl2onnx have been imported:
    ``skl2onnx.to_onnx`` and ``convert_sklearn`` take them. Graphs compute in double if their input
    is double, else in float (but the exact GELU's error function is always in float).

    `TabularClassifier` and `TabularRegressor` take an input for each column, as `onnx` has them, or
    one matrix of numbers; they are prepared in double.

    `MLPClassifier` has skl2onnx's usual outputs, labels and probabilities, with its options
    ``zipmap``, ``nocl`` and ``output_class_labels``; `Perceptron` has labels and the values of
    ``decision_function``, one column for each unit. Within scikit-learn's ensembles one of two
    classes has a column for each, as these read the second: calibrated, one against one and against
    the rest, boosted or voting; in a pipeline of its own it cannot be their part.

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
    >>> from skl2onnx import to_onnx  # doctest: +SKIP
    >>> graph = to_onnx(pipeline, X[:1], options={"zipmap": False})  # doctest: +SKIP
    """
    with needed("register_skl2onnx", "skl2onnx", '"pynn-mlp[onnx]"'):
        from skl2onnx import update_registered_converter
    for cls in (*PREDICTORS, *TABLES):
        classifies = issubclass(cls, ClassifierMixin)
        options: Any = _OPTIONS if classifies else None
        parser = None
        if cls is Perceptron:
            options, parser = {"zipmap": [False], "raw_scores": [True, False]}, _parse_perceptron
        update_registered_converter(
            cls,
            _alias(cls),
            partial(_declare, _n_classes if classifies else _n_outputs),
            _convert,
            parser=parser,
            options=options,
            overwrite=True,
        )


_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "output_class_labels": [False, True],
    "nocl": [True, False],
}


_SCORES = "scores"  # the name of a perceptron's output where it is not an ensemble's
# Ensembles, as skl2onnx calls them, whose converters read the second of two columns.
_READ_SECOND = {
    "SklearnAdaBoostClassifier",
    "SklearnCalibratedClassifierCV",
    "SklearnOneVsOneClassifier",
    "SklearnOneVsRestClassifier",
    "SklearnVotingClassifier",
}


def _alias(cls: type) -> str:
    old = "Old" if cls.__module__.endswith("scikit_learn") else ""
    return f"Pynn{old}{cls.__name__}"


def _n_classes(operator: Any) -> int:
    estimator = operator.raw_operator
    if isinstance(estimator, Perceptron) and not _has_pairs(operator):
        return len(estimator.coef_)
    return len(labels_of(estimator.classes_))


def _n_outputs(operator: Any) -> int:
    estimator = operator.raw_operator
    if isinstance(estimator, PerceptronRegressor):
        return len(estimator.intercept_)
    if isinstance(estimator, (MLPRegressor, TabularRegressor)):
        return int(estimator.n_outputs_)
    return int(estimator.model_.output_shape[-1])


def _has_pairs(operator: Any) -> bool:
    """Whether a perceptron of two classes writes a column for each, and not its only score.

    skl2onnx's converters of ensembles read the second column; a stack concatenates the scores.
    """
    estimator = operator.raw_operator
    if not isinstance(estimator, Perceptron) or estimator._labels.kind != "binary":
        return False
    name, given = operator.outputs[-1].raw_name, operator.inputs[0].raw_name
    is_stacked = name == "sv_prob_tensor" and given != "stack_merge_proba"
    return name != _SCORES and not is_stacked


class _ContainerWriter(OnnxWriter):
    """Writes nodes into a container of skl2onnx's."""

    def __init__(self, scope: Any, dtype: str, container: Any) -> None:
        super().__init__(dtype, container.target_opset_any_domain(""))
        self._scope, self._container = scope, container

    def add_constant(self, kind: int, shape: tuple[int, ...], values: Any) -> str:
        """Add a constant of ONNX's type, and return its name."""
        name: str = self._scope.get_unique_variable_name("constant")
        self._container.add_initializer(name, kind, list(shape), values)
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


def _declare_labels(operator: Any) -> None:
    """Give the first output, of labels, its type."""
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType

    estimator = operator.raw_operator
    labels = labels_of(estimator.classes_)
    rows = operator.inputs[0].get_first_dimension()
    targets = vars(estimator).get("_targets")
    several = targets.is_matrix if targets else estimator._labels.kind == "multilabel"
    kind = StringTensorType if labels.dtype == object else Int64TensorType
    operator.outputs[0].set_type(kind([rows, len(labels)] if several else [rows]))


def _declare(columns: Callable[[Any], int], operator: Any) -> None:
    """Give labels, where there are any, and numbers, in so many columns, their types."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    if len(operator.outputs) > 1:
        _declare_labels(operator)
    estimator = operator.raw_operator
    dtype = _dtype_of(operator.inputs[0])
    if isinstance(estimator, TABLES):
        dtype = "float64" if isinstance(estimator, TabularRegressor) else "float32"
    kind = DoubleTensorType if dtype == "float64" else FloatTensorType
    rows = operator.inputs[0].get_first_dimension()
    operator.outputs[-1].set_type(kind([rows, columns(operator)]))


def _dtype_of(given: Any) -> str:
    """Return what a network computes in for an input."""
    from skl2onnx.common.data_types import DoubleTensorType

    return "float64" if isinstance(given.type, DoubleTensorType) else "float32"


def _columns_of(w: OnnxWriter, estimator: Any, inputs: Any) -> list[str]:
    """Return the columns of a table, in the types that they are to have."""
    kinds = estimator._preparation.kinds
    columns = [given.full_name for given in inputs]
    if len(columns) == 1 < len(kinds):
        places = [w.integers([i]) for i in range(len(kinds))]
        columns = [w.node("Gather", columns[0], place, axis=1) for place in places]
    if len(columns) != len(kinds):
        raise ValueError(
            f"{type(estimator).__name__} takes an input for each of its {len(kinds)} columns, or "
            f"one matrix of numbers. Received: {len(columns)} inputs"
        )
    return [
        w.cast_to(column, COLUMN_TYPES[kind]) for column, kind in zip(columns, kinds, strict=True)
    ]


def _parse_perceptron(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Declare the outputs of a perceptron: labels, and scores that are no probabilities.

    Raises
    ------
    NotImplementedError
        If an ensemble's converter asks for it, for a pipeline with a perceptron of two classes.
    """
    from skl2onnx.common.data_types import Int64TensorType, guess_tensor_type

    ensembles = [each for each in scope.operators.values() if each.type in _READ_SECOND]
    if ensembles and model._labels.kind == "binary":
        name = type(ensembles[0].raw_operator).__name__
        raise NotImplementedError(
            f"a {name} of pipelines that end in a Perceptron of two classes has no ONNX twin here. "
            f"Put the steps before the Perceptron in front of the {name}"
        )
    operator = scope.declare_local_operator(_alias(Perceptron), model)
    operator.inputs = inputs
    scores = guess_tensor_type(inputs[0].type)
    for name, kind in (("label", Int64TensorType()), (_SCORES, scores)):
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Write an estimator: a classifier has labels beside its probabilities or scores."""
    estimator, inputs = operator.raw_operator, operator.inputs
    *labels, numbers = (output.full_name for output in operator.outputs)
    if isinstance(estimator, TABLES):
        w = _ContainerWriter(scope, "float64", container)
        written = write_table(w, estimator, _columns_of(w, estimator, inputs))
    else:
        w = _ContainerWriter(scope, _dtype_of(inputs[0]), container)
        written = write_predictor(w, estimator, w.cast(inputs[0].full_name))
    if _has_pairs(operator):
        # What takes them for probabilities compares them with a half.
        is_raw = container.get_options(estimator, {"raw_scores": False})["raw_scores"]
        middle, scores = 0.0 if is_raw else 0.5, written.numbers
        pair = w.node("Sub", middle, scores), w.node("Add", scores, middle)
        w.node("Concat", *pair, axis=1, output=numbers)
    else:
        w.node("Identity", written.numbers, output=numbers)
    if labels:
        assert written.labels is not None
        w.node("Identity", written.labels, output=labels[0])
