// What the binding files share: one function per topic, called by module.cpp, the release of the
// GIL, signals and the choice between float32 and float64. pybind11 is included in this folder
// and in testing/ only.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

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
void bind_predict_table(pybind11::module_& m);
void bind_training(pybind11::module_& m);

// A class of the module. Its constructors, and functions that make objects of it, return a Holder.
//
// pybind11 puts each new object into a table. Where there is no memory for that, it would free the
// object although the holder, which is on its way to Python, owns it still; and of a constructor
// that returns the object itself, it would not catch the exception.
template <class T, class Holder = std::unique_ptr<T>>
pybind11::class_<T, Holder> bind_class(pybind11::module_& m, const char* name, const char* doc) {
  using Instance = pybind11::detail::instance;
  static void (*put_into_table)(Instance*, const void*);
  pybind11::class_<T, Holder> made(m, name, doc);
  auto* info = pybind11::detail::get_type_info(reinterpret_cast<PyTypeObject*>(made.ptr()));
  put_into_table = info->init_instance;
  info->init_instance = [](Instance* self, const void* holder) {
    try {
      put_into_table(self, holder);
    } catch (...) {
      pybind11::detail::values_and_holders(self).begin()->value_ptr() = nullptr;
      throw;
    }
  };
  return made;
}

// Calls `take`, which waits for the GIL. A thread that wants it when the process is ending gets
// none. Python (up to 3.13) ends the thread there, which unwinds its stack: through destructors
// that use Python objects, or must not throw. So it sleeps instead, until the process is gone.
template <class Take>
auto take_gil(const Take& take) {
#if defined(__GLIBCXX__)
  try {
    return take();
  } catch (const abi::__forced_unwind&) {
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
#else
  return take();
#endif
}

// Runs `work` with the GIL released; nothing in it may touch a Python object.
template <class Work>
auto without_gil(Work&& work) {
  struct Released {
    PyThreadState* state = PyEval_SaveThread();
    ~Released() {
      take_gil([this] { PyEval_RestoreThread(state); });
    }
  } released;
  return std::forward<Work>(work)();
}

// The same, unless `operations` are so few that they are done before another thread has taken the
// lock, in less than about ten microseconds.
template <class Work>
auto without_gil_for(double operations, Work&& work) {
  constexpr double kWorthReleasing = 1e6;
  return operations < kWorthReleasing ? work() : without_gil(std::forward<Work>(work));
}

// Lets Python handle a signal that has come; Ctrl-C then ends the native call.
inline void check_signals() {
  struct Held {
    PyGILState_STATE state = take_gil([] { return PyGILState_Ensure(); });
    ~Held() { PyGILState_Release(state); }
  } held;
  if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
}

// What C++ may read as an array of T: in C order, at addresses that fit T.
inline constexpr int kPlainArray =
    int{pybind11::array::c_style} | int{pybind11::detail::npy_api::NPY_ARRAY_ALIGNED_};
inline bool is_plain(const pybind11::array& a) {
  return (a.flags() & kPlainArray) == kPlainArray;
}

// Python's data as a plain array; a copy only where it is none.
template <class T>
using Array = pybind11::array_t<T, kPlainArray>;

// "dtype=float16", as messages say what was received; NumPy takes microseconds for the name.
inline std::string dtype_text(const pybind11::dtype& dtype) {
  return "dtype=" + pybind11::cast<std::string>(pybind11::str(dtype));
}

// Calls work(T()) with float or double, whichever `dtype` is.
template <class Work>
auto with_scalar(const pybind11::dtype& dtype, Work&& work) {
  if (dtype.equal(pybind11::dtype::of<float>())) return work(float());
  require(dtype.equal(pybind11::dtype::of<double>()),
          [&] { return "dtype must be float32 or float64. Received: " + dtype_text(dtype); });
  return work(double());
}

}  // namespace pynn
