// Kernels that look at one element at a time: activations and their gradients, arithmetic.
// Compiled once per ISA. Lengths are multiples of kRowAlign; any alignment. y may be an operand.
#pragma once

#include "formulas/activations/all.hpp"
#include "kernels/kernel_table.hpp"
#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

// Vectors that are computed before the first of them is stored. An activation is a chain of steps
// of which each waits for the one before; the compiler takes those of several vectors in turn, and
// the processor, which looks some dozen steps ahead, then finds enough of them that need not wait.
static constexpr int kTogether = 4;

// store(i, compute(i)) for each vector of n elements.
template <class V, class Compute, class Store>
PYNN_INLINE void for_each_vector(std::ptrdiff_t n, Compute compute, Store store) {
  std::ptrdiff_t i = 0;
  for (; i + kTogether * V::kWidth <= n; i += kTogether * V::kWidth) {
    decltype(compute(i)) computed[kTogether];
    PYNN_UNROLL for (int k = 0; k < kTogether; ++k) computed[k] = compute(i + k * V::kWidth);
    PYNN_UNROLL for (int k = 0; k < kTogether; ++k) store(i + k * V::kWidth, computed[k]);
  }
  for (; i < n; i += V::kWidth) store(i, compute(i));
}

// y[i] = compute(i) for each vector.
template <class T, class Compute>
PYNN_INLINE void write_vectors(T* y, std::ptrdiff_t n, Compute compute) {
  using V = Vec<T>;
  for_each_vector<V>(n, compute, [y](std::ptrdiff_t i, V v) { storeu(y + i, v); });
}

// y[i] = compute(i), or y[i] += compute(i).
template <class T, class Compute>
PYNN_INLINE void write_or_add_vectors(T* y, std::ptrdiff_t n, bool accumulate, Compute compute) {
  if (accumulate) {
    write_vectors(y, n, [=](std::ptrdiff_t i) { return loadu<Vec<T>>(y + i) + compute(i); });
  } else {
    write_vectors(y, n, compute);
  }
}

template <class T, class Formula>
static void activation_forward(const T* x, T* y, std::ptrdiff_t n, T alpha) noexcept {
  using V = Vec<T>;
  const V a = set<V>(alpha);
  write_vectors(y, n, [=](std::ptrdiff_t i) { return Formula::forward(loadu<V>(x + i), a); });
}

template <class T, class Formula>
static void activation_backward(const T* grad_y, const T* saved, T* grad_x, std::ptrdiff_t n,
                                T alpha, bool accumulate) noexcept {
  using V = Vec<T>;
  const V a = set<V>(alpha);
  write_or_add_vectors(grad_x, n, accumulate, [=](std::ptrdiff_t i) {
    return Formula::backward(loadu<V>(grad_y + i), loadu<V>(saved + i), a);
  });
}

// Of formulas whose slope is the gradient times a function of x that has terms in common with the
// value, such as Mish's exponential: they are computed once.
template <class Formula>
concept SharesTerms = requires { requires Formula::kSharesTerms; };

template <class T, class Formula>
static void activation_forward_and_slope(const T* x, T* y, T* slope, std::ptrdiff_t n,
                                         T alpha) noexcept {
  using V = Vec<T>;
  struct Pair {
    V value, slope;
  };
  const V a = set<V>(alpha), one = set<V>(1);
  for_each_vector<V>(
      n,
      [=](std::ptrdiff_t i) {
        const V at = loadu<V>(x + i);
        return Pair{Formula::forward(at, a), Formula::backward(one, at, a)};
      },
      [=](std::ptrdiff_t i, const Pair& computed) {
        storeu(y + i, computed.value);
        storeu(slope + i, computed.slope);
      });
}

template <class T>
static void add(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  write_vectors(y, n, [=](std::ptrdiff_t i) { return loadu<V>(a + i) + loadu<V>(b + i); });
}

template <class T>
static void subtract(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  write_vectors(y, n, [=](std::ptrdiff_t i) { return loadu<V>(a + i) - loadu<V>(b + i); });
}

template <class T>
static void multiply(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  write_vectors(y, n, [=](std::ptrdiff_t i) { return loadu<V>(a + i) * loadu<V>(b + i); });
}

template <class T>
static void scale_add(const T* x, T scale, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  const V factor = set<V>(scale);
  write_vectors(y, n,
                [=](std::ptrdiff_t i) { return fma(factor, loadu<V>(x + i), loadu<V>(y + i)); });
}

template <class T>
static void multiply_add(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  write_vectors(y, n, [=](std::ptrdiff_t i) {
    return fma(loadu<V>(a + i), loadu<V>(b + i), loadu<V>(y + i));
  });
}

// Where either operand is NaN, so is the result, as in NumPy's maximum and minimum.
template <class T>
static void select_larger(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  write_vectors(y, n, [=](std::ptrdiff_t i) {
    const V left = loadu<V>(a + i);
    return select(is_nan(left), left, max(left, loadu<V>(b + i)));
  });
}

template <class T>
static void select_smaller(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  write_vectors(y, n, [=](std::ptrdiff_t i) {
    const V left = loadu<V>(a + i);
    return select(is_nan(left), left, min(left, loadu<V>(b + i)));
  });
}

}  // namespace PYNN_ISA
}  // namespace pynn
