#include "kernels/fill.hpp"
#include "kernels/narrow_gradient-inl.hpp"
#include "kernels/product-inl.hpp"
#include "kernels/row_product-inl.hpp"
#include "kernels/small_batch_gradient-inl.hpp"
#include "kernels/small_batch_product-inl.hpp"
#include "kernels/weight_gradient-inl.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
static void fill_table(KernelTable<T>& table) {
  table.product = product<T>;
  table.small_batch_product = small_batch_product<T>;
  table.small_batch = kSmallBatch<T>;
  table.row_product = row_product<T>;
  table.small_batch_gradient = small_batch_gradient<T>;
  table.weight_gradient = weight_gradient<T>;
  table.narrow_gradient = narrow_gradient<T>;
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
