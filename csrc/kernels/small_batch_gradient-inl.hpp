// The gradient of the input for a small batch, for weights in in_out layout: dot products along the
// lines, instead of vectors of lanes most of which are missing. A sum has kPartialSums strided
// partial sums, each in order, and then the fixed tree, so that the bits depend on neither vector
// width nor tile nor thread count. They differ from those of product-inl.hpp, whose sums are in
// order. Compiled once per ISA.
#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/partial_sums-inl.hpp"
#include "kernels/small_batch_product-inl.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// Most rows of a tile, and the lines of a tile of so many rows: 16 sums, or 12 where there are 16
// registers. One row spends its time on loads, of which eight lines are enough.
static constexpr int kDotRows = 4;
template <class T>
static constexpr bool kHas32Registers = Tiles<T>::kRows * Tiles<T>::kVectors > 12;
template <class T>
constexpr int dot_lines(int rows) {
  constexpr int kOf32Registers[] = {0, 8, 8, 4, 4};
  constexpr int kOf16Registers[] = {0, 8, 6, 4, 3};
  return kHas32Registers<T> ? kOf32Registers[rows] : kOf16Registers[rows];
}
// Lines whose sums are finished together: whole tiles and whole vectors.
template <class T>
static constexpr int kLineGroup = kHas32Registers<T> ? 16 : 24;

// For batches of B rows: rows are [row][kDepth], sums [line][row][kPartialSums].
template <class T, int B>
struct DotPieces {
  static constexpr int kTiles = (B + kDotRows - 1) / kDotRows;
  static constexpr int kTileRows = B / kTiles;
  static constexpr int kLargerTiles = B % kTiles;  // the first ones have one row more
  static constexpr int kTileLines = dot_lines<T>(kTileRows + (kLargerTiles > 0));
  // The rows stay in the first-level cache.
  static constexpr int kDepth =
      16384 / static_cast<int>(sizeof(T)) / B / kPartialSums * kPartialSums;
  // With more depth, the partial sums of this many lines are stored from piece to piece.
  static constexpr int kLines =
      65536 / static_cast<int>(sizeof(T)) / kPartialSums / B / kLineGroup<T> * kLineGroup<T>;
};

// Adds the products of R rows, [row][x_ld], and L lines to their partial sums, [line][sums_ld],
// which start from 0 if is_new; without kInPieces they always do. Lines after `last` repeat it.
template <class T, int R, int L, bool kInPieces>
__attribute__((noinline)) static void add_dot_products(const T* weights, std::ptrdiff_t ld,
                                                       int last, const T* x, std::ptrdiff_t x_ld,
                                                       int depth, bool is_new, T* partial,
                                                       std::ptrdiff_t sums_ld) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  const int whole = depth / kPartialSums * kPartialSums;
  for (int j = 0; j < kPartialSums; j += kWidth) {
    V acc[L][R];
    PYNN_UNROLL for (int l = 0; l < L; ++l) {
      PYNN_UNROLL for (int r = 0; r < R; ++r) {
        acc[l][r] = !kInPieces || is_new ? zero<V>()
                                         : load<V>(partial + l * sums_ld + r * kPartialSums + j);
      }
    }
    const T* lines[L];
    PYNN_UNROLL for (int l = 0; l < L; ++l) lines[l] = weights + (l < last ? l : last) * ld + j;
    const T* at = x + j;
    for (int t = 0; t < whole; t += kPartialSums) {
      if constexpr (kInPieces) {
        PYNN_UNROLL for (int l = 0; l < L; ++l) prefetch_far(lines[l] + L * ld + t);
      }
      V rows[R];
      PYNN_UNROLL for (int r = 0; r < R; ++r) rows[r] = load<V>(at + r * x_ld + t);
      PYNN_UNROLL for (int l = 0; l < L; ++l) {
        const V line = loadu<V>(lines[l] + t);
        PYNN_UNROLL for (int r = 0; r < R; ++r) acc[l][r] = fma(line, rows[r], acc[l][r]);
      }
    }
    if (whole < depth) {
      // The padding of a line may be NaN where numbers have overflowed.
      const auto present = first_n<V>(depth - whole - j);
      PYNN_UNROLL for (int l = 0; l < L; ++l) {
        const V line = loadu_where<V>(present, lines[l] + whole);
        PYNN_UNROLL for (int r = 0; r < R; ++r) {
          acc[l][r] = fma(line, load<V>(at + r * x_ld + whole), acc[l][r]);
        }
      }
    }
    PYNN_UNROLL for (int l = 0; l < L; ++l) {
      PYNN_UNROLL for (int r = 0; r < R; ++r) {
        store(partial + l * sums_ld + r * kPartialSums + j, acc[l][r]);
      }
    }
  }
}

// B rows of the batch and n lines.
template <class T, int B, bool kInPieces>
PYNN_INLINE void add_rows_of_dots(const T* weights, std::ptrdiff_t ld, int n, const T* x, int depth,
                                  bool is_new, T* partial) {
  using Pieces = DotPieces<T, B>;
  constexpr int kTileRows = Pieces::kTileRows;
  constexpr int kLargerTiles = Pieces::kLargerTiles;
  constexpr int L = Pieces::kTileLines;
  constexpr std::ptrdiff_t kDepth = Pieces::kDepth;
  constexpr std::ptrdiff_t kSums = B * kPartialSums;
  for (int line = 0; line < n; line += L) {
    const int last = n - 1 - line;
    const T* w = weights + line * ld;
    const T* rows = x;
    T* sums = partial + line * kSums;
    for (int tile = 0; tile < kLargerTiles; ++tile) {
      add_dot_products<T, kTileRows + (kLargerTiles > 0), L, kInPieces>(w, ld, last, rows, kDepth,
                                                                        depth, is_new, sums, kSums);
      rows += (kTileRows + 1) * kDepth;
      sums += (kTileRows + 1) * kPartialSums;
    }
    for (int tile = kLargerTiles; tile < Pieces::kTiles; ++tile) {
      add_dot_products<T, kTileRows, L, kInPieces>(w, ld, last, rows, kDepth, depth, is_new, sums,
                                                   kSums);
      rows += kTileRows * kDepth;
      sums += kTileRows * kPartialSums;
    }
  }
}

// `depth` features of lanes to rows, padded with zeros to kPartialSums.
template <class T, int B>
__attribute__((noinline)) static void stage_rows(const T* lanes, int depth, T* x,
                                                 std::ptrdiff_t x_ld) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  constexpr int kPerPass = B < kWidth ? B : kWidth;
  constexpr int kNeeded = (kPerPass + kQuarterWidth<T> - 1) / kQuarterWidth<T>;
  for (int t = 0; t < round_up(depth, kPartialSums); t += kWidth) {
    const auto present = first_n<V>(depth - t);
    for (int first = 0; first < B; first += kWidth) {
      V columns[kWidth];
      load_columns<kNeeded>(
          [&](int i) {
            const int at = t + i < depth ? t + i : depth - 1;
            return lanes + static_cast<std::ptrdiff_t>(at) * kLanes + first;
          },
          columns);
      PYNN_UNROLL for (int r = 0; r < kPerPass; ++r) {
        if (first + r < B) {
          store(x + (first + r) * x_ld + t, select(present, columns[r], zero<V>()));
        }
      }
    }
  }
}

// Stores the sums of n lines to y, [row][y_ld], or adds them to it. After the last line, up to a
// whole vector, y holds anything.
template <class T, int B>
__attribute__((noinline)) static void finish_dots(const T* partial, int n, bool accumulate, T* y,
                                                  std::ptrdiff_t y_ld) {
  using V = Vec<T>;
  for (int first = 0; first < n; first += V::kWidth) {
    for (int r = 0; r < B; ++r) {
      const T* sums = partial + (first * B + r) * kPartialSums;
      PartialSums<T> lines[V::kWidth];
      PYNN_UNROLL for (int i = 0; i < V::kWidth; ++i) {
        PYNN_UNROLL for (int j = 0; j < PartialSums<T>::kVectors; ++j) {
          lines[i].v[j] = load<V>(sums + i * B * kPartialSums + j * V::kWidth);
        }
      }
      const V sum = tree_sums<T>(lines);
      T* out = y + r * y_ld + first;
      store(out, accumulate ? load<V>(out) + sum : sum);
    }
  }
}

// B == count rows.
template <class T, int B>
static void small_batch_gradient_of(const ProductArgs<T>& a) {
  constexpr int kDepth = DotPieces<T, B>::kDepth;
  constexpr int kLines = DotPieces<T, B>::kLines;
  constexpr std::ptrdiff_t kSumsLd = round_up(kLines, kPartialSums);
  alignas(64) T x[B * kDepth];
  alignas(64) T partial[kLines * B * kPartialSums];
  alignas(64) T y[B * kSumsLd];
  const bool in_one_piece = a.depth <= kDepth;
  const int lines = in_one_piece ? kLineGroup<T> : kLines;
  for (int row = a.row_begin; row < a.row_end; row += lines) {
    const int n = a.row_end - row < lines ? a.row_end - row : lines;
    const T* weights = a.weights + row * a.row_stride;
    for (int t = 0; t < a.depth; t += kDepth) {
      const int depth = a.depth - t < kDepth ? a.depth - t : kDepth;
      if (!in_one_piece || row == a.row_begin) {
        stage_rows<T, B>(a.x + static_cast<std::ptrdiff_t>(t) * kLanes, depth, x, kDepth);
      }
      const T* some = weights + t;
      if (in_one_piece) {
        add_rows_of_dots<T, B, false>(some, a.row_stride, n, x, depth, true, partial);
      } else {
        add_rows_of_dots<T, B, true>(some, a.row_stride, n, x, depth, t == 0, partial);
      }
    }
    if (a.accumulate) {
      stage_rows<T, B>(a.y + static_cast<std::ptrdiff_t>(row) * kLanes, n, y, kSumsLd);
    }
    finish_dots<T, B>(partial, n, a.accumulate, y, kSumsLd);
    if constexpr (B >= 4) {
      finish_by_squares<T, B>(a, row, n, y, kSumsLd);
    } else {
      finish_one_by_one<T, B>(a, row, n, y, kSumsLd);
    }
  }
}

// depth_stride 1, no bias.
template <class T, int B = kSmallGradientBatch>
static void small_batch_gradient(const ProductArgs<T>& a) noexcept {
  if constexpr (B > 1) {
    if (a.count < B) return small_batch_gradient<T, B - 1>(a);
  }
  small_batch_gradient_of<T, B>(a);
}

}  // namespace PYNN_ISA
}  // namespace pynn
