// The SIMD words for AVX-512 (F, DQ, BW, VL): 16 floats or 8 doubles, documented in vec.hpp, which
// includes this file. Results are bit for bit AVX2's.
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

// 12x2: 24 accumulators, 2 loads and 1 broadcast fit the 32 registers; a broadcast serves 2 FMAs.
// 6x4: as many accumulators, and runs of 4 vectors along the rows of the weights. On Zen 4, doubles
// by blocks take a fifth longer, and steps that are not beside the sums 3% of a training step more.
template <class T>
struct Tiles {
  static constexpr int kRows = 12;
  static constexpr int kVectors = 2;
  static constexpr bool kByBlocks = false;
  static constexpr int kGradRows = 6;
  static constexpr int kGradVectors = 4;
  static constexpr bool kStepsBesideSums = true;
  static constexpr int kLines = 12;
  static constexpr int kPairLines = 0;
};

PYNN_UNARY(sqrt, _mm512_sqrt_ps, _mm512_sqrt_pd)
PYNN_BINARY(min, _mm512_min_ps, _mm512_min_pd)
PYNN_BINARY(max, _mm512_max_ps, _mm512_max_pd)
PYNN_TERNARY(fma, _mm512_fmadd_ps, _mm512_fmadd_pd)
PYNN_TERNARY(fms, _mm512_fmsub_ps, _mm512_fmsub_pd)
PYNN_TERNARY(fnma, _mm512_fnmadd_ps, _mm512_fnmadd_pd)

PYNN_INLINE Vec<float> abs(Vec<float> a) {
  return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.raw)};
}
PYNN_INLINE Vec<double> abs(Vec<double> a) {
  return {_mm512_andnot_pd(_mm512_set1_pd(-0.0), a.raw)};
}
PYNN_INLINE Vec<float> round(Vec<float> a) {
  return {_mm512_roundscale_ps(a.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
PYNN_INLINE Vec<double> round(Vec<double> a) {
  return {_mm512_roundscale_pd(a.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

// ---- masks, of a bit a lane

template <>
struct LaneMask<float> {
  __mmask16 raw;
};
template <>
struct LaneMask<double> {
  __mmask8 raw;
};

#define PYNN_COMPARISON(word, predicate)                            \
  PYNN_INLINE LaneMask<float> word(Vec<float> a, Vec<float> b) {    \
    return {_mm512_cmp_ps_mask(a.raw, b.raw, predicate)};           \
  }                                                                 \
  PYNN_INLINE LaneMask<double> word(Vec<double> a, Vec<double> b) { \
    return {_mm512_cmp_pd_mask(a.raw, b.raw, predicate)};           \
  }
PYNN_COMPARISON(lt, _CMP_LT_OQ)
PYNN_COMPARISON(le, _CMP_LE_OQ)
PYNN_COMPARISON(gt, _CMP_GT_OQ)
PYNN_COMPARISON(ge, _CMP_GE_OQ)
PYNN_COMPARISON(eq, _CMP_EQ_OQ)
PYNN_COMPARISON(unordered, _CMP_UNORD_Q)
#undef PYNN_COMPARISON

PYNN_INLINE LaneMask<float> is_nan(Vec<float> a) {
  return unordered(a, a);
}
PYNN_INLINE LaneMask<double> is_nan(Vec<double> a) {
  return unordered(a, a);
}

PYNN_INLINE LaneMask<float> operator&(LaneMask<float> a, LaneMask<float> b) {
  return {_kand_mask16(a.raw, b.raw)};
}
PYNN_INLINE LaneMask<double> operator&(LaneMask<double> a, LaneMask<double> b) {
  return {_kand_mask8(a.raw, b.raw)};
}
PYNN_INLINE LaneMask<float> operator|(LaneMask<float> a, LaneMask<float> b) {
  return {_kor_mask16(a.raw, b.raw)};
}
PYNN_INLINE LaneMask<double> operator|(LaneMask<double> a, LaneMask<double> b) {
  return {_kor_mask8(a.raw, b.raw)};
}
PYNN_INLINE LaneMask<float> operator!(LaneMask<float> a) {
  return {_knot_mask16(a.raw)};
}
PYNN_INLINE LaneMask<double> operator!(LaneMask<double> a) {
  return {_knot_mask8(a.raw)};
}

PYNN_INLINE Vec<float> select(LaneMask<float> mask, Vec<float> if_true, Vec<float> if_false) {
  return {_mm512_mask_blend_ps(mask.raw, if_false.raw, if_true.raw)};
}
PYNN_INLINE Vec<double> select(LaneMask<double> mask, Vec<double> if_true, Vec<double> if_false) {
  return {_mm512_mask_blend_pd(mask.raw, if_false.raw, if_true.raw)};
}
PYNN_INLINE std::uint32_t bits_of(LaneMask<float> mask) {
  return mask.raw;
}
PYNN_INLINE std::uint32_t bits_of(LaneMask<double> mask) {
  return mask.raw;
}
PYNN_INLINE LaneMask<double> at_least(Vec<double>::Bits a, Vec<double>::Bits b) {
  return {_mm512_cmpge_epu64_mask((__m512i)a, (__m512i)b)};
}
PYNN_INLINE LaneMask<float> lanes_below(int n, float) {
  return {_mm512_cmpgt_epi32_mask(_mm512_set1_epi32(n), (__m512i)lane_numbers<float>())};
}
PYNN_INLINE LaneMask<double> lanes_below(int n, double) {
  return {_mm512_cmpgt_epi64_mask(_mm512_set1_epi64(n), (__m512i)lane_numbers<double>())};
}
PYNN_INLINE LaneMask<float> lanes_of(std::uint32_t bits, float) {
  return {static_cast<__mmask16>(bits)};
}
PYNN_INLINE LaneMask<double> lanes_of(std::uint32_t bits, double) {
  return {static_cast<__mmask8>(bits)};
}
PYNN_INLINE Vec<float> load_where(LaneMask<float> mask, const float* p) {
  return {_mm512_maskz_loadu_ps(mask.raw, p)};
}
PYNN_INLINE Vec<double> load_where(LaneMask<double> mask, const double* p) {
  return {_mm512_maskz_loadu_pd(mask.raw, p)};
}
PYNN_INLINE void store_where(LaneMask<float> mask, float* p, Vec<float> v) {
  _mm512_mask_storeu_ps(p, mask.raw, v.raw);
}
PYNN_INLINE void store_where(LaneMask<double> mask, double* p, Vec<double> v) {
  _mm512_mask_storeu_pd(p, mask.raw, v.raw);
}

// ---- transposes of floats

PYNN_INLINE void transpose(Vec<float> (&rows)[16]) {
  __m512 t[16];
  // Pairs of rows, then 4x4 blocks within the 128-bit quarters.
  PYNN_UNROLL for (int i = 0; i < 16; i += 4) {
    const __m512 a = _mm512_unpacklo_ps(rows[i].raw, rows[i + 1].raw);
    const __m512 b = _mm512_unpackhi_ps(rows[i].raw, rows[i + 1].raw);
    const __m512 c = _mm512_unpacklo_ps(rows[i + 2].raw, rows[i + 3].raw);
    const __m512 d = _mm512_unpackhi_ps(rows[i + 2].raw, rows[i + 3].raw);
    t[i] = _mm512_shuffle_ps(a, c, _MM_SHUFFLE(1, 0, 1, 0));
    t[i + 1] = _mm512_shuffle_ps(a, c, _MM_SHUFFLE(3, 2, 3, 2));
    t[i + 2] = _mm512_shuffle_ps(b, d, _MM_SHUFFLE(1, 0, 1, 0));
    t[i + 3] = _mm512_shuffle_ps(b, d, _MM_SHUFFLE(3, 2, 3, 2));
  }
  // 4x4 blocks of quarters; even quarters and odd quarters apart.
  PYNN_UNROLL for (int i = 0; i < 4; ++i) {
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
  PYNN_UNROLL for (int k = 0; k < 4; ++k) {
    const float* p[4] = {row(k), row(k + 4), row(k + 8), row(k + 12)};
    PYNN_UNROLL for (int q = 0; q < kQuarters; ++q) {
      const __m256 low = two_quarters(p[0] + 4 * q, p[1] + 4 * q);
      const __m256 high = two_quarters(p[2] + 4 * q, p[3] + 4 * q);
      z[q][k] = _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
    }
  }
  PYNN_UNROLL for (int q = 0; q < kQuarters; ++q) {
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
  PYNN_UNROLL for (int i = 0; i < 4; ++i) {
    q[i] =
        add_quarters(add_halves(v[i].raw, v[i + 4].raw), add_halves(v[i + 8].raw, v[i + 12].raw));
  }
  return {add_neighbours(add_pairs(q[0], q[1]), add_pairs(q[2], q[3]))};
}

// ---- transposes of doubles

PYNN_INLINE void transpose(Vec<double> (&rows)[8]) {
  __m512d t[8];
  // 2x2 blocks within the 128-bit quarters.
  PYNN_UNROLL for (int i = 0; i < 8; i += 2) {
    t[i] = _mm512_unpacklo_pd(rows[i].raw, rows[i + 1].raw);
    t[i + 1] = _mm512_unpackhi_pd(rows[i].raw, rows[i + 1].raw);
  }
  // 4x4 blocks of quarters; even quarters and odd quarters apart.
  PYNN_UNROLL for (int i = 0; i < 2; ++i) {
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
  PYNN_UNROLL for (int k = 0; k < 2; ++k) {
    const double* p[4] = {row(k), row(k + 2), row(k + 4), row(k + 6)};
    PYNN_UNROLL for (int q = 0; q < kQuarters; ++q) {
      const __m256d low = two_quarters(p[0] + 2 * q, p[1] + 2 * q);
      const __m256d high = two_quarters(p[2] + 2 * q, p[3] + 2 * q);
      z[q][k] = _mm512_insertf64x4(_mm512_castpd256_pd512(low), high, 1);
    }
  }
  PYNN_UNROLL for (int q = 0; q < kQuarters; ++q) {
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
  PYNN_UNROLL for (int i = 0; i < 2; ++i) {
    q[i] = add_quarters(add_halves(v[i].raw, v[i + 2].raw), add_halves(v[i + 4].raw, v[i + 6].raw));
  }
  return {_mm512_add_pd(_mm512_unpacklo_pd(q[0], q[1]), _mm512_unpackhi_pd(q[0], q[1]))};
}

}  // namespace PYNN_ISA
}  // namespace pynn
