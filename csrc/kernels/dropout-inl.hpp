// Dropout: which elements are kept, a bit of each, and what it leaves of values and gradients.
// Compiled once per ISA.
#pragma once

#include <algorithm>
#include <cstring>

#include "base/layout.hpp"
#include "base/random.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

static_assert(kLanes == 32, "a word has a bit for each lane");

static void draw_kept(std::uint32_t* kept, std::ptrdiff_t features, double rate, std::uint64_t key,
                      std::uint64_t first) noexcept {
  using Bits = Vec<float>::Bits;
  constexpr int kWidth = Vec<float>::kWidth;
  constexpr double kTwoTo32 = 4294967296.0;
  const auto dropped_below = static_cast<std::uint32_t>(std::min(rate * kTwoTo32, kTwoTo32 - 1));
  const Bits own = (Bits{} + 1) << lane_numbers<float>();
  // random_bits(key, first + i), without a product of 64 bits for each index.
  std::uint64_t word = key + (first + 1) * kRandomStep;
  for (std::ptrdiff_t f = 0; f < features; ++f) {
    std::uint32_t drawn[kLanes];
    for (std::uint32_t& upper : drawn) {
      upper = static_cast<std::uint32_t>(mix64(word) >> 32);
      word += kRandomStep;
    }
    Bits by_lanes{};
    PYNN_UNROLL for (int i = 0; i < kLanes; i += kWidth) {
      Bits some;
      std::memcpy(&some, drawn + i, sizeof some);
      by_lanes |= (Bits)(some >= dropped_below) & (own << i);
    }
    std::uint32_t bits = 0;
    PYNN_UNROLL for (int i = 0; i < kWidth; ++i) bits |= by_lanes[i];
    kept[f] = bits;
  }
}

template <bool kAccumulate, class T>
PYNN_INLINE void scale_kept_lanes(const T* x, const std::uint32_t* kept, T scale, T* y,
                                  std::ptrdiff_t features) {
  using V = Vec<T>;
  const V factor = set<V>(scale);
  for (std::ptrdiff_t f = 0; f < features; ++f, x += kLanes, y += kLanes) {
    PYNN_UNROLL for (int i = 0; i < kLanes; i += V::kWidth) {
      const V v = select(where_set<V>(kept[f] >> i), loadu<V>(x + i) * factor, zero<V>());
      storeu(y + i, kAccumulate ? loadu<V>(y + i) + v : v);
    }
  }
}

template <class T>
static void scale_kept(const T* x, const std::uint32_t* kept, T scale, T* y,
                       std::ptrdiff_t features, bool accumulate) noexcept {
  if (accumulate) {
    scale_kept_lanes<true>(x, kept, scale, y, features);
  } else {
    scale_kept_lanes<false>(x, kept, scale, y, features);
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
