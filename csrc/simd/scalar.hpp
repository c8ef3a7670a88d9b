// The SIMD words without any ISA's intrinsics: 4 floats or 2 doubles in the compiler's own vector
// type, which becomes SSE2 on x86-64 and plain instructions where there is nothing better.
// No FMA: fma rounds twice (build with -ffp-contract=off), on every machine alike.
#pragma once

namespace pynn {
namespace PYNN_ISA {

// 4x2: 8 accumulators, 2 loads, 1 broadcast and a product each fit SSE2's 16 registers.
template <class T>
struct Tiles {
  static constexpr int kRows = 4;
  static constexpr int kVectors = 2;
  static constexpr bool kByBlocks = false;
  static constexpr int kGradRows = 4;
  static constexpr int kGradVectors = 2;
  static constexpr bool kStepsBesideSums = true;
  static constexpr int kLines = 4;
  static constexpr int kPairLines = 2;
};

template <class T>
PYNN_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) {
  return {a.raw * b.raw + c.raw};
}
template <class T>
PYNN_INLINE Vec<T> fms(Vec<T> a, Vec<T> b, Vec<T> c) {
  return {a.raw * b.raw - c.raw};
}
template <class T>
PYNN_INLINE Vec<T> fnma(Vec<T> a, Vec<T> b, Vec<T> c) {
  return {c.raw - a.raw * b.raw};
}

PYNN_INLINE Vec<float> sqrt(Vec<float> a) {
  return {Vec<float>::Raw{__builtin_sqrtf(a.raw[0]), __builtin_sqrtf(a.raw[1]),
                          __builtin_sqrtf(a.raw[2]), __builtin_sqrtf(a.raw[3])}};
}
PYNN_INLINE Vec<double> sqrt(Vec<double> a) {
  return {Vec<double>::Raw{__builtin_sqrt(a.raw[0]), __builtin_sqrt(a.raw[1])}};
}

template <class T>
PYNN_INLINE Vec<T> abs(Vec<T> a) {
  using Bits = typename Vec<T>::Bits;
  return {(typename Vec<T>::Raw)((Bits)a.raw & ~(Bits)broadcast(T(-0.0)).raw)};
}

// Adding and taking away 2^23 (2^52) with the operand's sign rounds to an integer, ties to even;
// what is larger is an integer already. The sign of a zero is kept.
template <class T>
PYNN_INLINE Vec<T> round(Vec<T> a) {
  using Raw = typename Vec<T>::Raw;
  using Bits = typename Vec<T>::Bits;
  const Raw large = broadcast(T(typename Vec<T>::Integer{1} << FloatFormat<T>::kFractionBits)).raw;
  const Bits sign = (Bits)a.raw & (Bits)broadcast(T(-0.0)).raw;
  const Raw signed_large = (Raw)((Bits)large | sign);
  const Raw rounded = (a.raw + signed_large) - signed_large;
  return {abs(a).raw < large ? (Raw)((Bits)rounded | sign) : a.raw};
}

}  // namespace PYNN_ISA
}  // namespace pynn
