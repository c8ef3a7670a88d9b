// Which kernel computes a dense layer's product or gradient: the only place that chooses. What it
// goes by is how many rows a batch has, and how the weights lie: `in_out`, a line of them belongs
// to an input, or else to an output.
#pragma once

#include "kernels/kernel_table.hpp"

namespace pynn {

template <class T>
using ProductKernel = void (*)(const ProductArgs<T>&) noexcept;

// Whether a batch leaves so much of a vector of lanes empty that vectors had better run along the
// outputs, which takes weights with row_stride 1. The batch may then also be read from its rows,
// ProductArgs::x_rows.
template <class T>
bool is_small_batch(const KernelTable<T>& kernels, int count) {
  return count <= kernels.small_batch;
}

// For the outputs of a layer. Each of these kernels has the same sums, so that a part of a batch
// may take another one than the rest.
template <class T>
ProductKernel<T> choose_product(const KernelTable<T>& kernels, const ProductArgs<T>& a) {
  const bool in_out = a.depth_stride != 1;
  if (in_out && is_small_batch(kernels, a.count)) return kernels.small_batch_product;
  return a.count == 1 ? kernels.row_product : kernels.product;
}

// For the gradient of a layer's input. small_batch_gradient has sums of another order, which many
// outputs must pay for. So what decides is the same on every ISA, and `batch` is the whole batch.
template <class T>
ProductKernel<T> choose_input_gradient(const KernelTable<T>& kernels, const ProductArgs<T>& a,
                                       bool in_out, int batch) {
  constexpr int kOutputsPerRow = 16;
  const int outputs = a.depth;
  if (in_out && batch <= kSmallGradientBatch && outputs >= kOutputsPerRow * batch) {
    return kernels.small_batch_gradient;
  }
  return choose_product(kernels, a);
}

// Kernels for the gradient of a layer's weights. They have the same sums.
enum class WeightGradient {
  by_rows,     // weight_gradient: reads rows, of grad_y if in_out, else of x
  by_lanes,    // narrow_gradient: transposes squares of lanes in registers
  by_entries,  // sparse_gradient: reads the entries of x, and rows of grad_y
};

struct WeightShape {
  int lines;  // of what is stored
  bool in_out;
};

// `x_has_rows`: the layer reads an input of the model, whose rows are there anyway.
template <class T>
WeightGradient choose_weight_gradient(const KernelTable<T>& kernels, const WeightShape& weights,
                                      bool x_has_rows, bool x_is_sparse) {
  if (x_is_sparse) return WeightGradient::by_entries;
  const bool wants_no_rows = weights.in_out || !x_has_rows;
  return weights.lines <= kernels.narrow_lines && wants_no_rows ? WeightGradient::by_lanes
                                                                : WeightGradient::by_rows;
}

// The largest share of an input's elements that is worth storing as entries, in training. Measured:
// what an element of a dense row costs beside what an entry costs.
constexpr double densest_entries(bool in_out, int outputs) {
  constexpr int kManyOutputs = 64;
  return !in_out ? 0.05 : outputs < kManyOutputs ? 0.13 : 0.25;
}

}  // namespace pynn
