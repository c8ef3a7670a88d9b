#include "kernels/fill.hpp"
#include "kernels/transpose-inl.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
static void fill_table(KernelTable<T>& table) {
  table.rows_to_lanes = rows_to_lanes<T>;
  table.lanes_to_rows = lanes_to_rows<T>;
}

void fill_transpose(IsaKernels& kernels) {
  fill_table(kernels.f32);
  fill_table(kernels.f64);
}

}  // namespace PYNN_ISA
}  // namespace pynn
