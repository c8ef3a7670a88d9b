"""`keras` and `keras.src`, made of pynn: what the imports of Keras's own test files find.

A name is looked up in pynn's package of the same name, then among the few helpers of `helpers.py`;
what is found in neither is an `Absent`, which fails when a test uses it. Only the test files and
the testing code that they stand on are taken from the installed Keras; they are executed where they
are, and none of Keras's own implementation is.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from conformance.keras_suite import helpers, scope

_spec = importlib.util.find_spec("keras")
assert _spec is not None
ROOT = Path(str(_spec.origin)).parent
SOURCE = ROOT / "src"

# Executed as they are: the tests' own tools, which have no numbers in them.
_OWN = ("testing", "tree", "api_export", "utils.module_utils", "utils.python_utils")
# pynn's packages where they are not called as Keras's are; {} stands for the first of a name.
_HOMES = {
    "": ["pynn", "pynn.utils"],
    "trainers": ["pynn.models", "pynn.utils"],
    "utils": ["pynn.utils"],
    "legacy": ["pynn.saving"],
}


# What Python and pytest ask modules for.
_OF_PYTEST = ("__", "pytest", "setup", "setUp", "teardown", "tearDown", "collect_ignore")


# Never imported, so that it does not matter what is installed.
OTHERS = scope.LIBRARIES


class AbsentError(Exception):
    """A test used what pynn has not."""


class Absent:
    """A name that pynn has not: may be imported and passed around, fails when it is used."""

    is_collecting = True

    def __init__(self, name: str) -> None:
        self.__name__ = self.__qualname__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if Absent.is_collecting:  # a decorator, or an argument of one
            return self
        raise AbsentError(f"pynn has no {self.__name__}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if Absent.is_collecting:
            return Absent(f"{self.__name__}.{name}")
        raise AbsentError(f"pynn has no {self.__name__}")

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        if not Absent.is_collecting:
            self()
        return (type(self.__name__, (), {"__init__": lambda *a, **k: self()}),)

    def __bool__(self) -> bool:
        raise AbsentError(f"pynn has no {self.__name__}")


class _Shim(ModuleType):
    """A module of Keras, with the names of pynn's package."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith(_OF_PYTEST):
            raise AttributeError(name)
        parts = self.__name__.split(".")[1:]
        parts = parts[1:] if parts[:1] == ["src"] else parts
        key = ".".join([*parts, name])
        if key in helpers.INSTEAD:
            return helpers.INSTEAD[key]
        head = parts[0] if parts else ""
        homes = _HOMES.get(head, [f"pynn.{head}"])
        if parts[1:2] == ["schedules"]:
            homes = ["pynn.optimizers.schedules"]
        for home in homes:
            try:
                module = importlib.import_module(home)
            except ModuleNotFoundError:
                continue
            if name in module.__all__ and not isinstance(getattr(module, name), ModuleType):
                return getattr(module, name)
        if f"{head}.{name}" in helpers.FALLBACKS:
            return helpers.FALLBACKS[f"{head}.{name}"]
        if _file(f"{self.__name__}.{name}") is not None:
            return importlib.import_module(f"{self.__name__}.{name}")
        return Absent(f"{self.__name__}.{name}")


class _Other(ModuleType):
    """A library that Keras computes with and pynn does not."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith(_OF_PYTEST):
            raise AttributeError(name)
        return Absent(f"{self.__name__}.{name}")


def end_collecting() -> None:
    """From now on the use of an absent name is a failure, and other libraries are not installed."""
    Absent.is_collecting = False
    for name in list(sys.modules):
        if name.split(".")[0] in OTHERS:
            del sys.modules[name]


def _file(name: str) -> Path | None:
    """Return the installed file of one of Keras's modules."""
    path = ROOT.joinpath(*name.split(".")[1:])
    for found in (path.with_suffix(".py"), path / "__init__.py"):
        if found.exists():
            return found
    return None


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.split(".")[0] in OTHERS:
            if not Absent.is_collecting:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        if name.split(".")[0] != "keras":
            return None
        file = _file(name)
        if file is None:
            return None
        inner = name.removeprefix("keras.src.")
        if name.endswith("_test") or any(f"{inner}.".startswith(f"{own}.") for own in _OWN):
            return importlib.util.spec_from_file_location(name, file)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> ModuleType:
        return _Shim(spec.name) if spec.name.split(".")[0] == "keras" else _Other(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__path__ = []


def install() -> None:
    """Let ``import keras`` find pynn in this process."""
    if any(name.split(".")[0] == "keras" for name in sys.modules):
        raise RuntimeError("Keras itself is imported already")
    sys.meta_path.insert(0, _Finder())
    helpers.show_private_state()
