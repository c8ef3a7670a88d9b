"""`as_keras`: pynn under the names of Keras, for libraries that import those.

What stands here for a module of Keras looks names up in pynn's module of the same name, when they
are asked for: nothing of pynn is imported for them here.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any, Self

from pynn import _state
from pynn._registry import Registry

VERSION = "3.15.1"  # of Keras, whose surface this is
# What scripts for ``tensorflow.keras`` begin with, whatever they go on to do; and by what SciKeras
# sets its random states.
_OF_TENSORFLOW = {
    "__version__": "2.21.0",  # whose ``tensorflow.keras`` is that Keras
    "random": SimpleNamespace(set_seed=_state.set_seed),
    "python.eager.context": SimpleNamespace(
        executing_eagerly=lambda: True, global_seed=_state.global_seed
    ),
    "python.framework.config": SimpleNamespace(
        is_op_determinism_enabled=lambda: True, enable_op_determinism=lambda: None
    ),
    "python.framework.ops": SimpleNamespace(),
}

_ROOTS = ("keras", "tensorflow")
# By a module of this name TensorBoard knows that it is to do without TensorFlow.
_NO_TENSORFLOW = "tensorboard.compat.notf"
# What ``from keras import *`` gives, beside what pynn offers and Keras does not.
_NOT_KERAS = frozenset(
    "MLP MLPClassifier MLPRegressor Perceptron PerceptronRegressor TabularClassifier "
    "TabularRegressor Tape as_keras cython_predict dask estimators export get_include "
    "load mlflow num_threads plotting serving set_num_threads wrappers".split()
)
# Networks of Keras's for images: imports find them, and making one is an error that says why.
_ABSENT = ("layers", "applications")


def _legacy(config: Any, custom_objects: Any = None, module_objects: Any = None) -> Any:
    registry: Registry[Any] = Registry("object")
    return registry.deserialize(config, {**(module_objects or {}), **(custom_objects or {})})


_MORE: dict[str, Any] = {
    "__version__": VERSION,
    "version": lambda: VERSION,
    "utils.legacy": SimpleNamespace(
        serialize_keras_object=Registry("object").serialize, deserialize_keras_object=_legacy
    ),
}


def as_keras() -> Installation:
    """Let ``import keras``, ``import tensorflow.keras`` and what is below them find pynn.

    Libraries for Keras, such as KerasTuner, then work with pynn's models as they are. Of TensorFlow
    itself there are ``__version__`` and ``random.set_seed``, and what SciKeras sets random states
    by; no more. It lasts for the process, or to the end of a ``with`` statement; a library that was
    imported keeps what it has imported.

    Returns
    -------
    Installation
        A context manager that undoes it.

    Raises
    ------
    RuntimeError
        If Keras or TensorFlow is imported already: its objects and pynn's do not mix.

    Examples
    --------
    >>> import pynn
    >>> with pynn.as_keras():
    ...     from keras.layers import Dense
    ...     from tensorflow import keras
    >>> Dense is keras.layers.Dense is pynn.layers.Dense
    True
    """
    finder = next((found for found in sys.meta_path if isinstance(found, _Finder)), None)
    if finder is None:
        for name in _ROOTS:
            if name in sys.modules:
                raise RuntimeError(
                    f"{name} is imported already, and pynn cannot stand for it any more: call "
                    "pynn.as_keras() first"
                )
        return Installation(_Finder())
    return Installation(None)


class Installation:
    """What `as_keras` has installed: leaving it as a context manager undoes that."""

    def __init__(self, finder: _Finder | None) -> None:
        self._finder = finder
        if finder is not None:
            sys.meta_path.insert(0, finder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
            for name in [name for name, module in sys.modules.items() if type(module) is _Module]:
                del sys.modules[name]


class _Module(ModuleType):
    """A module of Keras, or ``tensorflow``, in which ``keras`` is and next to nothing else."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []
        self._path = _path_of(name)

    def __getattr__(self, name: str) -> Any:
        path = self._path
        inside = ".".join([*self.__name__.split(".")[1:], name])
        if path is None and inside in _OF_TENSORFLOW:
            return _OF_TENSORFLOW[inside]
        if path is None and inside != "keras":
            raise AttributeError(
                f"pynn stands for tensorflow.keras, and has no tensorflow.{inside}. NumPy and "
                "pynn.ops compute in the place of the rest, and pynn.Tape takes gradients"
            )
        if name == "__all__" and path is not None:
            if not path:
                return [*({*_pynn("").__all__} - _NOT_KERAS), "applications", "version"]
            return getattr(_pynn(path), "__all__", []) if _has(path) else []
        key = f"{path}.{name}" if path else name
        if key in _MORE:
            return _MORE[key]
        if key == "KerasTensor":
            return _pynn("ops").Tensor
        if name.startswith("__"):
            raise AttributeError(name)
        if _is_module(key if path is not None else ""):
            inner = f"{self.__name__}.{name}"
            return sys.modules.setdefault(inner, _Module(inner))
        problem = f"pynn has no {key}: it is for dense networks"
        try:
            return getattr(_pynn(path or ""), name)
        except AttributeError as error:
            problem = str(error) if path and _has(path) else problem
        if key.startswith(_ABSENT) and name[:1].isupper():
            return _absent(name, problem)
        raise AttributeError(problem)

    def __dir__(self) -> list[str]:
        if self._path is not None:
            return sorted(self.__all__)
        return ["keras", *(name for name in _OF_TENSORFLOW if "." not in name)]


def _path_of(name: str) -> str | None:
    """Return where a module is below keras, None if it is none of Keras's.

    The private modules in a package of keras.src are that package.
    """
    root, *parts = name.removeprefix("tensorflow.").split(".")
    if parts[:1] == ["src"]:
        parts = parts[1 : 3 if parts[2:3] == ["schedules"] else 2]
    return ".".join(parts) if root == "keras" else None


def _pynn(path: str) -> Any:
    found: Any = sys.modules["pynn"]
    for part in path.split(".") if path else []:
        found = getattr(found, part)
    return found


def _is_module(path: str) -> bool:
    """Whether a module of Keras of that path is known here."""
    if not path or path == "src" or path.startswith("applications"):
        return not any(part[:1].isupper() for part in path.split("."))
    return _has(path) and isinstance(_pynn(path), ModuleType)


def _has(path: str) -> bool:
    try:
        _pynn(path)
    except AttributeError:
        return False
    return True


def _absent(name: str, problem: str) -> type:
    """Return a class that cannot be made, for what only imports it."""

    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        raise AttributeError(problem)

    return type(name, (), {"__init__": refuse})


class _Finder(MetaPathFinder, Loader):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name == _NO_TENSORFLOW:
            return ModuleSpec(name, self)
        if name.split(".")[0] not in _ROOTS:
            return None
        below = _path_of(name)
        if below is None:
            inside = name.partition(".")[2]
            known = not inside or any(key.startswith(f"{inside}.") for key in _OF_TENSORFLOW)
        else:
            known = _is_module(below)
        return ModuleSpec(name, self, is_package=True) if known else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: names are looked up when they are asked for."""
