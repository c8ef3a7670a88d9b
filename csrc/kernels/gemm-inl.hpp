// Matrix products in one shape: an outer-product tile, acc[R][V] += broadcast(r, t) * vector(t, v),
// used for the forward product, the gradient of the input and the gradient of the weights. Compiled
// once per ISA. Sums run over t in order, in one lane, with one rounding per step where the ISA has
// FMA, so that the result depends on neither tile, vector width nor thread count.
#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/update_span.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// x: [depth][kLanes], y: [R][kLanes]; V vectors of lanes. Two loads and R broadcasts feed R * V
// FMAs.
template <class T, int R, bool kDepthContiguous>
PYNN_INLINE void product_tile(const ProductArgs<T>& a, int row, const T* x, T* y, const T* gate) {
  using V = Vec<T>;
  constexpr int kVectors = Tiles<T>::kVectors;
  constexpr int kWidth = V::kWidth;
  const std::ptrdiff_t row_stride = kDepthContiguous ? a.row_stride : 1;
  const std::ptrdiff_t depth_stride = kDepthContiguous ? 1 : a.depth_stride;
  const T* w = a.weights + row * row_stride;
  V acc[R][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      acc[r][v] = a.accumulate ? load<V>(y + r * kLanes + v * kWidth)
                               : set<V>(a.bias != nullptr ? a.bias[row + r] : T(0));
    }
  }
  for (int t = 0; t < a.depth; ++t) {
    V lanes[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) lanes[v] = load<V>(x + t * kLanes + v * kWidth);
    const T* column = w + t * depth_stride;
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const V weight = set<V>(column[r * row_stride]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) acc[r][v] = fma(weight, lanes[v], acc[r][v]);
    }
  }
  if (a.epilogue == Epilogue::relu) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) acc[r][v] = max(zero<V>(), acc[r][v]);
    }
  } else if (a.epilogue == Epilogue::relu_gradient) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const V g = load<V>(gate + r * kLanes + v * kWidth);
        acc[r][v] = select(gt(g, zero<V>()), acc[r][v], zero<V>());
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) store(y + r * kLanes + v * kWidth, acc[r][v]);
  }
}

// All lanes of all blocks for R rows: the R weight rows stay in the first-level cache.
template <class T, int R, bool kDepthContiguous>
static void product_rows(const ProductArgs<T>& a, int row) {
  constexpr int kTileLanes = Tiles<T>::kVectors * Vec<T>::kWidth;
  const int blocks = block_count(a.count);
  for (int block = 0; block < blocks; ++block) {
    const int lanes = lanes_in_block(a.count, block);
    const T* x = a.x + block * a.x_block_stride;
    T* y = a.y + block * a.y_block_stride + static_cast<std::ptrdiff_t>(row) * kLanes;
    const T* gate = a.gate == nullptr ? nullptr
                                      : a.gate + block * a.gate_block_stride +
                                            static_cast<std::ptrdiff_t>(row) * kLanes;
    for (int lane = 0; lane < lanes; lane += kTileLanes) {
      product_tile<T, R, kDepthContiguous>(a, row, x + lane, y + lane,
                                           gate == nullptr ? nullptr : gate + lane);
    }
  }
}

template <class T, int R, bool kDepthContiguous>
static void product_tail(const ProductArgs<T>& a, int row) {
  if constexpr (R > 0) {
    if (a.row_end - row == R) {
      product_rows<T, R, kDepthContiguous>(a, row);
    } else {
      product_tail<T, R - 1, kDepthContiguous>(a, row);
    }
  }
}

template <class T, bool kDepthContiguous>
static void product_all(const ProductArgs<T>& a) {
  constexpr int kRows = Tiles<T>::kRows;
  int row = a.row_begin;
  for (; row + kRows <= a.row_end; row += kRows) product_rows<T, kRows, kDepthContiguous>(a, row);
  product_tail<T, kRows - 1, kDepthContiguous>(a, row);
}

template <class T>
static void product(const ProductArgs<T>& a) {
  if (a.depth_stride == 1) {
    product_all<T, true>(a);
  } else {
    product_all<T, false>(a);
  }
}

// R rows of weights times C vectors of columns. The accumulators land on rows of the weights: plain
// SGD steps them in registers, other optimizers get the finished gradient from a scratch tile in
// L1.
template <class T, int R, int C>
PYNN_INLINE void gradient_tile(const WeightGradientArgs<T>& a, int row, int col,
                               UpdateSpan<T> span) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  T* w = a.weights + row * a.ld + col;
  V acc[R][C];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
      acc[r][c] = zero<V>();
      prefetch((a.grad == nullptr ? w : a.grad + row * a.ld + col) + r * a.ld + c * kWidth);
    }
  }
  const int blocks = block_count(a.count);
  for (int block = 0; block < blocks; ++block) {
    const T* grad_y =
        a.grad_y + block * a.grad_y_block_stride + static_cast<std::ptrdiff_t>(row) * kLanes;
    const T* const* x_rows = a.x_rows + block * kLanes;
    const int lanes = lanes_in_block(a.count, block);
    for (int lane = 0; lane < lanes; ++lane) {
      const T* x = x_rows[lane] + col;
      V columns[C];
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) columns[c] = loadu<V>(x + c * kWidth);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const V g = set<V>(grad_y[r * kLanes + lane]);
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c) acc[r][c] = fma(g, columns[c], acc[r][c]);
      }
    }
  }
  if (a.grad != nullptr) {
    T* grad = a.grad + row * a.ld + col;
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        T* out = grad + r * a.ld + c * kWidth;
        store(out, a.accumulate ? load<V>(out) + acc[r][c] : acc[r][c]);
      }
    }
  } else if (span == nullptr) {
    const V rate = set<V>(a.update->h[0]);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        T* out = w + r * a.ld + c * kWidth;
        store(out, fnma(rate, acc[r][c], load<V>(out)));
      }
    }
  } else {
    alignas(64) T scratch[R][C * kWidth];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) store(&scratch[r][c * kWidth], acc[r][c]);
    }
    for (int r = 0; r < R; ++r) {
      const std::ptrdiff_t offset = (row + r) * a.ld + col;
      T* state[kMaxSlots];
      for (int s = 0; s < kMaxSlots; ++s)
        state[s] = a.state[s] == nullptr ? nullptr : a.state[s] + offset;
      span(a.weights + offset, state, scratch[r], C * kWidth, *a.update);
    }
  }
}

template <class T, int R, int C>
static void gradient_rows_tail(const WeightGradientArgs<T>& a, int row, int col,
                               UpdateSpan<T> span) {
  if constexpr (R > 0) {
    if (a.row_end - row == R) {
      gradient_tile<T, R, C>(a, row, col, span);
    } else {
      gradient_rows_tail<T, R - 1, C>(a, row, col, span);
    }
  }
}

// One panel of columns: its slice of the batch stays in the first-level cache for all rows.
template <class T, int C>
static void gradient_panel(const WeightGradientArgs<T>& a, int col, UpdateSpan<T> span) {
  // Narrow panels take more rows: 12 accumulators hide the latency of two FMA units.
  constexpr int kRows = Tiles<T>::kGradRows * C >= 12 ? Tiles<T>::kGradRows : 12 / C;
  int row = a.row_begin;
  for (; row + kRows <= a.row_end; row += kRows) gradient_tile<T, kRows, C>(a, row, col, span);
  gradient_rows_tail<T, kRows - 1, C>(a, row, col, span);
}

// True where a step is nothing but w -= rate * gradient.
template <class T>
PYNN_INLINE bool is_plain_descent(const UpdateStep<T>& u) {
  return u.optimizer == Optimizer::sgd && uses_gradient_as_is(u);
}

template <class T>
static void weight_gradient_with(const WeightGradientArgs<T>& a, UpdateSpan<T> span) {
  constexpr int kWidth = Vec<T>::kWidth;
  constexpr int kPanel = Tiles<T>::kGradVectors * kWidth;
  constexpr int kTailVectors = kPanel <= kRowAlign ? Tiles<T>::kGradVectors : kRowAlign / kWidth;
  int col = 0;
  for (; col + kPanel <= a.cols; col += kPanel)
    gradient_panel<T, Tiles<T>::kGradVectors>(a, col, span);
  for (; col < a.cols; col += kTailVectors * kWidth) gradient_panel<T, kTailVectors>(a, col, span);
}

template <class T>
static void weight_gradient(const WeightGradientArgs<T>& a) {
  const bool in_registers = a.grad != nullptr || is_plain_descent(*a.update);
  weight_gradient_with(a, in_registers ? nullptr : span_of<T>(a.update->optimizer));
}

// Vectors along the outputs, four at a time.
template <class T, int N>
PYNN_INLINE void row_product_panel(const T* w, std::ptrdiff_t ld, const T* x, int depth,
                                   const T* bias, T* y) {
  using V = Vec<T>;
  V acc[N];
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) acc[i] = bias != nullptr ? loadu<V>(bias + i * V::kWidth) : zero<V>();
  for (int k = 0; k < depth; ++k) {
    const V value = set<V>(x[k]);
#pragma GCC unroll 8
    for (int i = 0; i < N; ++i) acc[i] = fma(loadu<V>(w + k * ld + i * V::kWidth), value, acc[i]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) storeu(y + i * V::kWidth, acc[i]);
}

template <class T>
static void row_product(const T* w, std::ptrdiff_t ld, const T* x, int depth, const T* bias, T* y,
                        int n) {
  constexpr int kWidth = Vec<T>::kWidth;
  int i = 0;
  for (; i + 8 * kWidth <= n; i += 8 * kWidth) {
    row_product_panel<T, 8>(w + i, ld, x, depth, bias == nullptr ? nullptr : bias + i, y + i);
  }
  for (; i < n; i += kWidth) {
    row_product_panel<T, 1>(w + i, ld, x, depth, bias == nullptr ? nullptr : bias + i, y + i);
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
