#include "kernels/expression-inl.hpp"

#include "kernels/fill.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T, class Formula, int kOperand>
static constexpr auto slope_kernel() {
  using Slope =
      void (*)(const T*, const T*, const T*, const T*, const T*, T*, std::ptrdiff_t, bool) noexcept;
  if constexpr ((Formula::kSmooth >> kOperand & 1) != 0) {
    return Slope{elementwise_slope<T, Formula, kOperand>};
  } else {
    return Slope{nullptr};
  }
}

template <class T, class Formula>
static ElementwiseKernel<T> elementwise_kernel() {
  return {Formula::kOperands,
          Formula::kSmooth,
          Formula::kReads,
          elementwise_forward<T, Formula>,
          {slope_kernel<T, Formula, 0>(), slope_kernel<T, Formula, 1>(),
           slope_kernel<T, Formula, 2>()}};
}

template <class T>
static void fill_table(KernelTable<T>& table) {
  int i = 0;
#define PYNN_ELEMENTWISE(name, Formula) table.elementwise[i++] = elementwise_kernel<T, Formula>();
#include "formulas/elementwise/elementwise.def"
#undef PYNN_ELEMENTWISE
  table.sum_features = sum_features<T>;
  table.sum_features_backward = sum_features_backward<T>;
  table.largest_features = extreme_features<T, Maximum>;
  table.least_features = extreme_features<T, Minimum>;
  table.extreme_features_backward = extreme_features_backward<T>;
}

void fill_expression(IsaKernels& kernels) {
  fill_table(kernels.f32);
  fill_table(kernels.f64);
}

}  // namespace PYNN_ISA
}  // namespace pynn
