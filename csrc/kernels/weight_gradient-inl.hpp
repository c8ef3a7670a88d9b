// The gradient of the weights, from rows of the batch and lanes of grad_y, with the optimizer's
// step: panels of columns, slices of the batch, and the tiles of gradient_tile-inl.hpp in them.
// Compiled once per ISA.
#pragma once

#include "kernels/gradient_tile-inl.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/update_span.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// `width` columns from `col` of each row, to [row][kPanel]; fetches the columns after them.
template <class T>
static void pack_columns(const T* const* rows, int count, int col, int width, T* packed) {
  using V = Vec<T>;
  for (int i = 0; i < count; ++i) {
    const T* row = rows[i] + col;
    T* out = packed + i * kPanel<T>;
    for (int k = 0; k < width; k += V::kWidth) store(out + k, loadu<V>(row + k));
    prefetch(row + kPanel<T>);
  }
}

// One panel of C vectors of columns: its slice of the batch stays in the first-level cache for all
// rows. `stepped` by C, or null.
template <class T, int C>
static void gradient_panel(const WeightGradientArgs<T>& a, const BatchSlice<T>& slice, int row,
                           int row_end, int col, UpdateSpan<T> span,
                           const SteppedPanel<T>* stepped) {
  constexpr int kRows = kTileRows<T, C>;
  if (stepped != nullptr && stepped[C] != nullptr && slice.is_last) {
    row = stepped[C](a, slice, row, row_end, col);
  }
  for (; row + kRows <= row_end; row += kRows) gradient_tile<T, kRows, C>(a, slice, row, col, span);
  gradient_rows_tail<T, kRows - 1, C>(a, slice, row, row_end, col, span);
}

// Vectors of the next panel of `left`: as many as there are registers for, or one fewer, so that
// no narrow panel is left over, which would load and broadcast more than it multiplies.
template <class T>
PYNN_INLINE int panel_vectors(int left) {
  constexpr int kMost = Tiles<T>::kGradVectors;
  if (left <= kMost) return left;
  return kMost < 3 || left % kMost == 0 ? kMost : kMost - 1;
}

template <class T, int C = Tiles<T>::kGradVectors>
static void gradient_panel_of(int vectors, const WeightGradientArgs<T>& a,
                              const BatchSlice<T>& slice, int row, int row_end, int col,
                              UpdateSpan<T> span, const SteppedPanel<T>* stepped) {
  if constexpr (C > 0) {
    if (vectors == C) {
      gradient_panel<T, C>(a, slice, row, row_end, col, span, stepped);
    } else {
      gradient_panel_of<T, C - 1>(vectors, a, slice, row, row_end, col, span, stepped);
    }
  }
}

// Rows of the batch in a slice: two columns' worth of cache lines stay in the first-level cache.
template <class T>
static constexpr int kSliceRows = kPanel<T> * sizeof(T) <= 64 ? 256 : 128;
// Rows of the weights whose partial sums are stored between two slices.
template <class T>
static constexpr int kGroupRows =
    65536 / (kPanel<T> * static_cast<int>(sizeof(T))) / Tiles<T>::kGradRows * Tiles<T>::kGradRows;
// From this many rows of the weights on it pays to copy a slice of the batch first: rows of the
// user's data lie on many pages and, at unlucky strides, in few sets of the cache.
static constexpr int kPackRows = 48;
// Rows that follow one another in memory are not scattered so, unless they are longer than this.
static constexpr int kLongRowBytes = 8192;

template <class T>
PYNN_INLINE bool are_scattered(const T* const* rows, int count) {
  if (count < 2) return false;
  const std::ptrdiff_t step = rows[1] - rows[0];
  const bool is_short = step > 0 && step * static_cast<int>(sizeof(T)) <= kLongRowBytes;
  return !is_short || rows[count - 1] - rows[0] != (count - 1) * step;
}

// The columns of one panel for the rows [row, row_end) of the weights, slice by slice.
template <class T>
static void gradient_group(const WeightGradientArgs<T>& a, int row, int row_end, UpdateSpan<T> span,
                           const SteppedPanel<T>* stepped) {
  constexpr int kWidth = Vec<T>::kWidth;
  alignas(64) T partial[kGroupRows<T> * kPanel<T>];
  alignas(64) T packed[kSliceRows<T> * kPanel<T>];
  const T* packed_rows[kSliceRows<T>];
  const bool packs = row_end - row >= kPackRows && are_scattered(a.x_rows, a.count);
  if (packs) {
    const int rows = a.count < kSliceRows<T> ? a.count : kSliceRows<T>;
    for (int i = 0; i < rows; ++i) packed_rows[i] = packed + i * kPanel<T>;
  }
  for (int col = a.col_begin, vectors = 0; col < a.col_end; col += vectors * kWidth) {
    vectors = panel_vectors<T>((a.col_end - col) / kWidth);
    int first = 0;
    do {
      BatchSlice<T> slice{};
      slice.count = a.count - first < kSliceRows<T> ? a.count - first : kSliceRows<T>;
      slice.grad_y = a.grad_y + first / kLanes * a.grad_y_block_stride;
      slice.partial = partial;
      slice.first_row = row;
      slice.is_first = first == 0;
      slice.is_last = first + slice.count == a.count;
      slice.x_rows = packs ? packed_rows : a.x_rows + first;
      slice.x_col = packs ? 0 : col;
      if (packs) pack_columns(a.x_rows + first, slice.count, col, vectors * kWidth, packed);
      gradient_panel_of<T>(vectors, a, slice, row, row_end, col, span, stepped);
      first += slice.count;
    } while (first < a.count);
  }
}

template <class T>
static void weight_gradient(const WeightGradientArgs<T>& a) noexcept {
  const bool in_registers = a.grad != nullptr || is_plain_descent(*a.update);
  const UpdateSpan<T> span = in_registers ? nullptr : span_of<T>(a.update->optimizer);
  SteppedPanel<T> by_vectors[Tiles<T>::kGradVectors + 1] = {};
  if (!in_registers) {
    for (int i = 1; i <= Tiles<T>::kGradVectors; ++i) {
      by_vectors[i] = stepped_panel_of<T>(*a.update, i);
    }
  }
  const SteppedPanel<T>* stepped = in_registers ? nullptr : by_vectors;
  for (int row = a.row_begin; row < a.row_end; row += kGroupRows<T>) {
    const int left = a.row_end - row;
    gradient_group(a, row, row + (left < kGroupRows<T> ? left : kGroupRows<T>), span, stepped);
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
