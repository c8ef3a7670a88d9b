// The way from the gradient of the weights to the optimizer's step: declared here for
// weight_gradient-inl.hpp, defined in update.cpp and stepped_panel.cpp, so that every optimizer is
// compiled once. Compiled once per ISA.
#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
using UpdateSpan = void (*)(T* w, T* const* state, const T* grad, std::ptrdiff_t n,
                            const UpdateStep<T>& step) noexcept;

template <class T>
struct BatchSlice;

// Gradient and step of a panel of so many vectors of columns, of all whole tiles in [row, row_end).
// Returns the row after them.
template <class T>
using SteppedPanel = int (*)(const WeightGradientArgs<T>& a, const BatchSlice<T>& slice, int row,
                             int row_end, int col) noexcept;

// True where nothing happens to gradient and weights before the optimizer's formula.
template <class T>
PYNN_INLINE bool uses_gradient_as_is(const UpdateStep<T>& u) {
  return u.l1 == 0 && u.l2 == 0 && u.decay_factor == 1 && u.clip == 0 && u.gradient_scale == 1;
}

// True where a step is nothing but w -= rate * gradient.
template <class T>
PYNN_INLINE bool is_plain_descent(const UpdateStep<T>& u) {
  return u.optimizer == Optimizer::sgd && uses_gradient_as_is(u);
}

template <class T>
UpdateSpan<T> span_of(Optimizer optimizer);

// Null for the widths of what is left over.
template <class T>
SteppedPanel<T> stepped_panel_of(const UpdateStep<T>& step, int vectors);

}  // namespace PYNN_ISA
}  // namespace pynn
