// y = x for x > alpha, else 0 (Keras's threshold, ThresholdedReLU).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Threshold {
  static constexpr bool kNeedsInput = true;
  template <class V>
  PYNN_INLINE V forward(V x, V alpha) {
    return select(le(x, alpha), zero<V>(), x);
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V x, V alpha) {
    return select(gt(x, alpha), grad, zero<V>());
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
