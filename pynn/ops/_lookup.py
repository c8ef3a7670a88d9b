"""Finding an op, or a function of `pynn.ops`, by its name, for configs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from pynn import _core
from pynn._activation_op import SOFTMAXES, activation_op
from pynn._tensor import Op
from pynn.ops import _elementwise, _linear, _merge, _neural, _reductions, _shapes


@cache
def _table() -> dict[str, Op]:
    modules = (_elementwise, _linear, _merge, _neural, _reductions, _shapes)
    found = [v for module in modules for v in vars(module).values() if isinstance(v, Op)]
    return {op.name: op for op in found}


def find_op(name: str) -> Op:
    """Return the op of that name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name in _table():
        return _table()[name]
    if name in SOFTMAXES or name in _core.activation_names():
        return activation_op(name)
    raise ValueError(f"unknown op: {name!r}. It must be one of {', '.join(sorted(_table()))}")


# Functions of pynn.ops that return no tensor.
_NO_TENSORS = {"find_op", "ndim", "shape"}


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    from pynn import ops

    found = {name: getattr(ops, name) for name in ops.__all__ if name not in _NO_TENSORS}
    return {name: value for name, value in found.items() if inspect.isfunction(value)}


def find_function(name: str) -> Callable[..., Any]:
    """Return the function of `pynn.ops` of that name.

    Raises
    ------
    ValueError
        If there is none, or it computes no tensor.
    """
    if name not in _functions():
        raise ValueError(
            f"unknown function of pynn.ops: {name!r}. It must be one of "
            f"{', '.join(sorted(_functions()))}"
        )
    return _functions()[name]
