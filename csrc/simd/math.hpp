// Elementary functions of a Vec<float> or Vec<double>, in the words of vec.hpp: no branches, no
// tables, no ISA. The same bits on every ISA with FMA; the scalar ISA is a little less precise.
//
// Valid for every argument, where nothing else is said: NaN, infinities, signed zeros and overflow
// as in IEEE 754. A denormal argument may be taken for zero, and a result below the least normal
// number may be zero. Worst errors are in units in the last place (ULP), found by
// tests/cpp/simd_check.cpp over 20 million doubles and all floats, with FMA and without.
#pragma once

#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// Limits of a scalar type, and minimax polynomials by Remez's algorithm, highest power first, whose
// coefficients were rounded to the type one after the other and the rest fitted again. The given
// errors are relative to the function that the polynomial serves.
template <class T>
struct MathConstants;

template <>
struct MathConstants<float> {
  static constexpr float kInfinity = __builtin_inff();
  static constexpr float kNan = __builtin_nanf("");
  static constexpr float kLeastNormal = 0x1p-126f;
  static constexpr float kTiny = 0x1p-24f;  // below, expm1, log1p and tanh of x round to x
  static constexpr float kLog2e = 1.44269504f;
  static constexpr float kLn2High = 0.693359375f;  // 9 bits: exact times any exponent
  static constexpr float kLn2Low = -2.12194440e-4f;
  static constexpr float kExpMin = -87.33654f;  // exp is normal above,
  static constexpr float kExpMax = 88.72283f;   // finite below
  static constexpr float kExpm1Min = -18.0f;    // expm1 is -1 below,
  static constexpr float kExpm1Max = 89.0f;     // infinite above; still 128 when divided by ln 2
  static constexpr float kTanhMax = 9.1f;       // tanh is 1 above
  static constexpr float kErfMax = 4.0f;        // erf is 1 above
  // (exp(x) - 1 - x) / x^2 on [-ln 2 / 2, ln 2 / 2], 2^-26 of expm1.
  static constexpr float kExp[] = {1.391685451e-03f, 8.367006667e-03f, 4.166661575e-02f,
                                   1.666654050e-01f, 5.000000000e-01f};
  // (2 atanh(s) - 2 s) / s^3 of z = s^2 on [0, (3 - sqrt(8))^2], 2^-30 of log.
  static constexpr float kLog[] = {2.987417579e-01f, 3.997750878e-01f, 6.666677594e-01f};
  // (erf(x) - x) / x of z = x^2 on [0, 1], 2^-29 of erf.
  static constexpr float kErfSmall[] = {7.920303324e-05f,  -8.030750323e-04f, 5.190733355e-03f,
                                        -2.685512602e-02f, 1.128361821e-01f,  -3.761262894e-01f,
                                        1.283791661e-01f};
  // log(1 - erf(x)) on [1, kErfMax], 2^-29 of erf.
  static constexpr float kErfLarge[] = {1.855793380e-04f,  -2.939636353e-03f, 2.180537395e-02f,
                                        -1.030374095e-01f, -6.382256746e-01f, -1.127040029e+00f,
                                        -3.537206794e-04f};
};

template <>
struct MathConstants<double> {
  static constexpr double kInfinity = __builtin_inf();
  static constexpr double kNan = __builtin_nan("");
  static constexpr double kLeastNormal = 0x1p-1022;
  static constexpr double kTiny = 0x1p-53;
  static constexpr double kLog2e = 1.4426950408889634;
  static constexpr double kLn2High = 6.93147180369123816490e-01;  // 33 bits
  static constexpr double kLn2Low = 1.90821492927058770002e-10;
  static constexpr double kExpMin = -708.39641853226408;
  static constexpr double kExpMax = 709.78271289338397;
  static constexpr double kExpm1Min = -38.0;
  static constexpr double kExpm1Max = 710.0;
  static constexpr double kTanhMax = 19.1;
  static constexpr double kErfMax = 6.0;
  // 2^-61.
  static constexpr double kExp[] = {
      2.08898822174355339e-09, 2.51094531403812441e-08, 2.75573331309169446e-07,
      2.75572431053302981e-06, 2.48015872814564150e-05, 1.98412698871289260e-04,
      1.38888888888941044e-03, 8.33333333332128383e-03, 4.16666666666666644e-02,
      1.66666666666666768e-01, 5.00000000000000000e-01};
  // 2^-59.
  static constexpr double kLog[] = {1.47882789539059423e-01, 1.53148748858352807e-01,
                                    1.81835292819974792e-01, 2.22221993182585231e-01,
                                    2.85714287341783946e-01, 3.99999999994579525e-01,
                                    6.66666666666672625e-01};
  // 2^-56.
  static constexpr double kErfSmall[] = {
      -7.81542600985774166e-10, 1.37248021081570400e-08,  -1.62080028426731601e-07,
      1.64471174402347101e-06,  -1.49246885941094412e-05, 1.20552909628593335e-04,
      -8.54832578854028652e-04, 5.22397760192624093e-03,  -2.68661706424346836e-02,
      1.12837916709388836e-01,  -3.76126389031833652e-01, 1.28379167095512559e-01};
  // 2^-59.
  static constexpr double kErfLarge[] = {
      1.03909761835479783e-12,  -4.75192146308395034e-11, 1.01709122021715322e-09,
      -1.35227784925392960e-08, 1.24835557432057241e-07,  -8.45222135137619888e-07,
      4.30191643269391453e-06,  -1.64219701894821217e-05, 4.47712754131349272e-05,
      -6.97534144931429549e-05, -4.59507797820158601e-05, 6.42826525191813095e-04,
      -1.77091748364874226e-03, 2.82221704803596108e-04,  1.90769600622239625e-02,
      -1.02746644999729311e-01, -6.36628702882002351e-01, -1.12837728258221115e+00,
      -1.84366512166940614e-07};
};

// Horner's rule, highest power first.
template <class T, int kCount>
PYNN_INLINE Vec<T> polynomial(Vec<T> x, const T (&coefficients)[kCount]) {
  Vec<T> y = broadcast(coefficients[0]);
  PYNN_UNROLL for (int i = 1; i < kCount; ++i) y = fma(y, x, broadcast(coefficients[i]));
  return y;
}

// r and n + kIntegerBias with x = n ln 2 + r, n an integer, |r| <= ln 2 / 2; for |x / ln 2| < 2^21.
template <class T>
PYNN_INLINE Vec<T> split_by_ln2(Vec<T> x, Vec<T>& r) {
  using C = MathConstants<T>;
  const Vec<T> bias = broadcast(Vec<T>::kIntegerBias);
  const Vec<T> biased = fma(x, broadcast(C::kLog2e), bias);
  const Vec<T> n = biased - bias;
  r = fnma(n, broadcast(C::kLn2Low), fnma(n, broadcast(C::kLn2High), x));
  return biased;
}

// exp(x) on [kExpMin, kExpMax], nonsense elsewhere; exp(0) is 1.
template <class T>
PYNN_INLINE Vec<T> exp_within(Vec<T> x) {
  using C = MathConstants<T>;
  const Vec<T> bias = broadcast(Vec<T>::kIntegerBias);
  Vec<T> r;
  const Vec<T> biased = split_by_ln2(x, r);
  // What the rounding of r has taken away: up to a quarter of a unit of the result.
  const Vec<T> n = biased - bias;
  const Vec<T> lost = fnma(n, broadcast(C::kLn2Low), fnma(n, broadcast(C::kLn2High), x) - r);
  const Vec<T> small = r + fma(r * r, polynomial(r, C::kExp), lost);
  return add_to_exponent(broadcast(T(1)) + small, biased);
}

// Normal on [kExpMin, kExpMax], zero below, infinite above.
// Float 0.91 ULP, double 0.84 (without FMA 0.93, 0.86).
template <class T>
PYNN_INLINE Vec<T> exp(Vec<T> x) {
  using C = MathConstants<T>;
  const Vec<T> below =
      select(le(x, broadcast(C::kExpMax)), exp_within(x), x * broadcast(C::kInfinity));
  return select(lt(x, broadcast(C::kExpMin)), broadcast(T(0)), below);
}

// exp(x), as precise as exp, for x that is not positive, or no number; nonsense above kExpMax.
template <class T>
PYNN_INLINE Vec<T> exp_below_one(Vec<T> x) {
  const Vec<T> least = broadcast(MathConstants<T>::kExpMin);
  return select(ge(x, least), exp_within(x), max(broadcast(T(0)), x));
}

// (exp(x) - 1) / 2 on [kExpm1Min, kExpm1Max]; half, so that nothing on the way overflows.
template <class T>
PYNN_INLINE Vec<T> half_expm1(Vec<T> x) {
  const Vec<T> half = broadcast(T(0.5));
  Vec<T> r;
  const Vec<T> scale = add_to_exponent(half, split_by_ln2(x, r));
  const Vec<T> linear = fma(scale, r, scale - half);
  return fma(scale * r * r, polynomial(r, MathConstants<T>::kExp), linear);
}

// -1 below kExpm1Min, infinite where exp is. Float 1.29 ULP, double 1.37 (without FMA 1.32, 1.44).
template <class T>
PYNN_INLINE Vec<T> expm1(Vec<T> x) {
  using C = MathConstants<T>;
  const Vec<T> clamped = max(broadcast(C::kExpm1Min), min(broadcast(C::kExpm1Max), x));
  const Vec<T> half = half_expm1(clamped);
  return select(lt(abs(x), broadcast(C::kTiny)), x, half + half);
}

// log(1 + f) + n log(2) for 1 + f in [sqrt(1/2), sqrt(2)]: with s = f / (2 + f) and R = z P(z),
// log(1 + f) = f - (f^2 / 2 - s (f^2 / 2 + R)), as in FreeBSD's e_log.c.
template <class T>
PYNN_INLINE Vec<T> log_of_split(Vec<T> f, Vec<T> n) {
  using C = MathConstants<T>;
  const Vec<T> s = f / (broadcast(T(2)) + f);
  const Vec<T> z = s * s;
  const Vec<T> half_square = broadcast(T(0.5)) * f * f;
  const Vec<T> rest = fma(z, polynomial(z, C::kLog), half_square);
  const Vec<T> low = fma(s, rest, n * broadcast(C::kLn2Low));
  return fma(n, broadcast(C::kLn2High), f - (half_square - low));
}

// y, but where x is not a positive finite number log(x): -inf at zero, NaN below, x else.
template <class T>
PYNN_INLINE Vec<T> with_edges_of_log(Vec<T> x, Vec<T> y) {
  using C = MathConstants<T>;
  const Vec<T> least = broadcast(C::kLeastNormal);
  const Vec<T> low = select(gt(x, -least), broadcast(-C::kInfinity), broadcast(C::kNan));
  return select(lt(x, least), low, select(lt(x, broadcast(C::kInfinity)), y, x));
}

// n and mantissa in [sqrt(1/2), sqrt(2)) with x = mantissa * 2^n, for x positive and normal.
template <class T>
PYNN_INLINE Vec<T> split_near_one(Vec<T> x, Vec<T>& mantissa) {
  const Vec<T> n = split_exponent(x, mantissa);
  const typename Vec<T>::Mask low = lt(mantissa, broadcast(T(0.70710678118654752440)));
  mantissa = select(low, mantissa + mantissa, mantissa);
  return select(low, n - broadcast(T(1)), n);
}

// -inf at zero and denormals, NaN below. Float 0.84 ULP, double 0.84 (without FMA the same).
template <class T>
PYNN_INLINE Vec<T> log(Vec<T> x) {
  Vec<T> mantissa;
  const Vec<T> n = split_near_one(x, mantissa);
  return with_edges_of_log(x, log_of_split(mantissa - broadcast(T(1)), n));
}

// 1 + x rounds, but it only has to give n: f = 2^-n (1 + x) - 1 is then taken from x itself.
// The scale is 2^(2-n), since 2^-n of the largest numbers is denormal.
// -inf at -1, NaN below. Float 1.40 ULP, double 1.39 (without FMA the same).
template <class T>
PYNN_INLINE Vec<T> log1p(Vec<T> x) {
  using C = MathConstants<T>;
  const Vec<T> one = broadcast(T(1)), quarter = broadcast(T(0.25));
  const Vec<T> sum = one + x;
  Vec<T> mantissa;
  const Vec<T> n = split_near_one(sum, mantissa);
  const Vec<T> biased = (broadcast(T(2)) - n) + broadcast(Vec<T>::kIntegerBias);
  const Vec<T> scale = add_to_exponent(one, biased);
  const Vec<T> f = fma(scale, quarter * x, fma(scale, quarter, -one));
  const Vec<T> y = with_edges_of_log(sum, log_of_split(f, n));
  return select(lt(abs(x), broadcast(C::kTiny)), x, y);
}

// t = h / (h + 1), h = (exp(2 |x|) - 1) / 2; h - h t is the same and rounds less where h is small.
// Odd to the last bit, 1 above kTanhMax. Float 1.67 ULP, double 2.09 (without FMA 1.92, 2.33).
template <class T>
PYNN_INLINE Vec<T> tanh(Vec<T> x) {
  using C = MathConstants<T>;
  const Vec<T> size = abs(x);
  const Vec<T> clamped = min(broadcast(C::kTanhMax), size);
  const Vec<T> h = half_expm1(clamped + clamped);
  const Vec<T> t = h / (h + broadcast(T(1)));
  const Vec<T> y = select(lt(h, broadcast(T(0.5))), fnma(h, t, h), t);
  const Vec<T> odd = select(lt(x, broadcast(T(0))), -y, y);
  return select(lt(size, broadcast(C::kTiny)), x, odd);
}

// With e = exp(-|x|) and t = e / (1 + e), 1 - t for x >= 0 and t = e - e t below.
// Zero below kExpMin, 1 above a few dozen. Float 1.65 ULP, double 1.65 (without FMA 1.82, 1.85).
template <class T>
PYNN_INLINE Vec<T> sigmoid(Vec<T> x) {
  const Vec<T> one = broadcast(T(1));
  const Vec<T> e = exp_below_one(-abs(x));
  const Vec<T> t = e / (one + e);
  return select(lt(x, broadcast(T(0))), fnma(e, t, e), one - t);
}

// log(1 + exp(x)) = max(0, x) + log(1 + e), e = exp(-|x|), where 1 + e is in (1, 2].
// Zero below kExpMin, x above a few dozen. Float 1.67 ULP, double 1.77 (without FMA the same).
template <class T>
PYNN_INLINE Vec<T> softplus(Vec<T> x) {
  const Vec<T> zero = broadcast(T(0)), half = broadcast(T(0.5));
  const Vec<T> e = exp_below_one(-abs(x));
  const typename Vec<T>::Mask large = gt(e, broadcast(T(0.41421356237309504880)));
  const Vec<T> f = select(large, fms(half, e, half), e);
  const Vec<T> n = select(large, broadcast(T(1)), zero);
  return max(zero, x) + log_of_split(f, n);
}

// x + x P(x^2) below 1, 1 - exp(Q(|x|)) above. Odd to the last bit, 1 above kErfMax.
// Float 1.08 ULP, double 1.10 (without FMA 1.36, 1.34). GELU, made of it: 1.72, 1.68.
template <class T>
PYNN_INLINE Vec<T> erf(Vec<T> x) {
  using C = MathConstants<T>;
  const Vec<T> one = broadcast(T(1));
  const Vec<T> size = abs(x);
  const Vec<T> small = fma(x, polynomial(x * x, C::kErfSmall), x);
  const Vec<T> clamped = min(broadcast(C::kErfMax), size);
  const Vec<T> y = one - exp_below_one(polynomial(clamped, C::kErfLarge));
  const Vec<T> large = select(lt(x, broadcast(T(0))), -y, y);
  return select(lt(size, one), small, large);
}

}  // namespace PYNN_ISA
}  // namespace pynn
