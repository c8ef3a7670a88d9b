// Adam that divides by the largest mean square so far (Reddi et al. 2018).
#pragma once

#include "formulas/optimizers/adam.hpp"
#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct AdamAmsgrad {
  static constexpr int kSlots = 3;
  static constexpr int kStepVectors = 5;
  static constexpr int kInitialHyper = -1;
  static void prepare(const double* hyper, double t, double* memory, double rate, double* h) {
    Adam::prepare(hyper, t, memory, rate, h);
  }
  template <class V>
  PYNN_INLINE V step(V w, V g, V* state, const V* h) {
    state[0] = fma(h[1], g - state[0], state[0]);
    state[1] = fma(h[2], fms(g, g, state[1]), state[1]);
    state[2] = max(state[2], state[1]);
    return w - h[0] * state[0] / (sqrt(state[2]) + h[3]);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
