"""What is served: models and estimators, from the content of requests to named arrays.

Knows nothing of HTTP, JSON or Arrow.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pynn._sparse import to_dense
from pynn.estimators import (
    MLPClassifier,
    MLPRegressor,
    Perceptron,
    PerceptronRegressor,
    TabularClassifier,
    TabularRegressor,
)
from pynn.models import Model
from pynn.serving._content import (
    BadContent,
    Content,
    RequestRows,
    as_numbers,
    check_lengths,
    in_order,
    listed,
    objects,
    plain_labels,
)

_TABLES = (TabularClassifier, TabularRegressor)
_ESTIMATORS = (MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor, *_TABLES)
_VALUES = {type(None), bool, int, float, str}  # in a cell of a table, as JSON has them


class InputField(NamedTuple):
    """An input, for the description: the shape is a row's, None where it may vary."""

    name: str
    shape: tuple[int | None, ...]
    type: str = "number"


class Served(ABC):
    """A model that predicts for requests.

    Attributes
    ----------
    kind : str
        The class, for the description.
    fields : list of InputField
        Inputs, or columns.
    takes_rows : bool
        Whether requests may give rows in place of named columns.
    takes_columns : bool
        Whether the fields have names of the user's.
    is_apart : bool
        Whether the prediction for a row does not depend on the rows beside it.
    has_several : bool
        Whether the outputs have names of their own.
    classes : list or None
        What the columns of probabilities stand for.
    """

    kind: str
    fields: list[InputField]
    takes_rows = True
    takes_columns = True
    is_apart = True
    has_several = False
    classes: list[Any] | None = None

    @abstractmethod
    def rows(self, content: Content) -> RequestRows:
        """Return what to predict for.

        Raises
        ------
        BadContent
            If the content does not fit.
        """

    @abstractmethod
    def predict(self, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Return the outputs for some rows by name."""

    @abstractmethod
    def example(self) -> list[np.ndarray]:
        """Return a row for every input."""


class ServedModel(Served):
    """A `pynn.Model`."""

    def __init__(self, model: Model) -> None:
        self.kind = type(model).__name__
        self._model = model
        self._names = model.input_names
        self._output_names = model.output_names
        self.fields = [
            InputField(name, tuple(x.shape[1:]), "integer" if _is_whole(x) else "number")
            for name, x in zip(self._names, model.inputs, strict=True)
        ]
        self.takes_rows = len(self._names) == 1
        self.has_several = len(self._output_names) > 1
        self.is_apart = rows_are_apart(model)

    def rows(self, content: Content) -> RequestRows:
        """Return an array for each input."""
        given = self._given(content)
        check_lengths(given)
        arrays = [_array(values, field) for values, field in zip(given, self.fields, strict=True)]
        return RequestRows(arrays, tuple((array.dtype, array.shape[1:]) for array in arrays))

    def _given(self, content: Content) -> list[Any]:
        names, columns = self._names, content.columns
        if columns is None:
            if not self.takes_rows:
                raise BadContent(f"the model has several inputs: give {listed(names)} by name")
            return [content.rows]
        if content.is_table and self.takes_rows and columns.keys() != set(names):
            return [_stacked(list(columns.values()))]
        return in_order(columns, names, "inputs")

    def predict(self, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Return each output by its name; a single one is called "predictions"."""
        x: Any = arrays[0] if self.takes_rows else dict(zip(self._names, arrays, strict=True))
        found: Any = self._model.predict(x, verbose=0)
        if not self.has_several:
            return {"predictions": found[0] if isinstance(found, (list, tuple)) else found}
        if isinstance(found, Mapping):
            found = [found[name] for name in self._output_names]
        return dict(zip(self._output_names, found, strict=True))

    def example(self) -> list[np.ndarray]:
        """Return zeros."""
        return [
            np.zeros((1, *(n or 1 for n in shape)), np.int64 if kind == "integer" else np.float64)
            for _, shape, kind in self.fields
        ]


class ServedEstimator(Served):
    """An estimator that takes a matrix of numbers."""

    def __init__(self, estimator: Any) -> None:
        self.kind = type(estimator).__name__
        # The names are looked at here, once, so that the estimator may be given plain arrays.
        self._estimator = copy.copy(estimator)
        names = vars(self._estimator).pop("feature_names_in_", None)
        self.takes_columns = names is not None
        self._names = [f"x{i}" for i in range(estimator.n_features_in_)]
        if names is not None:
            self._names = [str(name) for name in names]
        self.fields = [InputField(name, (), self._type_of_values) for name in self._names]
        if isinstance(estimator, (MLPClassifier, MLPRegressor)):
            self.is_apart = rows_are_apart(estimator.model_)
        else:  # a perceptron's product is of a library that has kernels for many rows
            self.is_apart = isinstance(estimator, _TABLES)
        classes: Any = getattr(estimator, "classes_", None)
        self._classes = classes
        if isinstance(classes, list):
            self.classes = [plain_labels(each) for each in classes]
        elif classes is not None:
            self.classes = plain_labels(classes)
        # Of labels that may hold together, and of several columns, classes are not the columns.
        self._one_of_classes = isinstance(estimator, TabularClassifier) or (
            isinstance(estimator, MLPClassifier)
            and not isinstance(classes, list)
            and (estimator.out_activation_ == "softmax" or estimator.n_outputs_ == 1)
        )

    _type_of_values = "number"

    def rows(self, content: Content) -> RequestRows:
        """Return a matrix."""
        x = self._matrix(content)
        if x.ndim != 2 or x.shape[1] != len(self._names):
            raise BadContent(
                f"rows must have {len(self._names)} numbers. Received: an array of shape {x.shape}"
            )
        return RequestRows([x], x.dtype)

    def _matrix(self, content: Content) -> np.ndarray:
        if content.columns is None:
            check_lengths([content.rows])
            return as_numbers(content.rows, "rows")
        return _stacked(self._columns(content))

    def _columns(self, content: Content) -> list[Any]:
        """Return the columns in the order of `fit`."""
        columns = content.columns or {}
        if self.takes_columns:
            found = in_order(columns, self._names, "columns")
        elif content.is_table and len(columns) == len(self._names):
            found = list(columns.values())
        else:
            raise BadContent(
                f"the model was fitted without names: give rows of {len(self._names)} values"
            )
        check_lengths(found)
        return found

    def predict(self, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Return "predictions" and, of classifiers that have them, "probabilities"."""
        (x,) = arrays
        if not hasattr(self._estimator, "predict_proba"):
            return {"predictions": to_dense(self._estimator.predict(x))}
        found = self._estimator.predict_proba(x)
        if isinstance(found, list):
            named = {f"probabilities_{i}": each for i, each in enumerate(found)}
        else:
            named = {"probabilities": found}
            if self._one_of_classes and found.shape[1] == len(self._classes):
                return {"predictions": self._classes[found.argmax(axis=1)], **named}
        return {"predictions": to_dense(self._estimator.predict(x)), **named}

    def example(self) -> list[np.ndarray]:
        """Return zeros."""
        return [np.zeros((1, len(self._names)))]


class ServedTable(ServedEstimator):
    """An estimator for tables: values are numbers, texts, booleans, dates or missing."""

    _type_of_values = "any"

    def rows(self, content: Content) -> RequestRows:
        """Return the table as an array: of numbers if all are, otherwise of objects."""
        if content.columns is None:
            columns = self._transposed(content.rows or [])
        else:
            columns = self._columns(content)
        found = [_column(*each) for each in zip(self._names, columns, strict=True)]
        arrays, kinds = zip(*found, strict=True)
        if all(kind == "numbers" for kind in kinds):
            return RequestRows([np.column_stack(arrays)], "numbers")
        table = np.empty((len(arrays[0]), len(arrays)), object)
        for j, array in enumerate(arrays):
            table[:, j] = array
        # What a column holds is decided by all of its values: only the like go together.
        return RequestRows([table], kinds)

    def _transposed(self, rows: list[Any]) -> list[Any]:
        check_lengths([rows])
        width = len(self._names)
        if not all(type(row) is list and len(row) == width for row in rows):
            raise BadContent(f"rows must be lists of {width} values")
        return list(map(list, zip(*rows, strict=True)))

    def example(self) -> list[np.ndarray]:
        """Return a row in which all is missing."""
        return [np.full((1, len(self._names)), np.nan)]


def served(model: Any) -> Served:
    """Return what serves a model.

    Raises
    ------
    TypeError
        If it is neither a model nor an estimator of pynn's.
    ValueError
        If it has not been built or fitted.
    """
    if isinstance(model, Model):
        return ServedModel(model)
    if isinstance(model, _ESTIMATORS):
        if not hasattr(model, "n_features_in_"):
            raise ValueError(f"this {type(model).__name__} has not been fitted")
        return (ServedTable if isinstance(model, _TABLES) else ServedEstimator)(model)
    raise TypeError(
        "what is served must be a pynn.Model or a fitted estimator of pynn's. Received: "
        f"{type(model).__name__}"
    )


def rows_are_apart(model: Model) -> bool:
    """Whether a model's prediction for a row does not depend on the rows beside it."""
    plan = model._plan()
    own_step = type(model).predict_step is not Model.predict_step
    return not (plan.depends_on_batch or plan.is_random or own_step)


def _is_whole(tensor: Any) -> bool:
    return not tensor.dtype.startswith("float")


def _array(values: Any, field: InputField) -> np.ndarray:
    """Return what an input of a model takes."""
    array, shape = as_numbers(values, f"input {field.name!r}"), field.shape
    row = array.shape[1:]
    fits = len(row) == len(shape) and all(
        wanted in (given, None) for given, wanted in zip(row, shape, strict=True)
    )
    if not fits:
        # As in predict, a missing or superfluous axis of size 1 makes no difference.
        if None in shape or [n for n in row if n != 1] != [n for n in shape if n != 1]:
            raise BadContent(
                f"input {field.name!r} must have rows of shape {shape}. Received: {row}"
            )
        array = array.reshape(len(array), *shape)
    if field.type == "integer":
        if (array != np.floor(array)).any() or np.abs(array).max(initial=0) >= 2**53:
            raise BadContent(f"input {field.name!r} must be whole numbers")
        array = array.astype(np.int64)
    return array


def _stacked(columns: list[Any]) -> np.ndarray:
    """Return columns of numbers side by side; one of lists as it is."""
    arrays = [as_numbers(column, "columns") for column in columns]
    if len(arrays) == 1 and arrays[0].ndim > 1:
        return arrays[0]
    if any(array.ndim != 1 for array in arrays):
        raise BadContent("several columns must hold one number a row")
    return np.column_stack(arrays)


def _column(name: str, values: Any) -> tuple[np.ndarray, Any]:
    """Return the values of a column of a table, and what is in it."""
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise BadContent(f"column {name!r:.80} must hold one value a row")
        if values.dtype.kind in "iuf":
            return values.astype(np.float64), "numbers"
        if values.dtype.kind != "O":
            return values, values.dtype
        return values, frozenset(map(type, values))
    types = frozenset(map(type, values))
    if not types <= _VALUES:
        raise BadContent(f"column {name!r:.80} must hold numbers, texts, true, false or null")
    if types <= {type(None), int, float}:
        return np.array(values, np.float64), "numbers"
    return objects(values), types
