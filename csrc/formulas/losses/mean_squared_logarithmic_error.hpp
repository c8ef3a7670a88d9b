// (log(1 + max(p, 1e-7)) - log(1 + max(t, 1e-7)))^2.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct MeanSquaredLogarithmicError {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V floor_at_epsilon(V x) {
    return max(set<V>(typename V::Scalar(1e-7)), x);
  }
  template <class V>
  PYNN_INLINE V difference(V t, V p) {
    return log(set<V>(1) + floor_at_epsilon(p)) - log(set<V>(1) + floor_at_epsilon(t));
  }
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V*) {
    const V e = difference(t, p);
    return e * e;
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V*) {
    const V slope = set<V>(2) * difference(t, p) / (set<V>(1) + floor_at_epsilon(p));
    return select(gt(p, set<V>(typename V::Scalar(1e-7))), slope, zero<V>());
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
