// Sums, products, and powers that need no logarithm. See elementwise.def for the members.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Add {
  static constexpr int kOperands = 2, kSmooth = 0b11, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return a + b;
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V, V, V, V) {
    return grad;
  }
};

struct Subtract {
  static constexpr int kOperands = 2, kSmooth = 0b11, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return a - b;
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V, V, V, V) {
    return kOperand == 0 ? grad : -grad;
  }
};

struct Multiply {
  static constexpr int kOperands = 2, kSmooth = 0b11, kReads = 0b0011;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return a * b;
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V b, V, V) {
    return grad * (kOperand == 0 ? b : a);
  }
};

struct Divide {
  static constexpr int kOperands = 2, kSmooth = 0b11, kReads = 0b1010;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return a / b;
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V, V b, V, V y) {
    return kOperand == 0 ? grad / b : -(grad * y) / b;
  }
};

struct Negative {
  static constexpr int kOperands = 1, kSmooth = 0b1, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return -a;
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V, V, V, V) {
    return -grad;
  }
};

// -1, 0 or 1 with the sign of a; NaN where a is.
template <class V>
PYNN_INLINE V sign_of(V a) {
  const V one = set<V>(1), zeros = zero<V>();
  const V sign = select(gt(a, zeros), one, select(lt(a, zeros), -one, zeros));
  return select(is_nan(a), a, sign);
}

struct Absolute {
  static constexpr int kOperands = 1, kSmooth = 0b1, kReads = 0b0001;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return abs(a);
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V, V, V) {
    return grad * sign_of(a);
  }
};

struct Signum {
  static constexpr int kOperands = 1, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return sign_of(a);
  }
};

struct Square {
  static constexpr int kOperands = 1, kSmooth = 0b1, kReads = 0b0001;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return a * a;
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V, V, V) {
    return grad * (a + a);
  }
};

struct Sqrt {
  static constexpr int kOperands = 1, kSmooth = 0b1, kReads = 0b1000;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return sqrt(a);
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V, V, V, V y) {
    return grad * (set<V>(typename V::Scalar(0.5)) / y);
  }
};

struct StopGradient {
  static constexpr int kOperands = 1, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return a;
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
