// A graph made ready to run: buffers in one arena, ops bound to them, fusions, and the tasks of the
// forward and backward pass in order. A plan is for one thread team at a time.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "graph/graph.hpp"
#include "graph/schedule.hpp"

namespace pynn {

template <class T>
using ParameterMap = std::map<const Variable*, Parameter<T>*>;

struct PlanRequest {
  std::vector<int> inputs;
  std::vector<int> outputs;
  int max_batch = kLanes;
  bool training = false;
  // Per output, training only: a loss is taken of it. Fused: it is taken of the output's input (the
  // logits), and the output node itself runs only on demand.
  std::vector<char> has_loss;
  std::vector<char> fused;
  // Per output: the node that the loss is taken of instead, or -1. Further ones follow, with
  // has_loss, for terms of the loss that belong to no output.
  std::vector<int> loss_nodes;
  // Nodes that are wanted once the losses have been taken: metrics. What only they need comes late.
  std::vector<int> late_nodes;
  // Per input: the mean number of entries of rows that are given by their entries, kDense for
  // others. Empty for kDense.
  static constexpr double kDense = -1;
  std::vector<double> entries_per_row;
};

// Up to which share of its elements being stored the rows of an input are best given by their
// entries; 0 where something other than dense layers reads it. `roots`: the nodes that everything
// else is computed for.
double densest_sparse(const Graph& graph, const std::vector<int>& roots, int input);

// True if a loss of this output may be taken of the logits instead: the output is a softmax or a
// sigmoid that nothing else reads, of something that nothing else reads.
bool can_take_logits(const Graph& graph, const std::vector<int>& outputs, int output);

template <class T>
class Plan {
 public:
  Plan(const Graph& graph, const PlanRequest& request, const ParameterMap<T>& parameters);

  Slot<T>& slot(int node) { return slots_[static_cast<std::size_t>(node)]; }
  // Where a loss of output i reads its predictions and writes its gradient.
  Slot<T>& loss_slot(std::size_t i) { return slot(loss_nodes_[i]); }
  Slot<T>& output_slot(std::size_t i) { return slot(request_.outputs[i]); }

  // Row pointers of an input, to be set before the pass: max_batch of them. Null where none are
  // needed.
  bool input_wants_rows(std::size_t i) const { return input_wants_rows_[i] != 0; }
  void set_input_rows(std::size_t i, const T* const* rows) {
    slot(request_.inputs[i]).row_pointers = rows;
  }

  // Whether everything that reads an input may read rows of a small batch instead of lanes.
  bool input_may_keep_rows(std::size_t i) const;

  void append_forward(std::vector<Task>& tasks) const { append_values(tasks, false); }
  void append_late(std::vector<Task>& tasks) const { append_values(tasks, true); }
  void append_backward(std::vector<Task>& tasks) const;
  void append_update(std::vector<Task>& tasks) const;

  // Runs a fused output's own op on blocks of the batch; nothing to do for other outputs.
  void finish_output(std::size_t i, const Pass& pass, const Share& share);

  double forward_cost() const { return forward_cost_; }    // floating-point operations per row
  bool couples_rows() const { return couples_rows_; }      // in training
  bool always_couples() const { return always_couples_; }  // at inference too
  // How many nodes give a parameter a gradient.
  int uses(const Parameter<T>* parameter) const {
    const auto found = uses_.find(parameter);
    return found == uses_.end() ? 0 : found->second;
  }

 private:
  struct RowCopy {
    std::vector<const T*> pointers;
    T* rows = nullptr;
    std::ptrdiff_t ld = 0;
  };

  void find_used_nodes(const Graph& graph);
  void find_gradients(const Graph& graph, const ParameterMap<T>& parameters);
  void choose_fusions(const Graph& graph);
  void lay_out_buffers(const Graph& graph);
  void bind_ops(const Graph& graph, const ParameterMap<T>& parameters);
  bool is_loss_node(int node) const;
  void append_values(std::vector<Task>& tasks, bool late) const;
  void request_copy(RowCopy& copy, int features);
  static void point_to_rows(RowCopy& copy, int rows);
  Task copy_task(const RowCopy& copy, std::size_t node, const T* lanes) const;

  PlanRequest request_;
  std::vector<int> loss_nodes_;
  std::vector<char> used_, late_, has_grad_, skipped_, is_activation_, input_wants_rows_;
  std::vector<std::vector<int>> consumers_;  // per node, among the used nodes
  std::vector<int> value_of_, grad_of_;  // whose buffer a node uses: its own number unless aliased
  std::vector<Slot<T>> slots_;
  std::vector<std::unique_ptr<Op<T>>> ops_;  // null for unused nodes
  std::vector<RowCopy> row_copies_;          // per node, of its value
  std::vector<RowCopy> grad_copies_;         // per node, of its gradient
  std::vector<char> wants_copy_;
  std::map<const Parameter<T>*, int> uses_;
  Arena arena_;       // values and gradients
  Arena side_arena_;  // row-major copies and the ops' own buffers
  double forward_cost_ = 0;
  bool couples_rows_ = false;
  bool always_couples_ = false;
};

extern template class Plan<float>;
extern template class Plan<double>;

}  // namespace pynn
