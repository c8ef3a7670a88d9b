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
//   scale_by_pow2(v, n)                                v * 2^n in two steps
//   add_to_exponent(v, n + V::kIntegerBias)            v * 2^n in the exponent's bits
//   split_exponent(v, mantissa) -> exponent
//   transpose(rows); load_columns<Q>(at, columns)    at(i): where row i begins, of which the first
//                                                      Q quarters, of 16 bytes each, are loaded
//   sum_lanes(v)                                       lane i: the lanes of v[i] added up, halves
//                                                      first: p[i] + p[i + half], and so on
//   prefetch(p), prefetch_far(p); multiply_add(a, b, c)  of single numbers
#pragma once

#include <cstddef>
#include <cstdint>

#define PYNN_INLINE static inline __attribute__((always_inline))

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

#if PYNN_ISA_SCALAR
#define PYNN_ISA scalar
#elif PYNN_ISA_AVX2
#define PYNN_ISA avx2
#elif PYNN_ISA_AVX512
#define PYNN_ISA avx512
#else
#define PYNN_ISA neon
#endif

namespace pynn {
namespace PYNN_ISA {

// Specialised for float and double by the ISA header: Scalar, kWidth, Mask, kIntegerBias, raw.
template <class T>
struct Vec;

// Registers of the product tile, rows x vectors (kernels/product-inl.hpp); given by the ISA header.
// kRows x kVectors: forward and grad_x, where a vector is kWidth lanes of the batch.
// kGradRows x kGradVectors: grad_weights, where a vector is kWidth columns of the weights;
// kLongStepRows x kGradVectors where a long step of an optimizer runs between the sums.
// kLines, kPairLines: lines of the weights beside one or two vectors of columns
// (kernels/few_lines-inl.hpp).
template <class T>
struct Tiles;

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

namespace pynn {
namespace PYNN_ISA {

// What load_columns counts in: 16 bytes of a row, and how many of them a vector holds.
template <class T>
static constexpr int kQuarterWidth = 16 / sizeof(T);
template <class T>
static constexpr int kQuarters = Vec<T>::kWidth / kQuarterWidth<T>;

// Words whose vector type must be spelt out; the ISA header overloads them by scalar type.
// load and store: p is aligned to the whole vector. loadu and storeu: to its scalar.
template <class V>
PYNN_INLINE V load(const typename V::Scalar* p) {
  return load_aligned(p);
}

template <class V>
PYNN_INLINE V loadu(const typename V::Scalar* p) {
  return load_unaligned(p);
}

// The lanes of the mask; the others are 0, and what is there is not touched.
template <class V>
PYNN_INLINE V loadu_where(typename V::Mask mask, const typename V::Scalar* p) {
  return load_where(mask, p);
}

template <class V>
PYNN_INLINE V set(typename V::Scalar s) {
  return broadcast(s);
}

template <class V>
PYNN_INLINE V zero() {
  return broadcast(typename V::Scalar(0));
}

// Where the ISA has nothing shorter.
template <class V, int kCount>
PYNN_INLINE V sum_lanes(const V (&v)[kCount]) {
  static_assert(kCount == V::kWidth);
  V p[kCount];
  for (int i = 0; i < kCount; ++i) p[i] = v[i];
  transpose(p);
  for (int half = kCount / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) p[i] = p[i] + p[i + half];
  }
  return p[0];
}

// The lanes below n; n may be negative or beyond the width.
template <class V>
PYNN_INLINE typename V::Mask first_n(int n) {
  return lanes_below(n, typename V::Scalar(0));
}

// a * b + c of single numbers, rounded as the vectors' fma is.
PYNN_INLINE float multiply_add(float a, float b, float c) {
#if PYNN_ISA_SCALAR
  return a * b + c;
#else
  return __builtin_fmaf(a, b, c);
#endif
}
PYNN_INLINE double multiply_add(double a, double b, double c) {
#if PYNN_ISA_SCALAR
  return a * b + c;
#else
  return __builtin_fma(a, b, c);
#endif
}

// Into every level of cache, for reading soon.
PYNN_INLINE void prefetch(const void* p) {
  __builtin_prefetch(p, 0, 3);
}
// Not into the first level.
PYNN_INLINE void prefetch_far(const void* p) {
  __builtin_prefetch(p, 0, 2);
}

}  // namespace PYNN_ISA
}  // namespace pynn
