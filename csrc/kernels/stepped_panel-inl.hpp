// Panels of the weights' gradient whose optimizer has more to do than w -= rate * gradient: the
// step of a finished tile is taken, a vector at a time, between the sums of the next one. Square
// roots and divisions, memory and multiply-adds then work side by side; one after the other, Adam's
// step takes two thirds of the time of the sums. Compiled once per ISA.
#pragma once

#include "kernels/gradient_tile-inl.hpp"
#include "kernels/update-inl.hpp"

namespace pynn {
namespace PYNN_ISA {

// The gradient of a whole tile, and the weights that wait for it.
template <class T, int C>
struct FinishedTile {
  static constexpr int kRows = kTileRows<T, C>;
  static constexpr int kCols = C * Vec<T>::kWidth;
  alignas(64) T grad[kRows][kCols];
  T* w = nullptr;  // null: nothing waits
  T* state[kMaxSlots];
};

template <class Formula, bool kPlain, class T, int C>
PYNN_INLINE void step_vector_of(const FinishedTile<T, C>& tile, int row, int i, std::ptrdiff_t ld,
                                const Vec<T>* h, const UpdateStep<T>& u) {
  using V = Vec<T>;
  constexpr int kSlots = Formula::kSlots;
  const std::ptrdiff_t at = row * ld + i;
  V s[kSlots > 0 ? kSlots : 1];
  for (int slot = 0; slot < kSlots; ++slot) s[slot] = load<V>(tile.state[slot] + at);
  store(tile.w + at,
        step_vector<Formula, kPlain>(load<V>(tile.w + at), load<V>(&tile.grad[row][i]), s, h, u));
  for (int slot = 0; slot < kSlots; ++slot) store(tile.state[slot] + at, s[slot]);
}

template <class Formula, bool kPlain, class T, int C>
PYNN_INLINE void step_tile(FinishedTile<T, C>& tile, std::ptrdiff_t ld, const Vec<T>* h,
                           const UpdateStep<T>& u) {
  if (tile.w == nullptr) return;
  for (int r = 0; r < FinishedTile<T, C>::kRows; ++r) {
#pragma GCC unroll 4
    for (int i = 0; i < FinishedTile<T, C>::kCols; i += Vec<T>::kWidth) {
      step_vector_of<Formula, kPlain>(tile, r, i, ld, h, u);
    }
  }
  tile.w = nullptr;
}

// The last slice of a panel, all of its whole tiles. Returns the row after them.
template <class T, class Formula, bool kPlain, int C>
static int stepped_panel(const WeightGradientArgs<T>& a, const BatchSlice<T>& slice, int row,
                         int row_end, int col) {
  using V = Vec<T>;
  constexpr int kRows = kTileRows<T, C>;
  constexpr int kCols = C * V::kWidth;
  const UpdateStep<T>& u = *a.update;
  V h[UpdateStep<T>::kNumbers];
  for (int i = 0; i < UpdateStep<T>::kNumbers; ++i) h[i] = set<V>(u.h[i]);
  FinishedTile<T, C> waiting;
  for (; row + kRows <= row_end; row += kRows) {
    const std::ptrdiff_t offset = row * a.ld + col;
    const T* partial =
        slice.partial + static_cast<std::ptrdiff_t>(row - slice.first_row) * kPanel<T>;
    V acc[kRows][C];
    start_sums(partial, slice.is_first, acc);
    prefetch_tile<kRows, kCols>(a.weights + offset, a.ld);
    for (int s = 0; s < Formula::kSlots; ++s) {
      prefetch_tile<kRows, kCols>(a.state[s] + offset, a.ld);
    }
    const int blocks = block_count(slice.count);
    for (int block = 0; block < blocks; ++block) {
      const T* grad_y =
          slice.grad_y + block * a.grad_y_block_stride + static_cast<std::ptrdiff_t>(row) * kLanes;
      const T* const* x_rows = slice.x_rows + block * kLanes;
      const int lanes = lanes_in_block(slice.count, block);
      int lane = 0;
      if (waiting.w != nullptr && lanes >= kRows * C) {
        for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
          for (int c = 0; c < C; ++c) {
            add_row(x_rows[lane] + slice.x_col, grad_y + lane, acc);
            step_vector_of<Formula, kPlain>(waiting, r, c * V::kWidth, a.ld, h, u);
            ++lane;
          }
        }
        waiting.w = nullptr;
      }
      for (; lane < lanes; ++lane) add_row(x_rows[lane] + slice.x_col, grad_y + lane, acc);
    }
    step_tile<Formula, kPlain>(waiting, a.ld, h, u);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) store(&waiting.grad[r][c * V::kWidth], acc[r][c]);
    }
    waiting.w = a.weights + offset;
    for (int s = 0; s < Formula::kSlots; ++s) waiting.state[s] = a.state[s] + offset;
  }
  step_tile<Formula, kPlain>(waiting, a.ld, h, u);
  return row;
}

// The panels that panel_vectors() makes of long rows; of no width where it makes one kind only.
template <class T>
static constexpr int kNarrowVectors = Tiles<T>::kGradVectors < 3 ? 0 : Tiles<T>::kGradVectors - 1;

template <class T, class Formula, bool kPlain>
static SteppedPanel<T> stepped_panel_of_width(int vectors) {
  if (vectors == Tiles<T>::kGradVectors) {
    return stepped_panel<T, Formula, kPlain, Tiles<T>::kGradVectors>;
  }
  if constexpr (kNarrowVectors<T> > 0) {
    if (vectors == kNarrowVectors<T>) return stepped_panel<T, Formula, kPlain, kNarrowVectors<T>>;
  }
  return nullptr;
}

}  // namespace PYNN_ISA
}  // namespace pynn
