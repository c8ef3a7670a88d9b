#include "ops/variable.hpp"

#include <string>

#include "base/check.hpp"
#include "base/layout.hpp"

namespace pynn {

Variable::Variable(int rows, int cols, DType dtype) : rows_(rows), cols_(cols), dtype_(dtype) {
  require(rows >= 1 && cols >= 1, "a variable needs at least one row and one column. Received: (" +
                                      std::to_string(rows) + ", " + std::to_string(cols) + ")");
  const std::size_t item = dtype == DType::float32 ? sizeof(float) : sizeof(double);
  ld_ = rows == 1 ? round_up(cols, kRowAlign) : row_stride(cols, item);
  buffer_ = AlignedBuffer(static_cast<std::size_t>(rows) * static_cast<std::size_t>(ld_) * item);
}

}  // namespace pynn
