#include "training/data.hpp"

#include <string>

#include "base/check.hpp"

namespace pynn {

namespace {

void check_rows(std::int64_t found, std::int64_t rows) {
  require(found == rows, [&] {
    return "all inputs and targets need the same number of rows. Received: " +
           std::to_string(rows) + " and " + std::to_string(found);
  });
}

void check_target(const Rows& target, std::size_t output, int columns, std::int64_t rows) {
  if (columns == 0) return;
  require(target.rows > 0,
          [output] { return "output " + std::to_string(output) + " needs a target"; });
  check_rows(target.rows, rows);
  require(target.cols == columns, [&] {
    return "the target of output " + std::to_string(output) + " needs " + std::to_string(columns) +
           " columns. Received: " + std::to_string(target.cols);
  });
}

}  // namespace

void check_data(const Data& data, const DataShapes& shapes) {
  require(data.x.size() == shapes.inputs.size(), [&] {
    return "the model has " + std::to_string(shapes.inputs.size()) +
           " inputs. Received: " + std::to_string(data.x.size());
  });
  require(data.y.size() == shapes.targets.size() && data.weights.size() == shapes.targets.size(),
          "one target and one array of sample weights (or None) are needed per output");
  const std::int64_t rows = data.rows();
  require(rows > 0, "there is nothing to train on: the data has no rows");
  for (std::size_t i = 0; i < data.x.size(); ++i) {
    require(data.x[i].cols == shapes.inputs[i], [&] {
      return "input " + std::to_string(i) + " needs " + std::to_string(shapes.inputs[i]) +
             " features. Received: " + std::to_string(data.x[i].cols);
    });
    check_rows(data.x[i].rows, rows);
  }
  for (std::size_t i = 0; i < data.y.size(); ++i) {
    check_target(data.y[i], i, shapes.targets[i], rows);
    check_target(data.y[i], i, shapes.target_nodes[i], rows);
    const Rows& weights = data.weights[i];
    require(weights.rows == 0 || (weights.rows == rows && weights.cols == 1),
            [rows] { return "sample weights need the shape (" + std::to_string(rows) + ", 1)"; });
  }
}

double sum_of_weights(const Rows& weights, const std::int64_t* numbers, std::int64_t first,
                      std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    double value;
    read_rows(weights, {numbers == nullptr ? nullptr : numbers + i, first + i, 1}, 0, 1, &value, 1);
    sum += value;
  }
  return sum != 0 ? sum : 1;
}

std::vector<double> total_divisors(const Data& data, const EvaluationSpec& spec) {
  std::vector<double> divisors;
  for (std::size_t i = 0; i < spec.losses.size(); ++i) {
    const Rows weights = i < data.weights.size() ? data.weights[i] : Rows{};
    divisors.push_back(loss_divisor(spec.divisor(i), weights, nullptr, 0, data.rows()));
  }
  return divisors;
}

bool names_a_row_twice(std::span<const std::int64_t> order, std::int64_t rows) {
  std::vector<bool> seen(order.empty() ? 0 : static_cast<std::size_t>(rows));
  for (const std::int64_t row : order) {
    if (seen[row]) return true;
    seen[row] = true;
  }
  return false;
}

}  // namespace pynn
