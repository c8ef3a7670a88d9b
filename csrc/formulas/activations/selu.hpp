// y = scale x for x > 0, scale alpha (exp(x) - 1) elsewhere (Klambauer et al. 2017, the two
// constants).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Selu {
  static constexpr bool kNeedsInput = false;
  static constexpr double kAlpha = 1.6732632423543772848170429916717;
  static constexpr double kScale = 1.0507009873554804934193349852946;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    using S = typename V::Scalar;
    const V negative = set<V>(S(kScale * kAlpha)) * expm1(min(zero<V>(), x));
    return select(gt(x, zero<V>()), set<V>(S(kScale)) * x, negative);
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V y, V) {
    using S = typename V::Scalar;
    return grad * select(gt(y, zero<V>()), set<V>(S(kScale)), y + set<V>(S(kScale * kAlpha)));
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
