// The shuffle of scikit-learn's linear models: from the front, with Marsaglia's 32-bit xorshift
// generator (2003, shifts 13, 17, 5).
#pragma once

#include <cstdint>
#include <utility>

namespace pynn {

// Fisher-Yates, number i with one of [i, n); a seed of 0 counts as 1.
template <class Index>
void xorshift_shuffle(Index* order, std::int64_t n, std::uint32_t seed) noexcept {
  std::uint32_t state = seed != 0 ? seed : 1;
  for (std::int64_t i = 0; i < n - 1; ++i) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    std::swap(order[i], order[i + (state & 0x7fffffffu) % (n - i)]);
  }
}

}  // namespace pynn
