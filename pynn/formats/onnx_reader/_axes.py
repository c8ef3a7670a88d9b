"""Operators along axes of rows: softmax, reductions and sums so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pynn import activations, layers, ops
from pynn.formats.onnx_reader._call import Call, Operators, Read
from pynn.ops import Tensor

OPERATORS = Operators()


def _along(name: str) -> Read:
    function = getattr(activations, name)

    def read(call: Call) -> Any:
        x = call.tensor()
        rank = len(ops.shape(x))
        axis = int(call.attribute("axis", -1 if call.version >= 13 else 1))
        if call.version < 13 and axis % rank != rank - 1:
            raise ValueError("before version 13 it is read along the last axis alone")
        if isinstance(x, Tensor) and axis % rank == rank - 1:
            return layers.Activation(name)(x)
        return function(x, axis=axis)

    return read


OPERATORS["", "Softmax"] = _along("softmax")
OPERATORS["", "LogSoftmax"] = _along("log_softmax")


def _norm1(x: Any, axis: Any, keepdims: bool) -> Any:
    return ops.sum(ops.absolute(x), axis, keepdims)


def _sum_square(x: Any, axis: Any, keepdims: bool) -> Any:
    return ops.sum(ops.square(x), axis, keepdims)


def _reduction(function: Callable[..., Any]) -> Read:
    def read(call: Call) -> Any:
        x, axes = call.tensor(), call.axes()
        if axes is None and call.attribute("noop_with_empty_axes", 0):
            return x
        rank = len(ops.shape(x))
        places = tuple(axis % rank for axis in axes) if axes else None
        if isinstance(x, Tensor) and (places is None or 0 in places):
            raise ValueError("what combines rows of the batch is no network of rows")
        return function(x, places, bool(call.attribute("keepdims", 1)))

    return read


for _name, _function in {
    "ReduceSum": ops.sum,
    "ReduceMean": ops.mean,
    "ReduceMax": ops.max,
    "ReduceMin": ops.min,
    "ReduceProd": ops.prod,
    "ReduceL1": _norm1,
    "ReduceSumSquare": _sum_square,
    "ReduceL2": lambda x, axis, keepdims: ops.sqrt(_sum_square(x, axis, keepdims)),
    "ReduceLogSumExp": ops.logsumexp,
    "ReduceLogSum": lambda x, axis, keepdims: ops.log(ops.sum(x, axis, keepdims)),
}.items():
    OPERATORS["", _name] = _reduction(_function)


@OPERATORS.reads("ArgMax", "ArgMin")
def _argmax(call: Call) -> Any:
    raise ValueError("what returns places is no output of a network")


@OPERATORS.reads("CumSum")
def _cumsum(call: Call) -> Any:
    axis = int(np.ravel(call.constant(1, "axis"))[0])
    if call.attribute("exclusive", 0) or call.attribute("reverse", 0):
        raise ValueError("it is read neither exclusive nor in reverse")
    return ops.cumsum(call.tensor(), axis)
