// Exponentials, logarithms and powers. See elementwise.def for the members.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Exp {
  static constexpr int kOperands = 1, kSmooth = 0b1, kReads = 0b1000;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return exp(a);
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V, V, V, V y) {
    return grad * y;
  }
};

struct Expm1 {
  static constexpr int kOperands = 1, kSmooth = 0b1, kReads = 0b1000;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return expm1(a);
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V, V, V, V y) {
    return grad * (y + set<V>(1));
  }
};

struct Log {
  static constexpr int kOperands = 1, kSmooth = 0b1, kReads = 0b0001;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return log(a);
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V, V, V) {
    return grad / a;
  }
};

struct Log1p {
  static constexpr int kOperands = 1, kSmooth = 0b1, kReads = 0b0001;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return log1p(a);
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V, V, V) {
    return grad / (set<V>(1) + a);
  }
};

// |a|^b by the logarithm, with the sign of an odd whole b below 0 and NaN there for a broken one.
// -0 is 0.
// Its relative error is about (1 + |b log a|) times that of exp. 0^0 is 1.
template <class V>
PYNN_INLINE V power(V a, V b) {
  using C = MathConstants<typename V::Scalar>;
  const V half = set<V>(typename V::Scalar(0.5)), zeros = zero<V>();
  const V size = exp(b * log(abs(a)));
  const auto whole = eq(round(b), b);
  const V halved = half * b;
  const V negative = select(whole, select(eq(round(halved), halved), size, -size), set<V>(C::kNan));
  return select(eq(b, zeros), set<V>(1), select(lt(a, zeros), negative, size));
}

struct Power {
  static constexpr int kOperands = 2, kSmooth = 0b11, kReads = 0b1011;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return power(a, b);
  }
  // The exponent has a gradient where the base is positive.
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V b, V, V y) {
    if constexpr (kOperand == 0) {
      return grad * b * power(a, b - set<V>(1));
    } else {
      return select(gt(a, zero<V>()), grad * y * log(a), zero<V>());
    }
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
