// log(cosh(e)) = e + softplus(-2 e) - log(2), e = p - t.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct LogCosh {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V*) {
    using S = typename V::Scalar;
    const V size = abs(p - t);
    return size + softplus(set<V>(-2) * size) - set<V>(S(0.69314718055994530942));
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V*) {
    return tanh(p - t);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
