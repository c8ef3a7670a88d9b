"""Branches and loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynn._tensor import is_symbolic
from pynn.ops._elementwise import where
from pynn.ops._inspection import convert_to_numpy

__all__ = [
    "cond",
    "fori_loop",
]


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Return what `true_fn` returns where `pred` is true, else what `false_fn` returns.

    Of a symbolic `pred` both are recorded, and a value is chosen when the model runs; a result's
    shape may not depend on it.
    """
    if not is_symbolic(pred) or getattr(pred, "value", None) is not None:
        return true_fn() if bool(convert_to_numpy(pred)) else false_fn()
    first, second = true_fn(), false_fn()
    if isinstance(first, (list, tuple)):
        return type(first)(where(pred, a, b) for a, b in zip(first, second, strict=True))
    return where(pred, first, second)


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Return what `body_fun`, a function of number and value, makes of `init_val` in the end."""
    value = init_val
    for number in range(int(lower), int(upper)):
        value = body_fun(number, value)
    return value
