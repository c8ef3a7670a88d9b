// What a trainer uses of a graph: which of its nodes are inputs, outputs, targets, losses, metrics
// and assignments, and what the data must look like.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "graph/execution_plan.hpp"
#include "ops/take.hpp"
#include "training/data.hpp"
#include "training/loss_choice.hpp"

namespace pynn {

struct GraphUse {
  std::vector<int> inputs;
  std::vector<int> outputs;
  // Per output: the graph's input that losses or metrics read its target from, or -1. Empty where
  // no output has one.
  std::vector<int> targets;
  std::vector<int> assignments;
  EvaluationSpec evaluation;
};

// A column of StepNumbers that a node takes, and what throws for a number that it cannot take.
struct NumberColumn {
  int column;
  void (*check)(double number);
};

class TrainedGraph {
 public:
  // Throws std::invalid_argument where graph and use do not fit.
  TrainedGraph(std::shared_ptr<const Graph> graph, const GraphUse& use);

  const Graph& graph() const noexcept { return *graph_; }
  // The model's inputs, and then those that the graph reads targets from.
  const std::vector<int>& inputs() const noexcept { return inputs_; }
  // Per output.
  const std::vector<int>& features() const noexcept { return features_; }
  const std::vector<NumberColumn>& columns() const noexcept { return columns_; }
  // Fused losses replaced by those that take the logits.
  const EvaluationSpec& evaluation() const noexcept { return evaluation_; }

  PlanRequest request(bool training, int max_batch, const std::vector<double>& entries) const;

  void check(const Data& data) const { check_data(data, shapes_); }
  // Throws std::out_of_range if an input, in the rows of `order` or in all, has a number that a
  // table has not. What is looked up by computed numbers is only checked when it is.
  void check_numbers(const Data& data, std::span<const std::int64_t> order) const;
  // The rows of each of inputs().
  std::vector<Rows> sources(const Data& data) const;
  // PlanRequest::entries_per_row, for these data, and before any are known.
  std::vector<double> entries_per_row(const Data& data) const;
  std::vector<double> expected_entries() const;

 private:
  void check_losses(const GraphUse& use) const;
  void add_targets(const GraphUse& use);
  void add_late_nodes(const GraphUse& use);
  void describe_outputs(const GraphUse& use);
  void find_lookups(const GraphUse& use);
  int features_of(int node) const { return graph_->node(node).features; }

  // Columns of an input that are looked up in a table.
  struct Lookup {
    std::size_t input;
    std::vector<int> columns;
    NumberRange range;
  };

  std::shared_ptr<const Graph> graph_;
  EvaluationSpec evaluation_;
  std::vector<int> inputs_;
  std::vector<int> outputs_;
  std::vector<std::size_t> target_outputs_;  // outputs whose targets the graph reads
  std::vector<int> loss_nodes_;
  std::vector<char> has_loss_;
  std::vector<char> fused_;
  std::vector<int> late_nodes_;  // metrics and assignments
  std::vector<int> roots_;       // the nodes that everything else is computed for
  std::vector<int> features_;
  std::vector<NumberColumn> columns_;
  DataShapes shapes_;
  std::vector<Lookup> lookups_;
};

}  // namespace pynn
