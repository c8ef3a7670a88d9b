// y = exp(x); dy/dx = y.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Exponential {
  static constexpr bool kNeedsInput = false;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    return exp(x);
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V y, V) {
    return grad * y;
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
