// Which numbers a lookup takes.
#pragma once

#include "ops/op.hpp"

namespace pynn {

// Whole numbers from `least` on, below `end`.
struct NumberRange {
  int least;
  int end;

  bool has(double value) const noexcept {
    return value >= least && value < end && static_cast<double>(static_cast<int>(value)) == value;
  }
  // Throws std::out_of_range.
  [[noreturn]] void refuse(double value) const;
};

// Of a node of kind take.
NumberRange numbers_of(const NodeSpec& take);

}  // namespace pynn
