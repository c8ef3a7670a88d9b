// Batch normalization (Ioffe and Szegedy 2015): moments over the batch, forward and backward.
// Compiled once per ISA. Rows are features; lanes aligned to whole vectors.
#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/partial_sums-inl.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// mean, variance (biased) and inverse_deviation = 1 / sqrt(variance + epsilon) of rows
// [row_begin, row_end). Two passes: the second sums squared distances from the mean.
template <class T>
static void batch_moments(const BatchNormArgs<T>& a) {
  using V = Vec<T>;
  const T rows = T(a.count);
  sum_rows<T>(a.block_stride, a.row_begin, a.row_end, a.count, a.mean,
              [&a](int row, V sum, std::ptrdiff_t offset) {
                return sum + load<V>(a.x + static_cast<std::ptrdiff_t>(row) * kLanes + offset);
              });
  for (int row = a.row_begin; row < a.row_end; ++row) a.mean[row] = a.mean[row] / rows;
  sum_rows<T>(a.block_stride, a.row_begin, a.row_end, a.count, a.variance,
              [&a](int row, V sum, std::ptrdiff_t offset) {
                const V x = load<V>(a.x + static_cast<std::ptrdiff_t>(row) * kLanes + offset);
                const V distance = x - set<V>(a.mean[row]);
                return fma(distance, distance, sum);
              });
  for (int row = a.row_begin; row < a.row_end; ++row) {
    a.variance[row] = a.variance[row] / rows;
    alignas(64) T root[V::kWidth];
    store(root, sqrt(set<V>(a.variance[row] + a.epsilon)));
    a.inverse_deviation[row] = T(1) / root[0];
  }
}

// y = (x - mean) inverse_deviation gamma + beta, whichever mean and deviation the caller gives.
template <class T>
static void batch_normalize(const BatchNormArgs<T>& a) {
  using V = Vec<T>;
  const int blocks = block_count(a.count);
  for (int row = a.row_begin; row < a.row_end; ++row) {
    const T gamma = a.gamma == nullptr ? T(1) : a.gamma[row];
    const V scale = set<V>(a.inverse_deviation[row] * gamma);
    const V shift = set<V>(a.beta == nullptr ? T(0) : a.beta[row]);
    const V mean = set<V>(a.mean[row]);
    for (int block = 0; block < blocks; ++block) {
      const std::ptrdiff_t first =
          block * a.block_stride + static_cast<std::ptrdiff_t>(row) * kLanes;
      for (int lane = 0; lane < kLanes; lane += V::kWidth) {
        store(a.y + first + lane, fma(load<V>(a.x + first + lane) - mean, scale, shift));
      }
    }
  }
}

// With u = (x - mean) inverse_deviation: grad_beta = sum of grad_y, grad_gamma = sum of grad_y u,
// and grad_x = gamma inverse_deviation (grad_y - (grad_beta + u grad_gamma) / count). A null
// variance says that mean and deviation are constants (moving statistics): grad_x = gamma
// inverse_deviation grad_y. `accumulate` concerns grad_x alone. grad_x may be grad_y.
template <class T>
static void batch_normalize_backward(const BatchNormArgs<T>& a) {
  using V = Vec<T>;
  const int blocks = block_count(a.count);
  for (int row = a.row_begin; row < a.row_end; ++row) {
    const std::ptrdiff_t start = static_cast<std::ptrdiff_t>(row) * kLanes;
    const V mean = set<V>(a.mean[row]);
    const V inverse = set<V>(a.inverse_deviation[row]);
    const T beta_sum =
        tree_sum(sum_over_batch<T>(a.block_stride, a.count, [&](V sum, std::ptrdiff_t offset) {
          return sum + load<V>(a.grad_y + start + offset);
        }));
    const T gamma_sum =
        tree_sum(sum_over_batch<T>(a.block_stride, a.count, [&](V sum, std::ptrdiff_t offset) {
          const V u = (load<V>(a.x + start + offset) - mean) * inverse;
          return fma(load<V>(a.grad_y + start + offset), u, sum);
        }));
    if (a.grad_beta != nullptr) a.grad_beta[row] = beta_sum;
    if (a.grad_gamma != nullptr) a.grad_gamma[row] = gamma_sum;
    if (a.grad_x == nullptr) continue;
    const bool constants = a.variance == nullptr;
    const V beta_mean = set<V>(constants ? T(0) : beta_sum / T(a.count));
    const V gamma_mean = set<V>(constants ? T(0) : gamma_sum / T(a.count));
    const V scale = set<V>(a.inverse_deviation[row] * (a.gamma == nullptr ? T(1) : a.gamma[row]));
    for (int block = 0; block < blocks; ++block) {
      const std::ptrdiff_t first = block * a.block_stride + start;
      for (int lane = 0; lane < kLanes; lane += V::kWidth) {
        const V u = (load<V>(a.x + first + lane) - mean) * inverse;
        const V grad = scale * (load<V>(a.grad_y + first + lane) - fma(u, gamma_mean, beta_mean));
        T* out = a.grad_x + first + lane;
        store(out, a.accumulate ? load<V>(out) + grad : grad);
      }
    }
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
