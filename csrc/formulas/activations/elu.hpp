// y = x for x > 0, alpha (exp(x) - 1) elsewhere.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Elu {
  static constexpr bool kNeedsInput = true;
  template <class V>
  PYNN_INLINE V forward(V x, V alpha) {
    return select(gt(x, zero<V>()), x, alpha * expm1(min(zero<V>(), x)));
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V x, V alpha) {
    return select(gt(x, zero<V>()), grad, grad * (alpha * exp(min(zero<V>(), x))));
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
