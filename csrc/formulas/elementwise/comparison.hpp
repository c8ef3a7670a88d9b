// Comparisons and logic, which give 1 and 0 and have no gradient. See elementwise.def.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class V>
PYNN_INLINE V truth(typename V::Mask mask) {
  return select(mask, set<V>(1), zero<V>());
}

template <class V>
PYNN_INLINE typename V::Mask is_true(V a) {
  return !eq(a, zero<V>());
}

struct Equal {
  static constexpr int kOperands = 2, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return truth<V>(eq(a, b));
  }
};

struct NotEqual {
  static constexpr int kOperands = 2, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return truth<V>(!eq(a, b));
  }
};

struct Less {
  static constexpr int kOperands = 2, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return truth<V>(lt(a, b));
  }
};

struct LessEqual {
  static constexpr int kOperands = 2, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return truth<V>(le(a, b));
  }
};

struct Greater {
  static constexpr int kOperands = 2, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return truth<V>(gt(a, b));
  }
};

struct GreaterEqual {
  static constexpr int kOperands = 2, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return truth<V>(ge(a, b));
  }
};

struct LogicalAnd {
  static constexpr int kOperands = 2, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return truth<V>(is_true(a) & is_true(b));
  }
};

struct LogicalOr {
  static constexpr int kOperands = 2, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V b, V) {
    return truth<V>(is_true(a) | is_true(b));
  }
};

struct LogicalNot {
  static constexpr int kOperands = 1, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return truth<V>(eq(a, zero<V>()));
  }
};

struct IsNan {
  static constexpr int kOperands = 1, kSmooth = 0, kReads = 0;
  template <class V>
  PYNN_INLINE V forward(V a, V, V) {
    return truth<V>(is_nan(a));
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
