// Evaluates the outputs of a batch: reads its targets, and takes losses (with their gradients, in
// training) and metrics, which are summed over batches in float64.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "graph/execution_plan.hpp"
#include "training/data.hpp"

namespace pynn {

struct Tally {
  double total = 0;
  double count = 0;
  double mean() const noexcept { return count > 0 ? total / count : 0; }
};

struct Results {
  Tally loss;  // the weighted sum over the outputs, and regularization
  std::vector<Tally> outputs;
  std::vector<std::vector<Tally>> metrics;
};

template <class T>
class Evaluator {
 public:
  // `spec.losses` are those that the plan was built for: fused ones already replaced.
  Evaluator(ExecutionPlan<T>& plan, const EvaluationSpec& spec,
            const std::vector<int>& output_features, const std::vector<char>& fused, int max_batch,
            bool training);

  // Targets may be absent (rows = 0) where no loss or metric needs them; weights wherever all
  // are 1.
  void set_sources(const std::vector<Rows>& targets, const std::vector<Rows>& weights);
  void clear_sums();
  const Results& results() const noexcept { return results_; }
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
    Divisor divisor = Divisor::rows;
    double loss_weight = 1;
    std::vector<MetricChoice> metrics;
    Slot<T>* slot = nullptr;    // where the loss is taken
    Slot<T>* values = nullptr;  // the output itself
    bool fused = false;
    bool needs_values = false;  // a metric reads the output itself though the loss takes the logits
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
  void evaluate(Output& output, std::size_t index, const Pass& pass, const Share& share);
  void measure(Output& output, const MetricChoice& metric, T* hits, int block);
  void tally(const Pass& pass, double regularization, bool per_batch);

  ExecutionPlan<T>& plan_;
  bool training_;
  std::vector<double> divisors_;
  std::vector<std::unique_ptr<Output>> outputs_;
  Results results_;
  Arena arena_;
};

extern template class Evaluator<float>;
extern template class Evaluator<double>;

}  // namespace pynn
