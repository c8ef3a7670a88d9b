// A matrix of numbers that outlives plans: weights, biases, moving statistics, optimizer state.
// Python sees it as a zero-copy array. A vector is a matrix of one row.
#pragma once

#include <cstddef>
#include <memory>

#include "base/arena.hpp"

namespace pynn {

enum class DType : int { float32, float64 };

template <class T>
constexpr DType dtype_of() noexcept {
  return sizeof(T) == 4 ? DType::float32 : DType::float64;
}

// How a matrix of shape (outputs, inputs) lies in memory: an output's weights side by side, or an
// input's. The latter is for layers that read many more inputs than they have outputs: an entry of
// a sparse row then meets its weights in one piece.
enum class Layout : int { out_in, in_out };

// Rows and columns are those of the matrix; what is stored side by side, a line, is padded with
// zeros to kRowAlign elements, and everything that writes keeps the padding zero.
class Variable {
 public:
  Variable(int rows, int cols, DType dtype, Layout layout = Layout::out_in);

  int rows() const noexcept { return rows_; }
  int cols() const noexcept { return cols_; }
  DType dtype() const noexcept { return dtype_; }
  Layout layout() const noexcept { return layout_; }
  int lines() const noexcept { return layout_ == Layout::out_in ? rows_ : cols_; }
  // Elements from one line to the next.
  std::ptrdiff_t ld() const noexcept { return ld_; }
  std::ptrdiff_t row_step() const noexcept { return layout_ == Layout::out_in ? ld_ : 1; }
  std::ptrdiff_t col_step() const noexcept { return layout_ == Layout::out_in ? 1 : ld_; }
  std::ptrdiff_t padded_size() const noexcept { return lines() * ld_; }
  void* raw() const noexcept { return buffer_.data(); }
  std::size_t bytes() const noexcept { return buffer_.bytes(); }

  template <class T>
  T* data() const noexcept {
    return static_cast<T*>(buffer_.data());
  }

 private:
  int rows_;
  int cols_;
  DType dtype_;
  Layout layout_;
  std::ptrdiff_t ld_;
  AlignedBuffer buffer_;
};

using VariablePtr = std::shared_ptr<Variable>;

VariablePtr copy_of(const Variable& variable);

}  // namespace pynn
