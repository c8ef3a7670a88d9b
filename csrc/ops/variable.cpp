#include "ops/variable.hpp"

#include <cstring>
#include <string>

#include "base/check.hpp"
#include "base/layout.hpp"

namespace pynn {

Variable::Variable(int rows, int cols, DType dtype, Layout layout)
    : rows_(rows), cols_(cols), dtype_(dtype), layout_(layout) {
  require(rows >= 1 && cols >= 1, "a variable needs at least one row and one column. Received: (" +
                                      std::to_string(rows) + ", " + std::to_string(cols) + ")");
  const std::size_t item = dtype == DType::float32 ? sizeof(float) : sizeof(double);
  const int length = layout == Layout::out_in ? cols : rows;
  ld_ = lines() == 1 ? round_up(length, kRowAlign) : row_stride(length, item);
  buffer_ = AlignedBuffer(static_cast<std::size_t>(padded_size()) * item);
}

VariablePtr copy_of(const Variable& variable) {
  auto copy = std::make_shared<Variable>(variable.rows(), variable.cols(), variable.dtype(),
                                         variable.layout());
  std::memcpy(copy->raw(), variable.raw(), variable.bytes());
  return copy;
}

}  // namespace pynn
