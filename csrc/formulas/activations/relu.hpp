// y = max(x, 0). NaN passes through. The derivative at 0 is 0.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Relu {
  static constexpr bool kNeedsInput = false;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    return max(zero<V>(), x);
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V y, V) {
    return select(gt(y, zero<V>()), grad, zero<V>());
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
