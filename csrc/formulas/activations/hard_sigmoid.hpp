// y = min(max(x / 6 + 1/2, 0), 1), as in Keras 3.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct HardSigmoid {
  static constexpr bool kNeedsInput = false;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    const V line = fma(x, set<V>(typename V::Scalar(1.0 / 6.0)), set<V>(typename V::Scalar(0.5)));
    return min(set<V>(1), max(zero<V>(), line));
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V y, V) {
    const auto inside = gt(y, zero<V>()) & lt(y, set<V>(1));
    return select(inside, grad * set<V>(typename V::Scalar(1.0 / 6.0)), zero<V>());
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
