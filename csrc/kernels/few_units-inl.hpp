// The gradient of the weights of a layer of few units, as most networks end in, from lanes: squares
// of x are turned round in registers and used at once, where the tiles of weight_gradient-inl.hpp
// would read rows that somebody has to write first. Sums run over the rows of the batch in the same
// order. Compiled once per ISA.
#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// One vector of features and U units.
template <class T, int U>
PYNN_INLINE void few_units_vector(const FewUnitsArgs<T>& a, int feature) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  V acc[U];
#pragma GCC unroll 4
  for (int u = 0; u < U; ++u) acc[u] = zero<V>();
  for (int row = 0; row < a.count; row += kWidth) {
    const int block = row / kLanes;
    const int lane = row % kLanes;
    const T* x =
        a.x + block * a.x_block_stride + static_cast<std::ptrdiff_t>(feature) * kLanes + lane;
    const T* grad_y = a.grad_y + block * a.grad_y_block_stride + lane;
    V columns[kWidth];
    load_columns<kQuarters<T>>([x](int i) { return x + i * kLanes; }, columns);
    const int left = a.count - row;
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; ++i) {
      if (i >= left) break;
#pragma GCC unroll 4
      for (int u = 0; u < U; ++u) acc[u] = fma(set<V>(grad_y[u * kLanes + i]), columns[i], acc[u]);
    }
  }
#pragma GCC unroll 4
  for (int u = 0; u < U; ++u) store(a.sums + u * a.ld + feature, acc[u]);
}

template <class T, int U = kFewUnits>
static void few_units_gradient(const FewUnitsArgs<T>& a) {
  if constexpr (U > 1) {
    if (a.units < U) return few_units_gradient<T, U - 1>(a);
  }
  for (int feature = a.begin; feature < a.end; feature += Vec<T>::kWidth) {
    few_units_vector<T, U>(a, feature);
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
