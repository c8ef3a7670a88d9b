// Checks of arrays and lists by which Python chooses its fast paths.
#include <cstdint>

#include "base/finite.hpp"
#include "bindings/bind.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

// Of a C-contiguous array.
template <class T>
bool holds_finite(const py::array& array) {
  const auto* values = static_cast<const T*>(array.data());
  const std::int64_t n = array.size();
  constexpr std::int64_t kShort = 1 << 16;  // not worth giving up the GIL
  if (n <= kShort) return all_finite(values, n);
  return without_gil([&] { return all_finite(values, n); });
}

bool is_finite(const py::array& array) {
  require(is_plain(array), "array must be C-contiguous");
  return with_scalar(array.dtype(),
                     [&](auto scalar) { return holds_finite<decltype(scalar)>(array); });
}

bool is_plain_matrix(py::handle x, py::handle width) {
  const auto& numpy = py::detail::npy_api::get();
  if (Py_TYPE(x.ptr()) != numpy.PyArray_Type_) return false;
  const auto array = py::reinterpret_borrow<py::array>(x);
  if (array.ndim() != 2 || array.size() == 0 || !is_plain(array)) return false;
  if (!PyLong_Check(width.ptr()) || PyLong_AsSsize_t(width.ptr()) != array.shape(1)) {
    PyErr_Clear();
    return false;
  }
  const py::dtype dtype = array.dtype();
  if (dtype.byteorder() != '=') return false;
  if (dtype.num() == py::dtype::num_of<float>()) return holds_finite<float>(array);
  return dtype.num() == py::dtype::num_of<double>() && holds_finite<double>(array);
}

bool same_items(py::handle a, py::handle b) {
  if (!PyList_Check(a.ptr()) || !PyList_Check(b.ptr())) return false;
  const Py_ssize_t n = PyList_GET_SIZE(a.ptr());
  if (n != PyList_GET_SIZE(b.ptr())) return false;
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (PyList_GET_ITEM(a.ptr(), i) != PyList_GET_ITEM(b.ptr(), i)) return false;
  }
  return true;
}

}  // namespace

void bind_checks(py::module_& m) {
  m.def("all_finite", &is_finite, py::arg("array"),
        "Whether a C-contiguous float32 or float64 array holds neither NaN nor infinity.");
  m.def("is_plain_matrix", &is_plain_matrix, py::arg("x"), py::arg("width"),
        "Whether x is an ndarray, of no subclass, of shape (n > 0, width), in C order, and of "
        "float32 or float64 numbers that are all finite. A width that is no int fits no array.");
  m.def("same_items", &same_items, py::arg("a"), py::arg("b"),
        "Whether two lists hold the same objects; False for what is no list.");
}

}  // namespace pynn
