// The SIMD words for AVX2 with FMA: 8 floats or 4 doubles. Same words as every other ISA header,
// documented in vec.hpp, which includes this file. Nothing here that another ISA lacks.
#pragma once

#include <immintrin.h>

namespace pynn {
namespace PYNN_ISA {

template <>
struct Vec<float> {
  using Scalar = float;
  struct Mask {
    __m256 raw;
  };
  static constexpr int kWidth = 8;
  static constexpr float kIntegerBias = 12582912.0f;  // 1.5 * 2^23
  __m256 raw;
};

template <>
struct Vec<double> {
  using Scalar = double;
  struct Mask {
    __m256d raw;
  };
  static constexpr int kWidth = 4;
  static constexpr double kIntegerBias = 6755399441055744.0;  // 1.5 * 2^52
  __m256d raw;
};

// 6x2: 12 accumulators, 2 loads and 1 broadcast fit the 16 registers.
// A long step between the sums takes another 5 or 6: 5x2.
template <class T>
struct Tiles {
  static constexpr int kRows = 6;
  static constexpr int kVectors = 2;
  static constexpr int kGradRows = 6;
  static constexpr int kGradVectors = 2;
  static constexpr int kLongStepRows = 5;
  static constexpr int kLines = 8;
  static constexpr int kPairLines = 4;
};

// ---- float

PYNN_INLINE Vec<float> load_aligned(const float* p) {
  return {_mm256_load_ps(p)};
}
PYNN_INLINE Vec<float> load_unaligned(const float* p) {
  return {_mm256_loadu_ps(p)};
}
PYNN_INLINE Vec<float> broadcast(float s) {
  return {_mm256_set1_ps(s)};
}
PYNN_INLINE void store(float* p, Vec<float> v) {
  _mm256_store_ps(p, v.raw);
}
PYNN_INLINE void storeu(float* p, Vec<float> v) {
  _mm256_storeu_ps(p, v.raw);
}

PYNN_INLINE Vec<float> operator+(Vec<float> a, Vec<float> b) {
  return {_mm256_add_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> operator-(Vec<float> a, Vec<float> b) {
  return {_mm256_sub_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> operator*(Vec<float> a, Vec<float> b) {
  return {_mm256_mul_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> operator/(Vec<float> a, Vec<float> b) {
  return {_mm256_div_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> operator-(Vec<float> a) {
  return {_mm256_xor_ps(a.raw, _mm256_set1_ps(-0.0f))};
}
PYNN_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
  return {_mm256_fmadd_ps(a.raw, b.raw, c.raw)};
}
PYNN_INLINE Vec<float> fms(Vec<float> a, Vec<float> b, Vec<float> c) {
  return {_mm256_fmsub_ps(a.raw, b.raw, c.raw)};
}
PYNN_INLINE Vec<float> fnma(Vec<float> a, Vec<float> b, Vec<float> c) {
  return {_mm256_fnmadd_ps(a.raw, b.raw, c.raw)};
}
PYNN_INLINE Vec<float> min(Vec<float> a, Vec<float> b) {
  return {_mm256_min_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> max(Vec<float> a, Vec<float> b) {
  return {_mm256_max_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> abs(Vec<float> a) {
  return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.raw)};
}
PYNN_INLINE Vec<float> sqrt(Vec<float> a) {
  return {_mm256_sqrt_ps(a.raw)};
}
PYNN_INLINE Vec<float> round(Vec<float> a) {
  return {_mm256_round_ps(a.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

PYNN_INLINE Vec<float>::Mask lt(Vec<float> a, Vec<float> b) {
  return {_mm256_cmp_ps(a.raw, b.raw, _CMP_LT_OQ)};
}
PYNN_INLINE Vec<float>::Mask le(Vec<float> a, Vec<float> b) {
  return {_mm256_cmp_ps(a.raw, b.raw, _CMP_LE_OQ)};
}
PYNN_INLINE Vec<float>::Mask gt(Vec<float> a, Vec<float> b) {
  return {_mm256_cmp_ps(a.raw, b.raw, _CMP_GT_OQ)};
}
PYNN_INLINE Vec<float>::Mask ge(Vec<float> a, Vec<float> b) {
  return {_mm256_cmp_ps(a.raw, b.raw, _CMP_GE_OQ)};
}
PYNN_INLINE Vec<float>::Mask eq(Vec<float> a, Vec<float> b) {
  return {_mm256_cmp_ps(a.raw, b.raw, _CMP_EQ_OQ)};
}
PYNN_INLINE Vec<float>::Mask is_nan(Vec<float> a) {
  return {_mm256_cmp_ps(a.raw, a.raw, _CMP_UNORD_Q)};
}
PYNN_INLINE Vec<float>::Mask operator&(Vec<float>::Mask a, Vec<float>::Mask b) {
  return {_mm256_and_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float>::Mask operator|(Vec<float>::Mask a, Vec<float>::Mask b) {
  return {_mm256_or_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float>::Mask operator!(Vec<float>::Mask a) {
  return {_mm256_xor_ps(a.raw, _mm256_castsi256_ps(_mm256_set1_epi32(-1)))};
}
PYNN_INLINE Vec<float> select(Vec<float>::Mask mask, Vec<float> if_true, Vec<float> if_false) {
  return {_mm256_blendv_ps(if_false.raw, if_true.raw, mask.raw)};
}
PYNN_INLINE Vec<float>::Mask lanes_below(int n, float) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane))};
}
PYNN_INLINE Vec<float> load_where(Vec<float>::Mask mask, const float* p) {
  return {_mm256_maskload_ps(p, _mm256_castps_si256(mask.raw))};
}
PYNN_INLINE void store_where(Vec<float>::Mask mask, float* p, Vec<float> v) {
  _mm256_maskstore_ps(p, _mm256_castps_si256(mask.raw), v.raw);
}

// v * 2^n, for v normal, v * 2^n normal, biased = n + kIntegerBias; nonsense otherwise.
PYNN_INLINE Vec<float> add_to_exponent(Vec<float> v, Vec<float> biased) {
  const __m256i n = _mm256_slli_epi32(_mm256_castps_si256(biased.raw), 23);
  return {_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(v.raw), n))};
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
  const __m256i bits = _mm256_castps_si256(v.raw);
  const __m256i fraction = _mm256_and_si256(bits, _mm256_set1_epi32(0x007fffff));
  mantissa.raw = _mm256_castsi256_ps(_mm256_or_si256(fraction, _mm256_set1_epi32(0x3f000000)));
  const __m256 biased = _mm256_cvtepi32_ps(_mm256_srli_epi32(bits, 23));
  return {_mm256_sub_ps(biased, _mm256_set1_ps(126.0f))};
}

PYNN_INLINE void transpose(Vec<float> (&rows)[8]) {
  __m256 t[8];
  for (int i = 0; i < 8; i += 4) {  // pairs of rows, then 4x4 blocks within the 128-bit halves
    const __m256 a = _mm256_unpacklo_ps(rows[i].raw, rows[i + 1].raw);
    const __m256 b = _mm256_unpackhi_ps(rows[i].raw, rows[i + 1].raw);
    const __m256 c = _mm256_unpacklo_ps(rows[i + 2].raw, rows[i + 3].raw);
    const __m256 d = _mm256_unpackhi_ps(rows[i + 2].raw, rows[i + 3].raw);
    t[i] = _mm256_shuffle_ps(a, c, _MM_SHUFFLE(1, 0, 1, 0));
    t[i + 1] = _mm256_shuffle_ps(a, c, _MM_SHUFFLE(3, 2, 3, 2));
    t[i + 2] = _mm256_shuffle_ps(b, d, _MM_SHUFFLE(1, 0, 1, 0));
    t[i + 3] = _mm256_shuffle_ps(b, d, _MM_SHUFFLE(3, 2, 3, 2));
  }
  for (int i = 0; i < 4; ++i) {
    rows[i].raw = _mm256_permute2f128_ps(t[i], t[i + 4], 0x20);
    rows[i + 4].raw = _mm256_permute2f128_ps(t[i], t[i + 4], 0x31);
  }
}

template <int kQuarters, class At>
PYNN_INLINE void load_columns(const At& row, Vec<float> (&columns)[8]) {
  for (int q = 0; q < kQuarters; ++q) {
    __m256 z[4];  // quarter q of the rows k and k + 4
    for (int k = 0; k < 4; ++k) {
      z[k] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(row(k) + 4 * q)),
                                  _mm_loadu_ps(row(k + 4) + 4 * q), 1);
    }
    const __m256 a = _mm256_unpacklo_ps(z[0], z[1]);
    const __m256 b = _mm256_unpackhi_ps(z[0], z[1]);
    const __m256 c = _mm256_unpacklo_ps(z[2], z[3]);
    const __m256 d = _mm256_unpackhi_ps(z[2], z[3]);
    columns[4 * q].raw = _mm256_shuffle_ps(a, c, _MM_SHUFFLE(1, 0, 1, 0));
    columns[4 * q + 1].raw = _mm256_shuffle_ps(a, c, _MM_SHUFFLE(3, 2, 3, 2));
    columns[4 * q + 2].raw = _mm256_shuffle_ps(b, d, _MM_SHUFFLE(1, 0, 1, 0));
    columns[4 * q + 3].raw = _mm256_shuffle_ps(b, d, _MM_SHUFFLE(3, 2, 3, 2));
  }
}

PYNN_INLINE Vec<float> sum_lanes(const Vec<float> (&v)[8]) {
  __m256 h[4];  // of the vectors i and i + 4, a half each
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    h[i] = _mm256_add_ps(_mm256_permute2f128_ps(v[i].raw, v[i + 4].raw, 0x20),
                         _mm256_permute2f128_ps(v[i].raw, v[i + 4].raw, 0x31));
  }
  const auto add_pairs = [](__m256 a, __m256 b) {
    return _mm256_add_ps(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 1, 0)),
                         _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 2, 3, 2)));
  };
  const __m256 a = add_pairs(h[0], h[1]);
  const __m256 b = add_pairs(h[2], h[3]);
  return {_mm256_add_ps(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0)),
                        _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1)))};
}

// ---- double

PYNN_INLINE Vec<double> load_aligned(const double* p) {
  return {_mm256_load_pd(p)};
}
PYNN_INLINE Vec<double> load_unaligned(const double* p) {
  return {_mm256_loadu_pd(p)};
}
PYNN_INLINE Vec<double> broadcast(double s) {
  return {_mm256_set1_pd(s)};
}
PYNN_INLINE void store(double* p, Vec<double> v) {
  _mm256_store_pd(p, v.raw);
}
PYNN_INLINE void storeu(double* p, Vec<double> v) {
  _mm256_storeu_pd(p, v.raw);
}

PYNN_INLINE Vec<double> operator+(Vec<double> a, Vec<double> b) {
  return {_mm256_add_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> operator-(Vec<double> a, Vec<double> b) {
  return {_mm256_sub_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> operator*(Vec<double> a, Vec<double> b) {
  return {_mm256_mul_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> operator/(Vec<double> a, Vec<double> b) {
  return {_mm256_div_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> operator-(Vec<double> a) {
  return {_mm256_xor_pd(a.raw, _mm256_set1_pd(-0.0))};
}
PYNN_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
  return {_mm256_fmadd_pd(a.raw, b.raw, c.raw)};
}
PYNN_INLINE Vec<double> fms(Vec<double> a, Vec<double> b, Vec<double> c) {
  return {_mm256_fmsub_pd(a.raw, b.raw, c.raw)};
}
PYNN_INLINE Vec<double> fnma(Vec<double> a, Vec<double> b, Vec<double> c) {
  return {_mm256_fnmadd_pd(a.raw, b.raw, c.raw)};
}
PYNN_INLINE Vec<double> min(Vec<double> a, Vec<double> b) {
  return {_mm256_min_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> max(Vec<double> a, Vec<double> b) {
  return {_mm256_max_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> abs(Vec<double> a) {
  return {_mm256_andnot_pd(_mm256_set1_pd(-0.0), a.raw)};
}
PYNN_INLINE Vec<double> sqrt(Vec<double> a) {
  return {_mm256_sqrt_pd(a.raw)};
}
PYNN_INLINE Vec<double> round(Vec<double> a) {
  return {_mm256_round_pd(a.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

PYNN_INLINE Vec<double>::Mask lt(Vec<double> a, Vec<double> b) {
  return {_mm256_cmp_pd(a.raw, b.raw, _CMP_LT_OQ)};
}
PYNN_INLINE Vec<double>::Mask le(Vec<double> a, Vec<double> b) {
  return {_mm256_cmp_pd(a.raw, b.raw, _CMP_LE_OQ)};
}
PYNN_INLINE Vec<double>::Mask gt(Vec<double> a, Vec<double> b) {
  return {_mm256_cmp_pd(a.raw, b.raw, _CMP_GT_OQ)};
}
PYNN_INLINE Vec<double>::Mask ge(Vec<double> a, Vec<double> b) {
  return {_mm256_cmp_pd(a.raw, b.raw, _CMP_GE_OQ)};
}
PYNN_INLINE Vec<double>::Mask eq(Vec<double> a, Vec<double> b) {
  return {_mm256_cmp_pd(a.raw, b.raw, _CMP_EQ_OQ)};
}
PYNN_INLINE Vec<double>::Mask is_nan(Vec<double> a) {
  return {_mm256_cmp_pd(a.raw, a.raw, _CMP_UNORD_Q)};
}
PYNN_INLINE Vec<double>::Mask operator&(Vec<double>::Mask a, Vec<double>::Mask b) {
  return {_mm256_and_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double>::Mask operator|(Vec<double>::Mask a, Vec<double>::Mask b) {
  return {_mm256_or_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double>::Mask operator!(Vec<double>::Mask a) {
  return {_mm256_xor_pd(a.raw, _mm256_castsi256_pd(_mm256_set1_epi32(-1)))};
}
PYNN_INLINE Vec<double> select(Vec<double>::Mask mask, Vec<double> if_true, Vec<double> if_false) {
  return {_mm256_blendv_pd(if_false.raw, if_true.raw, mask.raw)};
}
PYNN_INLINE Vec<double>::Mask lanes_below(int n, double) {
  const __m256i lane = _mm256_setr_epi64x(0, 1, 2, 3);
  return {_mm256_castsi256_pd(_mm256_cmpgt_epi64(_mm256_set1_epi64x(n), lane))};
}
PYNN_INLINE Vec<double> load_where(Vec<double>::Mask mask, const double* p) {
  return {_mm256_maskload_pd(p, _mm256_castpd_si256(mask.raw))};
}
PYNN_INLINE void store_where(Vec<double>::Mask mask, double* p, Vec<double> v) {
  _mm256_maskstore_pd(p, _mm256_castpd_si256(mask.raw), v.raw);
}

// v * 2^n, for v normal, v * 2^n normal, biased = n + kIntegerBias; nonsense otherwise.
PYNN_INLINE Vec<double> add_to_exponent(Vec<double> v, Vec<double> biased) {
  const __m256i n = _mm256_slli_epi64(_mm256_castpd_si256(biased.raw), 52);
  return {_mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(v.raw), n))};
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
  const __m256i bits = _mm256_castpd_si256(v.raw);
  const __m256i fraction = _mm256_and_si256(bits, _mm256_set1_epi64x(0x000fffffffffffff));
  mantissa.raw =
      _mm256_castsi256_pd(_mm256_or_si256(fraction, _mm256_set1_epi64x(0x3fe0000000000000)));
  // AVX2 cannot convert 64-bit integers: the exponent becomes the low bits of 2^52 + exponent.
  const __m256i two52 = _mm256_set1_epi64x(0x4330000000000000);
  const __m256d biased = _mm256_castsi256_pd(_mm256_or_si256(_mm256_srli_epi64(bits, 52), two52));
  return {_mm256_sub_pd(biased, _mm256_set1_pd(4503599627370496.0 + 1022.0))};
}

PYNN_INLINE void transpose(Vec<double> (&rows)[4]) {
  const __m256d a = _mm256_unpacklo_pd(rows[0].raw, rows[1].raw);
  const __m256d b = _mm256_unpackhi_pd(rows[0].raw, rows[1].raw);
  const __m256d c = _mm256_unpacklo_pd(rows[2].raw, rows[3].raw);
  const __m256d d = _mm256_unpackhi_pd(rows[2].raw, rows[3].raw);
  rows[0].raw = _mm256_permute2f128_pd(a, c, 0x20);
  rows[1].raw = _mm256_permute2f128_pd(b, d, 0x20);
  rows[2].raw = _mm256_permute2f128_pd(a, c, 0x31);
  rows[3].raw = _mm256_permute2f128_pd(b, d, 0x31);
}

template <int kQuarters, class At>
PYNN_INLINE void load_columns(const At& row, Vec<double> (&columns)[4]) {
  for (int q = 0; q < kQuarters; ++q) {
    __m256d z[2];  // quarter q of the rows k and k + 2
    for (int k = 0; k < 2; ++k) {
      z[k] = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(row(k) + 2 * q)),
                                  _mm_loadu_pd(row(k + 2) + 2 * q), 1);
    }
    columns[2 * q].raw = _mm256_unpacklo_pd(z[0], z[1]);
    columns[2 * q + 1].raw = _mm256_unpackhi_pd(z[0], z[1]);
  }
}

PYNN_INLINE Vec<double> sum_lanes(const Vec<double> (&v)[4]) {
  __m256d h[2];  // of the vectors i and i + 2, a half each
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    h[i] = _mm256_add_pd(_mm256_permute2f128_pd(v[i].raw, v[i + 2].raw, 0x20),
                         _mm256_permute2f128_pd(v[i].raw, v[i + 2].raw, 0x31));
  }
  return {_mm256_add_pd(_mm256_unpacklo_pd(h[0], h[1]), _mm256_unpackhi_pd(h[0], h[1]))};
}

}  // namespace PYNN_ISA
}  // namespace pynn
