"""What others compile against pynn: the page's code, frozen signatures, and other versions.

All modules are built once, by setuptools, as those of other projects are.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pynn
from cython_predict.documents import code_in
from pynn import cython_predict, layers
from pynn.cython_predict import Predictor

HEADER = Path(pynn.get_include()) / "pynn_predict.h"
PXD = HEADER.parents[1] / "cython_predict.pxd"

# What modules that others have compiled rely on. Add to it; change nothing.
ROW = "int (pynn_predictor const *, {0} const *, {0} *)"
ROWS = "int (pynn_predictor const *, int64_t, {0} const *, int64_t, {0} *, int64_t)"
FROZEN = {
    "handle_of": "pynn_predictor const *(PyObject *)",
    "n_inputs": "int (pynn_predictor const *)",
    "n_outputs": "int (pynn_predictor const *)",
    "is_float64": "int (pynn_predictor const *)",
    "predict_row_f32": ROW.format("float"),
    "predict_row_f64": ROW.format("double"),
    "predict_rows_f32": ROWS.format("float"),
    "predict_rows_f64": ROWS.format("double"),
    "reserve": "int (pynn_predictor const *, int)",
    "check": "int (int)",
    "message": "char const *(int)",
}
FROZEN_TABLE = [
    "int version",
    "int (*n_inputs)(const pynn_predictor* predictor)",
    "int (*n_outputs)(const pynn_predictor* predictor)",
    "int (*is_float64)(const pynn_predictor* predictor)",
    "int (*predict_row_f32)(const pynn_predictor* predictor, const float* x, float* y)",
    "int (*predict_row_f64)(const pynn_predictor* predictor, const double* x, double* y)",
    "int (*predict_rows_f32)(const pynn_predictor* predictor, int64_t rows, const float* x, "
    "int64_t x_stride, float* y, int64_t y_stride)",
    "int (*predict_rows_f64)(const pynn_predictor* predictor, int64_t rows, const double* x, "
    "int64_t x_stride, double* y, int64_t y_stride)",
    "int (*reserve)(const pynn_predictor* predictor, int threads)",
    "void (*retain)(const pynn_predictor* predictor)",
    "void (*release)(const pynn_predictor* predictor)",
    "const char* (*message)(int status)",
]

NEWER = "from pynn.cython_predict cimport n_inputs\ndef use(): return <size_t> &n_inputs\n"
IN_CPP = """
extern "C" PyObject* outputs(PyObject*, PyObject* predictor) {
  const Network network(predictor);
  const Network same(network);
  return PyFloat_FromDouble(same({1, 2, 3})[0]);
}
static PyMethodDef methods[] = {{"outputs", outputs, METH_O, nullptr}, {}};
static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "in_cpp", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};
PyMODINIT_FUNC PyInit_in_cpp() { return PyModule_Create(&definition); }
"""
SETUP = """
import os
import pynn
from Cython.Build import cythonize
from setuptools import Extension, setup

here, strict = [pynn.get_include()], {strict}
setup(
    name="others",
    ext_modules=[
        *cythonize([Extension("page", ["page.pyx"])]),
        *cythonize([Extension("newer", ["newer.pyx"])], include_path=["newer"]),
        Extension("in_c", ["in_c.c"], include_dirs=here, extra_compile_args=strict),
        Extension("in_c_newer", ["in_c_newer.c"], include_dirs=["newer"]),
        Extension("in_cpp", ["in_cpp.cpp"], include_dirs=here, extra_compile_args=strict[:-1]),
    ],
)
"""
STRICT = ["-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-std=c99"]


def newer(text: str) -> str:
    """Return a declaration file as that of a pynn whose version is 2."""
    changed = text.replace("VERSION 1\n", "VERSION 2\n")
    changed = changed.replace("cdef class version_1:", "cdef class version_2:")
    assert changed != text
    return changed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("others")
    in_c = code_in("c")
    for name, text in {
        "page.pyx": code_in("cython"),
        "newer.pyx": "# cython: language_level=3\n" + NEWER,
        "newer/pynn/__init__.pxd": "",
        "newer/pynn/cython_predict.pxd": newer(PXD.read_text(encoding="utf-8")),
        "newer/pynn_predict.h": newer(HEADER.read_text(encoding="utf-8")),
        "in_c.c": in_c,
        "in_c_newer.c": in_c.replace("in_c", "in_c_newer"),
        "in_cpp.cpp": code_in("cpp") + IN_CPP,
        "setup.py": SETUP.format(strict=STRICT if os.name == "posix" else []),
    }.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return path


@pytest.fixture
def built(folder: Path) -> Callable[[str], ModuleType]:
    def load(name: str) -> ModuleType:
        (file,) = (
            path for path in folder.iterdir() if re.match(rf"{name}\..*(so|pyd)$", path.name)
        )
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def small_model() -> Any:
    return pynn.Sequential([pynn.Input((3,)), layers.Dense(5, "tanh"), layers.Dense(2)])


def test_the_page_s_cython(built: Any) -> None:
    model = small_model()
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    page = built("page")
    found = page.mean_of(Predictor(model), x)
    assert found == model.predict(x, verbose=0)[:, 0].astype(float).sum() / 40
    with pytest.raises(ValueError, match="does not fit"):
        page.mean_of(Predictor(model), x[:, :2].copy())
    with pytest.raises(TypeError, match="must be a pynn.cython_predict.Predictor"):
        page.mean_of(model, x)


def test_the_page_s_c(built: Any) -> None:
    model, in_c = small_model(), built("in_c")
    x = np.array([[1, 2, 3]], "float32")
    assert in_c.first_output(Predictor(model), x) == model.predict(x, verbose=0)[0, 0]
    with pytest.raises(ValueError, match="a pointer is null"):
        in_c.first_output(Predictor(model), x[:, :2].copy())
    with pytest.raises(AttributeError, match="capsule"):
        in_c.first_output(model, x)


def test_the_page_s_cpp(built: Any) -> None:
    model = small_model()
    expected = model.predict(np.array([[1, 2, 3]], "float32"), verbose=0)[0, 0]
    assert built("in_cpp").outputs(Predictor(model)) == expected


def test_the_page_s_python() -> None:
    exec(code_in("python"), {})


def test_what_was_compiled_for_a_newer_version_is_refused(built: Any) -> None:
    message = (
        "compiled for version 2 of pynn's functions for Cython, but the pynn that is installed"
    )
    with pytest.raises(ImportError, match=message):
        built("newer")
    with pytest.raises(ImportError, match="version 2 of pynn's C functions.* has version 1"):
        built("in_c_newer")


def test_signatures_are_frozen() -> None:
    capsules = cython_predict.__pyx_capi__
    found = {name: re.search(r'"(.*)"', repr(each))[1] for name, each in capsules.items()}
    assert found == FROZEN


def test_the_table_is_frozen() -> None:
    text = HEADER.read_text(encoding="utf-8")
    (body,) = re.findall(r"typedef struct pynn_predict_table \{(.*?)\} pynn_pre", text, re.DOTALL)
    body = " ".join(re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL).split())
    assert [line.strip() for line in body.split(";") if line.strip()] == FROZEN_TABLE


def test_header_and_pxd_have_the_same_statuses() -> None:
    pairs = [
        re.findall(rf"^ +{prefix}((?:OK|ERROR)\w*) = (\d)", path.read_text(encoding="utf-8"), re.M)
        for path, prefix in ((HEADER, "PYNN_"), (PXD, ""))
    ]
    assert pairs[0] == pairs[1] and len(pairs[0]) == 5


def test_other_missing_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'other'"):
        cython_predict.other  # noqa: B018
