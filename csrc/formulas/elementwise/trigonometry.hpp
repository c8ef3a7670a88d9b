// Sine and cosine. See elementwise.def for the members.
#pragma once

#include "simd/trigonometry.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Sin {
  static constexpr int kOperands = 1, kSmooth = 0b1, kReads = 0b0001;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return sin(a);
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V, V, V) {
    return grad * cos(a);
  }
};

struct Cos {
  static constexpr int kOperands = 1, kSmooth = 0b1, kReads = 0b0001;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return cos(a);
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V, V, V) {
    return -(grad * sin(a));
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
