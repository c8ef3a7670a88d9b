"""The page's Numba code, and Numba's own way to functions of a Cython module."""

from __future__ import annotations

import ctypes
from typing import Any

import numba
import numpy as np
from numba.extending import get_cython_function_address

import pynn
from cython_predict.documents import code_in
from pynn import layers
from pynn.cython_predict import Predictor, address_of


def test_the_page_s_numba() -> None:
    model: Any = pynn.Sequential([pynn.Input((8,)), layers.Dense(5, "tanh"), layers.Dense(2)])
    names: dict[str, Any] = {"predictor": Predictor(model)}
    exec(code_in("numba"), names)
    expected = model.predict(np.ones((1000, 8), "float32"), verbose=0)[:, 0]
    np.testing.assert_array_equal(names["outputs"], expected)


def test_functions_are_found_by_their_names() -> None:
    address = get_cython_function_address("pynn.cython_predict", "predict_row_f64")
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    predict_row = kind(address)

    @numba.njit
    def first(handle: Any, x: Any) -> Any:
        y = np.empty(1)
        predict_row(handle, x.ctypes.data, y.ctypes.data)
        return y[0]

    model = pynn.PerceptronRegressor(eta0=0.1, max_iter=5, tol=None).fit([[0.0], [1.0]], [1.0, 2.0])
    found = first(address_of(predictor := Predictor(model)), np.array([3.0]))
    assert np.isclose(found, model.predict([[3.0]])[0]) and predictor is not None
