// The gradient of the weights, from rows of the batch and lanes of grad_y, with the optimizer's
// step at the end of each tile: acc[R][C] += broadcast(grad_y row, t) * vector(x row t). Compiled
// once per ISA. Sums run over the rows of the batch in order, like those of product-inl.hpp.
#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/update_span.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// A part of the batch on its way through one panel of columns.
template <class T>
struct BatchSlice {
  const T* const* x_rows;  // their columns from x_col on are the panel's
  int x_col;
  int count;
  const T* grad_y;
  // Sums between two slices, [row - first_row][kPanel]; unused if one slice is the whole batch.
  T* partial;
  int first_row;
  bool is_first;
  bool is_last;
};

// Columns of a panel: kGradVectors vectors.
template <class T>
static constexpr int kPanel = Tiles<T>::kGradVectors * Vec<T>::kWidth;

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

template <int R, int N, class T>
PYNN_INLINE void prefetch_tile(const T* tile, std::ptrdiff_t ld) {
  constexpr int kLine = 64 / sizeof(T);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int i = 0; i < N; i += kLine) prefetch(tile + r * ld + i);
  }
}

// R rows of weights times C vectors of columns. The accumulators land on rows of the weights: plain
// SGD steps them in registers, other optimizers get the finished gradient from a scratch tile in
// L1.
template <class T, int R, int C>
PYNN_INLINE void gradient_tile(const WeightGradientArgs<T>& a, const BatchSlice<T>& slice, int row,
                               int col, UpdateSpan<T> span) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  const std::ptrdiff_t offset = row * a.ld + col;
  T* w = a.weights + offset;
  T* partial = slice.partial + static_cast<std::ptrdiff_t>(row - slice.first_row) * kPanel<T>;
  V acc[R][C];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
      acc[r][c] = slice.is_first ? zero<V>() : load<V>(partial + r * kPanel<T> + c * kWidth);
    }
  }
  if (slice.is_last) {
    // What the end of the tile reads and writes arrives during the sums.
    prefetch_tile<R, C * kWidth>(a.grad == nullptr ? w : a.grad + offset, a.ld);
    if (span != nullptr) {
      for (int s = 0; s < kMaxSlots; ++s) {
        if (a.state[s] != nullptr) prefetch_tile<R, C * kWidth>(a.state[s] + offset, a.ld);
      }
    }
  }
  const int blocks = block_count(slice.count);
  for (int block = 0; block < blocks; ++block) {
    const T* grad_y =
        slice.grad_y + block * a.grad_y_block_stride + static_cast<std::ptrdiff_t>(row) * kLanes;
    const T* const* x_rows = slice.x_rows + block * kLanes;
    const int lanes = lanes_in_block(slice.count, block);
    for (int lane = 0; lane < lanes; ++lane) {
      const T* x = x_rows[lane] + slice.x_col;
      V columns[C];
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) columns[c] = loadu<V>(x + c * kWidth);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const V g = set<V>(grad_y[r * kLanes + lane]);
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c) acc[r][c] = fma(g, columns[c], acc[r][c]);
      }
    }
  }
  if (!slice.is_last) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) store(partial + r * kPanel<T> + c * kWidth, acc[r][c]);
    }
  } else if (a.grad != nullptr) {
    T* grad = a.grad + offset;
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        T* out = grad + r * a.ld + c * kWidth;
        store(out, a.accumulate ? load<V>(out) + acc[r][c] : acc[r][c]);
      }
    }
  } else if (span == nullptr) {
    const V rate = set<V>(a.update->h[0]);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        T* out = w + r * a.ld + c * kWidth;
        store(out, fnma(rate, acc[r][c], load<V>(out)));
      }
    }
  } else {
    alignas(64) T scratch[R][C * kWidth];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) store(&scratch[r][c * kWidth], acc[r][c]);
    }
    for (int r = 0; r < R; ++r) {
      T* state[kMaxSlots];
      for (int s = 0; s < kMaxSlots; ++s)
        state[s] = a.state[s] == nullptr ? nullptr : a.state[s] + offset + r * a.ld;
      span(w + r * a.ld, state, scratch[r], C * kWidth, *a.update);
    }
  }
}

template <class T, int R, int C>
static void gradient_rows_tail(const WeightGradientArgs<T>& a, const BatchSlice<T>& slice, int row,
                               int row_end, int col, UpdateSpan<T> span) {
  if constexpr (R > 0) {
    if (row_end - row == R) {
      gradient_tile<T, R, C>(a, slice, row, col, span);
    } else {
      gradient_rows_tail<T, R - 1, C>(a, slice, row, row_end, col, span);
    }
  }
}

// One panel of columns: its slice of the batch stays in the first-level cache for all rows.
template <class T, int C>
static void gradient_panel(const WeightGradientArgs<T>& a, const BatchSlice<T>& slice, int row,
                           int row_end, int col, UpdateSpan<T> span) {
  // Narrow panels take more rows: 12 accumulators hide the latency of two FMA units.
  constexpr int kRows = Tiles<T>::kGradRows * C >= 12 ? Tiles<T>::kGradRows : 12 / C;
  for (; row + kRows <= row_end; row += kRows) gradient_tile<T, kRows, C>(a, slice, row, col, span);
  gradient_rows_tail<T, kRows - 1, C>(a, slice, row, row_end, col, span);
}

// True where a step is nothing but w -= rate * gradient.
template <class T>
PYNN_INLINE bool is_plain_descent(const UpdateStep<T>& u) {
  return u.optimizer == Optimizer::sgd && uses_gradient_as_is(u);
}

// Rows of the batch in a slice: two columns' worth of cache lines stay in the first-level cache.
template <class T>
static constexpr int kSliceRows = kPanel<T> * sizeof(T) <= 64 ? 256 : 128;
// Rows of the weights whose sums wait between two slices.
template <class T>
static constexpr int kGroupRows =
    32768 / (kPanel<T> * static_cast<int>(sizeof(T))) / Tiles<T>::kGradRows * Tiles<T>::kGradRows;
// From so many rows on it pays to copy a slice to where it is contiguous: rows of the user's data
// lie on many pages, and at unlucky strides in few sets of the cache.
static constexpr int kPackRows = 48;

// The columns of one panel for the rows [row, row_end) of the weights, slice by slice.
template <class T>
static void gradient_group(const WeightGradientArgs<T>& a, int row, int row_end,
                           UpdateSpan<T> span) {
  constexpr int kTail = kPanel<T> <= kRowAlign ? kPanel<T> : kRowAlign;
  alignas(64) T partial[kGroupRows<T> * kPanel<T>];
  alignas(64) T packed[kSliceRows<T> * kPanel<T>];
  const T* packed_rows[kSliceRows<T>];
  const bool packs = row_end - row >= kPackRows;
  if (packs) {
    const int rows = a.count < kSliceRows<T> ? a.count : kSliceRows<T>;
    for (int i = 0; i < rows; ++i) packed_rows[i] = packed + i * kPanel<T>;
  }
  for (int col = 0; col < a.cols; col += kPanel<T>) {
    const int width = a.cols - col < kPanel<T> ? a.cols - col : kPanel<T>;
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
      if (packs) pack_columns(a.x_rows + first, slice.count, col, width, packed);
      if (width == kPanel<T>) {
        gradient_panel<T, Tiles<T>::kGradVectors>(a, slice, row, row_end, col, span);
      } else {
        for (int i = 0; i < width; i += kTail) {
          gradient_panel<T, kTail / Vec<T>::kWidth>(a, slice, row, row_end, col + i, span);
          slice.x_col += kTail;
          slice.partial += kTail;
        }
      }
      first += slice.count;
    } while (first < a.count);
  }
}

template <class T>
static void weight_gradient(const WeightGradientArgs<T>& a) {
  const bool in_registers = a.grad != nullptr || is_plain_descent(*a.update);
  const UpdateSpan<T> span = in_registers ? nullptr : span_of<T>(a.update->optimizer);
  for (int row = a.row_begin; row < a.row_end; row += kGroupRows<T>) {
    const int left = a.row_end - row;
    gradient_group(a, row, row + (left < kGroupRows<T> ? left : kGroupRows<T>), span);
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
