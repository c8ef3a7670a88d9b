# Predictions for other people's Cython, without Python and its lock: docs/cython.md.
#
# Signatures never change, and what is here stays. What is new comes with a new version: a class
# version_N, which a module that was compiled with it asks for when it is imported.

from libc.stdint cimport int64_t

cdef extern from *:
    """
    #ifndef PYNN_PREDICTOR_DECLARED
    #define PYNN_PREDICTOR_DECLARED
    typedef struct pynn_predictor pynn_predictor;
    #endif
    """
    ctypedef struct pynn_predictor:
        pass

cdef class version_1:
    pass

# What functions return; see `message`. After anything but OK, y holds anything.
cdef enum:
    OK = 0
    ERROR_ARGUMENT = 1
    ERROR_VALUE = 2
    ERROR_MEMORY = 3
    ERROR_OTHER = 4

# That of a `Predictor`, as long as this lives.
cdef const pynn_predictor *handle_of(object predictor) except NULL

# Numbers in a row of x and of y, and whether the network computes in float64.
cdef int n_inputs(const pynn_predictor *handle) noexcept nogil
cdef int n_outputs(const pynn_predictor *handle) noexcept nogil
cdef int is_float64(const pynn_predictor *handle) noexcept nogil

# One row.
cdef int predict_row_f32(const pynn_predictor *handle, const float *x, float *y) noexcept nogil
cdef int predict_row_f64(const pynn_predictor *handle, const double *x, double *y) noexcept nogil

# Many rows, with so many numbers from one to the next. x and y must not overlap.
cdef int predict_rows_f32(
    const pynn_predictor *handle, int64_t rows,
    const float *x, int64_t x_stride, float *y, int64_t y_stride,
) noexcept nogil
cdef int predict_rows_f64(
    const pynn_predictor *handle, int64_t rows,
    const double *x, int64_t x_stride, double *y, int64_t y_stride,
) noexcept nogil

# Makes room for so many threads, up to 256, to predict at the same time.
cdef int reserve(const pynn_predictor *handle, int threads) noexcept nogil

# Raises what a status means, with the GIL: ValueError, MemoryError or RuntimeError.
cdef int check(int status) except -1 nogil
cdef const char *message(int status) noexcept nogil
