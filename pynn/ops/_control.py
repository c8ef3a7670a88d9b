"""Branches and loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from pynn._tensor import is_symbolic
from pynn.ops._elementwise import less_equal, subtract, where
from pynn.ops._inspection import convert_to_numpy

__all__ = [
    "cond",
    "fori_loop",
    "switch",
    "while_loop",
]


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Return what `true_fn` returns where `pred` is true, else what `false_fn` returns.

    Of a symbolic `pred` both are recorded, and a value is chosen when the model runs; a result's
    shape may not depend on it.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.cond(True, lambda: 1.0, lambda: 2.0)
    1.0
    """
    if not is_symbolic(pred) or getattr(pred, "value", None) is not None:
        return true_fn() if bool(convert_to_numpy(pred)) else false_fn()
    first, second = true_fn(), false_fn()
    if isinstance(first, (list, tuple)):
        return type(first)(where(pred, a, b) for a, b in zip(first, second, strict=True))
    return where(pred, first, second)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Return what the branch of that number, or the nearest that there is, makes of `operands`.

    Of a symbolic `index` all are recorded; see `cond`.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.switch(1, [lambda x: -x, lambda x: 2 * x], 3.0)
    6.0
    """
    first, *others = branches
    if not others:
        return first(*operands)
    return cond(
        less_equal(index, 0),
        lambda: first(*operands),
        lambda: switch(subtract(index, 1), others, *operands),
    )


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Return what `body_fun`, a function of number and value, makes of `init_val` in the end.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.fori_loop(0, 4, lambda i, total: total + i, 10)
    16
    """
    value = init_val
    for number in range(int(lower), int(upper)):
        value = body_fun(number, value)
    return value


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """Return what `body` makes of `loop_vars`, again and again while `cond` is true of them.

    Parameters
    ----------
    cond : callable
        Takes the variables, each as an argument. A symbolic result is a TypeError: how often a
        model's nodes run cannot depend on values.
    body : callable
        Takes the variables and returns them anew.
    loop_vars : tuple, list or one variable
    maximum_iterations : int, default=None

    Examples
    --------
    >>> from pynn import ops
    >>> ops.while_loop(lambda x: x < 100, lambda x: 2 * x, 3)
    192
    """
    several = isinstance(loop_vars, (tuple, list))
    values = tuple(loop_vars) if several else (loop_vars,)
    numbers = count() if maximum_iterations is None else range(maximum_iterations)
    for _ in numbers:
        if not bool(convert_to_numpy(cond(*values))):
            break
        made = body(*values)
        values = tuple(made) if several else (made,)
    return values if several else values[0]
