// Normal random numbers by the inverse of their distribution. Compiled once per ISA.
#pragma once

#include "base/random.hpp"
#include "kernels/kernel_table.hpp"
#include "simd/math.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// The inverse error function over x, as a polynomial in w = -log(1 - x^2) - 2.5 where that is below
// 2.5, and in sqrt(-log(1 - x^2)) - 3 elsewhere: M. Giles, "Approximating the erfinv function", GPU
// Computing Gems 2, 2011, in single precision. Relative error 4e-7.
template <class T>
static constexpr T kErfInverseCentre[] = {T(2.81022636e-08),  T(3.43273939e-07), T(-3.5233877e-06),
                                          T(-4.39150654e-06), T(0.00021858087),  T(-0.00125372503),
                                          T(-0.00417768164),  T(0.246640727),    T(1.50140941)};
template <class T>
static constexpr T kErfInverseTail[] = {T(-0.000200214257), T(0.000100950558), T(0.00134934322),
                                        T(-0.00367342844),  T(0.00573950773),  T(-0.0076224613),
                                        T(0.00943887047),   T(1.00167406),     T(2.83297682)};

// u in (0, 1), with u, 1 - u and 2 u - 1 exact: the number that a normal one is below with
// probability u.
template <class T>
PYNN_INLINE Vec<T> normal_quantile(Vec<T> u) {
  using V = Vec<T>;
  const V one = broadcast(T(1));
  const V w = zero<V>() - log(broadcast(T(4)) * u * (one - u));
  const V centre = polynomial(w - broadcast(T(2.5)), kErfInverseCentre<T>);
  const V tail = polynomial(sqrt(w) - broadcast(T(3)), kErfInverseTail<T>);
  const V ratio = select(lt(w, broadcast(T(5))), centre, tail);
  return broadcast(T(1.41421356237309504880)) * ratio * (u + u - one);
}

template <class T>
static void normal_noise(T* y, std::ptrdiff_t n, T mean, T deviation, std::uint64_t key,
                         std::uint64_t first) noexcept {
  using V = Vec<T>;
  constexpr T kStep = T(1) / T(1 << 23);  // so that (k + 1/2) / 2^23 is exact in float32
  alignas(64) T uniform[V::kWidth];
  for (std::ptrdiff_t i = 0; i < n; i += V::kWidth) {
    for (int j = 0; j < V::kWidth; ++j) {
      const std::uint64_t bits = random_bits(key, first + static_cast<std::uint64_t>(i + j)) >> 41;
      uniform[j] = (static_cast<T>(static_cast<std::int32_t>(bits)) + T(0.5)) * kStep;
    }
    const V z = normal_quantile<T>(load<V>(uniform));
    store(y + i, fma(z, broadcast(deviation), broadcast(mean)));
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
