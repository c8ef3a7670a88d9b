// y = x Phi(x), Phi the normal distribution function (Hendrycks and Gimpel 2016).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Gelu {
  static constexpr bool kNeedsInput = true;
  static constexpr bool kSharesTerms = true;
  static constexpr double kSqrtHalf = 0.70710678118654752440;
  static constexpr double kDensityScale = 0.39894228040143267794;  // 1 / sqrt(2 pi)
  template <class V>
  PYNN_INLINE V distribution(V x) {
    using S = typename V::Scalar;
    const V half = set<V>(S(0.5));
    return fma(half, erf(x * set<V>(S(kSqrtHalf))), half);
  }
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    return x * distribution(x);
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V x, V) {
    using S = typename V::Scalar;
    const V density = set<V>(S(kDensityScale)) * exp(set<V>(S(-0.5)) * x * x);
    return grad * fma(x, density, distribution(x));
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
