// Counter-based random numbers: a value depends only on its key and its index, never on how many
// were drawn before or by which thread, so that training is the same for every number of threads.
#pragma once

#include <cstdint>

namespace pynn {

// From one word that is mixed to the next: 2^64 divided by the golden ratio.
inline constexpr std::uint64_t kRandomStep = 0x9e3779b97f4a7c15u;

// SplitMix64's finaliser (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
// 2014), of a word or of each word of a vector. Always inlined, as what kernels call must be.
template <class Words>
[[gnu::always_inline]] inline Words mix64(Words x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// A key for one stream out of several numbers, for example (seed, step, node).
inline std::uint64_t stream_key(std::uint64_t seed, std::uint64_t a, std::uint64_t b = 0) {
  return mix64(mix64(mix64(seed + kRandomStep) ^ (a + kRandomStep)) + (b ^ kRandomStep));
}

// Seed number `index`, below 2^63, of the sequence that belongs to `seed`.
inline std::uint64_t mix_seed(std::uint64_t seed, std::uint64_t index) {
  return mix64(seed + index * kRandomStep) >> 1;
}

[[gnu::always_inline]] inline std::uint64_t random_bits(std::uint64_t key, std::uint64_t index) {
  return mix64(key + (index + 1) * kRandomStep);
}

// Uniform integer in [0, bound), bound < 2^32, by multiplication (Lemire 2019; bias below 2^-32).
inline std::uint64_t random_below(std::uint64_t key, std::uint64_t index, std::uint64_t bound) {
  return ((random_bits(key, index) >> 32) * bound) >> 32;
}

// Fisher-Yates over `order`, n < 2^32. Partners are drawn a while before they are exchanged: those
// of a long order are far away in memory.
template <class Index>
void shuffle_in_place(Index* order, std::int64_t n, std::uint64_t key) {
  constexpr std::int64_t kAhead = 64;
  constexpr std::int64_t kFar = 1 << 16;
  const auto draw = [key](std::int64_t i) {
    return static_cast<std::int64_t>(
        random_below(key, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(i) + 1));
  };
  const auto exchange = [order](std::int64_t i, std::int64_t j) {
    const Index t = order[i];
    order[i] = order[j];
    order[j] = t;
  };
  std::int64_t i = n - 1;
  if (n >= kFar) {
    std::int64_t drawn[kAhead];
    for (std::int64_t k = i; k > i - kAhead; --k) drawn[k % kAhead] = draw(k);
    for (; i > kAhead; --i) {
      const std::int64_t j = drawn[i % kAhead];
      const std::int64_t later = draw(i - kAhead);
      drawn[i % kAhead] = later;
      __builtin_prefetch(order + later, 1);
      exchange(i, j);
    }
  }
  for (; i > 0; --i) exchange(i, draw(i));
}

}  // namespace pynn
