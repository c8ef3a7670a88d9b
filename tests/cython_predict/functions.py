"""The C functions of `pynn.cython_predict` by ctypes, which releases the GIL while they run."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from pynn.cython_predict import Predictor, address_of, addresses

ADDRESS, WHOLE = ctypes.c_void_p, ctypes.c_int64
NAMES = {"float32": "f32", "float64": "f64"}

n_inputs = ctypes.CFUNCTYPE(ctypes.c_int, ADDRESS)(addresses["n_inputs"])
n_outputs = ctypes.CFUNCTYPE(ctypes.c_int, ADDRESS)(addresses["n_outputs"])
is_float64 = ctypes.CFUNCTYPE(ctypes.c_int, ADDRESS)(addresses["is_float64"])
reserve = ctypes.CFUNCTYPE(ctypes.c_int, ADDRESS, ctypes.c_int)(addresses["reserve"])
message = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_int)(addresses["message"])
_ROW = ctypes.CFUNCTYPE(ctypes.c_int, ADDRESS, ADDRESS, ADDRESS)
_ROWS = ctypes.CFUNCTYPE(ctypes.c_int, ADDRESS, WHOLE, ADDRESS, WHOLE, ADDRESS, WHOLE)
predict_row = {dtype: _ROW(addresses[f"predict_row_{name}"]) for dtype, name in NAMES.items()}
predict_rows = {dtype: _ROWS(addresses[f"predict_rows_{name}"]) for dtype, name in NAMES.items()}


def row_by_row(predictor: Predictor, x: np.ndarray, handle: int | None = None) -> np.ndarray:
    """Predict each row by a call of its own."""
    handle = address_of(predictor) if handle is None else handle
    y = np.full((len(x), predictor.n_outputs), np.nan, x.dtype)
    predict: Any = predict_row[x.dtype.name]
    for i in range(len(x)):
        assert predict(handle, x[i].ctypes.data, y[i].ctypes.data) == 0
    return y


def together(predictor: Predictor, x: np.ndarray) -> np.ndarray:
    """Predict all rows in one call, into rows that lie apart."""
    y = np.full((len(x), predictor.n_outputs + 3), np.nan, x.dtype)
    stride = x.strides[0] // x.itemsize
    status = predict_rows[x.dtype.name](
        address_of(predictor), len(x), x.ctypes.data, stride, y.ctypes.data, y.shape[1]
    )
    assert status == 0
    assert np.isnan(y[:, predictor.n_outputs :]).all()
    return y[:, : predictor.n_outputs]
