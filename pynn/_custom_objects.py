"""Classes and functions of users, by the names that configs and files use for them.

They are registered for the whole program, named within a scope, or passed as ``custom_objects``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Thing = TypeVar("Thing")

_registered: dict[str, Any] = {}
_names: dict[Any, str] = {}
_scope: ContextVar[Mapping[str, Any]] = ContextVar("scope", default={})  # noqa: B039  # not changed


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[Thing], Thing]:
    """Return a decorator that makes a class or function known to what loads models.

    Parameters
    ----------
    package : str, default="Custom"
        Whose it is; files call the object ``"package>name"``.
    name : str, default=None
        None takes the object's own.

    Raises
    ------
    ValueError
        If a class has no ``get_config()``.

    Examples
    --------
    >>> import pynn
    >>> @pynn.saving.register_keras_serializable("mine")
    ... def cube(x):
    ...     return x * x * x
    >>> pynn.saving.get_registered_name(cube)
    'mine>cube'
    """

    def register(thing: Any) -> Any:
        if isinstance(thing, type) and not hasattr(thing, "get_config"):
            raise ValueError(f"class {thing.__name__} must have a get_config() to be registered")
        full = f"{package}>{name or thing.__name__}"
        _registered[full] = thing
        _names[thing] = full
        return thing

    return register


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any]) -> Iterator[None]:
    """Let names stand for objects inside a ``with`` statement.

    Parameters
    ----------
    custom_objects : mapping of str to object
    """
    token = _scope.set(dict(custom_objects or {}))
    try:
        yield
    finally:
        _scope.reset(token)


def get_custom_objects() -> dict[str, Any]:
    """Return what is registered, by name. It may be changed."""
    return _registered


def get_registered_name(obj: Any) -> str:
    """Return the name that an object is registered by, or else its own."""
    return _names.get(obj) or obj.__name__


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Any = None
) -> Any:
    """Return the object of that name in the scope, among the registered or given ones, or None."""
    scope = _scope.get()
    if scope or _registered or custom_objects or module_objects:
        for known in (scope, _registered, custom_objects, module_objects):
            if known and name in known:
                return known[name]
    return None


def is_pynn(thing: Any) -> bool:
    """Whether a class or function is pynn's own, and not a user's."""
    return (getattr(thing, "__module__", None) or "").split(".")[0] == "pynn"


def known_objects(custom_objects: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return all that a file may name, what is registered by its short name too."""
    short = {name.rpartition(">")[2]: thing for name, thing in _registered.items()}
    return {**short, **_registered, **_scope.get(), **(custom_objects or {})}
