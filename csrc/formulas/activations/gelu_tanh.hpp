// y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), the approximate GELU.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct GeluTanh {
  static constexpr bool kNeedsInput = true;
  static constexpr bool kSharesTerms = true;
  static constexpr double kScale = 0.79788456080286535588;  // sqrt(2 / pi)
  static constexpr double kCubic = 0.044715;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    using S = typename V::Scalar;
    const V inner = set<V>(S(kScale)) * fma(set<V>(S(kCubic)) * x * x, x, x);
    return set<V>(S(0.5)) * x * (set<V>(1) + tanh(inner));
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V x, V) {
    using S = typename V::Scalar;
    // Beyond 100, where t is 1, x cubed might overflow.
    const V square = min(set<V>(S(1e4)), x * x);
    const V t = tanh(set<V>(S(kScale)) * fma(set<V>(S(kCubic)) * square, x, x));
    const V slope = set<V>(S(kScale)) * fma(set<V>(S(3 * kCubic)), square, set<V>(1));
    const V half = set<V>(S(0.5));
    return grad * fma(half * x * fnma(t, t, set<V>(1)), slope, fma(half, t, half));
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
