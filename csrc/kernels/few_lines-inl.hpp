// The gradient of weights of few lines, as the first or the last layer of most networks has, from
// lanes: squares of them are turned round in registers and used at once, where the tiles of
// weight_gradient-inl.hpp would read rows that somebody has to write first. Sums run over the rows
// of the batch in the same order. Compiled once per ISA.
#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/partial_sums-inl.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// One vector of columns and L lines; with kSums, the columns' own sums as well, whose partial sums
// wait in the first-level cache.
template <class T, int L, bool kSums>
PYNN_INLINE void few_lines_vector(const FewLinesArgs<T>& a, int column) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  alignas(64) T partial[kSums ? kPartialSums : 1][kWidth];
  if constexpr (kSums) {
    for (T(&sum)[kWidth] : partial) store(sum, zero<V>());
  }
  V acc[L];
#pragma GCC unroll 16
  for (int l = 0; l < L; ++l) acc[l] = zero<V>();
  for (int row = 0; row < a.count; row += kWidth) {
    const int block = row / kLanes;
    const int lane = row % kLanes;
    const T* turned = a.turned + block * a.turned_block_stride +
                      static_cast<std::ptrdiff_t>(column) * kLanes + lane;
    const T* spread = a.spread + block * a.spread_block_stride + lane;
    V columns[kWidth];
    load_columns<kQuarters<T>>([turned](int i) { return turned + i * kLanes; }, columns);
    const int left = a.count - row;
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; ++i) {
      if (i >= left) break;
      if constexpr (kSums) {
        T* sum = partial[row % kPartialSums + i];
        store(sum, load<V>(sum) + columns[i]);
      }
#pragma GCC unroll 16
      for (int l = 0; l < L; ++l) {
        acc[l] = fma(set<V>(spread[l * kLanes + i]), columns[i], acc[l]);
      }
    }
  }
  const auto present = first_n<V>(a.end - column);
#pragma GCC unroll 16
  for (int l = 0; l < L; ++l) {
    store(a.sums + l * a.ld + column, select(present, acc[l], zero<V>()));
  }
  if constexpr (kSums) {
    V p[kPartialSums];
#pragma GCC unroll 16
    for (int i = 0; i < kPartialSums; ++i) p[i] = load<V>(partial[i]);
    store(a.column_sums + column, tree_sum(p));
  }
}

template <class T, int L = Tiles<T>::kLines>
static void few_lines_gradient(const FewLinesArgs<T>& a) {
  if constexpr (L > 1) {
    if (a.lines < L) return few_lines_gradient<T, L - 1>(a);
  }
  for (int column = a.begin; column < a.end; column += Vec<T>::kWidth) {
    if (a.column_sums != nullptr) {
      few_lines_vector<T, L, true>(a, column);
    } else {
      few_lines_vector<T, L, false>(a, column);
    }
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
