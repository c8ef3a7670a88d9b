// What an epoch, an evaluation or a gradient is made of: inputs, targets and sample weights.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "training/loss_choice.hpp"
#include "training/rows.hpp"

namespace pynn {

// The data of an epoch. It must outlive the epoch.
struct Data {
  std::vector<Rows> x;
  std::vector<Rows> y;        // rows = 0 where an output needs no target
  std::vector<Rows> weights;  // rows = 0 where all weights are 1
  std::int64_t rows() const { return x.empty() ? 0 : x[0].rows; }
  bool has_sparse_inputs() const {
    return std::any_of(x.begin(), x.end(), [](const Rows& source) { return source.sparse; });
  }
};

// How many columns a model's data must have.
struct DataShapes {
  std::vector<int> inputs;
  // Per output, what its loss and metrics read, and what the graph reads its target into; 0
  // where nothing does.
  std::vector<int> targets;
  std::vector<int> target_nodes;
};

// Throws std::invalid_argument where data does not fit.
void check_data(const Data& data, const DataShapes& shapes);

// What the losses of n rows are divided by: of numbers[0..n), or of those from `first` on if
// numbers is null. `weights` may be empty, for 1 each.
double sum_of_weights(const Rows& weights, const std::int64_t* numbers, std::int64_t first,
                      std::int64_t n);
inline double loss_divisor(Divisor divisor, const Rows& weights, const std::int64_t* numbers,
                           std::int64_t first, std::int64_t n) {
  if (divisor == Divisor::one) return 1;
  if (divisor == Divisor::rows || weights.rows == 0) return static_cast<double>(n);
  return sum_of_weights(weights, numbers, first, n);
}
// The same of each loss, all rows being one batch.
std::vector<double> total_divisors(const Data& data, const EvaluationSpec& spec);

bool names_a_row_twice(std::span<const std::int64_t> order, std::int64_t rows);

}  // namespace pynn
