// w -= rate g.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Sgd {
  static constexpr int kSlots = 0;
  static constexpr int kStepVectors = 2;
  static constexpr int kInitialHyper = -1;
  static constexpr bool kIgnoresZero = true;
  static void prepare(const double*, double, double*, double rate, double* h) { h[0] = rate; }
  template <class V>
  PYNN_INLINE V step(V w, V g, V*, const V* h) {
    return fnma(h[0], g, w);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
