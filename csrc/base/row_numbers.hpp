// Which rows of some data: numbers[0..count), or `count` consecutive ones from `first` if numbers
// is null.
#pragma once

#include <cstdint>

namespace pynn {

struct RowNumbers {
  const std::int64_t* numbers;
  std::int64_t first;
  int count;

  std::int64_t operator[](int i) const noexcept {
    return numbers != nullptr ? numbers[i] : first + i;
  }
};

}  // namespace pynn
