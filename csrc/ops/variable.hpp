// A matrix of numbers that outlives plans: weights, biases, moving statistics, optimizer state.
// Python sees it as a zero-copy array. A vector is a matrix of one row.
#pragma once

#include <cstddef>
#include <memory>

#include "base/arena.hpp"

namespace pynn {

enum class DType : int { float32, float64 };

template <class T>
constexpr DType dtype_of() {
  return sizeof(T) == 4 ? DType::float32 : DType::float64;
}

// Rows are padded with zeros to kRowAlign elements; everything that writes keeps the padding zero.
class Variable {
 public:
  Variable(int rows, int cols, DType dtype);

  int rows() const { return rows_; }
  int cols() const { return cols_; }
  DType dtype() const { return dtype_; }
  std::ptrdiff_t ld() const { return ld_; }
  std::ptrdiff_t padded_size() const { return rows_ * ld_; }
  void* raw() const { return buffer_.data(); }

  template <class T>
  T* data() const {
    return static_cast<T*>(buffer_.data());
  }

 private:
  int rows_;
  int cols_;
  DType dtype_;
  std::ptrdiff_t ld_;
  AlignedBuffer buffer_;
};

using VariablePtr = std::shared_ptr<Variable>;

}  // namespace pynn
