// y = log(1 + exp(x)); dy/dx = sigmoid(x).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Softplus {
  static constexpr bool kNeedsInput = true;
  static constexpr bool kSharesTerms = true;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    return softplus(x);
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V x, V) {
    return grad * sigmoid(x);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
