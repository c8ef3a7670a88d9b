// Adadelta (Zeiler 2012): steps scaled by the ratio of the running RMS of steps and of gradients.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Adadelta {
  static constexpr int kSlots = 2;
  static constexpr int kStepVectors = 4;
  static constexpr int kInitialHyper = -1;
  static void prepare(const double* hyper, double, double*, double rate, double* h) {
    h[0] = rate;
    h[1] = hyper[0];
    h[2] = 1 - hyper[0];
    h[3] = hyper[1];
  }
  template <class V>
  PYNN_INLINE V step(V w, V g, V* state, const V* h) {
    state[0] = fma(h[1], state[0], h[2] * (g * g));
    const V delta = sqrt(state[1] + h[3]) * g / sqrt(state[0] + h[3]);
    state[1] = fma(h[1], state[1], h[2] * (delta * delta));
    return fnma(h[0], delta, w);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
