// Between row-major rows and lanes, a square of vectors at a time. Compiled once per ISA.
#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

alignas(64) static const double kZeroRow[kRowAlign] = {};

// `kWidth` rows from `rows`, kWidth columns from `col`, to lanes.
template <class T>
PYNN_INLINE void square_to_lanes(const T* const* rows, int col, T* lanes) {
  using V = Vec<T>;
  V square[V::kWidth];
#pragma GCC unroll 16
  for (int i = 0; i < V::kWidth; ++i) square[i] = loadu<V>(rows[i] + col);
  transpose(square);
#pragma GCC unroll 16
  for (int i = 0; i < V::kWidth; ++i) store(lanes + i * kLanes, square[i]);
}

template <class T>
static void rows_to_lanes(const T* const* rows, int count, int col_begin, int col_end, T* lanes,
                          std::ptrdiff_t block_stride) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  for (int first = 0; first < count; first += kWidth) {
    T* out = lanes + first / kLanes * block_stride + first % kLanes;
    const int present = count - first;
    for (int col = col_begin; col < col_end; col += kWidth) {
      if (present >= kWidth) {
        square_to_lanes<T>(rows + first, col, out + col * kLanes);
      } else {
        // Missing rows read zeros; the column offset is taken back so that they stay in kZeroRow.
        const T* padded[kWidth];
        const T* zeros = reinterpret_cast<const T*>(kZeroRow);
        for (int i = 0; i < kWidth; ++i) padded[i] = i < present ? rows[first + i] + col : zeros;
        square_to_lanes<T>(padded, 0, out + col * kLanes);
      }
    }
  }
}

template <class T>
static void lanes_to_rows(const T* lanes, std::ptrdiff_t block_stride, int begin, int end,
                          int count, T* rows, std::ptrdiff_t ld) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  const int padded_end = static_cast<int>(round_up(end, kRowAlign));
  for (int first = 0; first < count; first += kWidth) {
    const T* in = lanes + first / kLanes * block_stride + first % kLanes;
    T* out = rows + static_cast<std::ptrdiff_t>(first) * ld;
    for (int feature = begin; feature < padded_end; feature += kWidth) {
      V square[kWidth];
#pragma GCC unroll 16
      for (int i = 0; i < kWidth; ++i) {
        square[i] = feature + i < end ? load<V>(in + (feature + i) * kLanes) : zero<V>();
      }
      transpose(square);
      const int present = count - first < kWidth ? count - first : kWidth;
      for (int i = 0; i < present; ++i) store(out + i * ld + feature, square[i]);
    }
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
