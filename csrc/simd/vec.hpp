// The SIMD vocabulary: includes the one ISA header that the build chose and names it.
// Kernels and formulas include this file only; they never name an ISA or an intrinsic.
// No mathematics here (math.hpp) and nothing with external linkage: everything is static and
// always_inline, so that the linker cannot hand one unit's AVX-512 code to another unit.
//
// The build defines exactly one of PYNN_ISA_SCALAR, PYNN_ISA_AVX2, PYNN_ISA_AVX512,
// PYNN_ISA_NEON to 1. PYNN_ISA is then the namespace's name: pynn::PYNN_ISA.
//
// The words (V is Vec<float> or Vec<double>, S its Scalar, M its Mask):
//   load<V>(p) loadu<V>(p) store(p, v) storeu(p, v)    aligned / unaligned; set<V>(s), zero<V>()
//   loadu_where<V>(m, p) store_where(m, p, v)          the lanes of m alone; the others load as 0
//   a + b, a - b, a * b, a / b, -a, abs, sqrt          IEEE, round to nearest
//   fma(a, b, c) = a * b + c, fms = a * b - c, fnma = c - a * b
//                                                      one rounding; two on the scalar ISA
//   min(a, b) = a < b ? a : b, max(a, b) = a > b ? a : b
//                                                      so the second operand when unordered
//   round                                              to integer, ties to even
//   lt le gt ge eq is_nan -> M; M & M, M | M, !M; select(m, if_true, if_false); first_n<V>(n)
//   where_set<V>(bits) -> M                            lane i: bit i is 1
//   bits_of(m) -> bits                                 bit i: lane i is set; any(m) -> bool
//   at_least(a, b) -> Vec<double>'s M                  a >= b of unsigned integers of 64 bits, Bits
//   add_to_exponent(v, n + V::kIntegerBias)            v * 2^n in the exponent's bits
//   split_exponent(v, mantissa) -> exponent
//   transpose(rows); load_columns<Q>(at, columns)    at(i): where row i begins, of which the first
//                                                      Q quarters, of 16 bytes each, are loaded
//   sum_lanes(v)                                       lane i: the lanes of v[i] added up, halves
//                                                      first: p[i] + p[i + half], and so on
//   prefetch(p), prefetch_far(p); multiply_add(a, b, c)  of single numbers
//
// generic.hpp has them in the compiler's own vector types. An ISA header gives the width and the
// tile sizes, and those words for which it has better instructions than the compiler finds.
#pragma once

#include <cstddef>
#include <cstdint>

#define PYNN_INLINE static inline __attribute__((always_inline))
// Before a loop of a length that is known, 64 at most: unrolled whole, it leaves arrays in
// registers.
#define PYNN_UNROLL _Pragma("GCC unroll 64")

#ifndef PYNN_ISA_SCALAR
#define PYNN_ISA_SCALAR 0
#endif
#ifndef PYNN_ISA_AVX2
#define PYNN_ISA_AVX2 0
#endif
#ifndef PYNN_ISA_AVX512
#define PYNN_ISA_AVX512 0
#endif
#ifndef PYNN_ISA_NEON
#define PYNN_ISA_NEON 0
#endif

#if PYNN_ISA_SCALAR + PYNN_ISA_AVX2 + PYNN_ISA_AVX512 + PYNN_ISA_NEON != 1
#error "define exactly one of PYNN_ISA_SCALAR, PYNN_ISA_AVX2, PYNN_ISA_AVX512, PYNN_ISA_NEON to 1"
#endif

// The namespace, and the bytes of a vector.
#if PYNN_ISA_SCALAR
#define PYNN_ISA scalar
#define PYNN_VECTOR_BYTES 16
#elif PYNN_ISA_AVX2
#define PYNN_ISA avx2
#define PYNN_VECTOR_BYTES 32
#elif PYNN_ISA_AVX512
#define PYNN_ISA avx512
#define PYNN_VECTOR_BYTES 64
#else
#define PYNN_ISA neon
#define PYNN_VECTOR_BYTES 16
#endif

// A line of an ISA header's table: a word and its instructions, for floats and for doubles.
#define PYNN_UNARY(word, of_floats, of_doubles) \
  PYNN_INLINE Vec<float> word(Vec<float> a) {   \
    return {of_floats(a.raw)};                  \
  }                                             \
  PYNN_INLINE Vec<double> word(Vec<double> a) { \
    return {of_doubles(a.raw)};                 \
  }
#define PYNN_BINARY(word, of_floats, of_doubles)               \
  PYNN_INLINE Vec<float> word(Vec<float> a, Vec<float> b) {    \
    return {of_floats(a.raw, b.raw)};                          \
  }                                                            \
  PYNN_INLINE Vec<double> word(Vec<double> a, Vec<double> b) { \
    return {of_doubles(a.raw, b.raw)};                         \
  }
#define PYNN_TERNARY(word, of_floats, of_doubles)                             \
  PYNN_INLINE Vec<float> word(Vec<float> a, Vec<float> b, Vec<float> c) {     \
    return {of_floats(a.raw, b.raw, c.raw)};                                  \
  }                                                                           \
  PYNN_INLINE Vec<double> word(Vec<double> a, Vec<double> b, Vec<double> c) { \
    return {of_doubles(a.raw, b.raw, c.raw)};                                 \
  }

namespace pynn {
namespace PYNN_ISA {

// Registers of the product tile, rows x vectors (kernels/product-inl.hpp); given by the ISA header.
// kRows x kVectors: forward and grad_x, where a vector is kWidth lanes of the batch.
// kByBlocks: tiles as wide as a block go through all rows of weights before the next block.
// kGradRows x kGradVectors: grad_weights, where a vector is kWidth columns of the weights.
// kStepsBesideSums: an optimizer's step of a tile is taken between the sums of the next one.
// kLines, kPairLines: lines of the weights beside one or two vectors of columns
// (kernels/narrow_gradient-inl.hpp).
template <class T>
struct Tiles;

// How IEEE 754 lays out a number: an unsigned integer of its size, and the bits of its fraction.
template <class T>
struct FloatFormat;
template <>
struct FloatFormat<float> {
  using Integer = std::uint32_t;
  static constexpr int kFractionBits = 23;
};
template <>
struct FloatFormat<double> {
  using Integer = std::uint64_t;
  static constexpr int kFractionBits = 52;
};

template <class T>
struct LaneMask;

template <class T>
struct Vec {
  using Scalar = T;
  using Mask = LaneMask<T>;
  using Integer = typename FloatFormat<T>::Integer;
  // Like the vector types of intrinsics, which convert to and from these.
  typedef T Raw __attribute__((vector_size(PYNN_VECTOR_BYTES), may_alias));
  typedef T Unaligned
      __attribute__((vector_size(PYNN_VECTOR_BYTES), may_alias, aligned(sizeof(T))));
  typedef Integer Bits __attribute__((vector_size(PYNN_VECTOR_BYTES)));
  static constexpr int kWidth = PYNN_VECTOR_BYTES / sizeof(T);
  // Added to an integer, it leaves the integer in the low bits.
  static constexpr T kIntegerBias = T(1.5) * (Integer{1} << FloatFormat<T>::kFractionBits);
  Raw raw;
};

// A truth for every lane: all of its bits are set, or none. AVX-512 has its own.
template <class T>
struct LaneMask {
  decltype(typename Vec<T>::Raw{} < typename Vec<T>::Raw{}) raw;
};

// What load_columns counts in: 16 bytes of a row, and how many of them a vector holds.
template <class T>
static constexpr int kQuarterWidth = 16 / sizeof(T);
template <class T>
static constexpr int kQuarters = Vec<T>::kWidth / kQuarterWidth<T>;

// s - 0 is s, be it a zero of either sign.
template <class T>
PYNN_INLINE Vec<T> broadcast(T s) {
  return {s - typename Vec<T>::Raw{}};
}

// 0, 1, 2, ... as integers.
template <class T>
PYNN_INLINE auto lane_numbers() {
  typename Vec<T>::Bits numbers{};
  for (int i = 0; i < Vec<T>::kWidth; ++i) numbers[i] = static_cast<typename Vec<T>::Integer>(i);
  return numbers;
}

}  // namespace PYNN_ISA
}  // namespace pynn

#if PYNN_ISA_SCALAR
#include "scalar.hpp"
#elif PYNN_ISA_AVX2
#include "avx2.hpp"
#elif PYNN_ISA_AVX512
#include "avx512.hpp"
#else
#include "neon.hpp"
#endif

#undef PYNN_UNARY
#undef PYNN_BINARY
#undef PYNN_TERNARY

#include "generic.hpp"
