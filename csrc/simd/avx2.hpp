// The SIMD words for AVX2 with FMA: 8 floats or 4 doubles, documented in vec.hpp, which includes
// this file.
#pragma once

#include <immintrin.h>

namespace pynn {
namespace PYNN_ISA {

// 6x2: 12 accumulators, 2 loads and 1 broadcast fit the 16 registers. So does 3x4, with 3
// broadcasts and 1 load, which is as wide as a block of float32. A step between the sums takes
// registers from them and, on Zen 3, holds up more of them than it takes by itself.
template <class T>
struct Tiles {
  static constexpr int kRows = 6;
  static constexpr int kVectors = 2;
  static constexpr bool kByBlocks = true;
  static constexpr int kGradRows = 3;
  static constexpr int kGradVectors = 4;
  static constexpr bool kStepsBesideSums = false;
  static constexpr int kLines = 8;
  static constexpr int kPairLines = 4;
};

PYNN_UNARY(sqrt, _mm256_sqrt_ps, _mm256_sqrt_pd)
PYNN_BINARY(min, _mm256_min_ps, _mm256_min_pd)
PYNN_BINARY(max, _mm256_max_ps, _mm256_max_pd)
PYNN_TERNARY(fma, _mm256_fmadd_ps, _mm256_fmadd_pd)
PYNN_TERNARY(fms, _mm256_fmsub_ps, _mm256_fmsub_pd)
PYNN_TERNARY(fnma, _mm256_fnmadd_ps, _mm256_fnmadd_pd)

PYNN_INLINE Vec<float> abs(Vec<float> a) {
  return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.raw)};
}
PYNN_INLINE Vec<double> abs(Vec<double> a) {
  return {_mm256_andnot_pd(_mm256_set1_pd(-0.0), a.raw)};
}
PYNN_INLINE Vec<float> round(Vec<float> a) {
  return {_mm256_round_ps(a.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
PYNN_INLINE Vec<double> round(Vec<double> a) {
  return {_mm256_round_pd(a.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

PYNN_INLINE Vec<float> select(LaneMask<float> mask, Vec<float> if_true, Vec<float> if_false) {
  return {_mm256_blendv_ps(if_false.raw, if_true.raw, (__m256)mask.raw)};
}
PYNN_INLINE Vec<double> select(LaneMask<double> mask, Vec<double> if_true, Vec<double> if_false) {
  return {_mm256_blendv_pd(if_false.raw, if_true.raw, (__m256d)mask.raw)};
}
PYNN_INLINE std::uint32_t bits_of(LaneMask<float> mask) {
  return static_cast<std::uint32_t>(_mm256_movemask_ps((__m256)mask.raw));
}
PYNN_INLINE std::uint32_t bits_of(LaneMask<double> mask) {
  return static_cast<std::uint32_t>(_mm256_movemask_pd((__m256d)mask.raw));
}
PYNN_INLINE Vec<float> load_where(LaneMask<float> mask, const float* p) {
  return {_mm256_maskload_ps(p, (__m256i)mask.raw)};
}
PYNN_INLINE Vec<double> load_where(LaneMask<double> mask, const double* p) {
  return {_mm256_maskload_pd(p, (__m256i)mask.raw)};
}
PYNN_INLINE void store_where(LaneMask<float> mask, float* p, Vec<float> v) {
  _mm256_maskstore_ps(p, (__m256i)mask.raw, v.raw);
}
PYNN_INLINE void store_where(LaneMask<double> mask, double* p, Vec<double> v) {
  _mm256_maskstore_pd(p, (__m256i)mask.raw, v.raw);
}

// ---- transposes of floats

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
  PYNN_UNROLL for (int i = 0; i < 4; ++i) {
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

// ---- transposes of doubles

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
  PYNN_UNROLL for (int i = 0; i < 2; ++i) {
    h[i] = _mm256_add_pd(_mm256_permute2f128_pd(v[i].raw, v[i + 2].raw, 0x20),
                         _mm256_permute2f128_pd(v[i].raw, v[i + 2].raw, 0x31));
  }
  return {_mm256_add_pd(_mm256_unpacklo_pd(h[0], h[1]), _mm256_unpackhi_pd(h[0], h[1]))};
}

}  // namespace PYNN_ISA
}  // namespace pynn
