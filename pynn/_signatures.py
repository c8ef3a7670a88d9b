"""What can be read off code: arguments of a constructor, and of a layer's `call`.

Nothing here knows a particular layer.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from pynn._json import encode


class SignatureOfInit(type):
    """Lets `inspect.signature` and ``help`` show a class by its constructor.

    Keywords that it takes as ``**options: Unpack[...]`` are listed, with the class's attributes of
    their names for defaults.
    """

    @property
    def __signature__(cls) -> inspect.Signature:
        init = cls.__init__  # type: ignore[misc]
        signature = inspect.signature(init)
        parameters = list(signature.parameters.values())[1:]
        if parameters and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD:
            packed = typing.get_args(typing.get_type_hints(init).get(parameters[-1].name))
            if packed:
                parameters[-1:] = [
                    inspect.Parameter(
                        name,
                        inspect.Parameter.KEYWORD_ONLY,
                        default=getattr(cls, name, None),
                        annotation=annotation,
                    )
                    for name, annotation in typing.get_type_hints(packed[0]).items()
                    if not isinstance(getattr(cls, name, None), property)
                ]
        return signature.replace(parameters=parameters)


@cache
def training_position(call: Callable[..., Any]) -> int | None:
    """Return how many arguments of `call` come before ``training``; None if it has none.

    A keyword-only ``training`` comes after more arguments than anybody passes.
    """
    parameters = list(inspect.signature(call).parameters.values())[1:]  # without self
    for i, parameter in enumerate(parameters):
        if parameter.name == "training":
            return 1_000 if parameter.kind is inspect.Parameter.KEYWORD_ONLY else i + 1
    return None


@cache
def usual_training(call: Callable[..., Any]) -> bool | None:
    """Return the default of the argument ``training`` of `call`; None if it has none."""
    parameter = inspect.signature(call).parameters.get("training")
    default = None if parameter is None else parameter.default
    return default if isinstance(default, bool) else None


def given_training(
    call: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> bool | None:
    """Return the ``training`` that a layer is called with, or None if nobody has decided it."""
    training = kwargs.get("training") if kwargs else None
    if training is None and len(args) > 1:
        position = training_position(call)
        if position is not None and len(args) >= position:
            training = args[position - 1]
    return bool(training) if isinstance(training, (bool, int, np.bool_)) else None


def without_training(call: Callable[..., Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords for a `call` that has no argument ``training``."""
    if "training" not in kwargs or _takes_any(call):
        return kwargs
    return {name: value for name, value in kwargs.items() if name != "training"}


@cache
def _takes_any(call: Callable[..., Any]) -> bool:
    parameters = inspect.signature(call).parameters.values()
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)


def inputs_of_build(
    build: Callable[..., Any],
    call: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> dict[str, Any]:
    """Return the inputs of a `call` whose shapes a `build` of several arguments asks for.

    They are called ``a_shape`` and ``b_shape`` for the inputs ``a`` and ``b``. A `build` of one
    argument asks for none by name.

    Raises
    ------
    ValueError
        If they are called otherwise.
    """
    function = getattr(build, "__func__", build)
    needed = _asked_shapes(function, skips_self=function is not build)
    if len(needed) < 2:
        return {}
    signature = inspect.signature(call)
    for name, of in needed.items():
        if of == name or of not in signature.parameters:
            raise ValueError(
                "build() of several arguments must name them as call() names its inputs, with "
                f"'_shape' at the end. Received: {name!r}, for call{signature}"
            )
    given = signature.bind(*args, **kwargs).arguments
    return {name: given[of] for name, of in needed.items() if of in given}


@cache
def _asked_shapes(build: Callable[..., Any], skips_self: bool) -> dict[str, str]:
    """Return the arguments that a `build` must be given, and the inputs they are named for."""
    return {
        name: name.removesuffix("_shape")
        for name, parameter in list(inspect.signature(build).parameters.items())[skips_self:]
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        and (parameter.default is parameter.empty or name.endswith("_shape"))
    }


def from_init(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that `layer` was made with, as values that can be written down.

    Raises
    ------
    ValueError
        If one cannot; the class then needs a get_config() of its own.
    """
    signature = inspect.signature(type(layer).__init__)
    try:
        bound = signature.bind(layer, *args, **kwargs).arguments
    except TypeError:
        bound = {"self": layer, **kwargs}
    config: dict[str, Any] = {}
    takes_any = False
    for name, parameter in list(signature.parameters.items())[1:]:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            takes_any = True
            config.update(bound.get(name, {}))
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            if bound.get(name):
                raise ValueError(_message(layer, name))
        elif name in bound:
            config[name] = bound[name]
    for name, value in (("name", layer.name), ("trainable", layer.trainable)):
        if takes_any or name in signature.parameters:
            config[name] = value

    def by_name(name: str) -> Callable[[Any], str]:
        def written(value: Any) -> str:
            if inspect.isfunction(value) and value.__name__ != "<lambda>":
                return value.__name__
            raise ValueError(_message(layer, name))

        return written

    return {name: encode(value, by_name(name)) for name, value in config.items()}


def _message(layer: Any, name: str) -> str:
    return (
        f"the argument {name!r} of layer {layer.name!r} cannot be written down: class "
        f"{type(layer).__name__} needs a get_config() method of its own"
    )
