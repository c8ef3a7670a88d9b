// Batch normalization (Ioffe and Szegedy 2015): moments over the batch, forward and backward.
// Compiled once per ISA. Rows are features; lanes aligned to whole vectors.
#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/partial_sums-inl.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// Calls body(i, mask) for each vector of [begin, end), of which the mask's lanes are there.
template <class T, class Body>
PYNN_INLINE void for_each_vector(int begin, int end, const Body& body) {
  using V = Vec<T>;
  for (int i = begin; i < end; i += V::kWidth) body(i, first_n<V>(end - i));
}

// mean, variance (biased) and inverse_deviation = 1 / sqrt(variance + epsilon) of rows
// [row_begin, row_end). Two passes: the second sums squared distances from the mean.
template <class T>
static void batch_moments(const BatchNormArgs<T>& a) noexcept {
  using V = Vec<T>;
  const V rows = set<V>(T(a.count));
  sum_rows<T>(a.block_stride, a.row_begin, a.row_end, a.count, a.mean,
              [&a](int row, V sum, std::ptrdiff_t offset) {
                return sum + load<V>(a.x + static_cast<std::ptrdiff_t>(row) * kLanes + offset);
              });
  for_each_vector<T>(a.row_begin, a.row_end, [&](int i, auto there) {
    store_where(there, a.mean + i, loadu_where<V>(there, a.mean + i) / rows);
  });
  sum_rows<T>(a.block_stride, a.row_begin, a.row_end, a.count, a.variance,
              [&a](int row, V sum, std::ptrdiff_t offset) {
                const V x = load<V>(a.x + static_cast<std::ptrdiff_t>(row) * kLanes + offset);
                const V distance = x - set<V>(a.mean[row]);
                return fma(distance, distance, sum);
              });
  for_each_vector<T>(a.row_begin, a.row_end, [&](int i, auto there) {
    const V variance = loadu_where<V>(there, a.variance + i) / rows;
    store_where(there, a.variance + i, variance);
    const V deviation = sqrt(variance + set<V>(a.epsilon));
    store_where(there, a.inverse_deviation + i, set<V>(T(1)) / deviation);
  });
}

// y = (x - mean) inverse_deviation gamma + beta, whichever mean and deviation the caller gives.
// Block by block: down a row, blocks lie so far apart that they share sets of the first-level
// cache.
template <class T>
static void batch_normalize(const BatchNormArgs<T>& a) noexcept {
  using V = Vec<T>;
  const int blocks = block_count(a.count);
  for (int block = 0; block < blocks; ++block) {
    for (int row = a.row_begin; row < a.row_end; ++row) {
      const T gamma = a.gamma == nullptr ? T(1) : a.gamma[row];
      const V scale = set<V>(a.inverse_deviation[row] * gamma);
      const V shift = set<V>(a.beta == nullptr ? T(0) : a.beta[row]);
      const V mean = set<V>(a.mean[row]);
      const std::ptrdiff_t first =
          block * a.block_stride + static_cast<std::ptrdiff_t>(row) * kLanes;
      PYNN_UNROLL for (int lane = 0; lane < kLanes; lane += V::kWidth) {
        store(a.y + first + lane, fma(load<V>(a.x + first + lane) - mean, scale, shift));
      }
    }
  }
}

// The sums of grad_y, and of grad_y u, of a vector's width of rows: partial sums of each row.
template <class T>
struct NormSums {
  PartialSums<T> beta[Vec<T>::kWidth];
  PartialSums<T> gamma[Vec<T>::kWidth];
};

// Adds a block, of which the first `lanes` are there; all of them if kWhole.
template <bool kWhole, class T>
PYNN_INLINE void add_block(const BatchNormArgs<T>& a, int row, int rows, int block, int lanes,
                           NormSums<T>& sums) {
  using V = Vec<T>;
  for (int i = 0; i < rows; ++i) {
    const std::ptrdiff_t first =
        block * a.block_stride + static_cast<std::ptrdiff_t>(row + i) * kLanes;
    const V mean = set<V>(a.mean[row + i]);
    const V inverse = set<V>(a.inverse_deviation[row + i]);
    PYNN_UNROLL for (int j = 0; j < PartialSums<T>::kVectors; ++j) {
      V beta = sums.beta[i].v[j];
      V gamma = sums.gamma[i].v[j];
      PYNN_UNROLL for (int lane = j * V::kWidth; lane < kLanes; lane += kPartialSums) {
        const V u = (load<V>(a.x + first + lane) - mean) * inverse;
        const V grad = load<V>(a.grad_y + first + lane);
        if constexpr (kWhole) {
          beta = beta + grad;
          gamma = fma(grad, u, gamma);
        } else {
          const auto there = first_n<V>(lanes - lane);
          beta = select(there, beta + grad, beta);
          gamma = select(there, fma(grad, u, gamma), gamma);
        }
      }
      sums.beta[i].v[j] = beta;
      sums.gamma[i].v[j] = gamma;
    }
  }
}

// With u = (x - mean) inverse_deviation: grad_beta = sum of grad_y, grad_gamma = sum of grad_y u,
// and grad_x = gamma inverse_deviation (grad_y - (grad_beta + u grad_gamma) / count). A null
// variance says that mean and deviation are constants (moving statistics): grad_x = gamma
// inverse_deviation grad_y. `accumulate` concerns grad_x alone. grad_x may be grad_y.
template <class T>
static void batch_normalize_backward(const BatchNormArgs<T>& a) noexcept {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  const int blocks = block_count(a.count);
  const int whole = a.count / kLanes;
  for (int row = a.row_begin; row < a.row_end; row += kWidth) {
    const int rows = a.row_end - row < kWidth ? a.row_end - row : kWidth;
    NormSums<T> sums;
    for (int i = 0; i < kWidth; ++i) {
      for (int j = 0; j < PartialSums<T>::kVectors; ++j) {
        sums.beta[i].v[j] = sums.gamma[i].v[j] = zero<V>();
      }
    }
    for (int block = 0; block < whole; ++block) {
      add_block<true>(a, row, rows, block, kLanes, sums);
    }
    if (whole < blocks) add_block<false>(a, row, rows, whole, a.count - whole * kLanes, sums);
    const V beta_sum = tree_sums<T>(sums.beta);
    const V gamma_sum = tree_sums<T>(sums.gamma);
    const auto there = first_n<V>(rows);
    if (a.grad_beta != nullptr) store_where(there, a.grad_beta + row, beta_sum);
    if (a.grad_gamma != nullptr) store_where(there, a.grad_gamma + row, gamma_sum);
    if (a.grad_x == nullptr) continue;
    const bool constants = a.variance == nullptr;
    alignas(64) T beta_means[kWidth];
    alignas(64) T gamma_means[kWidth];
    store(beta_means, constants ? zero<V>() : beta_sum / set<V>(T(a.count)));
    store(gamma_means, constants ? zero<V>() : gamma_sum / set<V>(T(a.count)));
    for (int block = 0; block < blocks; ++block) {
      for (int i = 0; i < rows; ++i) {
        const std::ptrdiff_t first =
            block * a.block_stride + static_cast<std::ptrdiff_t>(row + i) * kLanes;
        const V mean = set<V>(a.mean[row + i]);
        const V inverse = set<V>(a.inverse_deviation[row + i]);
        const T gamma = a.gamma == nullptr ? T(1) : a.gamma[row + i];
        const V scale = set<V>(a.inverse_deviation[row + i] * gamma);
        const V beta_mean = set<V>(beta_means[i]);
        const V gamma_mean = set<V>(gamma_means[i]);
        PYNN_UNROLL for (int lane = 0; lane < kLanes; lane += kWidth) {
          const V u = (load<V>(a.x + first + lane) - mean) * inverse;
          const V grad = scale * (load<V>(a.grad_y + first + lane) - fma(u, gamma_mean, beta_mean));
          T* out = a.grad_x + first + lane;
          store(out, a.accumulate ? load<V>(out) + grad : grad);
        }
      }
    }
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
