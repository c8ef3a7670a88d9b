#include "kernels/few_lines-inl.hpp"
#include "kernels/few_rows-inl.hpp"
#include "kernels/few_rows_gradient-inl.hpp"
#include "kernels/fill.hpp"
#include "kernels/product-inl.hpp"
#include "kernels/row_product-inl.hpp"
#include "kernels/weight_gradient-inl.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
static void fill_table(KernelTable<T>& table) {
  table.product = product<T>;
  table.small_batch_product = few_rows_product<T>;
  table.small_batch = kFewRows<T>;
  table.row_product = row_product<T>;
  table.small_batch_gradient = few_rows_gradient<T>;
  table.weight_gradient = weight_gradient<T>;
  table.narrow_gradient = few_lines_gradient<T>;
  table.narrow_lines = Tiles<T>::kLines;
}

void fill_gemm(IsaKernels& kernels) {
  using Both = Tiles<float>;  // and Tiles<double>, which has the same sizes
  static_assert(Both::kRows % Both::kGradRows == 0);
  kernels.tiles = {Both::kGradRows, Both::kGradRows * Both::kGradVectors};
  fill_table(kernels.f32);
  fill_table(kernels.f64);
}

}  // namespace PYNN_ISA
}  // namespace pynn
