// Classical momentum: v = momentum v - rate g; w += v.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct SgdMomentum {
  static constexpr int kSlots = 1;
  static constexpr int kStepVectors = 3;
  static constexpr int kInitialHyper = -1;
  static void prepare(const double* hyper, double, double*, double rate, double* h) {
    h[0] = rate;
    h[1] = hyper[0];
  }
  template <class V>
  PYNN_INLINE V step(V w, V g, V* state, const V* h) {
    state[0] = fnma(h[0], g, h[1] * state[0]);
    return w + state[0];
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
