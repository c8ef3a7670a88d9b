// (1 - p_t)^gamma times the binary cross-entropy, p_t the probability given to the true class
// (Lin et al. 2017); with alpha >= 0, weighted by alpha for t = 1 and 1 - alpha for t = 0.
// h: label_smoothing, gamma, alpha (negative: no weighting).
#pragma once

#include "formulas/losses/binary_crossentropy.hpp"
#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct BinaryFocalCrossentropy {
  static constexpr bool kMean = true;
  static constexpr bool kNeedsAllRegisters = true;
  template <class V>
  PYNN_INLINE V balance(V t, V alpha) {
    const V one = set<V>(1);
    const V weight = fma(t, alpha, (one - t) * (one - alpha));
    return select(lt(alpha, zero<V>()), one, weight);
  }
  template <class V>
  PYNN_INLINE V miss(V t, V p) {
    const V one = set<V>(1);
    return one - fma(t, p, (one - t) * (one - p));
  }
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V* h) {
    const V crossentropy = BinaryCrossentropy::forward(t, p, h);
    const V smooth = BinaryCrossentropy::smoothed(t, h[0]);
    const V clipped = BinaryCrossentropy::clipped(p);
    const V factor = exp(h[1] * log(miss(smooth, clipped)));
    return balance(smooth, h[2]) * factor * crossentropy;
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V* h) {
    const V crossentropy = BinaryCrossentropy::forward(t, p, h);
    const V crossentropy_slope = BinaryCrossentropy::backward(t, p, h);
    const V smooth = BinaryCrossentropy::smoothed(t, h[0]);
    const V clipped = BinaryCrossentropy::clipped(p);
    const V q = miss(smooth, clipped);
    const V factor = exp(h[1] * log(q));
    const V factor_slope = h[1] * factor / q * fnma(set<V>(2), smooth, set<V>(1));
    const V slope = fma(factor_slope, crossentropy, factor * crossentropy_slope);
    return select(eq(p, clipped), balance(smooth, h[2]) * slope, zero<V>());
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
