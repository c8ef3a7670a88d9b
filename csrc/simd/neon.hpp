// The SIMD words for AArch64's NEON: 4 floats or 2 doubles. Same words as every other ISA header,
// documented in vec.hpp, which includes this file. Results are bit for bit AVX2's, but for the sign
// and payload of a NaN that an operation makes.
#pragma once

#include <arm_neon.h>

namespace pynn {
namespace PYNN_ISA {

template <>
struct Vec<float> {
  using Scalar = float;
  struct Mask {
    uint32x4_t raw;
  };
  static constexpr int kWidth = 4;
  static constexpr float kIntegerBias = 12582912.0f;  // 1.5 * 2^23
  float32x4_t raw;
};

template <>
struct Vec<double> {
  using Scalar = double;
  struct Mask {
    uint64x2_t raw;
  };
  static constexpr int kWidth = 2;
  static constexpr double kIntegerBias = 6755399441055744.0;  // 1.5 * 2^52
  float64x2_t raw;
};

// 6x4: 24 accumulators, 4 loads and 2 broadcasts fit the 32 registers.
template <class T>
struct Tiles {
  static constexpr int kRows = 6;
  static constexpr int kVectors = 4;
  static constexpr int kGradRows = 6;
  static constexpr int kGradVectors = 4;
  static constexpr int kLongStepRows = 6;
  static constexpr int kLines = 12;
  static constexpr int kPairLines = 4;
};

// ---- float

PYNN_INLINE Vec<float> load_aligned(const float* p) {
  return {vld1q_f32(p)};
}
PYNN_INLINE Vec<float> load_unaligned(const float* p) {
  return {vld1q_f32(p)};
}
PYNN_INLINE Vec<float> broadcast(float s) {
  return {vdupq_n_f32(s)};
}
PYNN_INLINE void store(float* p, Vec<float> v) {
  vst1q_f32(p, v.raw);
}
PYNN_INLINE void storeu(float* p, Vec<float> v) {
  vst1q_f32(p, v.raw);
}

PYNN_INLINE Vec<float> operator+(Vec<float> a, Vec<float> b) {
  return {vaddq_f32(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> operator-(Vec<float> a, Vec<float> b) {
  return {vsubq_f32(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> operator*(Vec<float> a, Vec<float> b) {
  return {vmulq_f32(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> operator/(Vec<float> a, Vec<float> b) {
  return {vdivq_f32(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> operator-(Vec<float> a) {
  return {vnegq_f32(a.raw)};
}
PYNN_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
  return {vfmaq_f32(c.raw, a.raw, b.raw)};
}
PYNN_INLINE Vec<float> fms(Vec<float> a, Vec<float> b, Vec<float> c) {
  return {vfmaq_f32(vnegq_f32(c.raw), a.raw, b.raw)};
}
PYNN_INLINE Vec<float> fnma(Vec<float> a, Vec<float> b, Vec<float> c) {
  return {vfmsq_f32(c.raw, a.raw, b.raw)};
}
// Not vminq and vmaxq, which give NaN where one operand is.
PYNN_INLINE Vec<float> min(Vec<float> a, Vec<float> b) {
  return {vbslq_f32(vcltq_f32(a.raw, b.raw), a.raw, b.raw)};
}
PYNN_INLINE Vec<float> max(Vec<float> a, Vec<float> b) {
  return {vbslq_f32(vcgtq_f32(a.raw, b.raw), a.raw, b.raw)};
}
PYNN_INLINE Vec<float> abs(Vec<float> a) {
  return {vabsq_f32(a.raw)};
}
PYNN_INLINE Vec<float> sqrt(Vec<float> a) {
  return {vsqrtq_f32(a.raw)};
}
PYNN_INLINE Vec<float> round(Vec<float> a) {
  return {vrndnq_f32(a.raw)};
}

PYNN_INLINE Vec<float>::Mask lt(Vec<float> a, Vec<float> b) {
  return {vcltq_f32(a.raw, b.raw)};
}
PYNN_INLINE Vec<float>::Mask le(Vec<float> a, Vec<float> b) {
  return {vcleq_f32(a.raw, b.raw)};
}
PYNN_INLINE Vec<float>::Mask gt(Vec<float> a, Vec<float> b) {
  return {vcgtq_f32(a.raw, b.raw)};
}
PYNN_INLINE Vec<float>::Mask ge(Vec<float> a, Vec<float> b) {
  return {vcgeq_f32(a.raw, b.raw)};
}
PYNN_INLINE Vec<float>::Mask eq(Vec<float> a, Vec<float> b) {
  return {vceqq_f32(a.raw, b.raw)};
}
PYNN_INLINE Vec<float>::Mask operator&(Vec<float>::Mask a, Vec<float>::Mask b) {
  return {vandq_u32(a.raw, b.raw)};
}
PYNN_INLINE Vec<float>::Mask operator|(Vec<float>::Mask a, Vec<float>::Mask b) {
  return {vorrq_u32(a.raw, b.raw)};
}
PYNN_INLINE Vec<float>::Mask operator!(Vec<float>::Mask a) {
  return {vmvnq_u32(a.raw)};
}
PYNN_INLINE Vec<float>::Mask is_nan(Vec<float> a) {
  return !eq(a, a);
}
PYNN_INLINE Vec<float> select(Vec<float>::Mask mask, Vec<float> if_true, Vec<float> if_false) {
  return {vbslq_f32(mask.raw, if_true.raw, if_false.raw)};
}
PYNN_INLINE Vec<float>::Mask lanes_below(int n, float) {
  const int32x4_t lane = {0, 1, 2, 3};
  return {vcltq_s32(lane, vdupq_n_s32(n))};
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

// v * 2^n, for v normal, v * 2^n normal, biased = n + kIntegerBias; nonsense otherwise.
PYNN_INLINE Vec<float> add_to_exponent(Vec<float> v, Vec<float> biased) {
  const uint32x4_t n = vshlq_n_u32(vreinterpretq_u32_f32(biased.raw), 23);
  return {vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(v.raw), n))};
}

// v * 2^n, n an integer in [-252, 254]; overflows and underflows as multiplication does.
// Exact up to the last rounding while v * 2^(n/2) is normal.
PYNN_INLINE Vec<float> scale_by_pow2(Vec<float> v, Vec<float> n) {
  const Vec<float> one = broadcast(1.0f), bias = broadcast(Vec<float>::kIntegerBias);
  const Vec<float> half = fma(n, broadcast(0.5f), bias);
  const Vec<float> rest = (n - (half - bias)) + bias;
  return v * add_to_exponent(one, half) * add_to_exponent(one, rest);
}

// e and mantissa in [0.5, 1) with v = mantissa * 2^e, for v positive and normal.
PYNN_INLINE Vec<float> split_exponent(Vec<float> v, Vec<float>& mantissa) {
  const uint32x4_t bits = vreinterpretq_u32_f32(v.raw);
  const uint32x4_t fraction = vandq_u32(bits, vdupq_n_u32(0x007fffff));
  mantissa.raw = vreinterpretq_f32_u32(vorrq_u32(fraction, vdupq_n_u32(0x3f000000)));
  return {vsubq_f32(vcvtq_f32_u32(vshrq_n_u32(bits, 23)), vdupq_n_f32(126.0f))};
}

PYNN_INLINE void transpose(Vec<float> (&rows)[4]) {
  const float64x2_t a = vreinterpretq_f64_f32(vtrn1q_f32(rows[0].raw, rows[1].raw));
  const float64x2_t b = vreinterpretq_f64_f32(vtrn2q_f32(rows[0].raw, rows[1].raw));
  const float64x2_t c = vreinterpretq_f64_f32(vtrn1q_f32(rows[2].raw, rows[3].raw));
  const float64x2_t d = vreinterpretq_f64_f32(vtrn2q_f32(rows[2].raw, rows[3].raw));
  rows[0].raw = vreinterpretq_f32_f64(vtrn1q_f64(a, c));
  rows[1].raw = vreinterpretq_f32_f64(vtrn1q_f64(b, d));
  rows[2].raw = vreinterpretq_f32_f64(vtrn2q_f64(a, c));
  rows[3].raw = vreinterpretq_f32_f64(vtrn2q_f64(b, d));
}

// ---- double

PYNN_INLINE Vec<double> load_aligned(const double* p) {
  return {vld1q_f64(p)};
}
PYNN_INLINE Vec<double> load_unaligned(const double* p) {
  return {vld1q_f64(p)};
}
PYNN_INLINE Vec<double> broadcast(double s) {
  return {vdupq_n_f64(s)};
}
PYNN_INLINE void store(double* p, Vec<double> v) {
  vst1q_f64(p, v.raw);
}
PYNN_INLINE void storeu(double* p, Vec<double> v) {
  vst1q_f64(p, v.raw);
}

PYNN_INLINE Vec<double> operator+(Vec<double> a, Vec<double> b) {
  return {vaddq_f64(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> operator-(Vec<double> a, Vec<double> b) {
  return {vsubq_f64(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> operator*(Vec<double> a, Vec<double> b) {
  return {vmulq_f64(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> operator/(Vec<double> a, Vec<double> b) {
  return {vdivq_f64(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> operator-(Vec<double> a) {
  return {vnegq_f64(a.raw)};
}
PYNN_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
  return {vfmaq_f64(c.raw, a.raw, b.raw)};
}
PYNN_INLINE Vec<double> fms(Vec<double> a, Vec<double> b, Vec<double> c) {
  return {vfmaq_f64(vnegq_f64(c.raw), a.raw, b.raw)};
}
PYNN_INLINE Vec<double> fnma(Vec<double> a, Vec<double> b, Vec<double> c) {
  return {vfmsq_f64(c.raw, a.raw, b.raw)};
}
// Not vminq and vmaxq, which give NaN where one operand is.
PYNN_INLINE Vec<double> min(Vec<double> a, Vec<double> b) {
  return {vbslq_f64(vcltq_f64(a.raw, b.raw), a.raw, b.raw)};
}
PYNN_INLINE Vec<double> max(Vec<double> a, Vec<double> b) {
  return {vbslq_f64(vcgtq_f64(a.raw, b.raw), a.raw, b.raw)};
}
PYNN_INLINE Vec<double> abs(Vec<double> a) {
  return {vabsq_f64(a.raw)};
}
PYNN_INLINE Vec<double> sqrt(Vec<double> a) {
  return {vsqrtq_f64(a.raw)};
}
PYNN_INLINE Vec<double> round(Vec<double> a) {
  return {vrndnq_f64(a.raw)};
}

PYNN_INLINE Vec<double>::Mask lt(Vec<double> a, Vec<double> b) {
  return {vcltq_f64(a.raw, b.raw)};
}
PYNN_INLINE Vec<double>::Mask le(Vec<double> a, Vec<double> b) {
  return {vcleq_f64(a.raw, b.raw)};
}
PYNN_INLINE Vec<double>::Mask gt(Vec<double> a, Vec<double> b) {
  return {vcgtq_f64(a.raw, b.raw)};
}
PYNN_INLINE Vec<double>::Mask ge(Vec<double> a, Vec<double> b) {
  return {vcgeq_f64(a.raw, b.raw)};
}
PYNN_INLINE Vec<double>::Mask eq(Vec<double> a, Vec<double> b) {
  return {vceqq_f64(a.raw, b.raw)};
}
PYNN_INLINE Vec<double>::Mask operator&(Vec<double>::Mask a, Vec<double>::Mask b) {
  return {vandq_u64(a.raw, b.raw)};
}
PYNN_INLINE Vec<double>::Mask operator|(Vec<double>::Mask a, Vec<double>::Mask b) {
  return {vorrq_u64(a.raw, b.raw)};
}
PYNN_INLINE Vec<double>::Mask operator!(Vec<double>::Mask a) {
  return {veorq_u64(a.raw, vdupq_n_u64(~std::uint64_t{0}))};
}
PYNN_INLINE Vec<double>::Mask is_nan(Vec<double> a) {
  return !eq(a, a);
}
PYNN_INLINE Vec<double> select(Vec<double>::Mask mask, Vec<double> if_true, Vec<double> if_false) {
  return {vbslq_f64(mask.raw, if_true.raw, if_false.raw)};
}
PYNN_INLINE Vec<double>::Mask lanes_below(int n, double) {
  const int64x2_t lane = {0, 1};
  return {vcltq_s64(lane, vdupq_n_s64(n))};
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

// v * 2^n, for v normal, v * 2^n normal, biased = n + kIntegerBias; nonsense otherwise.
PYNN_INLINE Vec<double> add_to_exponent(Vec<double> v, Vec<double> biased) {
  const uint64x2_t n = vshlq_n_u64(vreinterpretq_u64_f64(biased.raw), 52);
  return {vreinterpretq_f64_u64(vaddq_u64(vreinterpretq_u64_f64(v.raw), n))};
}

// v * 2^n, n an integer in [-2044, 2046]; overflows and underflows as multiplication does.
// Exact up to the last rounding while v * 2^(n/2) is normal.
PYNN_INLINE Vec<double> scale_by_pow2(Vec<double> v, Vec<double> n) {
  const Vec<double> one = broadcast(1.0), bias = broadcast(Vec<double>::kIntegerBias);
  const Vec<double> half = fma(n, broadcast(0.5), bias);
  const Vec<double> rest = (n - (half - bias)) + bias;
  return v * add_to_exponent(one, half) * add_to_exponent(one, rest);
}

// e and mantissa in [0.5, 1) with v = mantissa * 2^e, for v positive and normal.
PYNN_INLINE Vec<double> split_exponent(Vec<double> v, Vec<double>& mantissa) {
  const uint64x2_t bits = vreinterpretq_u64_f64(v.raw);
  const uint64x2_t fraction = vandq_u64(bits, vdupq_n_u64(0x000fffffffffffff));
  mantissa.raw = vreinterpretq_f64_u64(vorrq_u64(fraction, vdupq_n_u64(0x3fe0000000000000)));
  return {vsubq_f64(vcvtq_f64_u64(vshrq_n_u64(bits, 52)), vdupq_n_f64(1022.0))};
}

PYNN_INLINE void transpose(Vec<double> (&rows)[2]) {
  const float64x2_t a = vtrn1q_f64(rows[0].raw, rows[1].raw);
  rows[1].raw = vtrn2q_f64(rows[0].raw, rows[1].raw);
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
