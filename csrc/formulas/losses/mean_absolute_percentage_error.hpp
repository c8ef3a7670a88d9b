// 100 |t - p| / max(|t|, 1e-7).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct MeanAbsolutePercentageError {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V scale(V t) {
    using S = typename V::Scalar;
    return set<V>(100) / max(set<V>(S(1e-7)), abs(t));
  }
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V*) {
    return scale(t) * abs(p - t);
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V*) {
    const V slope = scale(t);
    const V below = select(lt(p, t), -slope, zero<V>());
    return select(gt(p, t), slope, below);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
