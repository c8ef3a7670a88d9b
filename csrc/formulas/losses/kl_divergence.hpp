// Sum over the features of t log(t / p), both clipped to [1e-7, 1].
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct KlDivergence {
  static constexpr bool kMean = false;
  template <class V>
  PYNN_INLINE V clipped(V x) {
    return min(set<V>(1), max(set<V>(typename V::Scalar(1e-7)), x));
  }
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V*) {
    return clipped(t) * log(clipped(t) / clipped(p));
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V*) {
    const auto inside = gt(p, set<V>(typename V::Scalar(1e-7))) & lt(p, set<V>(1));
    return select(inside, -clipped(t) / p, zero<V>());
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
