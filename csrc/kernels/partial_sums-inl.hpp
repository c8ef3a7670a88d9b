// Sums across lanes or along a row with kPartialSums strided partial sums and a fixed tree, so that
// the result does not depend on the vector width. Compiled once per ISA.
#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// The 16 partial sums of one number: partial p holds the terms whose index is p modulo 16.
template <class T>
struct PartialSums {
  static constexpr int kVectors = kPartialSums / Vec<T>::kWidth;
  Vec<T> v[kVectors];
};

// p[i] + p[i + 8], then of those s[i] + s[i + 4], s[i + 2], s[i + 1]: the fixed tree.
template <class T>
PYNN_INLINE T tree_sum(const PartialSums<T>& sums) {
  alignas(64) T p[kPartialSums];
  PYNN_UNROLL for (int j = 0; j < PartialSums<T>::kVectors; ++j)
      store(p + j * Vec<T>::kWidth, sums.v[j]);
  const T s0 = p[0] + p[8], s1 = p[1] + p[9], s2 = p[2] + p[10], s3 = p[3] + p[11];
  const T s4 = p[4] + p[12], s5 = p[5] + p[13], s6 = p[6] + p[14], s7 = p[7] + p[15];
  return ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7));
}
static_assert(kPartialSums == 16, "tree_sum is written out for 16");

// The same tree for a vector of numbers, whose partial sums are vectors.
template <class V>
PYNN_INLINE V tree_sum(V (&p)[kPartialSums]) {
  PYNN_UNROLL for (int half = kPartialSums / 2; half > 0; half /= 2) {
    PYNN_UNROLL for (int i = 0; i < half; ++i) p[i] = p[i] + p[i + half];
  }
  return p[0];
}

// And for one vector's width of numbers at a time.
template <class T>
PYNN_INLINE Vec<T> tree_sums(const PartialSums<T> (&rows)[Vec<T>::kWidth]) {
  using V = Vec<T>;
  constexpr int kVectors = PartialSums<T>::kVectors;
  V p[V::kWidth];
  PYNN_UNROLL for (int i = 0; i < V::kWidth; ++i) {
    V v[kVectors];
    PYNN_UNROLL for (int j = 0; j < kVectors; ++j) v[j] = rows[i].v[j];
    PYNN_UNROLL for (int half = kVectors / 2; half > 0; half /= 2) {
      PYNN_UNROLL for (int j = 0; j < half; ++j) v[j] = v[j] + v[j + half];
    }
    p[i] = v[0];
  }
  return sum_lanes(p);
}

// Partial sums over the batch of term(sum, offset), a vector of lanes at `offset` from the row's
// first lane of the first block, added to `sum`. Lanes from `count` on keep the sum that they had.
template <class T, class Term>
PYNN_INLINE PartialSums<T> sum_over_batch(std::ptrdiff_t block_stride, int count,
                                          const Term& term) {
  using V = Vec<T>;
  constexpr int kVectors = PartialSums<T>::kVectors;
  PartialSums<T> sums;
  PYNN_UNROLL for (int j = 0; j < kVectors; ++j) sums.v[j] = zero<V>();
  for (int first = 0; first < count; first += kPartialSums) {
    const std::ptrdiff_t offset = first / kLanes * block_stride + first % kLanes;
    const int present = count - first;
    PYNN_UNROLL for (int j = 0; j < kVectors; ++j) {
      const V next = term(sums.v[j], offset + j * V::kWidth);
      sums.v[j] = present >= kPartialSums
                      ? next
                      : select(first_n<V>(present - j * V::kWidth), next, sums.v[j]);
    }
  }
  return sums;
}

// out[row] = finish(sum over the batch of row `row`), a vector of rows at a time.
// term(row, sum, offset) as in sum_over_batch; finish(row, sums) sees a vector of rows.
template <class T, class Term>
PYNN_INLINE void sum_rows(std::ptrdiff_t block_stride, int row_begin, int row_end, int count,
                          T* out, const Term& term) {
  using V = Vec<T>;
  // So few rows are summed in less time than it takes to transpose a square of partial sums.
  constexpr int kFew = V::kWidth / 4;
  if (row_end - row_begin <= kFew) {
    for (int row = row_begin; row < row_end; ++row) {
      out[row] = tree_sum(sum_over_batch<T>(block_stride, count, [&](V sum, std::ptrdiff_t offset) {
        return term(row, sum, offset);
      }));
    }
    return;
  }
  PartialSums<T> rows[V::kWidth];
  for (int row = row_begin; row < row_end; row += V::kWidth) {
    const int present = row_end - row < V::kWidth ? row_end - row : V::kWidth;
    for (int i = 0; i < V::kWidth; ++i) {
      // Rows past the end repeat the last one; their sums are dropped.
      const int source = row + (i < present ? i : present - 1);
      rows[i] = sum_over_batch<T>(block_stride, count, [&](V sum, std::ptrdiff_t offset) {
        return term(source, sum, offset);
      });
    }
    const V sums = tree_sums<T>(rows);
    if (present == V::kWidth) {
      storeu(out + row, sums);
    } else {
      alignas(64) T tail[V::kWidth];
      store(tail, sums);
      for (int i = 0; i < present; ++i) out[row + i] = tail[i];
    }
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
