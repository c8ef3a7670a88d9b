// The gradient of narrow weights, which have few lines, as those of the first or the last layer of
// most networks. It reads lanes and transposes squares of them in registers, whereas the tiles of
// weight_gradient-inl.hpp read rows, which have to be written first. Sums run over the rows of the
// batch in the same order. Compiled once per ISA.
#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/partial_sums-inl.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// C vectors of columns and L lines; with kSums, the columns' own sums as well, whose partial sums
// stay in the first-level cache. A quarter of a square at a time, so that there are registers for
// two squares, which share the broadcasts.
template <class T, int L, int C, bool kSums>
PYNN_INLINE void narrow_panel(const NarrowGradientArgs<T>& a, int column) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  constexpr int kRows = kQuarterWidth<T>;
  constexpr int kLine = 64 / sizeof(T);
  alignas(64) T partial[kSums ? C : 1][kPartialSums][kWidth];
  if constexpr (kSums) {
    for (auto& sums : partial) {
      for (T(&sum)[kWidth] : sums) store(sum, zero<V>());
    }
  }
  V acc[L][C];
  PYNN_UNROLL for (int l = 0; l < L; ++l) {
    PYNN_UNROLL for (int c = 0; c < C; ++c) acc[l][c] = zero<V>();
  }
  for (int row = 0; row < a.count; row += kPartialSums) {
    const int block = row / kLanes;
    const int lane = row % kLanes;
    const T* transposed = a.transposed + block * a.transposed_block_stride +
                          static_cast<std::ptrdiff_t>(column) * kLanes + lane;
    const T* broadcast = a.broadcast + block * a.broadcast_block_stride + lane;
    const int left = a.count - row;
    // Hardware does not see so soon that these columns of the next block come.
    if (left > kLanes) {
      const T* next = transposed + a.transposed_block_stride;
      PYNN_UNROLL for (int i = 0; i < C * kWidth; ++i) {
        PYNN_UNROLL for (int l = 0; l < kPartialSums; l += kLine) prefetch(next + i * kLanes + l);
      }
    }
    PYNN_UNROLL for (int first = 0; first < kPartialSums; first += kRows) {
      if (first >= left) break;
      V columns[C][kWidth];  // of which kRows are loaded
      PYNN_UNROLL for (int c = 0; c < C; ++c) {
        load_columns<1>([=](int i) { return transposed + (c * kWidth + i) * kLanes + first; },
                        columns[c]);
      }
      PYNN_UNROLL for (int i = 0; i < kRows; ++i) {
        if (first + i >= left) break;
        if constexpr (kSums) {
          PYNN_UNROLL for (int c = 0; c < C; ++c) {
            T* sum = partial[c][first + i];
            store(sum, load<V>(sum) + columns[c][i]);
          }
        }
        PYNN_UNROLL for (int l = 0; l < L; ++l) {
          const V value = set<V>(broadcast[l * kLanes + first + i]);
          PYNN_UNROLL for (int c = 0; c < C; ++c) acc[l][c] = fma(value, columns[c][i], acc[l][c]);
        }
      }
    }
  }
  PYNN_UNROLL for (int c = 0; c < C; ++c) {
    const int first = column + c * kWidth;
    const auto present = first_n<V>(a.end - first);
    PYNN_UNROLL for (int l = 0; l < L; ++l) {
      store(a.sums + l * a.ld + first, select(present, acc[l][c], zero<V>()));
    }
    if constexpr (kSums) {
      V p[kPartialSums];
      PYNN_UNROLL for (int i = 0; i < kPartialSums; ++i) p[i] = load<V>(partial[c][i]);
      store(a.column_sums + first, tree_sum(p));
    }
  }
}

template <class T, int L, bool kSums>
PYNN_INLINE void narrow_panels(const NarrowGradientArgs<T>& a) {
  constexpr int kWidth = Vec<T>::kWidth;
  int column = a.begin;
  if constexpr (L <= Tiles<T>::kPairLines) {
    for (; column + kWidth < a.end; column += 2 * kWidth) {
      narrow_panel<T, L, 2, kSums>(a, column);
    }
  }
  for (; column < a.end; column += kWidth) narrow_panel<T, L, 1, kSums>(a, column);
}

template <class T, int L = Tiles<T>::kLines>
static void narrow_gradient(const NarrowGradientArgs<T>& a) noexcept {
  if constexpr (L > 1) {
    if (a.lines < L) return narrow_gradient<T, L - 1>(a);
  }
  if (a.column_sums != nullptr) {
    narrow_panels<T, L, true>(a);
  } else {
    narrow_panels<T, L, false>(a);
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
