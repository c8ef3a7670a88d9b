// Which losses and metrics are taken of a graph's outputs, how they are named, and what targets
// they need.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace pynn {

// What the sum of a batch's losses is divided by.
enum class Divisor : int { rows, weights, one };

struct LossChoice {
  bool present = false;
  Loss loss = Loss::mean_squared_error;
  double parameters[kMaxLossParameters] = {};
  // A node of one feature that computes the loss of each row, instead of `loss`; or -1.
  int node = -1;
  Divisor divisor = Divisor::rows;

  bool in_graph() const noexcept { return node >= 0; }
};

enum class MetricKind : int {
  binary_accuracy,
  categorical_accuracy,
  sparse_categorical_accuracy,
  loss,
  node
};

struct MetricChoice {
  MetricKind kind;
  LossChoice loss;  // for MetricKind::loss
  int node = -1;    // for MetricKind::node: of one feature, the metric of each row
};

std::vector<std::string> metric_names();
LossChoice parse_loss(const std::string& name, const std::vector<double>& parameters);
Divisor parse_divisor(const std::string& name);
MetricChoice parse_metric(const std::string& name);

struct EvaluationSpec {
  std::vector<LossChoice> losses;                  // per output, and then further terms of the sum
  std::vector<double> loss_weights;                // per output
  std::vector<std::vector<MetricChoice>> metrics;  // per output
  bool normalize_by_weights = false;  // divide by the sum of the sample weights instead of the rows

  Divisor divisor(std::size_t loss) const {
    const Divisor own = losses[loss].divisor;
    return own == Divisor::rows && normalize_by_weights ? Divisor::weights : own;
  }
};

// Columns that the target of an output must have; 0 if the output needs no target.
int target_columns(const EvaluationSpec& spec, std::size_t output, int features);

// The loss to take of the logits of `output` instead, if the graph allows it.
bool fused_loss(const Graph& graph, const std::vector<int>& outputs, std::size_t i,
                LossChoice& choice);

// Whether a loss of a batch depends on how rows are put together in batches, beyond rounding.
bool depends_on_batches(const EvaluationSpec& spec);

}  // namespace pynn
