// Follow the regularised leader (McMahan et al. 2013, Keras's form). State: accumulator, linear
// term.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Ftrl {
  static constexpr int kSlots = 2;
  static constexpr int kStepVectors = 8;
  static constexpr int kInitialHyper = 5;
  // hyper: learning_rate_power, l1, l2, l2_shrinkage, beta, initial_accumulator_value
  static void prepare(const double* hyper, double, double*, double rate, double* h) {
    h[0] = 1 / rate;
    h[1] = -hyper[0];
    h[2] = hyper[1];
    h[3] = 2 * (hyper[2] + hyper[4] / (2 * rate));
    h[4] = 2 * hyper[3];
  }
  template <class V>
  PYNN_INLINE V power(V accumulator, V exponent) {
    const V general = exp(exponent * log(accumulator));
    const auto is_root = eq(exponent, set<V>(typename V::Scalar(0.5)));
    return select(is_root, sqrt(accumulator), general);
  }
  template <class V>
  PYNN_INLINE V step(V w, V g, V* state, const V* h) {
    const V grown = fma(g, g, state[0]);
    const V before = power(state[0], h[1]);
    const V after = power(grown, h[1]);
    state[1] = state[1] + fma(h[4], w, g) - (after - before) * h[0] * w;
    state[0] = grown;
    const V clipped = min(h[2], max(-h[2], state[1]));
    return (clipped - state[1]) / fma(after, h[0], h[3]);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
