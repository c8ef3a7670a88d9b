// The product for a small batch, for weights in in_out layout: vectors run along the outputs, so
// that nothing is computed for missing lanes of a block, and the weights are read once, line after
// line. Each sum runs over t in the same order as in the tiles of product-inl.hpp. Compiled once
// per ISA.
#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// Most rows of a small batch. Twice as many fill the one vector of a narrow tile.
template <class T>
static constexpr int kSmallBatch = Vec<T>::kWidth / 2;

// Adds the products of S inputs, S lines of N vectors of the weights, to R rows of y, which stay in
// the first-level cache. `last`: the lanes of a line's last vector.
template <class T, int R, int N, int S>
PYNN_INLINE void add_lines(const T* w, std::ptrdiff_t ld, const T* x, T* y, std::ptrdiff_t y_ld,
                           typename Vec<T>::Mask last) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  V acc[R][N];
  PYNN_UNROLL for (int r = 0; r < R; ++r) {
    PYNN_UNROLL for (int n = 0; n < N; ++n) acc[r][n] = load<V>(y + r * y_ld + n * kWidth);
  }
  PYNN_UNROLL for (int s = 0; s < S; ++s) {
    // With fewer rows, the work is done before a prefetched line arrives.
    if constexpr (S > 1 && R >= 4) {
      PYNN_UNROLL for (int n = 0; n < N; ++n) prefetch_far(w + S * ld + n * kWidth);
    }
    V line[N];
    PYNN_UNROLL for (int n = 0; n < N - 1; ++n) line[n] = loadu<V>(w + n * kWidth);
    line[N - 1] = loadu_where<V>(last, w + (N - 1) * kWidth);
    PYNN_UNROLL for (int r = 0; r < R; ++r) {
      const V value = set<V>(x[r]);
      PYNN_UNROLL for (int n = 0; n < N; ++n) acc[r][n] = fma(line[n], value, acc[r][n]);
    }
    w += ld;
    x += R;
    // Hides the pointers from the compiler, which would compute the addresses of all S lines ahead
    // and keep all inputs from one call to the next, in more registers than there are.
    asm("" : "+r"(w), "+r"(x));
  }
  PYNN_UNROLL for (int r = 0; r < R; ++r) {
    PYNN_UNROLL for (int n = 0; n < N; ++n) store(y + r * y_ld + n * kWidth, acc[r][n]);
  }
}

template <class T, int R, int S>
PYNN_INLINE void add_inputs(const T* w, std::ptrdiff_t ld, const T* x, int outputs, T* y,
                            std::ptrdiff_t y_ld) {
  using V = Vec<T>;
  constexpr int kVectors = 2;
  constexpr int kStep = kVectors * V::kWidth;
  const auto all = first_n<V>(V::kWidth);
  int i = 0;
  for (; i + kStep <= outputs; i += kStep) {
    add_lines<T, R, kVectors, S>(w + i, ld, x, y + i, y_ld, all);
  }
  const auto last = first_n<V>((outputs - i - 1) % V::kWidth + 1);
  if (outputs - i > V::kWidth) {
    add_lines<T, R, kVectors, S>(w + i, ld, x, y + i, y_ld, last);
  } else if (outputs > i) {
    add_lines<T, R, 1, S>(w + i, ld, x, y + i, y_ld, last);
  }
}

// x: [depth][R].
template <class T, int R>
__attribute__((noinline)) static void add_products(const T* w, std::ptrdiff_t ld, const T* x,
                                                   int depth, int outputs, T* y,
                                                   std::ptrdiff_t y_ld) {
  int t = 0;
  for (; t + 16 <= depth; t += 16) {
    add_inputs<T, R, 16>(w + t * ld, ld, x + t * R, outputs, y, y_ld);
  }
  if (depth - t >= 8) {
    add_inputs<T, R, 8>(w + t * ld, ld, x + t * R, outputs, y, y_ld);
    t += 8;
  }
  if (depth - t >= 4) {
    add_inputs<T, R, 4>(w + t * ld, ld, x + t * R, outputs, y, y_ld);
    t += 4;
  }
  for (; t < depth; ++t) add_inputs<T, R, 1>(w + t * ld, ld, x + t * R, outputs, y, y_ld);
}

// For one row with many zeros among its inputs, as after relu or in the background of a picture:
// only the lines of the other inputs are read. With finite weights that changes no sum but the sign
// of a zero. N vectors of S lines.
template <class T, int N, int S>
PYNN_INLINE void add_listed_lines(const T* w, const std::ptrdiff_t* lines, const T* x, T* y,
                                  typename Vec<T>::Mask last) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  V acc[N];
  PYNN_UNROLL for (int n = 0; n < N; ++n) acc[n] = load<V>(y + n * kWidth);
  PYNN_UNROLL for (int s = 0; s < S; ++s) {
    const T* line = w + lines[s];
    const V value = set<V>(x[s]);
    PYNN_UNROLL for (int n = 0; n < N - 1; ++n) acc[n] =
        fma(loadu<V>(line + n * kWidth), value, acc[n]);
    acc[N - 1] = fma(loadu_where<V>(last, line + (N - 1) * kWidth), value, acc[N - 1]);
  }
  PYNN_UNROLL for (int n = 0; n < N; ++n) store(y + n * kWidth, acc[n]);
}

template <class T, int S>
PYNN_INLINE void add_listed_inputs(const T* w, const std::ptrdiff_t* lines, const T* x, int outputs,
                                   T* y) {
  using V = Vec<T>;
  constexpr int kVectors = 4;
  constexpr int kStep = kVectors * V::kWidth;
  const auto all = first_n<V>(V::kWidth);
  int i = 0;
  for (; i + kStep <= outputs; i += kStep) {
    add_listed_lines<T, kVectors, S>(w + i, lines, x, y + i, all);
  }
  for (; i < outputs; i += V::kWidth) {
    add_listed_lines<T, 1, S>(w + i, lines, x, y + i, first_n<V>(outputs - i));
  }
}

template <class T>
PYNN_INLINE int count_nonzero(const T* x, int n) {
  int found = 0;
  for (int i = 0; i < n; ++i) found += x[i] != T(0);
  return found;
}

// For fewer inputs, counting zeros takes longer than it saves.
static constexpr int kManyInputs = 64;

// Returns false, and adds nothing, where too few inputs are zero.
template <class T, int kMost>
__attribute__((noinline)) static bool add_nonzero_products(const T* w, std::ptrdiff_t ld,
                                                           const T* x, int depth, int outputs,
                                                           T* y) {
  constexpr int kStep = 8;
  if (depth < kManyInputs || count_nonzero(x, depth) > depth - depth / 4) return false;
  alignas(64) T values[kMost + 1];
  alignas(64) std::ptrdiff_t lines[kMost + 1];
  int n = 0;
  for (int t = 0; t < depth; ++t) {
    values[n] = x[t];
    lines[n] = t * ld;
    n += x[t] != T(0);
  }
  int t = 0;
  for (; t + kStep <= n; t += kStep) {
    add_listed_inputs<T, kStep>(w, lines + t, values + t, outputs, y);
  }
  for (; t < n; ++t) add_listed_inputs<T, 1>(w, lines + t, values + t, outputs, y);
  return true;
}

// Applies the epilogue to the finished sums of rows [row, row + n) and stores them to their lanes,
// transposing a square at a time. Lanes from R on hold anything.
template <class T, int R>
PYNN_INLINE void finish_by_squares(const ProductArgs<T>& a, int row, int n, const T* y,
                                   std::ptrdiff_t y_ld) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  for (int first = 0; first < n; first += kWidth) {
    for (int lane = 0; lane < R; lane += kWidth) {
      V square[kWidth];
      load_columns<kQuarters<T>>(
          [&](int i) { return y + (lane + i < R ? lane + i : lane) * y_ld + first; }, square);
      const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(row + first) * kLanes + lane;
      T* out = a.y + at;
      PYNN_UNROLL for (int i = 0; i < kWidth; ++i) {
        if (first + i >= n) break;
        V v = square[i];
        if (a.epilogue == Epilogue::relu) {
          v = max(zero<V>(), v);
        } else if (a.epilogue == Epilogue::relu_gradient) {
          v = select(gt(load<V>(a.relu_mask + at + i * kLanes), zero<V>()), v, zero<V>());
        }
        store(out + i * kLanes, v);
      }
    }
  }
}

template <class T, int R>
PYNN_INLINE void finish_one_by_one(const ProductArgs<T>& a, int row, int n, const T* y,
                                   std::ptrdiff_t y_ld) {
  for (int i = 0; i < n; ++i) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(row + i) * kLanes;
    for (int r = 0; r < R; ++r) {
      const T sum = y[r * y_ld + i];
      const bool cut = a.epilogue == Epilogue::relu            ? T(0) > sum
                       : a.epilogue == Epilogue::relu_gradient ? !(a.relu_mask[at + r] > T(0))
                                                               : false;
      a.y[at + r] = cut ? T(0) : sum;
    }
  }
}

// x of the inputs [t, t + depth), as [depth][R].
template <class T, int R>
PYNN_INLINE const T* staged_inputs(const ProductArgs<T>& a, int t, int depth, T* x) {
  if (a.x_rows == nullptr) {
    const T* lanes = a.x + static_cast<std::ptrdiff_t>(t) * kLanes;
    for (int i = 0; i < depth; ++i) __builtin_memcpy(x + i * R, lanes + i * kLanes, R * sizeof(T));
    return x;
  }
  if constexpr (R == 1) {
    return a.x_rows[0] + t;
  } else {
    for (int r = 0; r < R; ++r) {
      const T* row = a.x_rows[r < a.count ? r : 0] + t;
      for (int i = 0; i < depth; ++i) x[i * R + r] = row[i];
    }
    return x;
  }
}

// Goes through outputs and depth in pieces, with buffers in the first-level cache. Lanes from
// `count` up to R are computed too, and not used.
template <class T, int R>
static void small_batch_product_of(const ProductArgs<T>& a) {
  constexpr int kPiece = 16384 / static_cast<int>(sizeof(T)) / R;
  alignas(64) T x[kPiece * R];
  alignas(64) T y[R * kPiece];
  const auto lane = [](int feature) { return static_cast<std::ptrdiff_t>(feature) * kLanes; };
  for (int row = a.row_begin; row < a.row_end; row += kPiece) {
    const int n = a.row_end - row < kPiece ? a.row_end - row : kPiece;
    for (int r = 0; r < R; ++r) {
      T* sums = y + r * kPiece;
      if (a.accumulate) {
        for (int i = 0; i < n; ++i) sums[i] = a.y[lane(row + i) + r];
      } else if (a.bias != nullptr) {
        __builtin_memcpy(sums, a.bias + row, static_cast<std::size_t>(n) * sizeof(T));
      } else {
        __builtin_memset(sums, 0, static_cast<std::size_t>(n) * sizeof(T));
      }
    }
    for (int t = 0; t < a.depth; t += kPiece) {
      const int depth = a.depth - t < kPiece ? a.depth - t : kPiece;
      const T* inputs = staged_inputs<T, R>(a, t, depth, x);
      const T* w = a.weights + t * a.depth_stride + row;
      if constexpr (R == 1) {
        if (add_nonzero_products<T, kPiece>(w, a.depth_stride, inputs, depth, n, y)) continue;
      }
      add_products<T, R>(w, a.depth_stride, inputs, depth, n, y, kPiece);
    }
    if constexpr (R >= 4) {
      finish_by_squares<T, R>(a, row, n, y, kPiece);
    } else {
      finish_one_by_one<T, R>(a, row, n, y, kPiece);
    }
  }
}

// count <= kSmallBatch, row_stride 1.
template <class T, int R = kSmallBatch<T>>
static void small_batch_product(const ProductArgs<T>& a) noexcept {
  if constexpr (R > 1) {
    if (a.count <= R / 2) return small_batch_product<T, R / 2>(a);
  }
  small_batch_product_of<T, R>(a);
}

}  // namespace PYNN_ISA
}  // namespace pynn
