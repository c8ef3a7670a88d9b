// NumPy's arrays as generators of RandomState's numbers.
#pragma once

#include <cstdint>

#include "base/mersenne_twister.hpp"
#include "bindings/arrays.hpp"

namespace pynn {

inline MersenneTwister generator_of(const pybind11::array& key, int position) {
  auto* words = writable_data<std::uint32_t>("key", key, MersenneTwister::kWords);
  require(position >= 0 && position <= MersenneTwister::kWords, "position must be in [0, 624]");
  return {words, position};
}

}  // namespace pynn
