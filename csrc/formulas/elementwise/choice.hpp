// One of several operands, maximum, minimum, where, clip, or between two of them, lerp. See
// elementwise.def for the members.
// Where an operand of a maximum or minimum is NaN, so is the result; equal operands share the
// gradient.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

// grad where `chosen`, half of it where a and b are equal, else 0.
template <class V>
PYNN_INLINE V shared_gradient(V grad, typename V::Mask chosen, V a, V b) {
  const V half = set<V>(typename V::Scalar(0.5));
  return select(chosen, grad, select(eq(a, b), half * grad, zero<V>()));
}

struct Maximum {
  static constexpr int kOperands = 2, kSmooth = 0b11, kReads = 0b0011;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return select(is_nan(a), a, max(a, b));
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V b, V, V) {
    const V first = shared_gradient(grad, gt(a, b), a, b);
    return kOperand == 0 ? first : grad - first;
  }
};

struct Minimum {
  static constexpr int kOperands = 2, kSmooth = 0b11, kReads = 0b0011;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return select(is_nan(a), a, min(a, b));
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V b, V, V) {
    const V first = shared_gradient(grad, lt(a, b), a, b);
    return kOperand == 0 ? first : grad - first;
  }
};

// b where a is not 0, c elsewhere.
struct Where {
  static constexpr int kOperands = 3, kSmooth = 0b110, kReads = 0b0001;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V c) {
    return select(eq(a, zero<V>()), c, b);
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V, V, V) {
    const auto second = eq(a, zero<V>());
    return kOperand == 1 ? select(second, zero<V>(), grad) : select(second, grad, zero<V>());
  }
};

// a within [b, c]; at the ends the gradient still flows.
struct Clip {
  static constexpr int kOperands = 3, kSmooth = 0b001, kReads = 0b0111;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V c) {
    return select(is_nan(a), a, min(c, max(b, a)));
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V b, V c, V) {
    return select(ge(a, b) & le(a, c), grad, zero<V>());
  }
};

// From a to b by the share c.
struct Lerp {
  static constexpr int kOperands = 3, kSmooth = 0b111, kReads = 0b0111;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V c) {
    return fma(b - a, c, a);
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V b, V c, V) {
    return grad * (kOperand == 0 ? set<V>(1) - c : kOperand == 1 ? c : b - a);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
