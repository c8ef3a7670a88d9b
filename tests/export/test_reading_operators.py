"""Each operator that `from_onnx` reads, beside ONNX's own reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from pynn import models

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 3, 4)).astype("float32")


def numbers(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype("float32")


def whole(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


# An operator with what it gets beside x, its attributes, and the version it is written in.
CASES: dict[str, tuple[str, list[Any], dict[str, Any], int]] = {
    **{
        name: (name, [], {}, 20)
        for name in (
            *("Neg", "Abs", "Exp", "Erf", "Sign", "Floor", "Ceil", "Round", "Sin", "Cos", "Atan"),
            *("Asinh", "Reciprocal", "Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Mish"),
            *("HardSwish", "LeakyRelu", "Elu", "Celu", "Selu", "Gelu", "HardSigmoid", "Identity"),
            *("ThresholdedRelu", "Shrink", "Softmax", "LogSoftmax", "Flatten", "Dropout"),
        )
    },
    **{
        name: (name, [numbers(3, 4)], {}, 17)
        for name in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Sum", "Mean", "PRelu")
    },
    **{
        f"{name} {axes} {keep}": (name, [whole(*axes)], {"keepdims": keep}, 18)
        for name in (
            *("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1"),
            *("ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"),
        )
        for axes, keep in (((1,), 0), ((-1,), 1), ((1, 2), 1))
    },
    "LeakyRelu of a slope": ("LeakyRelu", [], {"alpha": 0.3}, 17),
    "Elu of a size": ("Elu", [], {"alpha": 0.5}, 17),
    "Celu of a size": ("Celu", [], {"alpha": 0.5}, 17),
    "Selu of sizes": ("Selu", [], {"alpha": 1.5, "gamma": 0.7}, 17),
    "Gelu by tanh": ("Gelu", [], {"approximate": "tanh"}, 20),
    "HardSigmoid of a slope": ("HardSigmoid", [], {"alpha": 0.4, "beta": 0.3}, 17),
    "ThresholdedRelu at a height": ("ThresholdedRelu", [], {"alpha": 0.3}, 17),
    "Shrink with a bias": ("Shrink", [], {"lambd": 0.4, "bias": 0.1}, 17),
    "PRelu of a number": ("PRelu", [numbers(1)], {}, 17),
    "PRelu of a column": ("PRelu", [numbers(3, 1)], {}, 17),
    "PRelu of a slope for all rows": ("PRelu", [numbers(1, 3, 4)], {}, 17),
    "Pow": ("Pow", [np.float32(3)], {}, 17),
    "Mod": ("Mod", [np.abs(numbers(4)) + 0.1], {"fmod": 1}, 17),
    "Clip on both sides": ("Clip", [np.float32(-0.5), np.float32(0.3)], {}, 17),
    "Clip below": ("Clip", [np.float32(-0.5)], {}, 17),
    "Clip of attributes": ("Clip", [], {"min": -0.2, "max": 0.1}, 6),
    "Softmax in the middle": ("Softmax", [], {"axis": 1}, 17),
    "LogSoftmax in the middle": ("LogSoftmax", [], {"axis": -2}, 17),
    "ReduceSum of attributes": ("ReduceSum", [], {"axes": [2], "keepdims": 0}, 11),
    "ReduceSum of no axes": ("ReduceSum", [], {"noop_with_empty_axes": 1}, 18),
    "CumSum": ("CumSum", [np.array(2)], {}, 17),
    "Reshape": ("Reshape", [whole(-1, 4, 3)], {}, 17),
    "Reshape with what stays": ("Reshape", [whole(0, -1)], {}, 17),
    "Reshape with two that stay": ("Reshape", [whole(0, 0, 2, 2)], {}, 17),
    "Reshape that allows for nothing": ("Reshape", [whole(-1, 12)], {"allowzero": 1}, 17),
    "Flatten from behind": ("Flatten", [], {"axis": -2}, 17),
    "Squeeze": ("Squeeze", [whole(1)], {}, 17),
    "Unsqueeze": ("Unsqueeze", [whole(1, -1)], {}, 17),
    "Unsqueeze of attributes": ("Unsqueeze", [], {"axes": [3]}, 11),
    "Transpose": ("Transpose", [], {"perm": [0, 2, 1]}, 17),
    "Concat with an array": ("Concat", [numbers(6, 3, 4)], {"axis": 2}, 17),
    "Slice": ("Slice", [whole(1), whole(3), whole(2)], {}, 17),
    "Slice backwards": ("Slice", [whole(-1), whole(-(2**63)), whole(2), whole(-1)], {}, 17),
    "Slice with steps of two axes": (
        "Slice",
        [whole(0, 1), whole(2**63 - 1, 4), whole(-2, -1), whole(2, 2)],
        {},
        17,
    ),
    "Slice of attributes": ("Slice", [], {"starts": [1], "ends": [9], "axes": [1]}, 9),
    "Gather one": ("Gather", [np.array(-1)], {"axis": 2}, 17),
    "Gather some": ("Gather", [whole(2, 0, 0)], {"axis": 1}, 17),
    "Gather a table": ("Gather", [np.array([[0, 1], [2, 3]])], {"axis": -1}, 17),
    "Expand": ("Expand", [whole(1, 3, 4)], {}, 17),
    "Pad": ("Pad", [whole(0, 1, 0, 0, 0, 2)], {}, 17),
    "Pad with a number": ("Pad", [whole(0, 0, 1, 0, 1, 1), np.float32(1.5)], {}, 17),
    "MatMul": ("MatMul", [numbers(4, 2)], {}, 17),
    "MatMul of a stack of one": ("MatMul", [numbers(1, 4, 2)], {}, 17),
    "MatMul with a vector": ("MatMul", [numbers(4)], {}, 17),
    "Einsum": ("Einsum", [numbers(3, 2, 4)], {"equation": "bgi,goi->bgo"}, 17),
    "BatchNormalization": (
        "BatchNormalization",
        [numbers(3), numbers(3), numbers(3), np.abs(numbers(3)) + 0.1],
        {"epsilon": 0.01},
        17,
    ),
    "LayerNormalization": ("LayerNormalization", [numbers(4), numbers(4)], {"epsilon": 0.1}, 17),
    "LayerNormalization of two axes": ("LayerNormalization", [numbers(3, 4)], {"axis": 1}, 17),
    "LayerNormalization of one row": ("LayerNormalization", [numbers(1, 4)], {}, 17),
    "RMSNormalization": ("RMSNormalization", [numbers(4)], {}, 23),
    "LpNormalization": ("LpNormalization", [], {}, 17),
    "LpNormalization in the middle": ("LpNormalization", [], {"axis": 1, "p": 2}, 17),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_an_operator(name: str) -> None:
    operator, beside, attributes, version = CASES[name]
    x = X[:, :1] if operator == "Squeeze" else X
    names = [f"c{i}" for i in range(len(beside))]
    made = helper.make_graph(
        [helper.make_node(operator, ["x", *names], ["y"], **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *x.shape[1:]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(c), n) for n, c in zip(names, beside, strict=True)],
    )
    file = helper.make_model(made, opset_imports=[helper.make_opsetid("", version)])
    (expected,) = ReferenceEvaluator(file).run(None, {"x": x})
    found = models.from_onnx(file).predict(x, verbose=0)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-6)


# What scikit-learn's estimators become, and what the reference is wrong in.
BY_RUNTIME: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"{operator} {parameter}": (operator, {name: parameter})
        for operator, name, parameters in (
            ("LpNormalization", "p", (1, 2)),
            ("Normalizer", "norm", ("MAX", "L1", "L2")),
        )
        for parameter in parameters
    },
    "Scaler": ("Scaler", {"offset": [1.0, 2.0, 3.0, 4.0], "scale": [0.5, 2.0, 1.0, 1.0]}),
    "Scaler by a number": ("Scaler", {"offset": [1.0], "scale": [0.5]}),
    **{
        f"{operator} of {outputs} {after}": (
            operator,
            {
                "coefficients": [*np.linspace(-1, 1, 4 * outputs)],
                "intercepts": [*np.linspace(-0.1, 0.2, outputs)],
                "post_transform": after,
                **(
                    {"targets": outputs}
                    if operator == "LinearRegressor"
                    else {"classlabels_ints": [*range(max(2, outputs))]}
                ),
            },
        )
        for operator in ("LinearRegressor", "LinearClassifier")
        for outputs in (1, 2, 3)
        for after in ("NONE", "LOGISTIC", "SOFTMAX")
        # A transformation of one number is refused, or what the runtime makes of it is its own.
        if outputs > 1 or after == "NONE" or (operator, after) == ("LinearClassifier", "LOGISTIC")
    },
}


@pytest.mark.parametrize("name", BY_RUNTIME)
def test_an_operator_of_estimators(name: str) -> None:
    operator, attributes = BY_RUNTIME[name]
    x = X[:, 0].copy()
    x[2] = 0.0
    outputs = ["labels", "y"] if operator == "LinearClassifier" else ["y"]
    domain = "" if operator == "LpNormalization" else "ai.onnx.ml"
    made = helper.make_graph(
        [helper.make_node(operator, ["x"], outputs, domain=domain, **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    file = helper.make_model(made, opset_imports=versions, ir_version=9)
    session = onnxruntime.InferenceSession(
        file.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (expected,) = session.run(None, {"x": x})
    found = models.from_onnx(file).predict(x, verbose=0)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


Node = tuple[str, list[str], list[str], dict[str, Any]]
ROWS = numbers(6, 3, 4)
# Several nodes, constants, and the version: what moves parts of rows and computes with shapes.
GRAPHS: dict[str, tuple[list[Node], dict[str, Any], int]] = {
    "thirds": (
        [("Split", ["x"], ["a", "b", "c"], {"axis": 1}), ("Add", ["a", "c"], ["y"], {})],
        {},
        17,
    ),
    "halves": (
        [
            ("Split", ["x"], ["a", "b"], {"axis": 2, "num_outputs": 2}),
            ("Sub", ["a", "b"], ["y"], {}),
        ],
        {},
        18,
    ),
    "parts of sizes": (
        [
            ("Split", ["x", "s"], ["a", "b"], {"axis": 2}),
            ("Concat", ["b", "a"], ["y"], {"axis": -1}),
        ],
        {"s": whole(1, 3)},
        17,
    ),
    "a shape of the rows there are": (
        [
            ("Shape", ["x"], ["s"], {}),
            ("Gather", ["s", "i"], ["d"], {}),
            ("Unsqueeze", ["d", "z"], ["u"], {}),
            ("Concat", ["u", "m"], ["t"], {"axis": 0}),
            ("Reshape", ["x", "t"], ["y"], {}),
        ],
        {"i": np.array(0), "z": whole(0), "m": whole(-1)},
        17,
    ),
    "a shape that is cast and moved about": (
        [
            ("Shape", ["x"], ["s"], {}),
            ("Shape", ["s"], ["r"], {}),
            ("Cast", ["s"], ["i"], {"to": TensorProto.INT32}),
            ("Cast", ["i"], ["l"], {"to": TensorProto.INT64}),
            ("Reshape", ["l", "r"], ["t"], {}),
            ("Reshape", ["x", "t"], ["u"], {}),
            ("Cast", ["r"], ["f"], {"to": TensorProto.FLOAT}),
            ("Mul", ["u", "f"], ["y"], {}),
        ],
        {},
        17,
    ),
    "a number for each row": (
        [
            ("ReduceSum", ["x", "a"], ["s"], {}),
            ("Reshape", ["s", "t"], ["y"], {}),
        ],
        {"a": whole(1, 2), "t": whole(-1)},
        17,
    ),
    "numbers of vectors": (
        [
            ("MatMul", ["v", "w"], ["k"], {}),
            ("Mul", ["x", "k"], ["m"], {}),
            ("Flatten", ["a"], ["b"], {"axis": 2}),
            ("Gemm", ["b", "c", "d"], ["g"], {"beta": 0.5, "alpha": 2.0}),
            ("Gemm", ["b", "c"], ["h"], {"transA": 0}),
            ("Gemm", ["e", "c"], ["i"], {"transA": 1}),
            ("Sum", ["m", "g", "h", "i"], ["y"], {}),
        ],
        {
            **{"v": numbers(4), "w": numbers(4), "a": numbers(1, 3, 2), "c": numbers(2, 4)},
            **{"d": numbers(4), "e": numbers(2, 3)},
        },
        17,
    ),
    "a part of a shape": (
        [
            ("Shape", ["x"], ["s"], {"start": 1, "end": 2}),
            ("Concat", ["m", "s", "f"], ["t"], {"axis": 0}),
            ("Reshape", ["x", "t"], ["y"], {}),
        ],
        {"m": whole(-1), "f": whole(2, 2)},
        17,
    ),
    "a constant of a shape": (
        [
            ("Shape", ["x"], ["s"], {}),
            (
                "ConstantOfShape",
                ["s"],
                ["c"],
                {"value": numpy_helper.from_array(np.array([2.0], "float32"))},
            ),
            ("Mul", ["x", "c"], ["y"], {}),
        ],
        {},
        17,
    ),
    "constants among the nodes": (
        [
            ("Constant", [], ["c"], {"value_floats": [1.0, 2.0, 3.0, 4.0]}),
            ("Constant", [], ["k"], {"value_int": 1}),
            ("Cast", ["k"], ["f"], {"to": TensorProto.FLOAT}),
            ("Div", ["c", "f"], ["d"], {}),
            ("Mul", ["x", "d"], ["y"], {}),
        ],
        {},
        17,
    ),
    "a sum of truths": (
        [
            ("Greater", ["x", "z"], ["g"], {}),
            ("LessOrEqual", ["x", "o"], ["l"], {}),
            ("And", ["g", "l"], ["a"], {}),
            ("Not", ["a"], ["n"], {}),
            ("CastLike", ["n", "x"], ["y"], {}),
        ],
        {"z": np.float32(0), "o": np.float32(1)},
        17,
    ),
    "truths of numbers": (
        [
            ("Floor", ["x"], ["f"], {}),
            ("Cast", ["f"], ["b"], {"to": TensorProto.BOOL}),
            ("Cast", ["b"], ["y"], {"to": TensorProto.FLOAT}),
        ],
        {},
        17,
    ),
    "whole numbers": (
        [
            ("Mul", ["x", "z"], ["t"], {}),
            ("Cast", ["t"], ["i"], {"to": TensorProto.INT64}),
            ("Div", ["i", "d"], ["p"], {}),
            ("Div", ["p", "d"], ["q"], {}),
            ("Mod", ["i", "d"], ["m"], {}),
            ("Div", ["a", "d"], ["c"], {}),
            ("Sum", ["q", "m", "c"], ["s"], {}),
            ("Cast", ["s"], ["y"], {"to": TensorProto.FLOAT}),
        ],
        {"z": np.float32(20), "d": whole(2, 3, 4, -3), "a": whole(-7, 7, 8, 7)},
        17,
    ),
    "a choice": (
        [
            ("Less", ["x", "z"], ["m"], {}),
            ("Where", ["m", "x", "c"], ["w"], {}),
            ("Where", ["t", "w", "x"], ["y"], {}),
        ],
        {"z": np.float32(0.2), "c": numbers(4), "t": np.array([True, False, True, True])},
        17,
    ),
    "a slope of its own": (
        [("Abs", ["x"], ["a"], {}), ("PRelu", ["x", "a"], ["y"], {})],
        {},
        17,
    ),
    "a table": (
        [
            ("Abs", ["x"], ["a"], {}),
            ("Clip", ["a", "", "h"], ["c"], {}),
            ("Cast", ["c"], ["i"], {"to": TensorProto.INT64}),
            ("Gather", ["t", "i"], ["y"], {}),
        ],
        {"h": np.float32(4), "t": numbers(5, 2)},
        17,
    ),
    "rows by themselves": (
        [
            ("Transpose", ["x"], ["t"], {"perm": [0, 2, 1]}),
            ("MatMul", ["x", "t"], ["p"], {}),
            ("Softmax", ["p"], ["y"], {"axis": -1}),
        ],
        {},
        17,
    ),
    "a matrix of constants": (
        [
            ("Transpose", ["v"], ["w"], {}),
            ("MatMul", ["u", "w"], ["k"], {}),
            ("MatMul", ["x", "k"], ["m"], {}),
            ("Add", ["m", "b"], ["y"], {}),
        ],
        {"u": numbers(4, 3), "v": numbers(2, 3), "b": numbers(2)},
        17,
    ),
    "flat, and a product with its bias": (
        [
            ("Flatten", ["x"], ["f"], {}),
            ("Gemm", ["f", "w", "b"], ["y"], {"alpha": 0.5, "beta": 2.0, "transB": 1}),
        ],
        {"w": numbers(5, 12), "b": numbers(1, 5)},
        17,
    ),
    "repeated": (
        [("Unsqueeze", ["x", "a"], ["u"], {}), ("Expand", ["u", "s"], ["y"], {})],
        {"a": whole(2), "s": whole(1, 3, 2, 4)},
        17,
    ),
    "outputs that are left out": (
        [
            ("Dropout", ["x"], ["d", "m"], {}),
            ("Dropout", ["d"], ["e", ""], {}),
            ("Neg", ["e"], ["y"], {}),
        ],
        {},
        17,
    ),
    "widened": ([("Expand", ["r", "s"], ["e"], {}), ("Mul", ["x", "e"], ["y"], {})],
        {"r": numbers(1, 4), "s": whole(3, 4)}, 17),
    "columns moved about as constants": (
        [
            ("Slice", ["c", "a", "b"], ["p"], {}),
            ("Pad", ["p", "w"], ["q"], {}),
            ("Reshape", ["q", "s"], ["r"], {}),
            ("Squeeze", ["r", "z"], ["t"], {}),
            ("Add", ["x", "t"], ["y"], {}),
        ],
        {
            **{"c": numbers(4), "a": whole(1), "b": whole(3)},
            **{"w": whole(1, 1), "s": whole(1, 4), "z": whole(0)},
        },
        17,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_a_few_operators(name: str) -> None:
    nodes, constants, version = GRAPHS[name]
    made = helper.make_graph(
        [helper.make_node(op, given, out, **options) for op, given, out, options in nodes],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(c), n) for n, c in constants.items()],
    )
    file = helper.make_model(made, opset_imports=[helper.make_opsetid("", version)])
    (expected,) = ReferenceEvaluator(file).run(None, {"x": ROWS})
    found = models.from_onnx(file).predict(ROWS, verbose=0)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-6)
