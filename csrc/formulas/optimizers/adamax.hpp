// Adam on the infinity norm (Kingma and Ba 2015, section 7.1).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Adamax {
  static constexpr int kSlots = 2;
  static constexpr int kStepVectors = 4;
  static constexpr int kInitialHyper = -1;
  static void prepare(const double* hyper, double t, double*, double rate, double* h) {
    h[0] = rate / (1 - __builtin_pow(hyper[0], t));
    h[1] = 1 - hyper[0];
    h[2] = hyper[1];
    h[3] = hyper[2];
  }
  template <class V>
  PYNN_INLINE V step(V w, V g, V* state, const V* h) {
    state[0] = fma(h[1], g - state[0], state[0]);
    state[1] = max(h[2] * state[1], abs(g));
    return w - h[0] * state[0] / (state[1] + h[3]);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
