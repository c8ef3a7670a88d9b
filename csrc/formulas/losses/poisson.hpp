// p - t log(p + 1e-7): the Poisson distribution's negative log-likelihood, less what does not
// depend on p.
#pragma once

#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

struct Poisson {
  static constexpr bool kMean = true;
  template <class V>
  PYNN_INLINE V shifted(V p) {
    return p + set<V>(typename V::Scalar(1e-7));
  }
  template <class V>
  PYNN_INLINE V forward(V t, V p, const V*) {
    return fnma(t, log(shifted(p)), p);
  }
  template <class V>
  PYNN_INLINE V backward(V t, V p, const V*) {
    return set<V>(1) - t / shifted(p);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
