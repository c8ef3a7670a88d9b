// What the tiles of products and of the weights' gradient are made of: acc[R][C] += a column of R
// numbers times a row of C vectors. Compiled once per ISA.
#pragma once

#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// The numbers are `stride` elements apart. The fewer of numbers and vectors are kept in registers.
template <class T, int R, int C>
PYNN_INLINE void add_outer_product(const T* column, std::ptrdiff_t stride, const T* row,
                                   Vec<T> (&acc)[R][C]) {
  using V = Vec<T>;
  if constexpr (R < C) {
    V factors[R];
    PYNN_UNROLL for (int r = 0; r < R; ++r) factors[r] = set<V>(column[r * stride]);
    PYNN_UNROLL for (int c = 0; c < C; ++c) {
      const V vector = loadu<V>(row + c * V::kWidth);
      PYNN_UNROLL for (int r = 0; r < R; ++r) acc[r][c] = fma(factors[r], vector, acc[r][c]);
    }
  } else {
    V vectors[C];
    PYNN_UNROLL for (int c = 0; c < C; ++c) vectors[c] = loadu<V>(row + c * V::kWidth);
    PYNN_UNROLL for (int r = 0; r < R; ++r) {
      const V factor = set<V>(column[r * stride]);
      PYNN_UNROLL for (int c = 0; c < C; ++c) acc[r][c] = fma(factor, vectors[c], acc[r][c]);
    }
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
