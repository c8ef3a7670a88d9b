// What an epoch, an evaluation or a gradient is made of: inputs, targets and sample weights.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "training/evaluator.hpp"
#include "training/rows.hpp"

namespace pynn {

// The data of an epoch. It must outlive the epoch.
struct Data {
  std::vector<Rows> x;
  std::vector<Rows> y;        // rows = 0 where an output needs no target
  std::vector<Rows> weights;  // rows = 0 where all weights are 1
  std::int64_t rows() const { return x.empty() ? 0 : x[0].rows; }
};

// How many columns a model's data must have.
struct DataShapes {
  std::vector<int> inputs;
  // Per output, what its loss and metrics look at, and what the graph reads its target into; 0
  // where nothing does.
  std::vector<int> targets;
  std::vector<int> target_nodes;
};

// Throws std::invalid_argument where data does not fit.
void check_data(const Data& data, const DataShapes& shapes);

// What the losses of an output are divided by, all rows being one batch.
double total_divisor(const Data& data, std::size_t output, const EvaluationSpec& objective);

bool names_a_row_twice(std::span<const std::int64_t> order, std::int64_t rows);

}  // namespace pynn
