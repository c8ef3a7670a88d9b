// y = x tanh(softplus(x)) (Misra 2019).
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

// tanh(softplus(x)) is n / (n + 2) with n = e^x (e^x + 2): of positive terms only, and with e^-x
// where x is positive, so that nothing overflows.
struct Mish {
  static constexpr bool kNeedsInput = true;
  static constexpr bool kSharesTerms = true;
  template <class V>
  PYNN_INLINE V forward(V x, V) {
    const Parts<V> p = parts(x);
    return x * (p.rest / p.all);
  }
  // t + x sigmoid(x) (1 - t^2), t = rest / all, over one denominator: sigmoid(x) (1 - t^2) is
  // 2 steep (all + rest) / (all^2 (1 + e)).
  template <class V>
  PYNN_INLINE V backward(V grad, V x, V) {
    const Parts<V> p = parts(x);
    const V common = p.all * (set<V>(1) + p.e);
    const V sum = fma(x * (p.steep + p.steep), p.all + p.rest, p.rest * common);
    return grad * (sum / (p.all * common));
  }

 private:
  // e = e^-|x|; tanh(softplus(x)) = rest / all. Where x < 0, all = rest + 2 and steep = e; else
  // all = rest + 2 e^2 and steep = e^2.
  template <class V>
  struct Parts {
    V e, rest, all, steep;
  };
  template <class V>
  PYNN_INLINE Parts<V> parts(V x) {
    const V e = exp_below_one(-abs(x));
    const V square = e * e, one = set<V>(1), two = set<V>(2);
    const auto negative = lt(x, zero<V>());
    const V rest = fma(two, e, select(negative, square, one));
    const V all = fma(two, select(negative, one, square), rest);
    return {e, rest, all, select(negative, e, square)};
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
