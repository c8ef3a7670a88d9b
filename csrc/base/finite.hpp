// Whether numbers are finite, without arithmetic on them: a sum would overflow, or trap on NaN.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace pynn {

// A finite number's exponent is not all ones. Adding one to its lowest bit carries over into the
// sign's place, which has been cleared, only if it is. Compilers turn this into vectors.
template <class T>
bool all_finite(const T* values, std::int64_t n) noexcept {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Bits kLowest = Bits{1} << (sizeof(T) == 4 ? 23 : 52);
  constexpr Bits kSign = Bits{1} << (8 * sizeof(T) - 1);
  constexpr Bits kExponent = kSign - kLowest;
  constexpr std::int64_t kBlock = 1 << 14;  // numbers between two checks
  for (std::int64_t start = 0; start < n; start += kBlock) {
    const std::int64_t end = start + kBlock < n ? start + kBlock : n;
    Bits found = 0;
    for (std::int64_t i = start; i < end; ++i)
      found |= (std::bit_cast<Bits>(values[i]) & kExponent) + kLowest;
    if ((found & kSign) != 0) return false;
  }
  return true;
}

}  // namespace pynn
