#include "kernels/few_lines-inl.hpp"
#include "kernels/few_rows_gradient-inl.hpp"
#include "kernels/fill.hpp"
#include "kernels/product-inl.hpp"
#include "kernels/weight_gradient-inl.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
static void fill_table(KernelTable<T>& table) {
  table.product_rows = Tiles<T>::kRows;
  table.gradient_rows = Tiles<T>::kGradRows;
  table.few_rows = kFewRows<T>;
  table.product = product<T>;
  table.few_rows_gradient = few_rows_gradient<T>;
  table.weight_gradient = weight_gradient<T>;
  table.few_lines = Tiles<T>::kLines;
  table.few_lines_gradient = few_lines_gradient<T>;
}

void fill_gemm(IsaKernels& kernels) {
  fill_table(kernels.f32);
  fill_table(kernels.f64);
}

}  // namespace PYNN_ISA
}  // namespace pynn
