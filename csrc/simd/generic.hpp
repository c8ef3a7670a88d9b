// The SIMD words in the compiler's own vector types, documented in vec.hpp, which includes this
// file after the ISA's header. Where that overloads a word, its overload is taken.
#pragma once

#include "vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// ---- memory: load and store take a p that is aligned to the whole vector

template <class V>
PYNN_INLINE V load(const typename V::Scalar* p) {
  return {*reinterpret_cast<const typename V::Raw*>(p)};
}
template <class V>
PYNN_INLINE V loadu(const typename V::Scalar* p) {
  return {*reinterpret_cast<const typename V::Unaligned*>(p)};
}
template <class T>
PYNN_INLINE void store(T* p, Vec<T> v) {
  *reinterpret_cast<typename Vec<T>::Raw*>(p) = v.raw;
}
template <class T>
PYNN_INLINE void storeu(T* p, Vec<T> v) {
  *reinterpret_cast<typename Vec<T>::Unaligned*>(p) = v.raw;
}

template <class V>
PYNN_INLINE V set(typename V::Scalar s) {
  return broadcast(s);
}
template <class V>
PYNN_INLINE V zero() {
  return broadcast(typename V::Scalar(0));
}

// Into every level of cache, for reading soon.
PYNN_INLINE void prefetch(const void* p) {
  __builtin_prefetch(p, 0, 3);
}
// Not into the first level.
PYNN_INLINE void prefetch_far(const void* p) {
  __builtin_prefetch(p, 0, 2);
}

// ---- arithmetic

template <class T>
PYNN_INLINE Vec<T> operator+(Vec<T> a, Vec<T> b) {
  return {a.raw + b.raw};
}
template <class T>
PYNN_INLINE Vec<T> operator-(Vec<T> a, Vec<T> b) {
  return {a.raw - b.raw};
}
template <class T>
PYNN_INLINE Vec<T> operator*(Vec<T> a, Vec<T> b) {
  return {a.raw * b.raw};
}
template <class T>
PYNN_INLINE Vec<T> operator/(Vec<T> a, Vec<T> b) {
  return {a.raw / b.raw};
}
template <class T>
PYNN_INLINE Vec<T> operator-(Vec<T> a) {
  return {-a.raw};
}
template <class T>
PYNN_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {
  return {a.raw < b.raw ? a.raw : b.raw};
}
template <class T>
PYNN_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {
  return {a.raw > b.raw ? a.raw : b.raw};
}

// a * b + c of single numbers, rounded as the vectors' fma is.
PYNN_INLINE float multiply_add(float a, float b, float c) {
  return PYNN_ISA_SCALAR ? a * b + c : __builtin_fmaf(a, b, c);
}
PYNN_INLINE double multiply_add(double a, double b, double c) {
  return PYNN_ISA_SCALAR ? a * b + c : __builtin_fma(a, b, c);
}

// ---- comparisons and masks

template <class T>
PYNN_INLINE LaneMask<T> lt(Vec<T> a, Vec<T> b) {
  return {a.raw < b.raw};
}
template <class T>
PYNN_INLINE LaneMask<T> le(Vec<T> a, Vec<T> b) {
  return {a.raw <= b.raw};
}
template <class T>
PYNN_INLINE LaneMask<T> gt(Vec<T> a, Vec<T> b) {
  return {a.raw > b.raw};
}
template <class T>
PYNN_INLINE LaneMask<T> ge(Vec<T> a, Vec<T> b) {
  return {a.raw >= b.raw};
}
template <class T>
PYNN_INLINE LaneMask<T> eq(Vec<T> a, Vec<T> b) {
  return {a.raw == b.raw};
}
template <class T>
PYNN_INLINE LaneMask<T> is_nan(Vec<T> a) {
  return {a.raw != a.raw};
}
template <class T>
PYNN_INLINE LaneMask<T> operator&(LaneMask<T> a, LaneMask<T> b) {
  return {a.raw & b.raw};
}
template <class T>
PYNN_INLINE LaneMask<T> operator|(LaneMask<T> a, LaneMask<T> b) {
  return {a.raw | b.raw};
}
template <class T>
PYNN_INLINE LaneMask<T> operator!(LaneMask<T> a) {
  return {~a.raw};
}
template <class T>
PYNN_INLINE Vec<T> select(LaneMask<T> mask, Vec<T> if_true, Vec<T> if_false) {
  return {mask.raw ? if_true.raw : if_false.raw};
}

// Of words, which are unsigned integers of 64 bits.
template <class Words>
PYNN_INLINE LaneMask<double> at_least(Words a, Words b) {
  return {a >= b};
}

// Bit i: lane i is set.
template <class T>
PYNN_INLINE std::uint32_t bits_of(LaneMask<T> mask) {
  std::uint32_t bits = 0;
  PYNN_UNROLL for (int i = 0; i < Vec<T>::kWidth; ++i) bits |= std::uint32_t{mask.raw[i] != 0} << i;
  return bits;
}
template <class T>
PYNN_INLINE bool any(LaneMask<T> mask) {
  return bits_of(mask) != 0;
}

// Lane i: i < n. n may be negative or beyond the width; the last argument says the type.
template <class T>
PYNN_INLINE LaneMask<T> lanes_below(int n, T) {
  using Numbers = decltype(LaneMask<T>::raw);
  return {(Numbers)lane_numbers<T>() < n};
}
template <class V>
PYNN_INLINE typename V::Mask first_n(int n) {
  return lanes_below(n, typename V::Scalar(0));
}

// Lane i: bit i is 1.
template <class T>
PYNN_INLINE LaneMask<T> lanes_of(std::uint32_t bits, T) {
  using Bits = typename Vec<T>::Bits;
  const Bits own = (Bits{} + 1) << lane_numbers<T>();
  return {((Bits{} + bits) & own) != 0};
}
template <class V>
PYNN_INLINE typename V::Mask where_set(std::uint32_t bits) {
  return lanes_of(bits, typename V::Scalar(0));
}

// What is in the other lanes' memory is not touched.
template <class T>
PYNN_INLINE Vec<T> load_where(LaneMask<T> mask, const T* p) {
  Vec<T> v = broadcast(T(0));
  PYNN_UNROLL for (int i = 0; i < Vec<T>::kWidth; ++i) {
    if (mask.raw[i]) v.raw[i] = p[i];
  }
  return v;
}
template <class V>
PYNN_INLINE V loadu_where(typename V::Mask mask, const typename V::Scalar* p) {
  return load_where(mask, p);
}
template <class T>
PYNN_INLINE void store_where(LaneMask<T> mask, T* p, Vec<T> v) {
  PYNN_UNROLL for (int i = 0; i < Vec<T>::kWidth; ++i) {
    if (mask.raw[i]) p[i] = v.raw[i];
  }
}

// ---- the bits of numbers

// v * 2^n, for v normal, v * 2^n normal, biased = n + kIntegerBias; nonsense otherwise.
template <class T>
PYNN_INLINE Vec<T> add_to_exponent(Vec<T> v, Vec<T> biased) {
  using Raw = typename Vec<T>::Raw;
  using Bits = typename Vec<T>::Bits;
  return {(Raw)((Bits)v.raw + ((Bits)biased.raw << FloatFormat<T>::kFractionBits))};
}

// e and mantissa in [0.5, 1) with v = mantissa * 2^e, for v positive and normal.
// The exponent is read as the low bits of 2^kFractionBits + exponent.
template <class T>
PYNN_INLINE Vec<T> split_exponent(Vec<T> v, Vec<T>& mantissa) {
  using Raw = typename Vec<T>::Raw;
  using Bits = typename Vec<T>::Bits;
  constexpr auto kOne = typename Vec<T>::Integer{1} << FloatFormat<T>::kFractionBits;
  constexpr T kBiasOfHalf = sizeof(T) == 4 ? 126 : 1022;
  const Bits bits = (Bits)v.raw;
  mantissa.raw = (Raw)((bits & (kOne - 1)) | (Bits)broadcast(T(0.5)).raw);
  const Bits biased = (bits >> FloatFormat<T>::kFractionBits) | (Bits)broadcast(T(kOne)).raw;
  return {(Raw)biased - (T(kOne) + kBiasOfHalf)};
}

// ---- transposes

#if PYNN_VECTOR_BYTES == 16
PYNN_INLINE void transpose(Vec<float> (&rows)[4]) {
  using Raw = Vec<float>::Raw;
  const Raw a = __builtin_shufflevector(rows[0].raw, rows[1].raw, 0, 4, 1, 5);
  const Raw b = __builtin_shufflevector(rows[0].raw, rows[1].raw, 2, 6, 3, 7);
  const Raw c = __builtin_shufflevector(rows[2].raw, rows[3].raw, 0, 4, 1, 5);
  const Raw d = __builtin_shufflevector(rows[2].raw, rows[3].raw, 2, 6, 3, 7);
  rows[0].raw = __builtin_shufflevector(a, c, 0, 1, 4, 5);
  rows[1].raw = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  rows[2].raw = __builtin_shufflevector(b, d, 0, 1, 4, 5);
  rows[3].raw = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}
PYNN_INLINE void transpose(Vec<double> (&rows)[2]) {
  const Vec<double>::Raw a = __builtin_shufflevector(rows[0].raw, rows[1].raw, 0, 2);
  rows[1].raw = __builtin_shufflevector(rows[0].raw, rows[1].raw, 1, 3);
  rows[0].raw = a;
}

template <int kQuarters, class T, class At>
PYNN_INLINE void load_columns(const At& row, Vec<T> (&columns)[Vec<T>::kWidth]) {
  static_assert(kQuarters == 1, "one quarter is all");
  for (int i = 0; i < Vec<T>::kWidth; ++i) columns[i] = loadu<Vec<T>>(row(i));
  transpose(columns);
}
#endif

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

}  // namespace PYNN_ISA
}  // namespace pynn
