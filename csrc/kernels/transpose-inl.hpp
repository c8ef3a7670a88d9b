// Between row-major rows and lanes, a square of vectors at a time. Compiled once per ISA.
#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// Q quarters of kWidth rows, to lanes.
template <class T, int Q, class At>
PYNN_INLINE void square_to_lanes(const At& row, T* lanes) {
  using V = Vec<T>;
  V columns[V::kWidth];
  load_columns<Q>(row, columns);
  PYNN_UNROLL for (int i = 0; i < Q * kQuarterWidth<T>; ++i) store(lanes + i * kLanes, columns[i]);
}

// The last columns of rows that end after `left` of them, by whole quarters.
template <class T, class At, int Q = kQuarters<T>>
PYNN_INLINE void last_square_to_lanes(const At& row, int left, T* lanes) {
  if constexpr (Q > 1) {
    if (left <= (Q - 1) * kQuarterWidth<T>) {
      return last_square_to_lanes<T, At, Q - 1>(row, left, lanes);
    }
  }
  square_to_lanes<T, Q>(row, lanes);
}

template <class T, class At>
PYNN_INLINE void columns_to_lanes(const At& row, int begin, int end, T* lanes) {
  constexpr int kWidth = Vec<T>::kWidth;
  int col = begin;
  for (; col + kWidth <= end; col += kWidth) {
    square_to_lanes<T, kQuarters<T>>([&](int i) { return row(i) + col; }, lanes + col * kLanes);
  }
  if (col < end) {
    last_square_to_lanes<T>([&](int i) { return row(i) + col; }, end - col, lanes + col * kLanes);
  }
}

template <class T>
static void rows_to_lanes(const T* const* rows, int count, int col_begin, int col_end, T* lanes,
                          std::ptrdiff_t block_stride) noexcept {
  constexpr int kWidth = Vec<T>::kWidth;
  for (int first = 0; first < count; first += kWidth) {
    T* out = lanes + first / kLanes * block_stride + first % kLanes;
    const T* const* some = rows + first;
    const int present = count - first;
    if (present >= kWidth) {
      columns_to_lanes<T>([some](int i) { return some[i]; }, col_begin, col_end, out);
    } else {
      // Lanes that are not there hold anything: the first row again.
      columns_to_lanes<T>([some, present](int i) { return some[i < present ? i : 0]; }, col_begin,
                          col_end, out);
    }
  }
}

// All lanes of some features, and then the next ones: whole cache lines are read, once.
template <class T>
static void lanes_to_rows(const T* lanes, std::ptrdiff_t block_stride, int begin, int end,
                          int count, T* rows, std::ptrdiff_t ld) noexcept {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  const int padded_end = static_cast<int>(round_up(end, kRowAlign));
  const int blocks = block_count(count);
  for (int block = 0; block < blocks; ++block) {
    const int present_lanes = lanes_in_block(count, block);
    for (int feature = begin; feature < padded_end; feature += kWidth) {
      const auto present = first_n<V>(end - feature);
      for (int lane = 0; lane < present_lanes; lane += kWidth) {
        const T* in = lanes + block * block_stride + lane;
        T* out = rows + static_cast<std::ptrdiff_t>(block * kLanes + lane) * ld + feature;
        V columns[kWidth];
        load_columns<kQuarters<T>>([&](int i) { return in + (feature + i) * kLanes; }, columns);
        PYNN_UNROLL for (int i = 0; i < kWidth; ++i) {
          if (lane + i < present_lanes) store(out + i * ld, select(present, columns[i], zero<V>()));
        }
      }
    }
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
