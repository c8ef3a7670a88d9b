#include "kernels/batch_norm-inl.hpp"

#include "kernels/fill.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
static void fill_table(KernelTable<T>& table) {
  table.batch_moments = batch_moments<T>;
  table.batch_normalize = batch_normalize<T>;
  table.batch_normalize_backward = batch_normalize_backward<T>;
}

void fill_batch_norm(IsaKernels& kernels) {
  fill_table(kernels.f32);
  fill_table(kernels.f64);
}

}  // namespace PYNN_ISA
}  // namespace pynn
