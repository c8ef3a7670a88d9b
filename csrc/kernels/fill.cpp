#include "kernels/fill.hpp"

namespace pynn {
namespace PYNN_ISA {

void fill(IsaKernels& kernels) {
  fill_gemm(kernels);
  fill_sparse(kernels);
  fill_transpose(kernels);
  fill_elementwise(kernels);
  fill_expression(kernels);
  fill_row_ops(kernels);
  fill_batch_norm(kernels);
  fill_losses(kernels);
  fill_update(kernels);
  fill_perceptron(kernels);
  fill_peak(kernels);
}

}  // namespace PYNN_ISA
}  // namespace pynn
