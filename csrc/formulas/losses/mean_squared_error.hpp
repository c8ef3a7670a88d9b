// (p - t)^2.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct MeanSquaredError {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V*) {
    const V e = p - t;
    return e * e;
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V*) {
    return set<V>(2) * (p - t);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
