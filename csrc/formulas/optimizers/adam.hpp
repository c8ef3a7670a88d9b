// Adam (Kingma and Ba 2015, with the bias corrections folded into the rate, as in Keras and
// scikit-learn): m += (1 - beta_1)(g - m); v += (1 - beta_2)(g^2 - v); w -= rate' m / (sqrt(v) +
// epsilon), rate' = rate sqrt(1 - beta_2^t) / (1 - beta_1^t).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Adam {
  static constexpr int kSlots = 2;
  static constexpr int kStepVectors = 4;
  static constexpr int kInitialHyper = -1;
  static void prepare(const double* hyper, double t, double*, double rate, double* h) {
    const double first = 1 - __builtin_pow(hyper[0], t);
    const double second = 1 - __builtin_pow(hyper[1], t);
    h[0] = rate * __builtin_sqrt(second) / first;
    h[1] = 1 - hyper[0];
    h[2] = 1 - hyper[1];
    h[3] = hyper[2];
  }
  template <class V>
  PYNN_INLINE V step(V w, V g, V* state, const V* h) {
    state[0] = fma(h[1], g - state[0], state[0]);
    state[1] = fma(h[2], fms(g, g, state[1]), state[1]);
    return w - h[0] * state[0] / (sqrt(state[1]) + h[3]);
  }
};

// The same with epsilon added after the correction, as in algorithm 1 of the paper and in PyTorch:
// that is an epsilon of sqrt(1 - beta_2^t) epsilon before it.
struct AdamCorrected : Adam {
  static void prepare(const double* hyper, double t, double* memory, double rate, double* h) {
    Adam::prepare(hyper, t, memory, rate, h);
    h[3] *= __builtin_sqrt(1 - __builtin_pow(hyper[1], t));
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
