# cython: language_level=3, freethreading_compatible=True
"""Predictions for other people's compiled code: Cython, C, C++, Numba, cffi.

`Predictor` makes a model ready. For Cython, ``from pynn.cython_predict cimport ...`` has what
``cython_predict.pxd`` declares. For C and C++, `table` holds the functions of ``pynn_predict.h``, a
file in the folder that `pynn.get_include` names. For what calls functions by their addresses,
`addresses` has those of the same functions, and `address_of` that of a predictor.

See docs/cython.md.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer

from pynn import _core
from pynn._predictor import Predictor

cdef extern from "pynn_predict.h":
    enum:
        PYNN_PREDICT_VERSION
    const char *PYNN_PREDICT_TABLE_CAPSULE
    const char *PYNN_PREDICTOR_CAPSULE

    ctypedef struct pynn_predict_table:
        int version
        int (*n_inputs)(const pynn_predictor *) noexcept nogil
        int (*n_outputs)(const pynn_predictor *) noexcept nogil
        int (*is_float64)(const pynn_predictor *) noexcept nogil
        int (*predict_row_f32)(const pynn_predictor *, const float *, float *) noexcept nogil
        int (*predict_row_f64)(const pynn_predictor *, const double *, double *) noexcept nogil
        int (*predict_rows_f32)(
            const pynn_predictor *, int64_t, const float *, int64_t, float *, int64_t
        ) noexcept nogil
        int (*predict_rows_f64)(
            const pynn_predictor *, int64_t, const double *, int64_t, double *, int64_t
        ) noexcept nogil
        int (*reserve)(const pynn_predictor *, int) noexcept nogil
        const char *(*message)(int) noexcept nogil

__all__ = ["Predictor", "address_of", "addresses", "table", "version"]

table = _core.predict_table
version = PYNN_PREDICT_VERSION

cdef const pynn_predict_table *functions = <const pynn_predict_table *> PyCapsule_GetPointer(
    table, PYNN_PREDICT_TABLE_CAPSULE
)

addresses = {
    "n_inputs": <size_t> functions.n_inputs,
    "n_outputs": <size_t> functions.n_outputs,
    "is_float64": <size_t> functions.is_float64,
    "predict_row_f32": <size_t> functions.predict_row_f32,
    "predict_row_f64": <size_t> functions.predict_row_f64,
    "predict_rows_f32": <size_t> functions.predict_rows_f32,
    "predict_rows_f64": <size_t> functions.predict_rows_f64,
    "reserve": <size_t> functions.reserve,
    "message": <size_t> functions.message,
    "table": <size_t> functions,
}


def __dir__():
    return __all__.copy()


def __getattr__(name):
    # A module that was compiled with a newer cython_predict.pxd asks for its version first.
    if name.startswith("version_"):
        raise ImportError(
            f"this module was compiled for version {name[8:]} of pynn's functions for Cython, but "
            f"the pynn that is installed, {_core.__version__}, has version {version}. Install a "
            "newer pynn-mlp, or compile the module again"
        )
    raise AttributeError(f"module 'pynn.cython_predict' has no attribute {name!r}")


def address_of(predictor):
    """Return the address of a predictor's ``pynn_predictor``, valid as long as it lives.

    Parameters
    ----------
    predictor : Predictor

    Returns
    -------
    int
    """
    return <size_t> handle_of(predictor)


cdef class version_1:
    pass


cdef const pynn_predictor *handle_of(object predictor) except NULL:
    if not isinstance(predictor, Predictor):
        raise TypeError(
            f"predictor must be a pynn.cython_predict.Predictor. Received: {type(predictor)}"
        )
    return <const pynn_predictor *> PyCapsule_GetPointer(predictor.capsule, PYNN_PREDICTOR_CAPSULE)


cdef int n_inputs(const pynn_predictor *handle) noexcept nogil:
    return functions.n_inputs(handle)


cdef int n_outputs(const pynn_predictor *handle) noexcept nogil:
    return functions.n_outputs(handle)


cdef int is_float64(const pynn_predictor *handle) noexcept nogil:
    return functions.is_float64(handle)


cdef int predict_row_f32(const pynn_predictor *handle, const float *x, float *y) noexcept nogil:
    return functions.predict_row_f32(handle, x, y)


cdef int predict_row_f64(const pynn_predictor *handle, const double *x, double *y) noexcept nogil:
    return functions.predict_row_f64(handle, x, y)


cdef int predict_rows_f32(
    const pynn_predictor *handle, int64_t rows,
    const float *x, int64_t x_stride, float *y, int64_t y_stride,
) noexcept nogil:
    return functions.predict_rows_f32(handle, rows, x, x_stride, y, y_stride)


cdef int predict_rows_f64(
    const pynn_predictor *handle, int64_t rows,
    const double *x, int64_t x_stride, double *y, int64_t y_stride,
) noexcept nogil:
    return functions.predict_rows_f64(handle, rows, x, x_stride, y, y_stride)


cdef int reserve(const pynn_predictor *handle, int threads) noexcept nogil:
    return functions.reserve(handle, threads)


cdef int check(int status) except -1 nogil:
    if status == OK:
        return 0
    with gil:
        error = {ERROR_MEMORY: MemoryError, ERROR_OTHER: RuntimeError}.get(status, ValueError)
        raise error(functions.message(status).decode())


cdef const char *message(int status) noexcept nogil:
    return functions.message(status)
