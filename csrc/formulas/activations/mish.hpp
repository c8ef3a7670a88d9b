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
  template <class V>
  PYNN_INLINE V backward(V grad, V x, V) {
    const V two = set<V>(2);
    const Parts<V> p = parts(x);
    // One division for three: all (1 + e) is between 1 and 10.
    const V sum = set<V>(1) + p.e;
    const V inverse = set<V>(1) / (p.all * sum);
    const V t = p.rest * (sum * inverse);
    const V lacking = p.two * (sum * inverse);  // 1 - t
    const V sigmoid = select(lt(x, zero<V>()), p.e, set<V>(1)) * (p.all * inverse);
    return grad * fma(x * sigmoid, lacking * (two - lacking), t);
  }

 private:
  // e = e^-|x|; tanh(softplus(x)) = rest / all, all = rest + two.
  template <class V>
  struct Parts {
    V e, rest, two, all;
  };
  template <class V>
  PYNN_INLINE Parts<V> parts(V x) {
    const V e = exp(zero<V>() - abs(x));
    const V square = e * e;
    const auto negative = lt(x, zero<V>());
    const V rest = select(negative, fma(set<V>(2), e, square), fma(set<V>(2), e, set<V>(1)));
    const V two = set<V>(2) * select(negative, set<V>(1), square);
    return {e, rest, two, rest + two};
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
