#include "kernels/update-inl.hpp"

#include "kernels/fill.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
UpdateSpan<T> span_of(Optimizer optimizer) {
  return kOptimizerKernels<T>[static_cast<int>(optimizer)].span;
}
template UpdateSpan<float> span_of<float>(Optimizer);
template UpdateSpan<double> span_of<double>(Optimizer);

template <class T>
static void fill_table(KernelTable<T>& table) {
  for (int i = 0; i < kOptimizers; ++i) table.optimizer[i] = kOptimizerKernels<T>[i];
}

void fill_update(IsaKernels& kernels) {
  fill_table(kernels.f32);
  fill_table(kernels.f64);
}

}  // namespace PYNN_ISA
}  // namespace pynn
