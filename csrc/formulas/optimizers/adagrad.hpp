// a += g^2; w -= rate g / sqrt(a + epsilon) (Duchi et al. 2011). a starts at
// initial_accumulator_value.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Adagrad {
  static constexpr int kSlots = 1;
  static constexpr int kStepVectors = 3;
  static constexpr int kInitialHyper = 1;
  static constexpr bool kIgnoresZero = true;
  static void prepare(const double* hyper, double, double*, double rate, double* h) {
    h[0] = rate;
    h[1] = hyper[0];
  }
  template <class V>
  PYNN_INLINE V step(V w, V g, V* state, const V* h) {
    state[0] = fma(g, g, state[0]);
    return w - h[0] * g / sqrt(state[0] + h[1]);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
