// Nesterov momentum as Keras and scikit-learn write it (Sutskever et al. 2013):
// v = momentum v - rate g; w += momentum v - rate g.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct SgdNesterov {
  static constexpr int kSlots = 1;
  static constexpr int kStepVectors = 4;
  static constexpr int kInitialHyper = -1;
  static void prepare(const double* hyper, double, double*, double rate, double* h) {
    h[0] = rate;
    h[1] = hyper[0];
  }
  template <class V>
  PYNN_INLINE V step(V w, V g, V* state, const V* h) {
    const V descent = h[0] * g;
    state[0] = fms(h[1], state[0], descent);
    return w + fms(h[1], state[0], descent);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
