// RMSprop with momentum and, if centered, with the gradient's mean taken off its mean square:
// v = rho v + (1 - rho) g^2; a = rho a + (1 - rho) g; m = momentum m + rate g / sqrt(v - a^2 +
// epsilon); w -= m.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct RmsPropMomentum {
  static constexpr int kSlots = 3;
  static constexpr int kStepVectors = 6;
  static constexpr int kInitialHyper = -1;
  static void prepare(const double* hyper, double, double*, double rate, double* h) {
    h[0] = rate;
    h[1] = hyper[0];
    h[2] = 1 - hyper[0];
    h[3] = hyper[1];
    h[4] = hyper[2];
    h[5] = hyper[3];
  }
  template <class V>
  PYNN_INLINE V step(V w, V g, V* state, const V* h) {
    state[0] = fma(h[1], state[0], h[2] * (g * g));
    state[2] = fma(h[1], state[2], h[2] * g);
    const V centered = h[5] * state[2];
    const V variance = fnma(centered, state[2], state[0]) + h[3];
    state[1] = fma(h[4], state[1], h[0] * g / sqrt(variance));
    return w - state[1];
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
