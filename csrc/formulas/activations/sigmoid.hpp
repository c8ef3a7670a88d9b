// y = 1 / (1 + exp(-x)); dy/dx = y (1 - y).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Sigmoid {
  static constexpr bool kNeedsInput = false;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    return sigmoid(x);
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V y, V) {
    return grad * (y * (set<V>(1) - y));
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
