// Sine and cosine of a Vec<float> or Vec<double>, with the range reduction that they share. The
// rules of math.hpp hold here too, but for one branch: arguments beyond kReducedMax are reduced one
// by one.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
struct AngleConstants;

template <>
struct AngleConstants<float> {
  static constexpr float kTwoOverPi = 0x1.45f306p-1f;
  // pi / 2 in parts: down to 2^-23 in two, so that what is left of x is exact, two of 13 bits and a
  // last one of 24. All products with n up to 2^11 but the last are exact.
  static constexpr float kHalfPi[] = {0x1.92p+0f, 0x1.fb4p-12f, 0x1.444p-24f, 0x1.68cp-39f,
                                      0x1.1a6264p-54f};
  static constexpr float kReducedMax = 3200.0f;
  // (sin(x) - x) / x^3 and (cos(x) - 1 + x^2 / 2) / x^4 of x^2, on [-pi / 4, pi / 4]: those of the
  // Cephes library.
  static constexpr float kSine[] = {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f};
  static constexpr float kCosine[] = {2.443315711809948e-5f, -1.388731625493765e-3f,
                                      4.166664568298827e-2f};
};

template <>
struct AngleConstants<double> {
  static constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;
  // Down to 2^-52 in two, two of 33 bits and a last one of 53: for n up to 2^20.
  static constexpr double kHalfPi[] = {0x1.921fb54p+0, 0x1.10b46p-30, 0x1.1a626331p-54,
                                       0x1.1701b839p-88, 0x1.44a409382229ap-121};
  static constexpr double kReducedMax = 1.6e6;
  // Those of FreeBSD's k_sin.c and k_cos.c.
  static constexpr double kSine[] = {1.58969099521155010221e-10, -2.50507602534068634195e-08,
                                     2.75573137070700676789e-06, -1.98412698298579493134e-04,
                                     8.33333333332248946124e-03, -1.66666666666666324348e-01};
  static constexpr double kCosine[] = {-1.13596475577881948265e-11, 2.08757232129817482790e-09,
                                       -2.75573143513906633035e-07, 2.48015872894767294178e-05,
                                       -1.38888888888741095749e-03, 4.16666666666666019037e-02};
};

// x = r + k pi / 2, |r| <= pi / 4 and a little, k an integer of which `quarter` is the remainder by
// 4, between -2 and 2.
template <class T>
struct Reduced {
  Vec<T> r;
  Vec<T> quarter;
};

// 2 / pi in words of 64 bits, after a word of 0 for what is before the point.
static constexpr std::uint64_t kTwoOverPiBits[] = {0,
                                                   0xa2f9836e4e441529,
                                                   0xfc2757d1f534ddc0,
                                                   0xdb6295993c439041,
                                                   0xfe5163abdebbc561,
                                                   0xb7246e3a424dd2e0,
                                                   0x06492eea09d1921c,
                                                   0xfe1deb1cb129a73e,
                                                   0xe88235f52ebb4484,
                                                   0xe99c7026b45f7e41,
                                                   0x3991d639835339f4,
                                                   0x9c845f8bbdf9283b,
                                                   0x1ff897ffde05980f,
                                                   0xef2f118b5a0a6d1f,
                                                   0x6d367ecf27cb09b7,
                                                   0x4f463f669e5fea2d,
                                                   0x7527bac7ebe5f17b,
                                                   0x3d0739f78a5292ea,
                                                   0x6bfb5fb11f8d5d08,
                                                   0x56033046fc7b6bab};

// r and the quarter of one large finite number, by Payne and Hanek: of x 2 / pi, what is left of
// the point counts modulo 4 only. x is m 2^e, m of 53 bits, and the words of 2 / pi that come to
// multiples of 4 are left out; of the product with the next four, 256 bits are right where it
// matters: r has an error of a unit of its last place, however close x is to a multiple.
__attribute__((noinline)) static double reduce_large(double x, double& quarter) {
  __extension__ using Wide = unsigned __int128;
  std::uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  const int exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1075;
  const std::uint64_t mantissa = (bits & ((std::uint64_t{1} << 52) - 1)) | std::uint64_t{1} << 52;
  const int first = (exponent + 62) / 64;
  const int shift = exponent + 62 - 64 * first;
  const std::uint64_t* words = kTwoOverPiBits + first;
  std::uint64_t product[4];  // the last word first
  Wide carry = 0;
  for (int i = 0; i < 4; ++i) {
    carry += static_cast<Wide>(mantissa) * words[3 - i];
    product[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  // The two bits before the point come first.
  const auto shifted = [](std::uint64_t high, std::uint64_t low, int by) {
    return by == 0 ? high : high << by | low >> (64 - by);
  };
  const std::uint64_t a = shifted(product[3], product[2], shift);
  const std::uint64_t b = shifted(product[2], product[1], shift);
  const std::uint64_t c = shifted(product[1], product[0], shift);
  int whole = static_cast<int>(a >> 62);
  std::uint64_t high = a << 2 | b >> 62, low = b << 2 | c >> 62;
  const bool is_above = high >> 63 != 0;  // beyond the half: down from the next integer
  if (is_above) {
    whole = (whole + 1) & 3;
    low = ~low + 1;
    high = ~high + (low == 0);
  }
  // The fraction's first 64 bits times pi / 2, so that it is rounded only once.
  const bool is_tiny = high == 0;
  const int zeros = __builtin_clzll(is_tiny ? low : high);
  const std::uint64_t leading = is_tiny ? low << zeros : shifted(high, low, zeros);
  constexpr std::uint64_t kHalfPi = 0xc90fdaa22168c235;  // times 2^63
  const auto angle = static_cast<std::uint64_t>(static_cast<Wide>(leading) * kHalfPi >> 64);
  const double scale = 0x1p-63 / static_cast<double>(std::uint64_t{1} << zeros);
  const double r = static_cast<double>(angle) * (is_tiny ? scale * 0x1p-64 : scale);
  const bool is_negative = bits >> 63 != 0;
  quarter = (is_negative ? 4 - whole : whole) % 4;
  if (quarter == 3) quarter = -1;
  return is_above != is_negative ? -r : r;
}

template <class T>
__attribute__((noinline)) static void reduce_large_lanes(const T* x, T* r, T* quarters) {
  for (int i = 0; i < Vec<T>::kWidth; ++i) {
    const T size = x[i] < 0 ? -x[i] : x[i];
    if (!(size > AngleConstants<T>::kReducedMax)) continue;
    if (size >= MathConstants<T>::kInfinity) {
      r[i] = MathConstants<T>::kNan;
      continue;
    }
    double quarter;
    r[i] = static_cast<T>(reduce_large(static_cast<double>(x[i]), quarter));
    quarters[i] = static_cast<T>(quarter);
  }
}

template <class T>
PYNN_INLINE Reduced<T> reduce(Vec<T> x) {
  using C = AngleConstants<T>;
  const Vec<T> bias = broadcast(Vec<T>::kIntegerBias);
  const Vec<T> n = fma(x, broadcast(C::kTwoOverPi), bias) - bias;
  const Vec<T> high = fnma(n, broadcast(C::kHalfPi[1]), fnma(n, broadcast(C::kHalfPi[0]), x));
  const Vec<T> rounded = fnma(n, broadcast(C::kHalfPi[2]), high);
  // What that has rounded away, and the rest of pi / 2.
  const Vec<T> lost = fnma(n, broadcast(C::kHalfPi[2]), high - rounded);
  const Vec<T> rest = fnma(n, broadcast(C::kHalfPi[4]), fnma(n, broadcast(C::kHalfPi[3]), lost));
  const Vec<T> r = rounded + rest;
  const Vec<T> quarter = fnma(broadcast(T(4)), round(broadcast(T(0.25)) * n), n);
  Reduced<T> reduced{r, quarter};
  if (__builtin_expect(any(gt(abs(x), broadcast(C::kReducedMax))), 0)) {
    alignas(64) T given[Vec<T>::kWidth], rests[Vec<T>::kWidth], quarters[Vec<T>::kWidth];
    store(given, x);
    store(rests, r);
    store(quarters, quarter);
    reduce_large_lanes(given, rests, quarters);
    reduced = {load<Vec<T>>(rests), load<Vec<T>>(quarters)};
  }
  return reduced;
}

// r is not so small that its square has no bits left where it would matter.
template <class T>
PYNN_INLINE Vec<T> sine_near_zero(Vec<T> r) {
  const Vec<T> z = r * r;
  return fma(r * z, polynomial(z, AngleConstants<T>::kSine), r);
}

// 1 - z / 2 rounds; what that takes away is added again.
template <class T>
PYNN_INLINE Vec<T> cosine_near_zero(Vec<T> r) {
  const Vec<T> one = broadcast(T(1)), z = r * r;
  const Vec<T> half = broadcast(T(0.5)) * z;
  const Vec<T> start = one - half;
  return start + fma(z * z, polynomial(z, AngleConstants<T>::kCosine), (one - start) - half);
}

// NaN of infinities. Float 1.52 ULP, double 1.48 (without FMA the same).
template <class T>
PYNN_INLINE Vec<T> sin(Vec<T> x) {
  const Reduced<T> reduced = reduce(x);
  const Vec<T> quarter = reduced.quarter, two = broadcast(T(2));
  const Vec<T> y = select(eq(abs(quarter), broadcast(T(1))), cosine_near_zero(reduced.r),
                          sine_near_zero(reduced.r));
  const Vec<T> signed_y = select(lt(quarter, broadcast(T(0))) | eq(quarter, two), -y, y);
  return select(lt(abs(x), broadcast(MathConstants<T>::kTiny)), x, signed_y);
}

// NaN of infinities. Float 1.53 ULP, double 1.45 (without FMA the same).
template <class T>
PYNN_INLINE Vec<T> cos(Vec<T> x) {
  const Reduced<T> reduced = reduce(x);
  const Vec<T> quarter = reduced.quarter, two = broadcast(T(2));
  const Vec<T> y = select(eq(abs(quarter), broadcast(T(1))), sine_near_zero(reduced.r),
                          cosine_near_zero(reduced.r));
  return select(gt(quarter, broadcast(T(0))) | eq(quarter, -two), -y, y);
}

}  // namespace PYNN_ISA
}  // namespace pynn
