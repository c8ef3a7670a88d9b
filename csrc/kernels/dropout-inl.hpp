// Dropout: which elements are kept, a bit of each, and what it leaves of values and gradients.
// Compiled once per ISA.
#pragma once

#include "base/layout.hpp"
#include "base/random.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

static_assert(kLanes == 32, "a word has a bit for each lane");

// Bit i of kLanes: word i after `words`, mixed, is at least `least`. Goes on to the words after
// them, each kRandomStep after the one before. Two words at a time, which is what shorter vectors
// hold, are multiplied no faster than one after the other.
#if PYNN_VECTOR_BYTES > 16
using Words = Vec<double>::Bits;
PYNN_INLINE Words words_from(std::uint64_t word) {
  return word + lane_numbers<double>() * kRandomStep;
}
PYNN_INLINE std::uint32_t draw_lanes(Words& words, std::uint64_t least) {
  constexpr int kWidth = Vec<double>::kWidth;
  std::uint32_t bits = 0;
  PYNN_UNROLL for (int i = 0; i < kLanes; i += kWidth, words += kWidth * kRandomStep) bits |=
      bits_of(at_least(mix64(words), Words{} + least)) << i;
  return bits;
}
#else
using Words = std::uint64_t;
PYNN_INLINE Words words_from(std::uint64_t word) {
  return word;
}
PYNN_INLINE std::uint32_t draw_lanes(Words& words, std::uint64_t least) {
  std::uint32_t bits = 0;
  PYNN_UNROLL for (int i = 0; i < kLanes; ++i, words += kRandomStep) bits |=
      std::uint32_t{mix64(words) >= least} << i;
  return bits;
}
#endif

static void draw_kept(std::uint32_t* kept, std::ptrdiff_t features, double rate, std::uint64_t key,
                      std::uint64_t first) noexcept {
  constexpr double kTwoTo32 = 4294967296.0;
  const double share = rate * kTwoTo32;
  const auto least = static_cast<std::uint64_t>(share < kTwoTo32 - 1 ? share : kTwoTo32 - 1) << 32;
  Words words = words_from(key + (first + 1) * kRandomStep);
  for (std::ptrdiff_t f = 0; f < features; ++f) kept[f] = draw_lanes(words, least);
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
