// IEEE's half precision, to read. Compilers have no type for it that all of them know in C++.
#pragma once

#include <bit>
#include <cstdint>

namespace pynn {

struct Half {
  std::uint16_t bits;

  // Exact. No step has a float32 that is denormal, for these may be flushed to zero.
  operator float() const {
    const std::uint32_t sign = (bits & 0x8000u) << 16;
    const std::uint32_t exponent = (bits >> 10) & 31u;
    const std::uint32_t fraction = bits & 0x3ffu;
    if (exponent == 0) {
      const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
      return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
    }
    const std::uint32_t wide = exponent == 31 ? 255u : exponent + (127 - 15);
    return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
  }
};

}  // namespace pynn
