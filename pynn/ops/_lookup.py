"""Finding an op by its name, for configs."""

from __future__ import annotations

from functools import cache

from pynn import _core
from pynn.ops import _elementwise, _linear, _merge, _neural, _reductions, _shapes
from pynn.ops._activation import SOFTMAXES, activation_op
from pynn.ops._tensor import Op


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
