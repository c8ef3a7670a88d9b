// What each kernel unit exports: one function per topic that fills in its part of the table, and
// `fill`, which calls them all. Compiled once per ISA; the namespace makes the names unique.
#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

void fill_gemm(IsaKernels& kernels);
void fill_sparse(IsaKernels& kernels);
void fill_transpose(IsaKernels& kernels);
void fill_elementwise(IsaKernels& kernels);
void fill_expression(IsaKernels& kernels);
void fill_row_ops(IsaKernels& kernels);
void fill_batch_norm(IsaKernels& kernels);
void fill_losses(IsaKernels& kernels);
void fill_update(IsaKernels& kernels);
void fill_perceptron(IsaKernels& kernels);
void fill_peak(IsaKernels& kernels);

void fill(IsaKernels& kernels);

}  // namespace PYNN_ISA
}  // namespace pynn
