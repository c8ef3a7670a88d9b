// The gradient of a vector parameter, once it is known: kept, or used at once.
#pragma once

#include "ops/op.hpp"

namespace pynn {

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
  T* state[kMaxSlots];
  for (int s = 0; s < kMaxSlots; ++s) {
    state[s] = parameter.state[s] == nullptr ? nullptr : parameter.state[s] + range.begin;
  }
  const int optimizer = static_cast<int>(parameter.step.optimizer);
  kernels.optimizer[optimizer].span(parameter.weights + range.begin, state, grad, range.size(),
                                    parameter.step);
}

}  // namespace pynn
