/* What a pynn model has learned, for programs in C and C++: a table of functions that predict rows,
   without Python and its lock. docs/cython.md says how to get the table and a predictor.

   Signatures never change, and what is here stays. New functions come at the end of the table, and
   with them a new version. */
#ifndef PYNN_PREDICT_H
#define PYNN_PREDICT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PYNN_PREDICT_VERSION 1

/* Names of the capsules that hold the table, and a predictor. */
#define PYNN_PREDICT_TABLE_CAPSULE "pynn.cython_predict.table"
#define PYNN_PREDICTOR_CAPSULE "pynn_predictor"

/* The network of a model with its weights as they were when it was made. Any number of threads may
   use one at the same time. */
#ifndef PYNN_PREDICTOR_DECLARED
#define PYNN_PREDICTOR_DECLARED
typedef struct pynn_predictor pynn_predictor;
#endif

/* What functions return. After anything but PYNN_OK, y holds anything. */
enum {
  PYNN_OK = 0,
  PYNN_ERROR_ARGUMENT = 1, /* a null pointer, or a negative number of rows */
  PYNN_ERROR_VALUE = 2,    /* a number in x for which an Embedding has no row */
  PYNN_ERROR_MEMORY = 3,   /* no memory for the work of one more thread */
  PYNN_ERROR_OTHER = 4
};

typedef struct pynn_predict_table {
  int version; /* PYNN_PREDICT_VERSION of the pynn that is installed */

  /* Numbers in a row of x and of y, and whether the network computes in float64. */
  int (*n_inputs)(const pynn_predictor* predictor);
  int (*n_outputs)(const pynn_predictor* predictor);
  int (*is_float64)(const pynn_predictor* predictor);

  /* One row. Numbers of the type that the network does not compute in are converted. */
  int (*predict_row_f32)(const pynn_predictor* predictor, const float* x, float* y);
  int (*predict_row_f64)(const pynn_predictor* predictor, const double* x, double* y);

  /* Many rows, all by the calling thread. From one row to the next there are so many numbers. x and
     y must not overlap. */
  int (*predict_rows_f32)(const pynn_predictor* predictor, int64_t rows, const float* x,
                          int64_t x_stride, float* y, int64_t y_stride);
  int (*predict_rows_f64)(const pynn_predictor* predictor, int64_t rows, const double* x,
                          int64_t x_stride, double* y, int64_t y_stride);

  /* Makes room for so many threads, up to 256, to predict at the same time. Without, a call
     allocates where more threads predict at the same time than ever before. */
  int (*reserve)(const pynn_predictor* predictor, int threads);

  /* A predictor lives as long as anyone keeps it: the Python object does until it is deleted. None
     of the two needs Python. */
  void (*retain)(const pynn_predictor* predictor);
  void (*release)(const pynn_predictor* predictor);

  /* What a status means, in English. */
  const char* (*message)(int status);
} pynn_predict_table;

#ifdef Py_PYTHON_H /* for extension modules, which have included Python.h before */

/* The table, or NULL with a Python exception: ImportError where pynn is not installed, or is older
   than this file. */
static inline const pynn_predict_table* pynn_import_predict(void) {
  const pynn_predict_table* table =
      (const pynn_predict_table*)PyCapsule_Import(PYNN_PREDICT_TABLE_CAPSULE, 0);
  if (table != NULL && table->version < PYNN_PREDICT_VERSION) {
    PyErr_Format(PyExc_ImportError,
                 "this module was compiled for version %d of pynn's C functions, but the pynn that "
                 "is installed has version %d. Install a newer pynn-mlp, or compile it again",
                 PYNN_PREDICT_VERSION, table->version);
    return NULL;
  }
  return table;
}

/* That of a pynn.cython_predict.Predictor, which keeps it; NULL with a Python exception for
   anything else. */
static inline const pynn_predictor* pynn_predictor_of(PyObject* object) {
  const pynn_predictor* predictor = NULL;
  PyObject* capsule = PyObject_GetAttrString(object, "capsule");
  if (capsule != NULL) {
    predictor = (const pynn_predictor*)PyCapsule_GetPointer(capsule, PYNN_PREDICTOR_CAPSULE);
    Py_DECREF(capsule);
  }
  return predictor;
}

#endif

#ifdef __cplusplus
}
#endif

#endif
