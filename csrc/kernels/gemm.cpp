#include "kernels/gemm-inl.hpp"

#include "kernels/fill.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
static void fill_table(KernelTable<T>& table) {
  table.product_rows = Tiles<T>::kRows;
  table.gradient_rows = Tiles<T>::kGradRows;
  table.product = product<T>;
  table.weight_gradient = weight_gradient<T>;
  table.row_product = row_product<T>;
}

void fill_gemm(IsaKernels& kernels) {
  fill_table(kernels.f32);
  fill_table(kernels.f64);
}

}  // namespace PYNN_ISA
}  // namespace pynn
