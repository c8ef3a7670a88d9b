// The SIMD words for AArch64's NEON: 4 floats or 2 doubles, documented in vec.hpp, which includes
// this file. Results are bit for bit AVX2's, but for the sign and payload of a NaN that an
// operation makes.
#pragma once

#include <arm_neon.h>

namespace pynn {
namespace PYNN_ISA {

// 6x4: 24 accumulators, 4 loads and 2 broadcasts fit the 32 registers.
template <class T>
struct Tiles {
  static constexpr int kRows = 6;
  static constexpr int kVectors = 4;
  static constexpr bool kByBlocks = false;
  static constexpr int kGradRows = 6;
  static constexpr int kGradVectors = 4;
  static constexpr bool kStepsBesideSums = true;
  static constexpr int kLines = 12;
  static constexpr int kPairLines = 4;
};

// min and max are not vminq and vmaxq, which give NaN where one operand is.
PYNN_UNARY(abs, vabsq_f32, vabsq_f64)
PYNN_UNARY(sqrt, vsqrtq_f32, vsqrtq_f64)
PYNN_UNARY(round, vrndnq_f32, vrndnq_f64)

// The addend comes first.
#define PYNN_FMA(word, of_floats, of_doubles, sign)                           \
  PYNN_INLINE Vec<float> word(Vec<float> a, Vec<float> b, Vec<float> c) {     \
    return {of_floats(sign c.raw, a.raw, b.raw)};                             \
  }                                                                           \
  PYNN_INLINE Vec<double> word(Vec<double> a, Vec<double> b, Vec<double> c) { \
    return {of_doubles(sign c.raw, a.raw, b.raw)};                            \
  }
PYNN_FMA(fma, vfmaq_f32, vfmaq_f64, +)
PYNN_FMA(fms, vfmaq_f32, vfmaq_f64, -)
PYNN_FMA(fnma, vfmsq_f32, vfmsq_f64, +)
#undef PYNN_FMA

PYNN_INLINE Vec<float> select(LaneMask<float> mask, Vec<float> if_true, Vec<float> if_false) {
  return {vbslq_f32((uint32x4_t)mask.raw, if_true.raw, if_false.raw)};
}
PYNN_INLINE Vec<double> select(LaneMask<double> mask, Vec<double> if_true, Vec<double> if_false) {
  return {vbslq_f64((uint64x2_t)mask.raw, if_true.raw, if_false.raw)};
}

}  // namespace PYNN_ISA
}  // namespace pynn
