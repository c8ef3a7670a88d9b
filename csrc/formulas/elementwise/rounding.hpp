// Whole numbers and remainders. See elementwise.def for the members.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class V>
PYNN_INLINE V floor(V a) {
  const V nearest = round(a);
  return select(gt(nearest, a), nearest - set<V>(1), nearest);
}

template <class V>
PYNN_INLINE V ceil(V a) {
  const V nearest = round(a);
  return select(lt(nearest, a), nearest + set<V>(1), nearest);
}

struct Floor {
  static constexpr int kOperands = 1, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return floor(a);
  }
};

struct Ceil {
  static constexpr int kOperands = 1, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return ceil(a);
  }
};

struct Round {
  static constexpr int kOperands = 1, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return round(a);
  }
};

// Towards 0, as a conversion to an integer does.
struct Truncate {
  static constexpr int kOperands = 1, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return select(lt(a, zero<V>()), ceil(a), floor(a));
  }
};

struct FloorDivide {
  static constexpr int kOperands = 2, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return floor(a / b);
  }
};

// a - b floor(a / b), between 0 and b.
struct Mod {
  static constexpr int kOperands = 2, kSmooth = 0b11, kReads = 0b0011;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    const V rest = fnma(b, floor(a / b), a);
    // The quotient may have been rounded past a whole number.
    const V zeros = zero<V>();
    const auto opposite = (lt(rest, zeros) & gt(b, zeros)) | (gt(rest, zeros) & lt(b, zeros));
    return select(opposite, rest + b, rest);
  }
  template <int kOperand, class V>
  PYNN_INLINE V slope(V grad, V a, V b, V, V) {
    return kOperand == 0 ? grad : -(grad * floor(a / b));
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
