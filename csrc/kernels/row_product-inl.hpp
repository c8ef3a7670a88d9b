// The product for a batch of one row, for weights in out_in layout: with vectors along the outputs
// nothing is computed for missing lanes. Each sum runs over t in the same order as in the tiles of
// product-inl.hpp. For in_out layout see small_batch_product-inl.hpp. Compiled once per ISA.
#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// kWidth rows of the weights. One accumulator is enough: transposing a square takes as long as its
// multiply-adds wait for one another.
template <class T>
__attribute__((noinline)) static void row_panel(const T* const* rows, const T* x, int depth,
                                                T* sums) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  constexpr int kAhead = 512 / sizeof(T);  // prefetches 8 cache lines ahead in every row
  V acc = load<V>(sums);
  int t = 0;
  for (; t + kWidth <= depth; t += kWidth) {
    V square[kWidth];
    load_columns<kQuarters<T>>(
        [&](int i) {
          const T* row = rows[i] + t;
          prefetch(row + kAhead);
          return row;
        },
        square);
    PYNN_UNROLL for (int i = 0; i < kWidth; ++i) acc = fma(square[i], set<V>(x[t + i]), acc);
  }
  for (; t < depth; ++t) {
    alignas(64) T column[kWidth];
    for (int i = 0; i < kWidth; ++i) column[i] = rows[i][t];
    acc = fma(load<V>(column), set<V>(x[t]), acc);
  }
  store(sums, acc);
}

template <class T>
static void row_product_contiguous(const ProductArgs<T>& a, const T* x, T* y) {
  constexpr int kWidth = Vec<T>::kWidth;
  const T* rows[kWidth];
  alignas(64) T sums[kWidth];
  for (int row = a.row_begin; row < a.row_end; row += kWidth) {
    const int left = a.row_end - row;
    const int n = left < kWidth ? left : kWidth;
    // Missing rows repeat the last one; their sums are not used.
    for (int i = 0; i < kWidth; ++i) {
      const int at = i < n ? i : n - 1;
      rows[i] = a.weights + (row + at) * a.row_stride;
      sums[i] = y[row + at];
    }
    row_panel(rows, x, a.depth, sums);
    for (int i = 0; i < n; ++i) y[row + i] = sums[i];
  }
}

// Lane 0 of the one block, a piece of rows and of depth at a time through buffers on the stack.
template <class T>
static void row_product(const ProductArgs<T>& a) noexcept {
  constexpr int kPiece = 4096 / sizeof(T);
  alignas(64) T x[kPiece];
  alignas(64) T y[kPiece];
  const auto lane = [](int feature) { return static_cast<std::ptrdiff_t>(feature) * kLanes; };
  for (int row = a.row_begin; row < a.row_end; row += kPiece) {
    const int rows = a.row_end - row < kPiece ? a.row_end - row : kPiece;
    T* out = a.y + lane(row);
    for (int i = 0; i < rows; ++i) {
      y[i] = a.accumulate ? out[lane(i)] : a.bias != nullptr ? a.bias[row + i] : T(0);
    }
    for (int t = 0; t < a.depth; t += kPiece) {
      ProductArgs<T> piece = a;
      piece.row_begin = 0;
      piece.row_end = rows;
      piece.depth = a.depth - t < kPiece ? a.depth - t : kPiece;
      piece.weights = a.weights + row * a.row_stride + t;
      for (int i = 0; i < piece.depth; ++i) x[i] = a.x[lane(t + i)];
      row_product_contiguous(piece, x, y);
    }
    for (int i = 0; i < rows; ++i) {
      const bool cut = a.epilogue == Epilogue::relu ? T(0) > y[i]
                       : a.epilogue == Epilogue::relu_gradient
                           ? !(a.relu_mask[lane(row + i)] > T(0))
                           : false;
      out[lane(i)] = cut ? T(0) : y[i];
    }
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
