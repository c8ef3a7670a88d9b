// max(1 - t p, 0), t in {-1, 1}; 0 counts as -1.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Hinge {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V side(V t) {
    return select(eq(t, zero<V>()), set<V>(-1), t);
  }
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V*) {
    return max(zero<V>(), fnma(side(t), p, set<V>(1)));
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V*) {
    const V margin = fnma(side(t), p, set<V>(1));
    return select(gt(margin, zero<V>()), -side(t), zero<V>());
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
