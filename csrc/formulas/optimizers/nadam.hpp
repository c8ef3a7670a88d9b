// Adam with Nesterov momentum (Dozat 2016, Keras's momentum schedule u_t = beta_1 (1 - 0.5
// 0.96^t)).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Nadam {
  static constexpr int kSlots = 2;
  static constexpr int kStepVectors = 4;
  static constexpr int kInitialHyper = -1;
  PYNN_INLINE double schedule(double beta, double t) {
    return beta * (1 - 0.5 * __builtin_pow(0.96, t));
  }
  // memory: the step of the last call and the product of the schedule up to it.
  static void prepare(const double* hyper, double t, double* memory, double rate, double* h) {
    if (memory[0] != t - 1 || t == 1) {
      memory[1] = 1;
      for (double i = 1; i < t; ++i) memory[1] *= schedule(hyper[0], i);
    }
    const double now = schedule(hyper[0], t);
    const double next = schedule(hyper[0], t + 1);
    const double product = memory[1] * now;
    memory[0] = t;
    memory[1] = product;
    h[0] = rate;
    h[1] = 1 - hyper[0];
    h[2] = 1 - hyper[1];
    h[3] = hyper[2];
    h[4] = next / (1 - product * next);
    h[5] = (1 - now) / (1 - product);
    h[6] = 1 / (1 - __builtin_pow(hyper[1], t));
  }
  template <class V>
  PYNN_INLINE V step(V w, V g, V* state, const V* h) {
    state[0] = fma(h[1], g - state[0], state[0]);
    state[1] = fma(h[2], fms(g, g, state[1]), state[1]);
    const V direction = fma(h[4], state[0], h[5] * g);
    return w - h[0] * direction / (sqrt(h[6] * state[1]) + h[3]);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
