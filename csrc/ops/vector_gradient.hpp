// The gradient of a parameter, or of a part of it, once it is known: kept, or used at once.
#pragma once

#include "ops/op.hpp"

namespace pynn {

// The optimizer's step of n elements, from `offset` on, that lie side by side.
template <class T>
void step_elements(const KernelTable<T>& kernels, Parameter<T>& parameter, std::ptrdiff_t offset,
                   const T* grad, std::ptrdiff_t n) {
  T* state[kMaxSlots];
  for (int s = 0; s < kMaxSlots; ++s)
    state[s] = parameter.state[s] == nullptr ? nullptr : parameter.state[s] + offset;
  const int optimizer = static_cast<int>(parameter.step.optimizer);
  kernels.optimizer[optimizer].span(parameter.weights + offset, state, grad, n, parameter.step);
}

// The step of a row of a table, whose elements lie `feature_step` apart, as do the gradient's.
template <class T>
void step_row(const KernelTable<T>& kernels, Parameter<T>& table, std::ptrdiff_t offset,
              const T* grad, int width, std::ptrdiff_t feature_step, std::ptrdiff_t grad_step) {
  if (feature_step == 1) return step_elements(kernels, table, offset, grad, width);
  for (int d = 0; d < width; ++d)
    step_elements(kernels, table, offset + d * feature_step, grad + d * grad_step, 1);
}

// grad: the values for `range`, which starts at parameter element range.begin.
template <class T>
void apply_vector_gradient(const KernelTable<T>& kernels, Parameter<T>& parameter, bool first,
                           Range range, const T* grad) {
  if (parameter.grad != nullptr) {
    for (int i = 0; i < range.size(); ++i) {
      T& kept = parameter.grad[range.begin + i];
      kept = first && !parameter.adding ? grad[i] : kept + grad[i];
    }
    return;
  }
  step_elements(kernels, parameter, range.begin, grad, range.size());
}

}  // namespace pynn
