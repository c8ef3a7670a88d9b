// Kernels across the features of a row (vertical in lanes) and across the batch for one feature.
// Compiled once per ISA. x, y and gradients are lanes aligned to whole vectors; y may be x and
// grad_x may be grad_y. Batch normalization has its own file.
#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/partial_sums-inl.hpp"
#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

// The largest of one vector of lanes over the features; NaN is passed over.
template <class T>
PYNN_INLINE Vec<T> largest_feature(const T* x, int features) {
  using V = Vec<T>;
  V largest = load<V>(x);
  for (int f = 1; f < features; ++f) largest = max(load<V>(x + f * kLanes), largest);
  return largest;
}

template <class T>
static void softmax(const T* x, T* y, int features) noexcept {
  using V = Vec<T>;
  for (int lane = 0; lane < kLanes; lane += V::kWidth) {
    const T* in = x + lane;
    T* out = y + lane;
    const V largest = largest_feature(in, features);
    V sum = zero<V>();
    for (int f = 0; f < features; ++f) {
      const V e = exp(load<V>(in + f * kLanes) - largest);
      store(out + f * kLanes, e);
      sum = sum + e;
    }
    for (int f = 0; f < features; ++f) store(out + f * kLanes, load<V>(out + f * kLanes) / sum);
  }
}

// grad_x = y (grad_y - sum of grad_y y).
template <class T>
static void softmax_backward(const T* grad_y, const T* y, T* grad_x, int features,
                             bool accumulate) noexcept {
  using V = Vec<T>;
  for (int lane = 0; lane < kLanes; lane += V::kWidth) {
    V inner = zero<V>();
    for (int f = 0; f < features; ++f) {
      inner = fma(load<V>(grad_y + f * kLanes + lane), load<V>(y + f * kLanes + lane), inner);
    }
    for (int f = 0; f < features; ++f) {
      const int i = f * kLanes + lane;
      const V grad = load<V>(y + i) * (load<V>(grad_y + i) - inner);
      store(grad_x + i, accumulate ? load<V>(grad_x + i) + grad : grad);
    }
  }
}

template <class T>
static void log_softmax(const T* x, T* y, int features) noexcept {
  using V = Vec<T>;
  for (int lane = 0; lane < kLanes; lane += V::kWidth) {
    const T* in = x + lane;
    const V largest = largest_feature(in, features);
    V sum = zero<V>();
    for (int f = 0; f < features; ++f) sum = sum + exp(load<V>(in + f * kLanes) - largest);
    const V logarithm = log(sum);
    for (int f = 0; f < features; ++f) {
      store(y + f * kLanes + lane, load<V>(in + f * kLanes) - largest - logarithm);
    }
  }
}

// grad_x = grad_y - exp(y) sum of grad_y.
template <class T>
static void log_softmax_backward(const T* grad_y, const T* y, T* grad_x, int features,
                                 bool accumulate) noexcept {
  using V = Vec<T>;
  for (int lane = 0; lane < kLanes; lane += V::kWidth) {
    V sum = zero<V>();
    for (int f = 0; f < features; ++f) sum = sum + load<V>(grad_y + f * kLanes + lane);
    for (int f = 0; f < features; ++f) {
      const int i = f * kLanes + lane;
      const V grad = fnma(exp(load<V>(y + i)), sum, load<V>(grad_y + i));
      store(grad_x + i, accumulate ? load<V>(grad_x + i) + grad : grad);
    }
  }
}

// The first largest; the first NaN if there is one, as in NumPy.
template <class T>
static void argmax(const T* x, int features, T* index) noexcept {
  using V = Vec<T>;
  for (int lane = 0; lane < kLanes; lane += V::kWidth) {
    V best = load<V>(x + lane);
    V where = zero<V>();
    for (int f = 1; f < features; ++f) {
      const V value = load<V>(x + f * kLanes + lane);
      const auto better = gt(value, best) | (is_nan(value) & !is_nan(best));
      best = select(better, value, best);
      where = select(better, set<V>(T(f)), where);
    }
    store(index + lane, where);
  }
}

// mean[lane]: the share of features where (prediction > threshold) is the target.
template <class T>
static void threshold_hits(const T* target, const T* prediction, int features, T threshold,
                           T* mean) noexcept {
  using V = Vec<T>;
  const V one = set<V>(1);
  for (int lane = 0; lane < kLanes; lane += V::kWidth) {
    V hits = zero<V>();
    for (int f = 0; f < features; ++f) {
      const int i = f * kLanes + lane;
      const V decision = select(gt(load<V>(prediction + i), set<V>(threshold)), one, zero<V>());
      hits = hits + select(eq(decision, load<V>(target + i)), one, zero<V>());
    }
    store(mean + lane, hits / set<V>(T(features)));
  }
}

template <class T>
static void lane_sums(const T* x, std::ptrdiff_t block_stride, int row_begin, int row_end,
                      int count, T* sums) noexcept {
  using V = Vec<T>;
  sum_rows<T>(block_stride, row_begin, row_end, count, sums,
              [x](int row, V sum, std::ptrdiff_t offset) {
                return sum + load<V>(x + static_cast<std::ptrdiff_t>(row) * kLanes + offset);
              });
}

template <class T>
static void add_partial_sums(const T* x, int features, int rows, T* sums,
                             bool accumulate) noexcept {
  using V = Vec<T>;
  for (int f = 0; f < features; ++f) {
    for (int i = 0; i < kPartialSums; i += V::kWidth) {
      V sum = accumulate ? load<V>(sums + f * kLanes + i) : zero<V>();
      for (int lane = i; lane < kLanes; lane += kPartialSums) {
        const V next = sum + load<V>(x + f * kLanes + lane);
        sum = rows - lane >= V::kWidth ? next : select(first_n<V>(rows - lane), next, sum);
      }
      store(sums + f * kLanes + i, sum);
    }
  }
}

template <class T>
static void row_sums(const T* const* rows, int begin, int end, int count, T* sums) noexcept {
  using V = Vec<T>;
  const int whole = count - count % kPartialSums;
  for (int col = begin; col < end; col += V::kWidth) {
    V p[kPartialSums];
    PYNN_UNROLL for (V& sum : p) sum = zero<V>();
    for (int row = 0; row < whole; row += kPartialSums) {
      PYNN_UNROLL for (int i = 0; i < kPartialSums; ++i) p[i] = p[i] + load<V>(rows[row + i] + col);
    }
    PYNN_UNROLL for (int i = 0; i < kPartialSums - 1; ++i) {
      if (whole + i < count) p[i] = p[i] + load<V>(rows[whole + i] + col);
    }
    store(sums + col, tree_sum(p));
  }
}

// n a multiple of kRowAlign, any alignment.
template <class T>
static T sum_squares(const T* x, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  PartialSums<T> sums;
  for (V& v : sums.v) v = zero<V>();
  for (std::ptrdiff_t i = 0; i < n; i += kPartialSums) {
    PYNN_UNROLL for (int j = 0; j < PartialSums<T>::kVectors; ++j) {
      const V value = loadu<V>(x + i + j * V::kWidth);
      sums.v[j] = fma(value, value, sums.v[j]);
    }
  }
  return tree_sum(sums);
}

template <class T>
static T sum_magnitudes(const T* x, std::ptrdiff_t n) noexcept {
  using V = Vec<T>;
  PartialSums<T> sums;
  for (V& v : sums.v) v = zero<V>();
  for (std::ptrdiff_t i = 0; i < n; i += kPartialSums) {
    PYNN_UNROLL for (int j = 0; j < PartialSums<T>::kVectors; ++j) {
      sums.v[j] = sums.v[j] + abs(loadu<V>(x + i + j * V::kWidth));
    }
  }
  return tree_sum(sums);
}

// sums[col] = the sum of term(sum, x) down a column, by partial sums as along a row. cols a
// multiple of kRowAlign, any alignment. The partial sums stay in the first-level cache.
template <class T, class Term>
PYNN_INLINE void sum_columns(const T* x, std::ptrdiff_t ld, int rows, int cols, T* sums,
                             const Term& term) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  constexpr int kPanel = 64;
  alignas(64) T partial[kPartialSums][kPanel];
  for (int begin = 0; begin < cols; begin += kPanel) {
    const int n = cols - begin < kPanel ? cols - begin : kPanel;
    for (int p = 0; p < kPartialSums; ++p) {
      for (int k = 0; k < n; k += kWidth) store(&partial[p][k], zero<V>());
    }
    for (int row = 0; row < rows; ++row) {
      const T* in = x + row * ld + begin;
      T* sum = partial[row % kPartialSums];
      for (int k = 0; k < n; k += kWidth) {
        store(sum + k, term(load<V>(sum + k), loadu<V>(in + k)));
      }
    }
    for (int k = 0; k < n; k += kWidth) {
      V p[kPartialSums];
      PYNN_UNROLL for (int i = 0; i < kPartialSums; ++i) p[i] = load<V>(&partial[i][k]);
      storeu(sums + begin + k, tree_sum(p));
    }
  }
}

template <class T>
static void column_squares(const T* x, std::ptrdiff_t ld, int rows, int cols, T* sums) noexcept {
  using V = Vec<T>;
  sum_columns(x, ld, rows, cols, sums, [](V sum, V value) { return fma(value, value, sum); });
}

template <class T>
static void column_magnitudes(const T* x, std::ptrdiff_t ld, int rows, int cols, T* sums) noexcept {
  using V = Vec<T>;
  sum_columns(x, ld, rows, cols, sums, [](V sum, V value) { return sum + abs(value); });
}

}  // namespace PYNN_ISA
}  // namespace pynn
