// Lion (Chen et al. 2023): the sign of an interpolated momentum.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Lion {
  static constexpr int kSlots = 1;
  static constexpr int kStepVectors = 5;
  static constexpr int kInitialHyper = -1;
  static void prepare(const double* hyper, double, double*, double rate, double* h) {
    h[0] = rate;
    h[1] = hyper[0];
    h[2] = 1 - hyper[0];
    h[3] = hyper[1];
    h[4] = 1 - hyper[1];
  }
  template <class V>
  PYNN_INLINE V step(V w, V g, V* state, const V* h) {
    const V direction = fma(h[1], state[0], h[2] * g);
    state[0] = fma(h[3], state[0], h[4] * g);
    const V down = select(gt(direction, zero<V>()), w - h[0], w);
    return select(lt(direction, zero<V>()), w + h[0], down);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
