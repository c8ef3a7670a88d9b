"""Estimators in `.pynn` files: the values of their attributes, written down one by one.

Only plain values, arrays, the few classes that are `saved_as` something, pynn's optimizers,
schedules, losses and metrics, and names of functions can be in a file; nothing is imported or
executed on the way back. Functions and classes of the user's own are looked up in
``custom_objects``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, TypeVar

import numpy as np
from sklearn.base import BaseEstimator

from pynn import _safetensors, activations, losses, metrics, optimizers
from pynn._custom_objects import is_pynn
from pynn._dtypes import type_of_numbers
from pynn._files import FileError, OpenFile, check_ending, file_errors, opened
from pynn._json import from_text, to_text
from pynn._safetensors import ESTIMATOR, SafetensorsFile
from pynn._structure import leaves
from pynn.formats import holds_estimator
from pynn.losses import Loss
from pynn.metrics import Metric
from pynn.models import load_model
from pynn.optimizers import Optimizer, schedules
from pynn.optimizers.schedules import LearningRateSchedule

_Class = TypeVar("_Class", bound=type)

# What a file may name: the estimators, and what their attributes hold.
_CLASSES: dict[str, Any] = {}
# Kind -> the base of its classes, if it has such, and the module that writes and reads it.
_KINDS: dict[str, tuple[type | None, Any]] = {
    "optimizer": (Optimizer, optimizers),
    "schedule": (LearningRateSchedule, schedules),
    "loss": (Loss, losses),
    "metric": (Metric, metrics),
    "activation": (None, activations),
}
_DEEPEST = 20
_SHORT_TEXTS = 2**20  # characters of an array of texts that need no further look
_MARK = "__pynn__"  # the key of what an object is, where a dict stands for it
# What belongs to a process and not to a model.
_LEFT_OUT = ("_sklearn_version", "_skl_callbacks")


def saved_as(name: str) -> Callable[[_Class], _Class]:
    """Return a decorator that lets files hold objects of a class, under this name."""

    def note(cls: _Class) -> _Class:
        _CLASSES[name] = cls
        return cls

    return note


def save_estimator(self: BaseEstimator, filepath: Any) -> None:
    """Save the estimator, fitted or not, for `pynn.load`.

    The file is a safetensors file, written beside the path first, so that a crash leaves the old
    file or the new one. A loaded estimator predicts the same, and goes on training where it stood.
    Callbacks are not saved; functions of one's own are saved by name.

    Parameters
    ----------
    filepath : path-like, int or binary file
        A path that ends in ``.pynn``, or has no ending; or what is open already: a descriptor or a
        file, which is written to as it is.

    Raises
    ------
    ValueError
        If the path has the ending of another format, or an attribute is neither a number, a text,
        an array, a function that has a name, an optimizer, schedule, loss or metric, nor a list,
        tuple or dict of them; a ``random_state`` has to be an integer or None.

    Examples
    --------
    >>> import os, tempfile
    >>> import pynn
    >>> model = pynn.Perceptron().fit([[0.0], [1.0]], ["no", "yes"])
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = os.path.join(directory, "model.pynn")
    ...     model.save(path)
    ...     print(pynn.load(path).predict([[2.0]]))
    ['yes']
    """
    if isinstance(filepath, (str, bytes, os.PathLike)):
        check_ending(os.fsdecode(filepath), "estimator")
    arrays: dict[str, np.ndarray] = {}
    state = as_objects(self.__getstate__())
    given = {key: value for key, value in state.items() if key not in _LEFT_OUT}
    if "callbacks" in given:
        given["callbacks"] = None
    written = {key: _written(value, key, arrays) for key, value in given.items()}
    text = to_text({"class_name": type(self).__name__, "state": written}, "the state")
    _safetensors.save(filepath, ESTIMATOR, {"estimator": text}, arrays)


def load(filepath: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Load an estimator or a model, whichever its `save` wrote.

    Parameters
    ----------
    filepath : path-like, int or binary file
        An integer is a descriptor; an open file is read from where it stands to its end. A model
        may be in one of Keras's files too.
    custom_objects : mapping of str to object, default=None
        Functions and classes of one's own that it was made with, by name.

    Returns
    -------
    MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor, ..., or Model

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    pynn.saving.FileError
        If the file is damaged, holds something else, or names what is neither pynn's nor in
        `custom_objects`. It is a ValueError.

    See Also
    --------
    pynn.models.load_model : for models alone.

    Examples
    --------
    >>> import os, tempfile
    >>> import pynn
    >>> model = pynn.Perceptron().fit([[0.0], [1.0]], ["no", "yes"])
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = os.path.join(directory, "model.pynn")
    ...     model.save(path)
    ...     pynn.load(path).predict([[2.0]])
    array(['yes'], dtype='<U3')
    """
    with opened(filepath) as source:
        with file_errors(source.name, "estimator"):
            found = holds_estimator(source)
        if not found:
            return load_model(source, None if custom_objects is None else dict(custom_objects))
        return _read_estimator(source, custom_objects)


def _read_estimator(source: OpenFile, custom_objects: Mapping[str, Any] | None) -> Any:
    with file_errors(source.name, "estimator"):
        file = SafetensorsFile(*source)
        described = from_text(file.metadata, "estimator", dict, file.name)
        name, state = described.get("class_name"), described.get("state")
        classes = _known_classes(custom_objects)
        if not isinstance(name, str) or name not in classes or not isinstance(state, dict):
            raise FileError(
                file.name,
                f"names the unknown estimator: {name!r:.80}. It must be one of "
                f"{', '.join(classes)}; a class derived from one is given as "
                "custom_objects={'Name': Name}",
            )
        read = _Reader(file, custom_objects)
        found = {str(key): read(value) for key, value in state.items()}
        estimator: Any = object.__new__(classes[name])
        estimator.__setstate__(found)
    return estimator


def as_plain(value: Any) -> Any:
    """Return a value with pynn's own objects in it as dicts, which `as_objects` turns back.

    So copies and pickles of an estimator, and files of skops, name no class but the estimator's.
    """
    kind = type(value)
    if kind in (list, tuple, dict):
        return _with_each(value, as_plain)
    for part, cls in _CLASSES.items():
        if kind is cls and not issubclass(cls, BaseEstimator):
            return {_MARK: part, "state": as_plain(value.__getstate__())}
    for name, (base, module) in _KINDS.items():
        if base is not None and isinstance(value, base) and _is_own(value):
            return {_MARK: name, "state": module.serialize(value)}
    return value


def as_objects(value: Any) -> Any:
    """Return a value with the objects that `as_plain` wrote down.

    Raises
    ------
    ValueError
        If an unknown one is named, or one's state is none.
    """
    if type(value) is not dict or _MARK not in value:
        return _with_each(value, as_objects) if type(value) in (list, tuple, dict) else value
    name, state = value[_MARK], value.get("state")
    if isinstance(name, str) and isinstance(state, dict):
        if name in _KINDS:
            return _KINDS[name][1].deserialize(state)
        if name in _CLASSES and not issubclass(_CLASSES[name], BaseEstimator):
            part = object.__new__(_CLASSES[name])
            vars(part).update(as_objects(state))
            return part
    raise ValueError(f"the state of an estimator has an unknown part: {name!r:.80}")


def _with_each(value: Any, function: Callable[[Any], Any]) -> Any:
    """Return a list, tuple or dict of what a function makes of each item: itself if all stay."""
    items = value.values() if type(value) is dict else value
    made = [function(item) for item in items]
    if all(new is old for new, old in zip(made, items, strict=True)):
        return value
    return dict(zip(value, made, strict=True)) if type(value) is dict else type(value)(made)


def _is_own(value: Any) -> bool:
    """Whether an object is of a class of pynn's, and what it holds of pynn's, NumPy's or plain."""
    return all(
        type(each).__module__.split(".")[0] in ("pynn", "numpy", "builtins")
        and not isinstance(each, FunctionType)
        for each in (value, *vars(value).values())
    )


def _known_classes(custom_objects: Mapping[str, Any] | None) -> dict[str, type]:
    """Return the classes that a file may name: pynn's, and given ones derived from them."""
    own = {name: cls for name, cls in sorted(_CLASSES.items()) if issubclass(cls, BaseEstimator)}
    given = {
        name: value
        for name, value in (custom_objects or {}).items()
        if isinstance(value, type) and issubclass(value, tuple(own.values()))
    }
    return given | own


def _written(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, "__array__") and not isinstance(value, (np.generic, type)):
        value = np.asarray(value)  # of an Index of pandas too
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.itemsize <= 8:
        key = name if name not in arrays else f"{name}#{len(arrays)}"
        arrays[key] = value
        return {"array": key}
    if isinstance(value, np.ndarray) and value.dtype.kind in "Mm":
        native = value.astype(value.dtype.newbyteorder("="))
        return {**_written(native.view(np.int64), name, arrays), "unit": native.dtype.str[1:]}
    if isinstance(value, np.ndarray) and all(isinstance(v, str) for v in value.ravel()):
        texts = value.tolist()
        # Read as objects, too, where an array of texts would be refused.
        return {"texts": texts, "object": value.dtype == object or _is_sparse(texts)}
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return {"scalar": value.item(), "type": value.dtype.name}
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_written(v, f"{name}/{i}", arrays) for i, v in enumerate(value)]}
    if isinstance(value, Mapping):
        pairs = [[k, v] for k, v in value.items()]
        return {"dict": _written(pairs, name, arrays)}
    for part, cls in _CLASSES.items():
        if type(value) is cls:
            state = value.__getstate__().items()
            return {
                "part": part,
                "state": {k: _written(v, f"{name}/{k}", arrays) for k, v in state},
            }
    found = _written_object(value)
    if found is None:
        raise ValueError(
            f"the attribute {name!r} must be a number, a text, an array of them, a function that "
            "def has named, or a list, tuple or dict of them to be saved. Received: "
            f"{value!r:.80}"
        )
    return found


class _Reader:
    """Turns what `_written` returned into values again.

    Parameters
    ----------
    file : SafetensorsFile
        Has the arrays.
    custom_objects : mapping or None
    """

    def __init__(self, file: SafetensorsFile, custom_objects: Mapping[str, Any] | None) -> None:
        self._file = file
        self._custom_objects = custom_objects

    def __call__(self, value: Any, depth: int = 0) -> Any:
        """Return the value; ValueError if it is nested too deeply, or names what is unknown."""
        if depth > _DEEPEST:
            raise ValueError("the state of the estimator is nested too deeply")
        if not isinstance(value, dict):
            return value
        if "array" in value:
            array = self._file.read(value["array"])
            return _dates(array, value["unit"]) if "unit" in value else array
        if "texts" in value:
            return _texts(value["texts"], bool(value["object"]))
        if "scalar" in value:
            return type_of_numbers(value["type"]).type(value["scalar"])
        if "dict" in value:
            return dict(self(value["dict"], depth + 1))
        if "kind" in value:
            return _read_object(value, self._custom_objects)
        if "part" in value:
            part = object.__new__(_CLASSES[value["part"]])
            vars(part).update({k: self(v, depth + 1) for k, v in value["state"].items()})
            return part
        ((kind, items),) = value.items()
        found = [self(item, depth + 1) for item in items]
        return {"list": list, "tuple": tuple}[kind](found)


def _written_object(value: Any) -> Any:
    """Return what `_read_object` turns back into `value`; None if there is no such."""
    for kind, (base, module) in _KINDS.items():
        if base is not None and isinstance(value, base):
            return {"kind": kind, "config": module.serialize(value)}
    if value is np.float32 or value is np.float64 or isinstance(value, np.dtype):
        return np.dtype(value).name
    name = getattr(value, "__name__", None)
    if not callable(value) or name is None or name == "<lambda>":
        return None
    if is_pynn(value):
        for kind in ("activation", "loss", "metric"):
            if getattr(_KINDS[kind][1], name, None) is value:
                return {"kind": kind, "config": name}
    return {"kind": "function", "config": name}


def _read_object(described: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> Any:
    """Return the object that `_written_object` described.

    Raises
    ------
    ValueError
        If it is neither pynn's nor in `custom_objects`.
    """
    kind, config = str(described["kind"]), described["config"]
    if kind != "function":
        return _KINDS[kind][1].deserialize(config, custom_objects)
    if not isinstance(config, str) or config not in (custom_objects or {}):
        raise ValueError(
            f"the estimator was made with {config!r:.80}. Give load() custom_objects with an "
            "entry of that name"
        )
    assert custom_objects is not None
    return custom_objects[config]


def _dates(numbers: np.ndarray, unit: str) -> np.ndarray:
    """Return int64 as the dates or durations that they were."""
    if numbers.dtype != np.int64 or str(unit)[:2] not in ("M8", "m8"):
        raise ValueError(f"dates and durations are int64. Received: {numbers.dtype}, {unit!r:.80}")
    return numbers.view(unit)


def _texts(given: Any, as_objects: bool) -> np.ndarray:
    """Return texts as an array, in which each takes the memory of the longest."""
    if as_objects:
        return np.array(given, object)
    if _is_sparse(given):
        lengths = [len(text) for text in leaves(given)]
        raise ValueError(
            f"an array of {len(lengths)} texts would take the memory of {max(lengths)} characters "
            f"for each, and all have {sum(lengths)}"
        )
    return np.array(given, str)


def _is_sparse(texts: Any) -> bool:
    """Whether one is so long that an array of all would be much larger than what they hold."""
    lengths = [len(text) for text in leaves(texts)]
    return len(lengths) * max(lengths, default=0) > max(_SHORT_TEXTS, 4 * sum(lengths))
