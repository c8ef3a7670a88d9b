// The SIMD words for AVX-512 (F, DQ, BW, VL): 16 floats or 8 doubles. Same words as every other ISA
// header, documented in vec.hpp, which includes this file. Results are bit for bit AVX2's.
#pragma once

// GCC 12 warns about _mm512_undefined_ps() in its own header, wherever that is inlined (PR 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

namespace pynn {
namespace PYNN_ISA {

template <>
struct Vec<float> {
  using Scalar = float;
  struct Mask {
    __mmask16 raw;
  };
  static constexpr int kWidth = 16;
  static constexpr float kIntegerBias = 12582912.0f;  // 1.5 * 2^23
  __m512 raw;
};

template <>
struct Vec<double> {
  using Scalar = double;
  struct Mask {
    __mmask8 raw;
  };
  static constexpr int kWidth = 8;
  static constexpr double kIntegerBias = 6755399441055744.0;  // 1.5 * 2^52
  __m512d raw;
};

// 12x2: 24 accumulators, 2 loads and 1 broadcast fit the 32 registers; a broadcast serves 2 FMAs.
// 6x4: as many accumulators, and runs of 4 vectors along the rows of the weights.
template <class T>
struct Tiles {
  static constexpr int kRows = 12;
  static constexpr int kVectors = 2;
  static constexpr int kGradRows = 6;
  static constexpr int kGradVectors = 4;
  static constexpr int kLongStepRows = 6;
  static constexpr int kLines = 12;
  static constexpr int kPairLines = 0;
};

// ---- float

PYNN_INLINE Vec<float> load_aligned(const float* p) {
  return {_mm512_load_ps(p)};
}
PYNN_INLINE Vec<float> load_unaligned(const float* p) {
  return {_mm512_loadu_ps(p)};
}
PYNN_INLINE Vec<float> broadcast(float s) {
  return {_mm512_set1_ps(s)};
}
PYNN_INLINE void store(float* p, Vec<float> v) {
  _mm512_store_ps(p, v.raw);
}
PYNN_INLINE void storeu(float* p, Vec<float> v) {
  _mm512_storeu_ps(p, v.raw);
}

PYNN_INLINE Vec<float> operator+(Vec<float> a, Vec<float> b) {
  return {_mm512_add_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> operator-(Vec<float> a, Vec<float> b) {
  return {_mm512_sub_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> operator*(Vec<float> a, Vec<float> b) {
  return {_mm512_mul_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> operator/(Vec<float> a, Vec<float> b) {
  return {_mm512_div_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> operator-(Vec<float> a) {
  return {_mm512_xor_ps(a.raw, _mm512_set1_ps(-0.0f))};
}
PYNN_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
  return {_mm512_fmadd_ps(a.raw, b.raw, c.raw)};
}
PYNN_INLINE Vec<float> fms(Vec<float> a, Vec<float> b, Vec<float> c) {
  return {_mm512_fmsub_ps(a.raw, b.raw, c.raw)};
}
PYNN_INLINE Vec<float> fnma(Vec<float> a, Vec<float> b, Vec<float> c) {
  return {_mm512_fnmadd_ps(a.raw, b.raw, c.raw)};
}
PYNN_INLINE Vec<float> min(Vec<float> a, Vec<float> b) {
  return {_mm512_min_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> max(Vec<float> a, Vec<float> b) {
  return {_mm512_max_ps(a.raw, b.raw)};
}
PYNN_INLINE Vec<float> abs(Vec<float> a) {
  return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.raw)};
}
PYNN_INLINE Vec<float> sqrt(Vec<float> a) {
  return {_mm512_sqrt_ps(a.raw)};
}
PYNN_INLINE Vec<float> round(Vec<float> a) {
  return {_mm512_roundscale_ps(a.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

PYNN_INLINE Vec<float>::Mask lt(Vec<float> a, Vec<float> b) {
  return {_mm512_cmp_ps_mask(a.raw, b.raw, _CMP_LT_OQ)};
}
PYNN_INLINE Vec<float>::Mask le(Vec<float> a, Vec<float> b) {
  return {_mm512_cmp_ps_mask(a.raw, b.raw, _CMP_LE_OQ)};
}
PYNN_INLINE Vec<float>::Mask gt(Vec<float> a, Vec<float> b) {
  return {_mm512_cmp_ps_mask(a.raw, b.raw, _CMP_GT_OQ)};
}
PYNN_INLINE Vec<float>::Mask ge(Vec<float> a, Vec<float> b) {
  return {_mm512_cmp_ps_mask(a.raw, b.raw, _CMP_GE_OQ)};
}
PYNN_INLINE Vec<float>::Mask eq(Vec<float> a, Vec<float> b) {
  return {_mm512_cmp_ps_mask(a.raw, b.raw, _CMP_EQ_OQ)};
}
PYNN_INLINE Vec<float>::Mask is_nan(Vec<float> a) {
  return {_mm512_cmp_ps_mask(a.raw, a.raw, _CMP_UNORD_Q)};
}
PYNN_INLINE Vec<float>::Mask operator&(Vec<float>::Mask a, Vec<float>::Mask b) {
  return {_kand_mask16(a.raw, b.raw)};
}
PYNN_INLINE Vec<float>::Mask operator|(Vec<float>::Mask a, Vec<float>::Mask b) {
  return {_kor_mask16(a.raw, b.raw)};
}
PYNN_INLINE Vec<float>::Mask operator!(Vec<float>::Mask a) {
  return {_knot_mask16(a.raw)};
}
PYNN_INLINE Vec<float> select(Vec<float>::Mask mask, Vec<float> if_true, Vec<float> if_false) {
  return {_mm512_mask_blend_ps(mask.raw, if_false.raw, if_true.raw)};
}
PYNN_INLINE Vec<float>::Mask lanes_below(int n, float) {
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return {_mm512_cmpgt_epi32_mask(_mm512_set1_epi32(n), lane)};
}
PYNN_INLINE Vec<float> load_where(Vec<float>::Mask mask, const float* p) {
  return {_mm512_maskz_loadu_ps(mask.raw, p)};
}
PYNN_INLINE void store_where(Vec<float>::Mask mask, float* p, Vec<float> v) {
  _mm512_mask_storeu_ps(p, mask.raw, v.raw);
}

// v * 2^n, for v normal, v * 2^n normal, biased = n + kIntegerBias; nonsense otherwise.
PYNN_INLINE Vec<float> add_to_exponent(Vec<float> v, Vec<float> biased) {
  const __m512i n = _mm512_slli_epi32(_mm512_castps_si512(biased.raw), 23);
  return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(v.raw), n))};
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
  const __m512i bits = _mm512_castps_si512(v.raw);
  const __m512i fraction = _mm512_and_si512(bits, _mm512_set1_epi32(0x007fffff));
  mantissa.raw = _mm512_castsi512_ps(_mm512_or_si512(fraction, _mm512_set1_epi32(0x3f000000)));
  const __m512 biased = _mm512_cvtepi32_ps(_mm512_srli_epi32(bits, 23));
  return {_mm512_sub_ps(biased, _mm512_set1_ps(126.0f))};
}

PYNN_INLINE void transpose(Vec<float> (&rows)[16]) {
  __m512 t[16];
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {  // pairs of rows, then 4x4 blocks within the 128-bit quarters
    const __m512 a = _mm512_unpacklo_ps(rows[i].raw, rows[i + 1].raw);
    const __m512 b = _mm512_unpackhi_ps(rows[i].raw, rows[i + 1].raw);
    const __m512 c = _mm512_unpacklo_ps(rows[i + 2].raw, rows[i + 3].raw);
    const __m512 d = _mm512_unpackhi_ps(rows[i + 2].raw, rows[i + 3].raw);
    t[i] = _mm512_shuffle_ps(a, c, _MM_SHUFFLE(1, 0, 1, 0));
    t[i + 1] = _mm512_shuffle_ps(a, c, _MM_SHUFFLE(3, 2, 3, 2));
    t[i + 2] = _mm512_shuffle_ps(b, d, _MM_SHUFFLE(1, 0, 1, 0));
    t[i + 3] = _mm512_shuffle_ps(b, d, _MM_SHUFFLE(3, 2, 3, 2));
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {  // 4x4 blocks of quarters; even quarters and odd quarters apart
    const __m512 a = _mm512_shuffle_f32x4(t[i], t[i + 4], _MM_SHUFFLE(2, 0, 2, 0));
    const __m512 b = _mm512_shuffle_f32x4(t[i], t[i + 4], _MM_SHUFFLE(3, 1, 3, 1));
    const __m512 c = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], _MM_SHUFFLE(2, 0, 2, 0));
    const __m512 d = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], _MM_SHUFFLE(3, 1, 3, 1));
    rows[i].raw = _mm512_shuffle_f32x4(a, c, _MM_SHUFFLE(2, 0, 2, 0));
    rows[i + 4].raw = _mm512_shuffle_f32x4(b, d, _MM_SHUFFLE(2, 0, 2, 0));
    rows[i + 8].raw = _mm512_shuffle_f32x4(a, c, _MM_SHUFFLE(3, 1, 3, 1));
    rows[i + 12].raw = _mm512_shuffle_f32x4(b, d, _MM_SHUFFLE(3, 1, 3, 1));
  }
}

// Loads that fill half a register by themselves: cheaper than four that each fill a quarter.
PYNN_INLINE __m256 two_quarters(const float* p, const float* q) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(q), 1);
}

template <int kQuarters, class At>
PYNN_INLINE void load_columns(const At& row, Vec<float> (&columns)[16]) {
  __m512 z[kQuarters][4];  // quarter q of the rows k, k + 4, k + 8, k + 12
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    const float* p[4] = {row(k), row(k + 4), row(k + 8), row(k + 12)};
#pragma GCC unroll 4
    for (int q = 0; q < kQuarters; ++q) {
      const __m256 low = two_quarters(p[0] + 4 * q, p[1] + 4 * q);
      const __m256 high = two_quarters(p[2] + 4 * q, p[3] + 4 * q);
      z[q][k] = _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
    }
  }
#pragma GCC unroll 4
  for (int q = 0; q < kQuarters; ++q) {
    const __m512 a = _mm512_unpacklo_ps(z[q][0], z[q][1]);
    const __m512 b = _mm512_unpackhi_ps(z[q][0], z[q][1]);
    const __m512 c = _mm512_unpacklo_ps(z[q][2], z[q][3]);
    const __m512 d = _mm512_unpackhi_ps(z[q][2], z[q][3]);
    columns[4 * q].raw = _mm512_shuffle_ps(a, c, _MM_SHUFFLE(1, 0, 1, 0));
    columns[4 * q + 1].raw = _mm512_shuffle_ps(a, c, _MM_SHUFFLE(3, 2, 3, 2));
    columns[4 * q + 2].raw = _mm512_shuffle_ps(b, d, _MM_SHUFFLE(1, 0, 1, 0));
    columns[4 * q + 3].raw = _mm512_shuffle_ps(b, d, _MM_SHUFFLE(3, 2, 3, 2));
  }
}

// [a's halves added, b's halves added], then of quarters, pairs and single numbers.
PYNN_INLINE __m512 add_halves(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, _MM_SHUFFLE(1, 0, 1, 0)),
                       _mm512_shuffle_f32x4(a, b, _MM_SHUFFLE(3, 2, 3, 2)));
}
PYNN_INLINE __m512 add_quarters(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, _MM_SHUFFLE(2, 0, 2, 0)),
                       _mm512_shuffle_f32x4(a, b, _MM_SHUFFLE(3, 1, 3, 1)));
}
PYNN_INLINE __m512 add_pairs(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 1, 0)),
                       _mm512_shuffle_ps(a, b, _MM_SHUFFLE(3, 2, 3, 2)));
}
PYNN_INLINE __m512 add_neighbours(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0)),
                       _mm512_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1)));
}

PYNN_INLINE Vec<float> sum_lanes(const Vec<float> (&v)[16]) {
  __m512 q[4];  // of the vectors i, i + 4, i + 8, i + 12, a quarter each
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    q[i] =
        add_quarters(add_halves(v[i].raw, v[i + 4].raw), add_halves(v[i + 8].raw, v[i + 12].raw));
  }
  return {add_neighbours(add_pairs(q[0], q[1]), add_pairs(q[2], q[3]))};
}

// ---- double

PYNN_INLINE Vec<double> load_aligned(const double* p) {
  return {_mm512_load_pd(p)};
}
PYNN_INLINE Vec<double> load_unaligned(const double* p) {
  return {_mm512_loadu_pd(p)};
}
PYNN_INLINE Vec<double> broadcast(double s) {
  return {_mm512_set1_pd(s)};
}
PYNN_INLINE void store(double* p, Vec<double> v) {
  _mm512_store_pd(p, v.raw);
}
PYNN_INLINE void storeu(double* p, Vec<double> v) {
  _mm512_storeu_pd(p, v.raw);
}

PYNN_INLINE Vec<double> operator+(Vec<double> a, Vec<double> b) {
  return {_mm512_add_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> operator-(Vec<double> a, Vec<double> b) {
  return {_mm512_sub_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> operator*(Vec<double> a, Vec<double> b) {
  return {_mm512_mul_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> operator/(Vec<double> a, Vec<double> b) {
  return {_mm512_div_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> operator-(Vec<double> a) {
  return {_mm512_xor_pd(a.raw, _mm512_set1_pd(-0.0))};
}
PYNN_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
  return {_mm512_fmadd_pd(a.raw, b.raw, c.raw)};
}
PYNN_INLINE Vec<double> fms(Vec<double> a, Vec<double> b, Vec<double> c) {
  return {_mm512_fmsub_pd(a.raw, b.raw, c.raw)};
}
PYNN_INLINE Vec<double> fnma(Vec<double> a, Vec<double> b, Vec<double> c) {
  return {_mm512_fnmadd_pd(a.raw, b.raw, c.raw)};
}
PYNN_INLINE Vec<double> min(Vec<double> a, Vec<double> b) {
  return {_mm512_min_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> max(Vec<double> a, Vec<double> b) {
  return {_mm512_max_pd(a.raw, b.raw)};
}
PYNN_INLINE Vec<double> abs(Vec<double> a) {
  return {_mm512_andnot_pd(_mm512_set1_pd(-0.0), a.raw)};
}
PYNN_INLINE Vec<double> sqrt(Vec<double> a) {
  return {_mm512_sqrt_pd(a.raw)};
}
PYNN_INLINE Vec<double> round(Vec<double> a) {
  return {_mm512_roundscale_pd(a.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

PYNN_INLINE Vec<double>::Mask lt(Vec<double> a, Vec<double> b) {
  return {_mm512_cmp_pd_mask(a.raw, b.raw, _CMP_LT_OQ)};
}
PYNN_INLINE Vec<double>::Mask le(Vec<double> a, Vec<double> b) {
  return {_mm512_cmp_pd_mask(a.raw, b.raw, _CMP_LE_OQ)};
}
PYNN_INLINE Vec<double>::Mask gt(Vec<double> a, Vec<double> b) {
  return {_mm512_cmp_pd_mask(a.raw, b.raw, _CMP_GT_OQ)};
}
PYNN_INLINE Vec<double>::Mask ge(Vec<double> a, Vec<double> b) {
  return {_mm512_cmp_pd_mask(a.raw, b.raw, _CMP_GE_OQ)};
}
PYNN_INLINE Vec<double>::Mask eq(Vec<double> a, Vec<double> b) {
  return {_mm512_cmp_pd_mask(a.raw, b.raw, _CMP_EQ_OQ)};
}
PYNN_INLINE Vec<double>::Mask is_nan(Vec<double> a) {
  return {_mm512_cmp_pd_mask(a.raw, a.raw, _CMP_UNORD_Q)};
}
PYNN_INLINE Vec<double>::Mask operator&(Vec<double>::Mask a, Vec<double>::Mask b) {
  return {_kand_mask8(a.raw, b.raw)};
}
PYNN_INLINE Vec<double>::Mask operator|(Vec<double>::Mask a, Vec<double>::Mask b) {
  return {_kor_mask8(a.raw, b.raw)};
}
PYNN_INLINE Vec<double>::Mask operator!(Vec<double>::Mask a) {
  return {_knot_mask8(a.raw)};
}
PYNN_INLINE Vec<double> select(Vec<double>::Mask mask, Vec<double> if_true, Vec<double> if_false) {
  return {_mm512_mask_blend_pd(mask.raw, if_false.raw, if_true.raw)};
}
PYNN_INLINE Vec<double>::Mask lanes_below(int n, double) {
  const __m512i lane = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
  return {_mm512_cmpgt_epi64_mask(_mm512_set1_epi64(n), lane)};
}
PYNN_INLINE Vec<double> load_where(Vec<double>::Mask mask, const double* p) {
  return {_mm512_maskz_loadu_pd(mask.raw, p)};
}
PYNN_INLINE void store_where(Vec<double>::Mask mask, double* p, Vec<double> v) {
  _mm512_mask_storeu_pd(p, mask.raw, v.raw);
}

// v * 2^n, for v normal, v * 2^n normal, biased = n + kIntegerBias; nonsense otherwise.
PYNN_INLINE Vec<double> add_to_exponent(Vec<double> v, Vec<double> biased) {
  const __m512i n = _mm512_slli_epi64(_mm512_castpd_si512(biased.raw), 52);
  return {_mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(v.raw), n))};
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
  const __m512i bits = _mm512_castpd_si512(v.raw);
  const __m512i fraction = _mm512_and_si512(bits, _mm512_set1_epi64(0x000fffffffffffff));
  mantissa.raw =
      _mm512_castsi512_pd(_mm512_or_si512(fraction, _mm512_set1_epi64(0x3fe0000000000000)));
  const __m512d biased = _mm512_cvtepi64_pd(_mm512_srli_epi64(bits, 52));
  return {_mm512_sub_pd(biased, _mm512_set1_pd(1022.0))};
}

PYNN_INLINE void transpose(Vec<double> (&rows)[8]) {
  __m512d t[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {  // 2x2 blocks within the 128-bit quarters
    t[i] = _mm512_unpacklo_pd(rows[i].raw, rows[i + 1].raw);
    t[i + 1] = _mm512_unpackhi_pd(rows[i].raw, rows[i + 1].raw);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {  // 4x4 blocks of quarters; even quarters and odd quarters apart
    const __m512d a = _mm512_shuffle_f64x2(t[i], t[i + 2], _MM_SHUFFLE(2, 0, 2, 0));
    const __m512d b = _mm512_shuffle_f64x2(t[i], t[i + 2], _MM_SHUFFLE(3, 1, 3, 1));
    const __m512d c = _mm512_shuffle_f64x2(t[i + 4], t[i + 6], _MM_SHUFFLE(2, 0, 2, 0));
    const __m512d d = _mm512_shuffle_f64x2(t[i + 4], t[i + 6], _MM_SHUFFLE(3, 1, 3, 1));
    rows[i].raw = _mm512_shuffle_f64x2(a, c, _MM_SHUFFLE(2, 0, 2, 0));
    rows[i + 2].raw = _mm512_shuffle_f64x2(b, d, _MM_SHUFFLE(2, 0, 2, 0));
    rows[i + 4].raw = _mm512_shuffle_f64x2(a, c, _MM_SHUFFLE(3, 1, 3, 1));
    rows[i + 6].raw = _mm512_shuffle_f64x2(b, d, _MM_SHUFFLE(3, 1, 3, 1));
  }
}

PYNN_INLINE __m256d two_quarters(const double* p, const double* q) {
  return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p)), _mm_loadu_pd(q), 1);
}

template <int kQuarters, class At>
PYNN_INLINE void load_columns(const At& row, Vec<double> (&columns)[8]) {
  __m512d z[kQuarters][2];  // quarter q of the rows k, k + 2, k + 4, k + 6
#pragma GCC unroll 2
  for (int k = 0; k < 2; ++k) {
    const double* p[4] = {row(k), row(k + 2), row(k + 4), row(k + 6)};
#pragma GCC unroll 4
    for (int q = 0; q < kQuarters; ++q) {
      const __m256d low = two_quarters(p[0] + 2 * q, p[1] + 2 * q);
      const __m256d high = two_quarters(p[2] + 2 * q, p[3] + 2 * q);
      z[q][k] = _mm512_insertf64x4(_mm512_castpd256_pd512(low), high, 1);
    }
  }
#pragma GCC unroll 4
  for (int q = 0; q < kQuarters; ++q) {
    columns[2 * q].raw = _mm512_unpacklo_pd(z[q][0], z[q][1]);
    columns[2 * q + 1].raw = _mm512_unpackhi_pd(z[q][0], z[q][1]);
  }
}

PYNN_INLINE Vec<double> sum_lanes(const Vec<double> (&v)[8]) {
  const auto add_halves = [](__m512d a, __m512d b) {
    return _mm512_add_pd(_mm512_shuffle_f64x2(a, b, _MM_SHUFFLE(1, 0, 1, 0)),
                         _mm512_shuffle_f64x2(a, b, _MM_SHUFFLE(3, 2, 3, 2)));
  };
  const auto add_quarters = [](__m512d a, __m512d b) {
    return _mm512_add_pd(_mm512_shuffle_f64x2(a, b, _MM_SHUFFLE(2, 0, 2, 0)),
                         _mm512_shuffle_f64x2(a, b, _MM_SHUFFLE(3, 1, 3, 1)));
  };
  __m512d q[2];  // of the vectors i, i + 2, i + 4, i + 6, a quarter each
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    q[i] = add_quarters(add_halves(v[i].raw, v[i + 2].raw), add_halves(v[i + 4].raw, v[i + 6].raw));
  }
  return {_mm512_add_pd(_mm512_unpacklo_pd(q[0], q[1]), _mm512_unpackhi_pd(q[0], q[1]))};
}

}  // namespace PYNN_ISA
}  // namespace pynn
