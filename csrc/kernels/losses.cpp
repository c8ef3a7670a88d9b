#include "kernels/losses-inl.hpp"

#include "kernels/fill.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
static void fill_table(KernelTable<T>& table) {
  int i = 0;
#define PYNN_LOSS(name, Formula, parameters, a, b, c) \
  table.loss[i++] = elementwise_loss<T, Formula>;
#define PYNN_ROW_LOSS(name, Formula, parameters, a, b, c) table.loss[i++] = Formula::run<T>;
#include "formulas/losses/losses.def"
#undef PYNN_LOSS
#undef PYNN_ROW_LOSS
}

void fill_losses(IsaKernels& kernels) {
  fill_table(kernels.f32);
  fill_table(kernels.f64);
}

}  // namespace PYNN_ISA
}  // namespace pynn
