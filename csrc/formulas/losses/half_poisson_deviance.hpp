// t log(t / p) - t + p: half the Poisson deviance, scikit-learn's loss="poisson".
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct HalfPoissonDeviance {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V*) {
    const V logarithm = select(gt(t, zero<V>()), t * log(t / p), zero<V>());
    return logarithm - t + p;
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V*) {
    return set<V>(1) - t / p;
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
