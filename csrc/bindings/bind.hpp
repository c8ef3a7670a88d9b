// What the binding files share: one function per topic, called by module.cpp, the release of the
// GIL, signals and the choice between float32 and float64. pybind11 is included in this folder
// only.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>
#include <utility>

#include "base/check.hpp"

namespace pynn {

void bind_info(pybind11::module_& m);
void bind_checks(pybind11::module_& m);
void bind_formulas(pybind11::module_& m);
void bind_optimizers(pybind11::module_& m);
void bind_perceptron(pybind11::module_& m);
void bind_orders(pybind11::module_& m);
void bind_graph(pybind11::module_& m);
void bind_rows(pybind11::module_& m);
void bind_executor(pybind11::module_& m);
void bind_training(pybind11::module_& m);

// Runs `work` with the GIL released; nothing in it may touch a Python object.
template <class Work>
auto without_gil(Work&& work) {
  pybind11::gil_scoped_release release;
  return std::forward<Work>(work)();
}

// Lets Python handle a signal that has come; Ctrl-C then ends the native call.
inline void check_signals() {
  const pybind11::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
}

// Python's data in C order; a copy only where it is not.
template <class T>
using Array = pybind11::array_t<T, pybind11::array::c_style>;

// Calls work(T()) with float or double, whichever `dtype` is.
template <class Work>
auto with_scalar(const pybind11::dtype& dtype, Work&& work) {
  if (dtype.equal(pybind11::dtype::of<float>())) return work(float());
  if (!dtype.equal(pybind11::dtype::of<double>())) {  // NumPy takes microseconds over its name
    require(false, "dtype must be float32 or float64. Received: dtype=" +
                       pybind11::cast<std::string>(pybind11::str(dtype)));
  }
  return work(double());
}

}  // namespace pynn
