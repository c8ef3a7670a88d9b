// e^2 / 2 for |e| <= delta, delta (|e| - delta / 2) elsewhere, e = p - t (Huber 1964).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Huber {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V* h) {
    const V half = set<V>(typename V::Scalar(0.5));
    const V e = p - t;
    const V size = abs(e);
    return select(le(size, h[0]), half * (e * e), h[0] * fnma(half, h[0], size));
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V* h) {
    return min(h[0], max(-h[0], p - t));
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
