// log(p / t) + t / p - 1: half the Gamma deviance, for t > 0.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct HalfGammaDeviance {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V*) {
    const V ratio = t / p;
    return ratio - set<V>(1) - log(ratio);
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V*) {
    return (set<V>(1) - t / p) / p;
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
