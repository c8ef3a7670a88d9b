// What expressions are computed with: one elementwise op at a time over a piece of lanes that stays
// in the first-level cache, and sums and extremes along the features. Compiled once per ISA.
#pragma once

#include "formulas/elementwise/all.hpp"
#include "kernels/kernel_table.hpp"
#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

template <bool kWanted, class T>
PYNN_INLINE Vec<T> loadu_if(const T* p, std::ptrdiff_t i) {
  if constexpr (kWanted) {
    return loadu<Vec<T>>(p + i);
  } else {
    return zero<Vec<T>>();
  }
}

template <class T, class Formula>
static void elementwise_forward(const T* a, const T* b, const T* c, T* y,
                                std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  constexpr int kOperands = Formula::kOperands;
  for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
    storeu(y + i, Formula::forward(loadu<V>(a + i), loadu_if<(kOperands > 1)>(b, i),
                                   loadu_if<(kOperands > 2)>(c, i)));
  }
}

template <class T, class Formula, int kOperand>
PYNN_INLINE Vec<T> slope_at(const T* grad_y, const T* a, const T* b, const T* c, const T* y,
                            std::ptrdiff_t i) {
  constexpr int kReads = Formula::kReads;
  return Formula::template slope<kOperand>(
      loadu<Vec<T>>(grad_y + i), loadu_if<(kReads & 1) != 0>(a, i),
      loadu_if<(kReads & 2) != 0>(b, i), loadu_if<(kReads & 4) != 0>(c, i),
      loadu_if<(kReads & 8) != 0>(y, i));
}

template <class T, class Formula, int kOperand>
static void elementwise_slope(const T* grad_y, const T* a, const T* b, const T* c, const T* y,
                              T* grad_operand, std::ptrdiff_t n, bool accumulate) noexcept {
  using V = Vec<T>;
  if (accumulate) {
    for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
      const V slope = slope_at<T, Formula, kOperand>(grad_y, a, b, c, y, i);
      storeu(grad_operand + i, loadu<V>(grad_operand + i) + slope);
    }
  } else {
    for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
      storeu(grad_operand + i, slope_at<T, Formula, kOperand>(grad_y, a, b, c, y, i));
    }
  }
}

// What follows: x, y and gradients are lanes aligned to whole vectors.

template <class T>
static void sum_features(const T* x, int length, int inner, T divisor, T* y,
                         bool accumulate) noexcept {
  using V = Vec<T>;
  const std::ptrdiff_t width = static_cast<std::ptrdiff_t>(inner) * kLanes;
  for (std::ptrdiff_t i = 0; i < width; i += V::kWidth) {
    V sum = accumulate ? load<V>(y + i) + load<V>(x + i) : load<V>(x + i);
    for (int f = 1; f < length; ++f) sum = sum + load<V>(x + f * width + i);
    store(y + i, sum / set<V>(divisor));
  }
}

template <class T>
static void sum_features_backward(const T* grad_y, int length, int inner, T divisor, T* grad_x,
                                  bool accumulate) noexcept {
  using V = Vec<T>;
  const std::ptrdiff_t width = static_cast<std::ptrdiff_t>(inner) * kLanes;
  for (std::ptrdiff_t i = 0; i < width; i += V::kWidth) {
    const V grad = load<V>(grad_y + i) / set<V>(divisor);
    for (int f = 0; f < length; ++f) {
      T* out = grad_x + f * width + i;
      store(out, accumulate ? load<V>(out) + grad : grad);
    }
  }
}

template <class T, class Formula>
static void extreme_features(const T* x, int length, int inner, T* y) noexcept {
  using V = Vec<T>;
  const std::ptrdiff_t width = static_cast<std::ptrdiff_t>(inner) * kLanes;
  for (std::ptrdiff_t i = 0; i < width; i += V::kWidth) {
    V best = load<V>(x + i);
    for (int f = 1; f < length; ++f) {
      best = Formula::forward(best, load<V>(x + f * width + i), best);
    }
    store(y + i, best);
  }
}

template <class T>
static void extreme_features_backward(const T* grad_y, const T* x, const T* y, int length,
                                      int inner, T* grad_x, bool accumulate) noexcept {
  using V = Vec<T>;
  const std::ptrdiff_t width = static_cast<std::ptrdiff_t>(inner) * kLanes;
  const V one = set<V>(1), zeros = zero<V>();
  for (std::ptrdiff_t i = 0; i < width; i += V::kWidth) {
    const V best = load<V>(y + i);
    V hits = zeros;
    for (int f = 0; f < length; ++f) {
      hits = hits + select(eq(load<V>(x + f * width + i), best), one, zeros);
    }
    const V share = load<V>(grad_y + i) / hits;
    for (int f = 0; f < length; ++f) {
      T* out = grad_x + f * width + i;
      const V grad = select(eq(load<V>(x + f * width + i), best), share, zeros);
      store(out, accumulate ? load<V>(out) + grad : grad);
    }
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
