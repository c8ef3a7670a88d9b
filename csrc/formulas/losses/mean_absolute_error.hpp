// |p - t|; the derivative at 0 is 0.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct MeanAbsoluteError {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V*) {
    return abs(p - t);
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V*) {
    const V below = select(lt(p, t), set<V>(-1), zero<V>());
    return select(gt(p, t), set<V>(1), below);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
