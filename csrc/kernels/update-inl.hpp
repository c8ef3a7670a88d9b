// One optimizer step over a span of a parameter: the gradient is prepared, then the formula
// applied. Compiled once per ISA. No loop over parameters and no schedule here.
#pragma once

#include "formulas/optimizers/all.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/update_span.hpp"
#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

// The numbers of a step, each in all lanes. Bounds of no clipping are infinite.
template <class V>
struct StepNumbers {
  V h[UpdateStep<typename V::Scalar>::kNumbers];
  V l1;
  V minus_l1;
  V l2;
  V gradient_scale;
  V least;
  V most;
  V decay_factor;
};

template <class T>
PYNN_INLINE StepNumbers<Vec<T>> step_numbers(const UpdateStep<T>& u) {
  using V = Vec<T>;
  const T most = u.clip > 0 ? u.clip : MathConstants<T>::kInfinity;
  StepNumbers<V> n;
  for (int i = 0; i < UpdateStep<T>::kNumbers; ++i) n.h[i] = set<V>(u.h[i]);
  n.l1 = set<V>(u.l1);
  n.minus_l1 = set<V>(-u.l1);
  n.l2 = set<V>(u.l2);
  n.gradient_scale = set<V>(u.gradient_scale);
  n.least = set<V>(-most);
  n.most = set<V>(most);
  n.decay_factor = set<V>(u.decay_factor);
  return n;
}

// One vector of weights and state. kPlain: nothing but the formula.
template <class Formula, bool kPlain, class V>
PYNN_INLINE V step_vector(V w, V g, V* state, const StepNumbers<V>& n) {
  if constexpr (!kPlain) {
    g = fma(n.l2, w, g * n.gradient_scale);
    const V pull = select(gt(w, zero<V>()), n.l1, select(lt(w, zero<V>()), n.minus_l1, zero<V>()));
    g = g + pull;
    // Clipping keeps a NaN: the bound is the first operand.
    g = min(n.most, max(n.least, g));
    w = w * n.decay_factor;
  }
  return Formula::step(w, g, state, n.h);
}

template <class T, class Formula, bool kPlain>
PYNN_INLINE void update_span(T* w, T* const* state, const T* grad, std::ptrdiff_t n,
                             const UpdateStep<T>& u) {
  using V = Vec<T>;
  constexpr int kSlots = Formula::kSlots;
  const StepNumbers<V> numbers = step_numbers(u);
  V s[kSlots > 0 ? kSlots : 1];
  std::ptrdiff_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) {
    for (int slot = 0; slot < kSlots; ++slot) s[slot] = loadu<V>(state[slot] + i);
    storeu(w + i, step_vector<Formula, kPlain>(loadu<V>(w + i), loadu<V>(grad + i), s, numbers));
    for (int slot = 0; slot < kSlots; ++slot) storeu(state[slot] + i, s[slot]);
  }
  if (i == n) return;
  const auto rest = first_n<V>(static_cast<int>(n - i));
  for (int slot = 0; slot < kSlots; ++slot) s[slot] = loadu_where<V>(rest, state[slot] + i);
  const V stepped = step_vector<Formula, kPlain>(loadu_where<V>(rest, w + i),
                                                 loadu_where<V>(rest, grad + i), s, numbers);
  store_where(rest, w + i, stepped);
  for (int slot = 0; slot < kSlots; ++slot) store_where(rest, state[slot] + i, s[slot]);
}

// gradient = gradient_scale gradient + l2 w + l1 sign(w), clipped; w *= decay_factor; then the
// formula's step. w, state and grad do not overlap.
template <class T, class Formula>
static void optimizer_span(T* w, T* const* state, const T* grad, std::ptrdiff_t n,
                           const UpdateStep<T>& u) noexcept {
  if (uses_gradient_as_is(u)) {
    update_span<T, Formula, true>(w, state, grad, n, u);
  } else {
    update_span<T, Formula, false>(w, state, grad, n, u);
  }
}

template <class Formula>
static constexpr bool kIgnoresZero = requires { Formula::kIgnoresZero; };

template <class T, class Formula>
static constexpr OptimizerKernel<T> optimizer_kernel() {
  return {Formula::kSlots, Formula::kInitialHyper, kIgnoresZero<Formula>, Formula::prepare,
          optimizer_span<T, Formula>};
}

template <class T>
static constexpr OptimizerKernel<T> kOptimizerKernels[] = {
#define PYNN_OPTIMIZER(name, Formula, parameters) optimizer_kernel<T, Formula>(),
#include "formulas/optimizers/optimizers.def"
#undef PYNN_OPTIMIZER
};

}  // namespace PYNN_ISA
}  // namespace pynn
