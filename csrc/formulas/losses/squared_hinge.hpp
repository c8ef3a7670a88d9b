// max(1 - t p, 0)^2, t in {-1, 1}; 0 counts as -1.
#pragma once

#include "formulas/losses/hinge.hpp"
#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct SquaredHinge {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V* h) {
    const V margin = Hinge::forward(t, p, h);
    return margin * margin;
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V* h) {
    return set<V>(-2) * Hinge::side(t) * Hinge::forward(t, p, h);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
