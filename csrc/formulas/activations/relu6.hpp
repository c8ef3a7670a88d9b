// y = min(max(x, 0), 6).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Relu6 {
  static constexpr bool kNeedsInput = false;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    return min(set<V>(6), max(zero<V>(), x));
  }
  template <class V>
  PYNN_INLINE V backward(V grad, V y, V) {
    return select(gt(y, zero<V>()) & lt(y, set<V>(6)), grad, zero<V>());
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
