// Kernels that look at one element at a time: activations and their gradients, arithmetic.
// Compiled once per ISA. Lengths are multiples of kRowAlign; any alignment. y may be an operand.
#pragma once

#include "formulas/activations/all.hpp"
#include "kernels/kernel_table.hpp"
#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T, class Formula>
static void activation_forward(const T* x, T* y, std::ptrdiff_t n, T alpha) noexcept {
  using V = Vec<T>;
  const V a = set<V>(alpha);
  for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
    storeu(y + i, Formula::forward(loadu<V>(x + i), a));
  }
}

template <class T, class Formula>
static void activation_backward(const T* grad_y, const T* saved, T* grad_x, std::ptrdiff_t n,
                                T alpha, bool accumulate) noexcept {
  using V = Vec<T>;
  const V a = set<V>(alpha);
  if (accumulate) {
    for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
      const V grad = Formula::backward(loadu<V>(grad_y + i), loadu<V>(saved + i), a);
      storeu(grad_x + i, loadu<V>(grad_x + i) + grad);
    }
  } else {
    for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
      storeu(grad_x + i, Formula::backward(loadu<V>(grad_y + i), loadu<V>(saved + i), a));
    }
  }
}

// Of formulas whose slope is the gradient times a function of x that has terms in common with the
// value, such as Mish's exponential: they are computed once.
template <class Formula>
concept SharesTerms = requires { requires Formula::kSharesTerms; };

template <class T, class Formula>
static void activation_forward_and_slope(const T* x, T* y, T* slope, std::ptrdiff_t n,
                                         T alpha) noexcept {
  using V = Vec<T>;
  const V a = set<V>(alpha), one = set<V>(1);
  for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
    const V at = loadu<V>(x + i);
    storeu(y + i, Formula::forward(at, a));
    storeu(slope + i, Formula::backward(one, at, a));
  }
}

template <class T>
static void add(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
    storeu(y + i, loadu<V>(a + i) + loadu<V>(b + i));
  }
}

template <class T>
static void subtract(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
    storeu(y + i, loadu<V>(a + i) - loadu<V>(b + i));
  }
}

template <class T>
static void multiply(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
    storeu(y + i, loadu<V>(a + i) * loadu<V>(b + i));
  }
}

template <class T>
static void scale_add(const T* x, T scale, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  const V factor = set<V>(scale);
  for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
    storeu(y + i, fma(factor, loadu<V>(x + i), loadu<V>(y + i)));
  }
}

template <class T>
static void multiply_add(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
    storeu(y + i, fma(loadu<V>(a + i), loadu<V>(b + i), loadu<V>(y + i)));
  }
}

// Where either operand is NaN, so is the result, as in NumPy's maximum and minimum.
template <class T>
static void select_larger(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
    const V left = loadu<V>(a + i);
    storeu(y + i, select(is_nan(left), left, max(left, loadu<V>(b + i))));
  }
}

template <class T>
static void select_smaller(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
    const V left = loadu<V>(a + i);
    storeu(y + i, select(is_nan(left), left, min(left, loadu<V>(b + i))));
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
