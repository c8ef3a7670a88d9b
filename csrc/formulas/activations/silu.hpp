// y = x sigmoid(x), also called swish.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Silu {
  static constexpr bool kNeedsInput = true;
  static constexpr bool kSharesTerms = true;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    return x * sigmoid(x);
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V x, V) {
    const V s = sigmoid(x);
    return grad * (s * fma(x, set<V>(1) - s, set<V>(1)));
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
