// The step of a threshold logic unit: 1 for x >= 0, else 0. Its derivative is 0 wherever it exists.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Heaviside {
  static constexpr bool kNeedsInput = false;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    return select(is_nan(x), x, select(ge(x, zero<V>()), set<V>(1), zero<V>()));
  }
  template <class V>
  PYNN_INLINE V backward(V, V, V) {
    return zero<V>();
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
