"""Finding an op, or a function of `pynn.ops`, by its name, for configs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynn._activation_op import ACTIVATIONS
from pynn._tensor import Op
from pynn.ops import (
    _activation,
    _elementwise,
    _linear,
    _merge,
    _neural,
    _reductions,
    _shapes,
)

_MODULES = (_activation, _elementwise, _linear, _merge, _neural, _reductions, _shapes)
_OPS = {
    **{op.name: op for op in _elementwise.OPS},
    **{op.name: op for module in _MODULES for op in vars(module).values() if isinstance(op, Op)},
    **{name: known.op for name, known in ACTIVATIONS.items()},
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(module, name)
    for module in _MODULES
    for name in module.__all__
    if name not in ("ndim", "shape")  # which return no tensor
}


def all_ops() -> list[Op]:
    """Return every op that there is."""
    return list(_OPS.values())


def find_op(name: str) -> Op:
    """Return the op of that name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in _OPS:
        raise ValueError(f"unknown op: {name!r}. It must be one of {', '.join(sorted(_OPS))}")
    return _OPS[name]


def find_function(name: str) -> Callable[..., Any]:
    """Return the function of `pynn.ops` of that name.

    Raises
    ------
    ValueError
        If there is none, or it computes no tensor.
    """
    if name not in _FUNCTIONS:
        raise ValueError(
            f"unknown function of pynn.ops: {name!r}. It must be one of "
            f"{', '.join(sorted(_FUNCTIONS))}"
        )
    return _FUNCTIONS[name]
