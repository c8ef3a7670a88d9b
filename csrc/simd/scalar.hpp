// The SIMD words without any ISA's intrinsics: 4 floats or 2 doubles in the compiler's own vector
// type, which becomes SSE2 on x86-64 and plain instructions where there is nothing better. Same
// words as every other ISA header, documented in vec.hpp, which includes this file.
// No FMA: fma rounds twice (build with -ffp-contract=off), on every machine alike.
#pragma once

namespace pynn {
namespace PYNN_ISA {

template <>
struct Vec<float> {
  using Scalar = float;
  typedef float Raw __attribute__((vector_size(16)));
  typedef std::int32_t Bits __attribute__((vector_size(16)));
  struct Mask {
    Bits raw;
  };
  static constexpr int kWidth = 4;
  static constexpr float kIntegerBias = 12582912.0f;  // 1.5 * 2^23
  Raw raw;
};

template <>
struct Vec<double> {
  using Scalar = double;
  typedef double Raw __attribute__((vector_size(16)));
  typedef std::int64_t Bits __attribute__((vector_size(16)));
  struct Mask {
    Bits raw;
  };
  static constexpr int kWidth = 2;
  static constexpr double kIntegerBias = 6755399441055744.0;  // 1.5 * 2^52
  Raw raw;
};

// 4x2: 8 accumulators, 2 loads, 1 broadcast and a product each fit SSE2's 16 registers.
template <class T>
struct Tiles {
  static constexpr int kRows = 4;
  static constexpr int kVectors = 2;
  static constexpr int kGradRows = 4;
  static constexpr int kGradVectors = 2;
  static constexpr int kLongStepRows = 4;
  static constexpr int kLines = 4;
  static constexpr int kPairLines = 2;
};

// ---- what differs between float and double

PYNN_INLINE Vec<float> broadcast(float s) {
  return {Vec<float>::Raw{s, s, s, s}};
}
PYNN_INLINE Vec<double> broadcast(double s) {
  return {Vec<double>::Raw{s, s}};
}

PYNN_INLINE Vec<float> load_aligned(const float* p) {
  return {*static_cast<const Vec<float>::Raw*>(__builtin_assume_aligned(p, 16))};
}
PYNN_INLINE Vec<double> load_aligned(const double* p) {
  return {*static_cast<const Vec<double>::Raw*>(__builtin_assume_aligned(p, 16))};
}
PYNN_INLINE Vec<float> load_unaligned(const float* p) {
  Vec<float> v;
  __builtin_memcpy(&v.raw, p, sizeof v.raw);
  return v;
}
PYNN_INLINE Vec<double> load_unaligned(const double* p) {
  Vec<double> v;
  __builtin_memcpy(&v.raw, p, sizeof v.raw);
  return v;
}

PYNN_INLINE Vec<float>::Mask lanes_below(int n, float) {
  return {Vec<float>::Bits{0, 1, 2, 3} < Vec<float>::Bits{n, n, n, n}};
}
PYNN_INLINE Vec<float> load_where(Vec<float>::Mask mask, const float* p) {
  Vec<float> v = broadcast(0.0f);
  if (mask.raw[0]) v.raw[0] = p[0];
  if (mask.raw[1]) v.raw[1] = p[1];
  if (mask.raw[2]) v.raw[2] = p[2];
  if (mask.raw[3]) v.raw[3] = p[3];
  return v;
}
PYNN_INLINE void store_where(Vec<float>::Mask mask, float* p, Vec<float> v) {
  if (mask.raw[0]) p[0] = v.raw[0];
  if (mask.raw[1]) p[1] = v.raw[1];
  if (mask.raw[2]) p[2] = v.raw[2];
  if (mask.raw[3]) p[3] = v.raw[3];
}
PYNN_INLINE Vec<double>::Mask lanes_below(int n, double) {
  return {Vec<double>::Bits{0, 1} < Vec<double>::Bits{n, n}};
}
PYNN_INLINE Vec<double> load_where(Vec<double>::Mask mask, const double* p) {
  Vec<double> v = broadcast(0.0);
  if (mask.raw[0]) v.raw[0] = p[0];
  if (mask.raw[1]) v.raw[1] = p[1];
  return v;
}
PYNN_INLINE void store_where(Vec<double>::Mask mask, double* p, Vec<double> v) {
  if (mask.raw[0]) p[0] = v.raw[0];
  if (mask.raw[1]) p[1] = v.raw[1];
}

PYNN_INLINE Vec<float> sqrt(Vec<float> a) {
  return {Vec<float>::Raw{__builtin_sqrtf(a.raw[0]), __builtin_sqrtf(a.raw[1]),
                          __builtin_sqrtf(a.raw[2]), __builtin_sqrtf(a.raw[3])}};
}
PYNN_INLINE Vec<double> sqrt(Vec<double> a) {
  return {Vec<double>::Raw{__builtin_sqrt(a.raw[0]), __builtin_sqrt(a.raw[1])}};
}

// v * 2^n, for v normal, v * 2^n normal, biased = n + kIntegerBias; nonsense otherwise.
PYNN_INLINE Vec<float> add_to_exponent(Vec<float> v, Vec<float> biased) {
  typedef std::uint32_t Words __attribute__((vector_size(16)));
  return {(Vec<float>::Raw)((Words)v.raw + ((Words)biased.raw << 23))};
}
PYNN_INLINE Vec<double> add_to_exponent(Vec<double> v, Vec<double> biased) {
  typedef std::uint64_t Words __attribute__((vector_size(16)));
  return {(Vec<double>::Raw)((Words)v.raw + ((Words)biased.raw << 52))};
}

// e and mantissa in [0.5, 1) with v = mantissa * 2^e, for v positive and normal.
// The exponent is read as the low bits of 2^23 (2^52) + exponent.
PYNN_INLINE Vec<float> split_exponent(Vec<float> v, Vec<float>& mantissa) {
  const Vec<float>::Bits bits = (Vec<float>::Bits)v.raw;
  mantissa.raw = (Vec<float>::Raw)((bits & 0x007fffff) | 0x3f000000);
  return {(Vec<float>::Raw)((bits >> 23 & 0xff) | 0x4b000000) - (8388608.0f + 126.0f)};
}
PYNN_INLINE Vec<double> split_exponent(Vec<double> v, Vec<double>& mantissa) {
  const Vec<double>::Bits bits = (Vec<double>::Bits)v.raw;
  mantissa.raw = (Vec<double>::Raw)((bits & 0x000fffffffffffff) | 0x3fe0000000000000);
  return {(Vec<double>::Raw)((bits >> 52 & 0x7ff) | 0x4330000000000000) -
          (4503599627370496.0 + 1022.0)};
}

// ---- what does not

template <class T>
PYNN_INLINE void store(T* p, Vec<T> v) {
  *static_cast<typename Vec<T>::Raw*>(__builtin_assume_aligned(p, 16)) = v.raw;
}
template <class T>
PYNN_INLINE void storeu(T* p, Vec<T> v) {
  __builtin_memcpy(p, &v.raw, sizeof v.raw);
}

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
PYNN_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) {
  return a * b + c;
}
template <class T>
PYNN_INLINE Vec<T> fms(Vec<T> a, Vec<T> b, Vec<T> c) {
  return a * b - c;
}
template <class T>
PYNN_INLINE Vec<T> fnma(Vec<T> a, Vec<T> b, Vec<T> c) {
  return c - a * b;
}
template <class T>
PYNN_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {
  return {a.raw < b.raw ? a.raw : b.raw};
}
template <class T>
PYNN_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {
  return {a.raw > b.raw ? a.raw : b.raw};
}
template <class T>
PYNN_INLINE Vec<T> abs(Vec<T> a) {
  using Bits = typename Vec<T>::Bits;
  return {(typename Vec<T>::Raw)((Bits)a.raw & ~(Bits)broadcast(T(-0.0)).raw)};
}

// Adding and taking away 2^23 (2^52) with the operand's sign rounds to an integer, ties to even;
// what is larger is an integer already. The sign of a zero is kept.
template <class T>
PYNN_INLINE Vec<T> round(Vec<T> a) {
  using Raw = typename Vec<T>::Raw;
  using Bits = typename Vec<T>::Bits;
  const Raw large = broadcast(sizeof(T) == 4 ? T(8388608.0) : T(4503599627370496.0)).raw;
  const Bits sign = (Bits)a.raw & (Bits)broadcast(T(-0.0)).raw;
  const Raw signed_large = (Raw)((Bits)large | sign);
  const Raw rounded = (a.raw + signed_large) - signed_large;
  return {abs(a).raw < large ? (Raw)((Bits)rounded | sign) : a.raw};
}

// static_cast: GCC types a comparison of doubles as a vector of long, whatever int64_t is.
template <class T>
PYNN_INLINE typename Vec<T>::Mask lt(Vec<T> a, Vec<T> b) {
  return {(typename Vec<T>::Bits)(a.raw < b.raw)};
}
template <class T>
PYNN_INLINE typename Vec<T>::Mask le(Vec<T> a, Vec<T> b) {
  return {(typename Vec<T>::Bits)(a.raw <= b.raw)};
}
template <class T>
PYNN_INLINE typename Vec<T>::Mask gt(Vec<T> a, Vec<T> b) {
  return {(typename Vec<T>::Bits)(a.raw > b.raw)};
}
template <class T>
PYNN_INLINE typename Vec<T>::Mask ge(Vec<T> a, Vec<T> b) {
  return {(typename Vec<T>::Bits)(a.raw >= b.raw)};
}
template <class T>
PYNN_INLINE typename Vec<T>::Mask eq(Vec<T> a, Vec<T> b) {
  return {(typename Vec<T>::Bits)(a.raw == b.raw)};
}
template <class T>
PYNN_INLINE typename Vec<T>::Mask is_nan(Vec<T> a) {
  return {(typename Vec<T>::Bits)(a.raw != a.raw)};
}

PYNN_INLINE Vec<float>::Mask operator&(Vec<float>::Mask a, Vec<float>::Mask b) {
  return {a.raw & b.raw};
}
PYNN_INLINE Vec<float>::Mask operator|(Vec<float>::Mask a, Vec<float>::Mask b) {
  return {a.raw | b.raw};
}
PYNN_INLINE Vec<float>::Mask operator!(Vec<float>::Mask a) {
  return {~a.raw};
}
PYNN_INLINE Vec<double>::Mask operator&(Vec<double>::Mask a, Vec<double>::Mask b) {
  return {a.raw & b.raw};
}
PYNN_INLINE Vec<double>::Mask operator|(Vec<double>::Mask a, Vec<double>::Mask b) {
  return {a.raw | b.raw};
}
PYNN_INLINE Vec<double>::Mask operator!(Vec<double>::Mask a) {
  return {~a.raw};
}
template <class T>
PYNN_INLINE Vec<T> select(typename Vec<T>::Mask mask, Vec<T> if_true, Vec<T> if_false) {
  return {mask.raw ? if_true.raw : if_false.raw};
}

// v * 2^n, n an integer in [-252, 254] (double: [-2044, 2046]); overflows and underflows as
// multiplication does. Exact up to the last rounding while v * 2^(n/2) is normal.
template <class T>
PYNN_INLINE Vec<T> scale_by_pow2(Vec<T> v, Vec<T> n) {
  const Vec<T> one = broadcast(T(1)), bias = broadcast(Vec<T>::kIntegerBias);
  const Vec<T> half = fma(n, broadcast(T(0.5)), bias);
  const Vec<T> rest = (n - (half - bias)) + bias;
  return v * add_to_exponent(one, half) * add_to_exponent(one, rest);
}

PYNN_INLINE void transpose(Vec<float> (&rows)[4]) {
  const Vec<float>::Raw a = __builtin_shufflevector(rows[0].raw, rows[1].raw, 0, 4, 1, 5);
  const Vec<float>::Raw b = __builtin_shufflevector(rows[0].raw, rows[1].raw, 2, 6, 3, 7);
  const Vec<float>::Raw c = __builtin_shufflevector(rows[2].raw, rows[3].raw, 0, 4, 1, 5);
  const Vec<float>::Raw d = __builtin_shufflevector(rows[2].raw, rows[3].raw, 2, 6, 3, 7);
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
  static_assert(kQuarters == 1 && Vec<T>::kWidth * sizeof(T) == 16, "one quarter is all");
  for (int i = 0; i < Vec<T>::kWidth; ++i) columns[i] = load_unaligned(row(i));
  transpose(columns);
}

}  // namespace PYNN_ISA
}  // namespace pynn
