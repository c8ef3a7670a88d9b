#include "training/trained_graph.hpp"

#include <algorithm>
#include <numeric>

#include "base/check.hpp"
#include "training/gather.hpp"

namespace pynn {

TrainedGraph::TrainedGraph(std::shared_ptr<const Graph> graph, const GraphUse& use)
    : graph_(std::move(graph)),
      evaluation_(use.evaluation),
      inputs_(use.inputs),
      outputs_(use.outputs),
      roots_(use.outputs) {
  check_losses(use);
  for (const LossChoice& loss : evaluation_.losses) {
    loss_nodes_.push_back(loss.node);
    has_loss_.push_back(loss.present);
    if (loss.in_graph()) roots_.push_back(loss.node);
  }
  add_targets(use);
  add_late_nodes(use);
  describe_outputs(use);
  find_lookups(use);
  for (int node = 0; node < graph_->size(); ++node) {
    const NodeSpec& spec = graph_->node(node);
    if (spec.column() > 0) columns_.push_back({spec.column(), spec.kind->check_number});
  }
}

void TrainedGraph::check_losses(const GraphUse& use) const {
  const EvaluationSpec& spec = use.evaluation;
  const std::size_t outputs = use.outputs.size();
  require(!use.inputs.empty() && outputs > 0, "a model needs at least one input and one output");
  bool one_each = spec.losses.size() >= outputs && spec.loss_weights.size() == outputs &&
                  spec.metrics.size() == outputs;
  for (std::size_t i = 0; i < spec.losses.size(); ++i) {
    const LossChoice& loss = spec.losses[i];
    if (loss.in_graph()) {
      require(features_of(loss.node) == 1, "a loss needs a node of one feature");
    } else {
      one_each = one_each && i < outputs;
    }
  }
  require(one_each, "one loss, one loss weight and one list of metrics are needed per output");
}

void TrainedGraph::add_targets(const GraphUse& use) {
  require(use.targets.empty() || use.targets.size() == outputs_.size(),
          "one target is needed per output, or none");
  for (std::size_t i = 0; i < use.targets.size(); ++i) {
    if (use.targets[i] < 0) continue;
    target_outputs_.push_back(i);
    inputs_.push_back(use.targets[i]);
  }
}

void TrainedGraph::add_late_nodes(const GraphUse& use) {
  for (const auto& metrics : evaluation_.metrics) {
    for (const MetricChoice& metric : metrics) {
      if (metric.kind != MetricKind::node) continue;
      require(features_of(metric.node) == 1, "a metric needs a node of one feature");
      late_nodes_.push_back(metric.node);
    }
  }
  for (int node : use.assignments) {
    require(graph_->node(node).kind->name == "assign", "an assignment needs an assign node");
    late_nodes_.push_back(node);
  }
  roots_.insert(roots_.end(), late_nodes_.begin(), late_nodes_.end());
}

void TrainedGraph::describe_outputs(const GraphUse& use) {
  for (int input : use.inputs) shapes_.inputs.push_back(features_of(input));
  for (int output : outputs_) features_.push_back(features_of(output));
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    shapes_.targets.push_back(target_columns(use.evaluation, i, features_[i]));
    const int node = use.targets.empty() ? -1 : use.targets[i];
    shapes_.target_nodes.push_back(node < 0 ? 0 : features_of(node));
    // What is assigned may be made of the output, which a fused loss leaves out.
    const bool fuses = use.assignments.empty();
    fused_.push_back(fuses && fused_loss(*graph_, outputs_, i, evaluation_.losses[i]));
  }
}

void TrainedGraph::find_lookups(const GraphUse& use) {
  for (int id = 0; id < graph_->size(); ++id) {
    const NodeSpec& node = graph_->node(id);
    if (node.kind->name != "take") continue;
    int source = node.inputs[0];
    std::vector<int> columns(static_cast<std::size_t>(features_of(source)));
    if (graph_->node(source).kind->name == "select_features") {
      columns = graph_->node(source).indices;
      source = graph_->node(source).inputs[0];
    } else {
      std::iota(columns.begin(), columns.end(), 0);
    }
    const auto found = std::find(use.inputs.begin(), use.inputs.end(), source);
    if (found == use.inputs.end()) continue;
    const auto input = static_cast<std::size_t>(found - use.inputs.begin());
    lookups_.push_back({input, std::move(columns), numbers_of(node)});
  }
}

void TrainedGraph::check_numbers(const Data& data, std::span<const std::int64_t> order) const {
  const std::int64_t count = order.empty() ? data.rows() : static_cast<std::int64_t>(order.size());
  std::vector<double> values;
  for (const Lookup& lookup : lookups_) {
    const Rows& source = data.x[lookup.input];
    values.resize(static_cast<std::size_t>(source.cols) * kLanes);
    for (std::int64_t first = 0; first < count; first += kLanes) {
      const int n = static_cast<int>(std::min<std::int64_t>(kLanes, count - first));
      const std::int64_t* rows = order.empty() ? nullptr : order.data() + first;
      read_rows(source, {rows, first, n}, 0, source.cols, values.data(), source.cols);
      for (int row = 0; row < n; ++row) {
        for (int column : lookup.columns) {
          const double value = values[static_cast<std::size_t>(row) * source.cols + column];
          if (!lookup.range.has(value)) lookup.range.refuse(value);
        }
      }
    }
  }
}

PlanRequest TrainedGraph::request(bool training, int max_batch,
                                  const std::vector<double>& entries) const {
  PlanRequest request;
  request.inputs = inputs_;
  request.outputs = outputs_;
  request.max_batch = max_batch;
  request.training = training;
  request.has_loss = has_loss_;
  request.fused = fused_;
  request.loss_nodes = loss_nodes_;
  request.late_nodes = late_nodes_;
  request.entries_per_row = entries;
  return request;
}

std::vector<Rows> TrainedGraph::sources(const Data& data) const {
  std::vector<Rows> rows = data.x;
  for (std::size_t output : target_outputs_) rows.push_back(data.y[output]);
  return rows;
}

std::vector<double> TrainedGraph::entries_per_row(const Data& data) const {
  return pynn::entries_per_row(*graph_, inputs_, roots_, sources(data));
}

std::vector<double> TrainedGraph::expected_entries() const {
  return pynn::expected_entries(*graph_, inputs_, roots_);
}

}  // namespace pynn
