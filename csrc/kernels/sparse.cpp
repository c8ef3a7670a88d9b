#include "kernels/fill.hpp"
#include "kernels/sparse-inl.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
static void fill_table(KernelTable<T>& table) {
  table.sparse_product = sparse_product<T>;
  table.sparse_order = sparse_order<T>;
  table.sparse_gradient = sparse_gradient<T>;
}

void fill_sparse(IsaKernels& kernels) {
  fill_table(kernels.f32);
  fill_table(kernels.f64);
}

}  // namespace PYNN_ISA
}  // namespace pynn
