// Kernels that look at one element at a time: activations and their gradients, arithmetic, dropout
// masks. Compiled once per ISA. Lengths are multiples of kRowAlign; any alignment. y may be an
// operand.
#pragma once

#include "base/random.hpp"
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

template <class T>
static void dropout_mask(T* mask, std::ptrdiff_t n, T rate, std::uint64_t key,
                         std::uint64_t first) noexcept {
  constexpr double kTwoTo32 = 4294967296.0;
  const auto dropped_below = static_cast<std::uint64_t>(static_cast<double>(rate) * kTwoTo32);
  const T kept = T(1) / (T(1) - rate);
  // random_bits(key, first + i), without a product of 64 bits for each index.
  std::uint64_t word = key + (first + 1) * kRandomStep;
  for (std::ptrdiff_t i = 0; i < n; ++i, word += kRandomStep) {
    mask[i] = mix64(word) >> 32 < dropped_below ? T(0) : kept;
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
