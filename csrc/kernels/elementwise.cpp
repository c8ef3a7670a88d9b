#include "kernels/elementwise-inl.hpp"

#include "kernels/dropout-inl.hpp"
#include "kernels/fill.hpp"
#include "kernels/noise-inl.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T, class Formula>
static ActivationKernel<T> activation_kernel() {
  ActivationKernel<T> kernel{Formula::kNeedsInput, activation_forward<T, Formula>,
                             activation_backward<T, Formula>, nullptr};
  if constexpr (SharesTerms<Formula>)
    kernel.forward_and_slope = activation_forward_and_slope<T, Formula>;
  return kernel;
}

template <class T>
static void fill_table(KernelTable<T>& table) {
  int i = 0;
#define PYNN_ACTIVATION(name, Formula, alpha) \
  table.activation[i++] = activation_kernel<T, Formula>();
#include "formulas/activations/activations.def"
#undef PYNN_ACTIVATION
  table.add = add<T>;
  table.subtract = subtract<T>;
  table.multiply = multiply<T>;
  table.scale_add = scale_add<T>;
  table.multiply_add = multiply_add<T>;
  table.select_larger = select_larger<T>;
  table.select_smaller = select_smaller<T>;
  table.draw_kept = draw_kept;
  table.scale_kept = scale_kept<T>;
  table.normal_noise = normal_noise<T>;
}

void fill_elementwise(IsaKernels& kernels) {
  fill_table(kernels.f32);
  fill_table(kernels.f64);
}

}  // namespace PYNN_ISA
}  // namespace pynn
