// y = x / (1 + |x|); dy/dx = (1 - |y|)^2.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Softsign {
  static constexpr bool kNeedsInput = false;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    return x / (set<V>(1) + abs(x));
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V y, V) {
    const V slope = set<V>(1) - abs(y);
    return grad * (slope * slope);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
