// Binary cross-entropy of sigmoid(z), computed from z: max(z, 0) - z t + log(1 + exp(-|z|)).
#pragma once

#include "formulas/losses/binary_crossentropy.hpp"
#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct BinaryCrossentropyLogits {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V forward(V t, V z, const V* h) {
    t = BinaryCrossentropy::smoothed(t, h[0]);
    return fnma(z, t, max(zero<V>(), z)) + softplus(-abs(z));
  }
  template <class V>
  PYNN_INLINE V backward(V t, V z, const V* h) {
    return sigmoid(z) - BinaryCrossentropy::smoothed(t, h[0]);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
