// y = tanh(x); dy/dx = 1 - y^2.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Tanh {
  static constexpr bool kNeedsInput = false;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    return tanh(x);
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V y, V) {
    return grad * fnma(y, y, set<V>(1));
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
