// A tile of the gradient of the weights, acc[R][C] += broadcast(grad_y row, t) * vector(x row t),
// and what is done with it: stored, or a step of the optimizer. Compiled once per ISA. Sums run
// over the rows of the batch in order, like those of product-inl.hpp.
#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/outer_product-inl.hpp"
#include "kernels/update_span.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// A part of the batch, for one panel of columns.
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

// Rows of a tile of C vectors: as many accumulators as in the widest. Twelve in one vector hide the
// latency of two FMA units.
template <class T, int C>
static constexpr int kTileRows = Tiles<T>::kGradRows * Tiles<T>::kGradVectors / C < 12
                                     ? Tiles<T>::kGradRows * Tiles<T>::kGradVectors / C
                                     : 12;

template <int R, int N, class T>
PYNN_INLINE void prefetch_tile(const T* tile, std::ptrdiff_t ld) {
  constexpr int kLine = 64 / sizeof(T);
  PYNN_UNROLL for (int r = 0; r < R; ++r) {
    PYNN_UNROLL for (int i = 0; i < N; i += kLine) prefetch(tile + r * ld + i);
  }
}

// The sums of a tile start from 0, or from the partial sums of the slice before.
template <class T, int R, int C>
PYNN_INLINE void start_sums(const T* partial, bool is_first, Vec<T> (&acc)[R][C]) {
  using V = Vec<T>;
  PYNN_UNROLL for (int r = 0; r < R; ++r) {
    PYNN_UNROLL for (int c = 0; c < C; ++c) {
      acc[r][c] = is_first ? zero<V>() : load<V>(partial + r * kPanel<T> + c * V::kWidth);
    }
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
  start_sums(partial, slice.is_first, acc);
  if (slice.is_last) {
    // What is read and written after the sums arrives during them.
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
      add_outer_product(grad_y + lane, kLanes, x_rows[lane] + slice.x_col, acc);
    }
  }
  if (!slice.is_last) {
    PYNN_UNROLL for (int r = 0; r < R; ++r) {
      PYNN_UNROLL for (int c = 0; c < C; ++c)
          store(partial + r * kPanel<T> + c * kWidth, acc[r][c]);
    }
  } else if (a.grad != nullptr) {
    T* grad = a.grad + offset;
    PYNN_UNROLL for (int r = 0; r < R; ++r) {
      PYNN_UNROLL for (int c = 0; c < C; ++c) {
        T* out = grad + r * a.ld + c * kWidth;
        store(out, a.accumulate ? load<V>(out) + acc[r][c] : acc[r][c]);
      }
    }
  } else if (span == nullptr) {
    const V rate = set<V>(a.update->h[0]);
    PYNN_UNROLL for (int r = 0; r < R; ++r) {
      PYNN_UNROLL for (int c = 0; c < C; ++c) {
        T* out = w + r * a.ld + c * kWidth;
        store(out, fnma(rate, acc[r][c], load<V>(out)));
      }
    }
  } else {
    alignas(64) T scratch[R][C * kWidth];
    PYNN_UNROLL for (int r = 0; r < R; ++r) {
      PYNN_UNROLL for (int c = 0; c < C; ++c) store(&scratch[r][c * kWidth], acc[r][c]);
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

}  // namespace PYNN_ISA
}  // namespace pynn
