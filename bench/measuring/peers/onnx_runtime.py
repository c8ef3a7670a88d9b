"""ONNX Runtime: predicts with a graph of Gemm and Relu nodes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from measuring import data
from measuring.work import Prediction

_threads = 1


def set_threads(threads: int) -> None:
    """Set what the sessions made from now on will have."""
    global _threads
    _threads = threads


def graph(case: Prediction) -> onnx.ModelProto:
    rng = np.random.default_rng(0)
    nodes, tensors, name = [], [], "x"
    for i, (a, b) in enumerate(zip(case.sizes, case.sizes[1:], strict=False)):
        w = (rng.uniform(-1, 1, (a, b)) * (6 / (a + b)) ** 0.5).astype(case.dtype)
        tensors.append(numpy_helper.from_array(w, f"w{i}"))
        tensors.append(numpy_helper.from_array(np.zeros(b, case.dtype), f"b{i}"))
        nodes.append(helper.make_node("Gemm", [name, f"w{i}", f"b{i}"], [f"z{i}"]))
        name = f"z{i}"
        if i < len(case.sizes) - 2:
            nodes.append(helper.make_node("Relu", [name], [f"a{i}"]))
            name = f"a{i}"
    if case.classifies:
        nodes.append(helper.make_node("Softmax", [name], ["y"], axis=1))
        name = "y"
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", case.sizes[0]])
    y = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", case.sizes[-1]])
    body = helper.make_graph(nodes, "perceptron", [x], [y], tensors)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def predict(case: Prediction) -> Callable[[], object]:
    x = np.ascontiguousarray(data.load(case.data, case.dtype)[0][: case.rows])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        graph(case).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"x": x})
