// Panels of the weights' gradient for optimizers that do more than w -= rate * gradient: a finished
// tile is stepped from the first-level cache. Where that is faster (Tiles::kStepsBesideSums), its
// step waits, and is taken a vector at a time between the sums of the next tile: square roots and
// divisions, memory accesses and multiply-adds then overlap. Compiled once per ISA.
#pragma once

#include "kernels/gradient_tile-inl.hpp"
#include "kernels/update-inl.hpp"

namespace pynn {
namespace PYNN_ISA {

// Steps that are not taken between the sums: plain descent, which steps in registers, and steps of
// more vectors than this, which do not fit beside the accumulators.
static constexpr int kMostStepVectors = 6;
template <class Formula, bool kPlain>
static constexpr bool kStepsLater = Formula::kStepVectors > kMostStepVectors ||
                                    (kPlain && Formula::kSlots == 0);

// The gradient of a whole tile, and the weights that are to be stepped by it.
template <class T, int R, int C>
struct FinishedTile {
  alignas(64) T grad[R][C * Vec<T>::kWidth];
  T* w = nullptr;  // null: there is no such tile
  T* state[kMaxSlots];
};

// The step of the vector of weights at the offset `at`, whose gradient is `grad`. `numbers` is
// hidden from the compiler, so that it reads them where they are used: it would hold all of them,
// from one call to the next, in registers that the accumulators need.
template <class Formula, bool kPlain, class T>
PYNN_INLINE void step_vector_at(std::ptrdiff_t at, const T* grad, T* w, T* const* state,
                                const StepNumbers<Vec<T>>*& numbers) {
  using V = Vec<T>;
  constexpr int kSlots = Formula::kSlots;
  asm("" : "+r"(numbers));
  V s[kSlots > 0 ? kSlots : 1];
  for (int slot = 0; slot < kSlots; ++slot) s[slot] = load<V>(state[slot] + at);
  store(w + at, step_vector<Formula, kPlain>(load<V>(w + at), load<V>(grad), s, *numbers));
  for (int slot = 0; slot < kSlots; ++slot) store(state[slot] + at, s[slot]);
}

template <class Formula, bool kPlain, class T, int R, int C>
PYNN_INLINE void step_tile(FinishedTile<T, R, C>& tile, std::ptrdiff_t ld,
                           const StepNumbers<Vec<T>>*& numbers) {
  constexpr int kWidth = Vec<T>::kWidth;
  if (tile.w == nullptr) return;
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 1
    for (int c = 0; c < C; ++c) {
      step_vector_at<Formula, kPlain>(r * ld + c * kWidth, &tile.grad[r][c * kWidth], tile.w,
                                      tile.state, numbers);
    }
  }
  tile.w = nullptr;
}

// The last slice of a panel, all of its whole tiles. Returns the row after them.
template <class T, class Formula, bool kPlain, int C>
static int stepped_panel(const WeightGradientArgs<T>& a, const BatchSlice<T>& slice, int row,
                         int row_end, int col) noexcept {
  using V = Vec<T>;
  constexpr int kRows = kTileRows<T, C>;
  constexpr bool kBesideSums = Tiles<T>::kStepsBesideSums;
  constexpr int kCols = C * V::kWidth;
  const std::ptrdiff_t ld = a.ld;
  const int x_col = slice.x_col;
  const StepNumbers<V> all_numbers = step_numbers(*a.update);
  const StepNumbers<V>* numbers = &all_numbers;
  FinishedTile<T, kRows, C> waiting;
  for (; row + kRows <= row_end; row += kRows) {
    const std::ptrdiff_t offset = row * ld + col;
    const T* partial =
        slice.partial + static_cast<std::ptrdiff_t>(row - slice.first_row) * kPanel<T>;
    V acc[kRows][C];
    start_sums(partial, slice.is_first, acc);
    // What a tile's step reads and writes is prefetched before its sums, or between the tile
    // before's steps, where there are such.
    if (waiting.w == nullptr || slice.count < kRows * C) {
      prefetch_tile<kRows, kCols>(a.weights + offset, ld);
      for (int s = 0; s < Formula::kSlots; ++s) {
        prefetch_tile<kRows, kCols>(a.state[s] + offset, ld);
      }
    }
    const int blocks = block_count(slice.count);
    for (int block = 0; block < blocks; ++block) {
      const T* grad_y =
          slice.grad_y + block * a.grad_y_block_stride + static_cast<std::ptrdiff_t>(row) * kLanes;
      const T* const* x_rows = slice.x_rows + block * kLanes;
      const int lanes = lanes_in_block(slice.count, block);
      int lane = 0;
      if (kBesideSums && waiting.w != nullptr && lanes >= kRows * C) {
        // One step in an iteration, down the columns: with several, the compiler would give the
        // accumulators other registers in each, and run out of them.
        for (int c = 0; c < C; ++c) {
          std::ptrdiff_t at = c * V::kWidth;
          const T* grad = &waiting.grad[0][at];
#pragma GCC unroll 1
          for (int r = 0; r < kRows; ++r) {
            add_outer_product(grad_y + lane, kLanes, x_rows[lane] + x_col, acc);
            step_vector_at<Formula, kPlain>(at, grad, waiting.w, waiting.state, numbers);
            prefetch(waiting.w + at + kRows * ld);
            for (int s = 0; s < Formula::kSlots; ++s) prefetch(waiting.state[s] + at + kRows * ld);
            at += ld;
            grad += kCols;
            ++lane;
          }
        }
        waiting.w = nullptr;
      }
      for (; lane < lanes; ++lane)
        add_outer_product(grad_y + lane, kLanes, x_rows[lane] + x_col, acc);
    }
    step_tile<Formula, kPlain>(waiting, ld, numbers);
    PYNN_UNROLL for (int r = 0; r < kRows; ++r) {
      PYNN_UNROLL for (int c = 0; c < C; ++c) store(&waiting.grad[r][c * V::kWidth], acc[r][c]);
    }
    waiting.w = a.weights + offset;
    for (int s = 0; s < Formula::kSlots; ++s) waiting.state[s] = a.state[s] + offset;
    if (!kBesideSums) step_tile<Formula, kPlain>(waiting, ld, numbers);
  }
  step_tile<Formula, kPlain>(waiting, ld, numbers);
  return row;
}

// Width of the narrower panels that panel_vectors() makes of long rows; 0 where there are none.
template <class T>
static constexpr int kNarrowVectors = Tiles<T>::kGradVectors < 3 ? 0 : Tiles<T>::kGradVectors - 1;

template <class T, class Formula, bool kPlain>
static SteppedPanel<T> stepped_panel_of_width(int vectors) {
  if constexpr (!kStepsLater<Formula, kPlain>) {
    if (vectors == Tiles<T>::kGradVectors) {
      return stepped_panel<T, Formula, kPlain, Tiles<T>::kGradVectors>;
    }
    if constexpr (kNarrowVectors<T> > 0) {
      if (vectors == kNarrowVectors<T>) return stepped_panel<T, Formula, kPlain, kNarrowVectors<T>>;
    }
  }
  return nullptr;
}

}  // namespace PYNN_ISA
}  // namespace pynn
