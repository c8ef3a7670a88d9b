// NumPy's arrays as arguments: shapes for messages, and data that is changed in place.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "bindings/bind.hpp"

namespace pynn {

inline std::vector<pybind11::ssize_t> shape_of(const pybind11::array& a) {
  return {a.shape(), a.shape() + a.ndim()};
}

inline std::string shape_text(const pybind11::array& a) {
  return pybind11::cast<std::string>(pybind11::str(a.attr("shape")));
}

inline void require_same_shape(const char* name, const pybind11::array& a, const char* other_name,
                               const pybind11::array& b) {
  const bool same = std::equal(a.shape(), a.shape() + a.ndim(), b.shape(), b.shape() + b.ndim());
  require(same, [&] {
    return std::string(name) + " and " + other_name +
           " must have the same shape. Received: " + shape_text(a) + " and " + shape_text(b);
  });
}

// Array<T> out of `a`, which must have the dtype of T already.
template <class T>
Array<T> typed(const char* name, const pybind11::array& a) {
  require(a.dtype().equal(pybind11::dtype::of<T>()), [&] {
    return std::string(name) +
           " must have the same dtype as the other arrays. Received: " + dtype_text(a.dtype());
  });
  return is_plain(a) ? pybind11::reinterpret_borrow<Array<T>>(a) : Array<T>(a);
}

// The data of an array of `size` elements that is changed in place.
template <class T>
T* writable_data(const char* name, pybind11::array a, pybind11::ssize_t size) {
  const bool fits =
      a.dtype().equal(pybind11::dtype::of<T>()) && a.size() == size && is_plain(a) && a.writeable();
  require(fits, [&] {
    return std::string(name) + " must be a writable C-contiguous array of " + std::to_string(size) +
           " elements of " + pybind11::cast<std::string>(pybind11::str(pybind11::dtype::of<T>()));
  });
  return static_cast<T*>(a.mutable_data());
}

}  // namespace pynn
