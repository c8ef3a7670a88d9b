// NumPy's arrays as generators of RandomState's numbers, and as what those change in place.
#pragma once

#include <cstdint>
#include <string>

#include "base/mersenne_twister.hpp"
#include "bindings/bind.hpp"

namespace pynn {

// The data of a 1-D array that is changed in place.
template <class T>
T* in_place(const char* name, pybind11::array a) {
  const bool fits = a.ndim() == 1 && a.dtype().equal(pybind11::dtype::of<T>()) &&
                    (a.flags() & pybind11::array::c_style) != 0 && a.writeable();
  if (!fits) {  // NumPy takes microseconds over the name of a type
    require(false, std::string(name) + " must be a writable contiguous 1-D array of " +
                       pybind11::cast<std::string>(pybind11::str(pybind11::dtype::of<T>())));
  }
  return static_cast<T*>(a.mutable_data());
}

inline MersenneTwister generator_of(const pybind11::array& key, int position) {
  auto* words = in_place<std::uint32_t>("key", key);
  require(
      key.size() == MersenneTwister::kWords && position >= 0 && position <= MersenneTwister::kWords,
      "key must have 624 words and position be in [0, 624]");
  return {words, position};
}

}  // namespace pynn
