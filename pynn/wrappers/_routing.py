"""Parameters such as ``optimizer__learning_rate``: whom they go to, and making things from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def routed(parameters: Mapping[str, Any], target: str) -> dict[str, Any]:
    """Return the parameters that begin with ``target__``, without that.

    Examples
    --------
    >>> routed({"model__units": 3, "epochs": 5, "model__deep__units": 4}, "model")
    {'units': 3, 'deep__units': 4}
    """
    start = f"{target}__"
    return {k[len(start) :]: v for k, v in parameters.items() if k.startswith(start)}


def construct(thing: Any, parameters: Mapping[str, Any], find: Callable[[Any], Any]) -> Any:
    """Make what a user described from a name or class and its parameters.

    Parameters
    ----------
    thing : str, class, instance, or a list or dict of them
        Entries of a list are addressed by their numbers, those of a dict by their keys:
        ``{"0__name": "acc"}``. Other parameters go to all of them.
    parameters : mapping of str to object
        Arguments of the class; they may be described by a class and ``argument__its_argument``.
    find : callable
        Turns a name into a class, an instance or a function.

    Returns
    -------
    object
        `thing` itself if there are no parameters for it and it is no class.

    Raises
    ------
    ValueError
        If there are parameters for something that cannot be made from any.
    """
    if isinstance(thing, (list, tuple, dict)):
        pairs = list(thing.items() if isinstance(thing, dict) else enumerate(thing))
        heads = tuple(f"{key}__" for key, _ in pairs)
        common = {k: v for k, v in parameters.items() if not k.startswith(heads)}
        made = [
            construct(value, {**common, **routed(parameters, str(key))}, find)
            for key, value in pairs
        ]
        if isinstance(thing, dict):
            return {key: value for (key, _), value in zip(pairs, made, strict=True)}
        return type(thing)(made)
    own = {k: v for k, v in parameters.items() if "__" not in k}
    for name, value in own.items():
        own[name] = construct(value, routed(parameters, name), lambda x: x)
    if isinstance(thing, type):
        return thing(**own)
    if not own:
        return thing
    found = find(thing) if isinstance(thing, str) else thing
    if isinstance(found, type):
        return found(**own)
    if not hasattr(found, "get_config"):
        raise ValueError(f"{thing!r} takes no parameters. Received: {own}")
    return type(found).from_config({**found.get_config(), **own})
