// NumPy arrays in the engine's layouts.
#pragma once

#include <algorithm>
#include <vector>

#include "base/arena.hpp"
#include "base/layout.hpp"
#include "testing/testing.hpp"

namespace pynn {

// Rows padded to kRowAlign, as the engine stores matrices.
template <class T>
class PaddedRows {
 public:
  PaddedRows(std::ptrdiff_t rows, std::ptrdiff_t cols)
      : rows_(rows),
        cols_(cols),
        ld_(row_stride(std::max<std::ptrdiff_t>(cols, 1), sizeof(T))),
        buffer_(static_cast<std::size_t>(std::max<std::ptrdiff_t>(rows, 1) * ld_) * sizeof(T)) {
    for (std::ptrdiff_t i = 0; i < rows; ++i) pointers_.push_back(data() + i * ld_);
  }
  explicit PaddedRows(const Array<T>& a) : PaddedRows(a.shape(0), a.shape(1)) {
    for (std::ptrdiff_t i = 0; i < rows_; ++i) {
      std::copy_n(a.data() + i * cols_, cols_, data() + i * ld_);
    }
  }
  Array<T> to_array() const {
    Array<T> out({rows_, cols_});
    for (std::ptrdiff_t i = 0; i < rows_; ++i) {
      std::copy_n(data() + i * ld_, cols_, out.mutable_data() + i * cols_);
    }
    return out;
  }
  T* data() const { return static_cast<T*>(buffer_.data()); }
  const T* const* pointers() const { return pointers_.data(); }
  int rows() const { return static_cast<int>(rows_); }
  int cols() const { return static_cast<int>(cols_); }
  std::ptrdiff_t ld() const { return ld_; }

 private:
  std::ptrdiff_t rows_, cols_, ld_;
  AlignedBuffer buffer_;
  std::vector<const T*> pointers_;
};

// Activations as lanes: [block][feature, padded][kLanes]. Lanes past the batch are filled with NaN,
// which a kernel that sums them cannot hide.
template <class T>
class Lanes {
 public:
  Lanes(int count, int features)
      : count_(count),
        features_(features),
        stride_(round_up(std::max(features, 1), kRowAlign) * kLanes),
        buffer_(static_cast<std::size_t>(std::max(block_count(count), 1)) *
                static_cast<std::size_t>(stride_) * sizeof(T)) {
    std::fill_n(data(), buffer_.bytes() / sizeof(T), static_cast<T>(__builtin_nan("")));
  }
  explicit Lanes(const Array<T>& a)
      : Lanes(static_cast<int>(a.shape(0)), static_cast<int>(a.shape(1))) {
    const PaddedRows<T> rows(a);
    tested_kernels<T>().rows_to_lanes(rows.pointers(), count_, 0, features_, data(), stride_);
  }
  Array<T> to_array() const {
    PaddedRows<T> rows(count_, features_);
    tested_kernels<T>().lanes_to_rows(data(), stride_, 0, features_, count_, rows.data(),
                                      rows.ld());
    return rows.to_array();
  }
  T* data() const { return static_cast<T*>(buffer_.data()); }
  std::ptrdiff_t stride() const { return stride_; }
  int count() const { return count_; }
  int features() const { return features_; }

 private:
  int count_, features_;
  std::ptrdiff_t stride_;
  AlignedBuffer buffer_;
};

}  // namespace pynn
