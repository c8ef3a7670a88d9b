"""The page's cffi code, and the whole table by the declarations of the header."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cffi
import numpy as np

import pynn
from cython_predict.documents import code_in
from pynn import layers
from pynn.cython_predict import Predictor, address_of, addresses


def test_the_page_s_cffi() -> None:
    model: Any = pynn.Sequential([pynn.Input((8,)), layers.Dense(5, "tanh"), layers.Dense(1)])
    names: dict[str, Any] = {"predictor": Predictor(model)}
    exec(code_in("cffi"), names)
    assert names["status"] == 0
    np.testing.assert_array_equal(names["y"], model.predict(names["x"], verbose=0))


def test_the_table() -> None:
    header = (Path(pynn.get_include()) / "pynn_predict.h").read_text(encoding="utf-8")
    declared = re.search(
        r"typedef struct pynn_predictor.*?} pynn_predict_table;", header, re.DOTALL
    )
    assert declared is not None
    ffi = cffi.FFI()
    ffi.cdef(re.sub(r"^#.*$", "", declared[0], flags=re.MULTILINE))
    table = ffi.cast("pynn_predict_table *", addresses["table"])
    model: Any = pynn.Sequential([pynn.Input((3,)), layers.Dense(2)])
    predictor = Predictor(model)
    handle = ffi.cast("pynn_predictor *", address_of(predictor))
    assert (table.version, table.n_inputs(handle), table.n_outputs(handle)) == (1, 3, 2)
    x, y = ffi.new("double[]", [1, 2, 3]), ffi.new("double[]", 2)
    table.retain(handle)
    del predictor
    assert table.predict_row_f64(handle, x, y) == 0
    table.release(handle)
    expected = model.predict(np.array([[1, 2, 3]], "float32"), verbose=0)
    np.testing.assert_array_equal([list(y)], expected)
    assert ffi.string(table.message(0)) == b"no error"
