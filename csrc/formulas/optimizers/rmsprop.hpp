// v = rho v + (1 - rho) g^2; w -= rate g / sqrt(v + epsilon) (Tieleman and Hinton 2012, Keras's
// form).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct RmsProp {
  static constexpr int kSlots = 1;
  static constexpr int kStepVectors = 3;
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
    return w - h[0] * g / sqrt(state[0] + h[3]);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
