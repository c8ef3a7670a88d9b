#include "kernels/row_ops-inl.hpp"

#include "kernels/fill.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
static void fill_table(KernelTable<T>& table) {
  table.softmax = softmax<T>;
  table.softmax_backward = softmax_backward<T>;
  table.log_softmax = log_softmax<T>;
  table.log_softmax_backward = log_softmax_backward<T>;
  table.argmax = argmax<T>;
  table.threshold_hits = threshold_hits<T>;
  table.lane_sums = lane_sums<T>;
  table.add_partial_sums = add_partial_sums<T>;
  table.row_sums = row_sums<T>;
  table.sum_squares = sum_squares<T>;
  table.sum_magnitudes = sum_magnitudes<T>;
  table.column_squares = column_squares<T>;
  table.column_magnitudes = column_magnitudes<T>;
}

void fill_row_ops(IsaKernels& kernels) {
  fill_table(kernels.f32);
  fill_table(kernels.f64);
}

}  // namespace PYNN_ISA
}  // namespace pynn
