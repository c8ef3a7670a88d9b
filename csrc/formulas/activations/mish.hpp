// y = x tanh(softplus(x)) (Misra 2019).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Mish {
  static constexpr bool kNeedsInput = true;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    return x * tanh(softplus(x));
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V x, V) {
    const V t = tanh(softplus(x));
    return grad * fma(x * sigmoid(x), fnma(t, t, set<V>(1)), t);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
