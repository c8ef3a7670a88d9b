"""Operators of ai.onnx.ml, which skl2onnx writes for scikit-learn's estimators."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import layers, ops
from pynn.formats.onnx_reader._call import Call, Operators, dense
from pynn.ops import Tensor

_DOMAIN = "ai.onnx.ml"
OPERATORS = Operators()


@OPERATORS.reads("ZipMap", domain=_DOMAIN)
def _zip_map(call: Call) -> Any:
    return call[0]


@OPERATORS.reads("Scaler", domain=_DOMAIN)
def _scaler(call: Call) -> Any:
    x = ops.cast(call.tensor(), call.dtype)
    x = ops.subtract(x, np.asarray(call.attribute("offset", [0.0]), call.dtype))
    return ops.multiply(x, np.asarray(call.attribute("scale", [1.0]), call.dtype))


@OPERATORS.reads("Normalizer", domain=_DOMAIN)
def _normalizer(call: Call) -> Any:
    x, kind = call.tensor(), call.attribute("norm", "MAX")
    size = {
        "MAX": lambda: ops.max(x, 1, True),
        "L1": lambda: ops.sum(ops.absolute(x), 1, True),
        "L2": lambda: ops.sqrt(ops.sum(ops.square(x), 1, True)),
    }[kind]()
    return ops.divide(x, ops.where(ops.equal(size, 0.0), 1.0, size))


@OPERATORS.reads("LinearRegressor", domain=_DOMAIN)
def _linear_regressor(call: Call) -> Any:
    return _linear(call, int(call.attribute("targets", 1)))


@OPERATORS.reads("LinearClassifier", domain=_DOMAIN)
def _linear_classifier(call: Call) -> Any:
    labels = call.attribute("classlabels_ints") or call.attribute("classlabels_strings") or []
    outputs = max(1, len(call.attribute("intercepts", labels)))
    scores = _linear(call, outputs)
    if outputs == 1 and len(labels) == 2:  # the score is the second class's
        scores = ops.concatenate([ops.subtract(1.0, scores), scores], axis=-1)
    return [None, scores]


def _linear(call: Call, outputs: int) -> Any:
    x = call.tensor()
    kernel = np.asarray(call.attribute("coefficients"), call.dtype).reshape(outputs, -1).T
    bias = np.asarray(call.attribute("intercepts", [0.0] * outputs), call.dtype)
    if not isinstance(x, Tensor):
        raise ValueError("it must depend on the inputs")
    scores = dense(call, ops.cast(x, call.dtype) if "int" in x.dtype else x, kernel, bias)
    after = call.attribute("post_transform", "NONE")
    if after == "NONE":
        return scores
    if after not in ("LOGISTIC", "SOFTMAX") or after == "SOFTMAX" and outputs == 1:
        raise ValueError(f"the transformation {after!r} of its scores cannot be read")
    return layers.Activation("sigmoid" if after == "LOGISTIC" else "softmax")(scores)
