// What the parts of a CSR matrix must be before anything reads them.
#pragma once

#include <cstdint>

#include "base/check.hpp"

namespace pynn {

// Checks where rows start in `stored` values; starts has rows + 1 numbers.
template <class Index>
void require_row_starts(const Index* starts, std::int64_t rows, std::int64_t stored) {
  require(starts[0] >= 0 && starts[rows] <= stored, "indptr must stay within the stored values");
  bool ascending = true;
  for (std::int64_t i = 0; i < rows; ++i) ascending &= starts[i] <= starts[i + 1];
  require(ascending, "indptr must not decrease");
}

// Checks all of a matrix whose first row is the first that is stored; returns whether the columns
// of each row ascend.
template <class Index>
bool check_entries(const Index* starts, std::int64_t rows, const Index* indices,
                   std::int64_t stored, std::int64_t cols) {
  require(starts[0] == 0, "indptr must stay within the stored values, from the first one on");
  require_row_starts(starts, rows, stored);
  bool inside = true, sorted = true;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (Index i = starts[row]; i < starts[row + 1]; ++i) {
      inside &= indices[i] >= 0 && indices[i] < cols;
      sorted &= i == starts[row] || indices[i - 1] <= indices[i];
    }
  }
  require(inside, "column numbers must be below n_cols");
  return sorted;
}

}  // namespace pynn
