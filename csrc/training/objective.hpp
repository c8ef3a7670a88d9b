// What a pass is judged by: the targets of a batch, its losses (with their gradients, in training)
// and its built-in metrics, summed over batches in float64.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/plan.hpp"
#include "training/rows.hpp"

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

  bool in_graph() const { return node >= 0; }
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

struct ObjectiveSpec {
  std::vector<LossChoice> losses;                  // per output, and then further terms of the sum
  std::vector<double> loss_weights;                // per output
  std::vector<std::vector<MetricChoice>> metrics;  // per output
  bool normalize_by_weights = false;  // divide by the sum of the sample weights instead of the rows
};

// Columns that the target of an output must have; 0 if the output needs no target.
int target_columns(const ObjectiveSpec& spec, std::size_t output, int features);

// The loss to take of the logits of `output` instead, if the graph allows it.
bool fused_loss(const Graph& graph, const std::vector<int>& outputs, std::size_t i,
                LossChoice& choice);

struct Tally {
  double total = 0;
  double count = 0;
  double mean() const { return count > 0 ? total / count : 0; }
};

struct Results {
  Tally loss;  // the weighted sum over the outputs, and regularization
  std::vector<Tally> outputs;
  std::vector<std::vector<Tally>> metrics;
};

template <class T>
class Objective {
 public:
  // `spec.losses` are those that the plan was built for: fused ones already replaced.
  Objective(Plan<T>& plan, const ObjectiveSpec& spec, const std::vector<int>& output_features,
            const std::vector<char>& fused, int max_batch, bool training);

  // Targets may be absent (rows = 0) where no loss or metric needs them; weights wherever all
  // are 1.
  void set_sources(const std::vector<Rows>& targets, const std::vector<Rows>& weights);
  void clear_sums();
  const Results& results() const { return results_; }
  // Per output: what the losses of a batch are divided by instead of its rows, for a batch that is
  // a piece of a larger one. Empty for none.
  void set_divisors(std::vector<double> divisors) { divisors_ = std::move(divisors); }

  void append_tasks(std::vector<Task>& tasks);
  // Metrics that are nodes of the graph, to be computed after the others.
  void append_late_metrics(std::vector<Task>& tasks);
  // `regularization` is read when the task runs; it is divided by the batch's size if `per_batch`.
  void append_tally(std::vector<Task>& tasks, const double* regularization, bool per_batch);
  // What a batch's losses and gradients are divided by: its rows or its sum of weights.
  double batch_divisor(const Pass& pass, std::size_t output) const;

 private:
  struct Output {
    LossChoice loss;
    double loss_weight = 1;
    std::vector<MetricChoice> metrics;
    Slot<T>* slot = nullptr;    // where the loss is taken
    Slot<T>* values = nullptr;  // the output itself
    bool fused = false;
    bool needs_values =
        false;  // a metric looks at the output itself though the loss takes the logits
    bool adds_gradient = false;  // an earlier output's loss has written to the same slot
    int columns = 0;             // of the target
    Rows target;
    Rows weight;
    T* lanes = nullptr;
    T* rows = nullptr;     // staging, if there are several columns
    T* losses = nullptr;   // per batch row
    T* weights = nullptr;  // per batch row
    T* scale = nullptr;    // per batch row
    std::vector<T*> hits;  // per metric and batch row
  };

  void gather(Output& output, std::size_t index, const Pass& pass, const Share& share);
  void judge(Output& output, std::size_t index, const Pass& pass, const Share& share);
  void measure(Output& output, const MetricChoice& metric, T* hits, int block);
  void tally(const Pass& pass, double regularization, bool per_batch);

  Plan<T>& plan_;
  bool training_;
  bool normalize_by_weights_;
  std::vector<double> divisors_;
  std::vector<std::unique_ptr<Output>> outputs_;
  Results results_;
  Arena arena_;
};

// Whether a loss of a batch depends on how rows are put together in batches, beyond rounding.
bool depends_on_batches(const ObjectiveSpec& spec);

extern template class Objective<float>;
extern template class Objective<double>;

}  // namespace pynn
