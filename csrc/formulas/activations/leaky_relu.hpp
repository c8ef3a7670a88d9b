// y = x for x > 0, alpha x elsewhere, alpha >= 0 (Keras's negative_slope).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct LeakyRelu {
  static constexpr bool kNeedsInput = true;
  template <class V>
  PYNN_INLINE V forward(V x, V alpha) {
    return select(gt(x, zero<V>()), x, alpha * x);
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V x, V alpha) {
    return select(gt(x, zero<V>()), grad, alpha * grad);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
