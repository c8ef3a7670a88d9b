// The pinball loss: tau (t - p) for p <= t, (1 - tau)(p - t) elsewhere (Koenker and Bassett 1978).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Quantile {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V* h) {
    const V e = t - p;
    return max(h[0] * e, (h[0] - set<V>(1)) * e);
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V* h) {
    const V above = select(gt(p, t), set<V>(1) - h[0], zero<V>());
    return select(lt(p, t), -h[0], above);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
