// The way from the gradient of the weights to the optimizer's step: declared here for
// weight_gradient-inl.hpp, defined in update.cpp, so that every optimizer is compiled once.
// Compiled once per ISA.
#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
using UpdateSpan = void (*)(T* w, T* const* state, const T* grad, std::ptrdiff_t n,
                            const UpdateStep<T>& step);

// True where nothing happens to gradient and weights before the optimizer's formula.
template <class T>
PYNN_INLINE bool uses_gradient_as_is(const UpdateStep<T>& u) {
  return u.l1 == 0 && u.l2 == 0 && u.keep == 1 && u.clip == 0 && u.gradient_scale == 1;
}

template <class T>
UpdateSpan<T> span_of(Optimizer optimizer);

}  // namespace PYNN_ISA
}  // namespace pynn
