// -t log(p) - (1 - t) log(1 - p), p clipped to [1e-7, 1 - 1e-7], targets smoothed towards 1/2.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct BinaryCrossentropy {
  static constexpr bool kMean = true;
  static constexpr double kEpsilon = 1e-7;
  template <class V>
  PYNN_INLINE V smoothed(V t, V smoothing) {
    const V half = set<V>(typename V::Scalar(0.5));
    return fma(smoothing, half - t, t);
  }
  template <class V>
  PYNN_INLINE V clipped(V p) {
    using S = typename V::Scalar;
    return min(set<V>(S(1 - kEpsilon)), max(set<V>(S(kEpsilon)), p));
  }
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V* h) {
    t = smoothed(t, h[0]);
    p = clipped(p);
    const V one = set<V>(1);
    return -fma(t, log(p), (one - t) * log(one - p));
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V* h) {
    using S = typename V::Scalar;
    const auto inside = gt(p, set<V>(S(kEpsilon))) & lt(p, set<V>(S(1 - kEpsilon)));
    const V slope = (p - smoothed(t, h[0])) / (p * (set<V>(1) - p));
    return select(inside, slope, zero<V>());
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
