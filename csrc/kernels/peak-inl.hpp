// How fast this core can multiply and add: independent FMAs in registers, with nothing to load or
// store. Compiled once per ISA.
#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// As many chains as the product tile has accumulators: enough to hide the latency of two FMA units
// (8 to 10 on the machines of the day) and few enough to stay in registers. Returns operations
// done.
template <class T>
static double fma_peak(std::int64_t rounds) noexcept {
  using V = Vec<T>;
  constexpr int kChains = Tiles<T>::kRows * Tiles<T>::kVectors;
  constexpr int kUnroll = 8;
  // Read through volatile so that nothing is known at compile time. acc tends to 2.
  volatile T half = T(0.5), one = T(1);
  const V a = set<V>(half), b = set<V>(one);
  V acc[kChains];
  PYNN_UNROLL for (int i = 0; i < kChains; ++i) acc[i] = set<V>(one + T(i));
  for (std::int64_t round = 0; round < rounds; ++round) {
    PYNN_UNROLL for (int u = 0; u < kUnroll; ++u) {
      PYNN_UNROLL for (int i = 0; i < kChains; ++i) acc[i] = fma(acc[i], a, b);
    }
  }
  V total = zero<V>();
  PYNN_UNROLL for (int i = 0; i < kChains; ++i) total = total + acc[i];
  alignas(64) T out[V::kWidth];
  store(out, total);
  volatile T kept = out[0];
  static_cast<void>(kept);
  return 2.0 * static_cast<double>(rounds) * kUnroll * kChains * V::kWidth;
}

}  // namespace PYNN_ISA
}  // namespace pynn
