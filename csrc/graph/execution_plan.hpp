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
  // Nodes that are wanted once the losses have been taken: metrics and assignments. What only they
  // need comes late.
  std::vector<int> late_nodes;
  // Per input: the mean number of entries of rows that are given by their entries, kDense for
  // others. Empty for kDense.
  static constexpr double kDense = -1;
  std::vector<double> entries_per_row;
};

template <class T>
class ExecutionPlan {
 public:
  ExecutionPlan(const Graph& graph, const PlanRequest& request, const ParameterMap<T>& parameters);

  Slot<T>& slot(int node) { return at(node).slot; }
  // Where a loss of output i reads its predictions and writes its gradient.
  Slot<T>& loss_slot(std::size_t i) { return slot(loss_nodes_[i]); }
  Slot<T>& output_slot(std::size_t i) { return slot(request_.outputs[i]); }

  // Row pointers of an input, to be set before the pass: max_batch of them. Null where none are
  // needed.
  bool input_wants_rows(std::size_t i) const { return at(request_.inputs[i]).wants_rows; }
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

  double forward_cost() const noexcept {
    return forward_cost_;
  }  // floating-point operations per row
  // Of steps through whole matrices beside what the rows of a batch cost; operations of a batch.
  double stepping_cost() const;
  // Whether a row's output depends on the other rows of its batch, in training.
  bool depends_on_batch() const noexcept { return depends_on_batch_; }
  bool always_depends_on_batch() const noexcept {
    return always_depends_on_batch_;
  }  // at inference too
  // The ops that give a parameter a gradient.
  const std::vector<const Op<T>*>& uses(const Parameter<T>* parameter) const {
    static const std::vector<const Op<T>*> kNone;
    const auto found = uses_.find(parameter);
    return found == uses_.end() ? kNone : found->second;
  }

 private:
  // A row-major copy of lanes.
  struct RowCopy {
    std::vector<const T*> pointers;
    T* rows = nullptr;
    std::ptrdiff_t ld = 0;
  };

  struct Node {
    const NodeSpec* spec = nullptr;
    std::unique_ptr<Op<T>> op;  // null if the node is not used
    Slot<T> slot;
    std::vector<int> consumers;  // among the used nodes
    bool used = false;
    bool late = false;     // only late nodes need it
    bool skipped = false;  // a fused output
    bool has_grad = false;
    bool wants_rows = false;  // an update reads rows of the value
    int value_of = 0;         // whose buffer the node uses: its own number unless aliased
    int grad_of = 0;
    RowCopy value_copy;
    RowCopy grad_copy;

    bool is_activation() const noexcept { return spec->kind->activation >= 0; }
    bool is_product() const noexcept { return spec->kind->is_product; }
    // Its gradient goes on to its inputs and parameters.
    bool runs_backward() const noexcept { return op != nullptr && has_grad && !skipped; }
  };

  Node& at(int node) { return nodes_[node]; }
  const Node& at(int node) const { return nodes_[node]; }
  bool is_loss_node(int node) const;
  bool is_output(int node) const;
  bool is_read_alone(int node) const;  // by one node, no loss and no caller
  bool has_one_block(int node) const;

  void find_used_nodes(const Graph& graph);
  void find_loss_nodes();
  void find_gradients(const ParameterMap<T>& parameters);
  void choose_fusions();
  void fuse_into_product(int id);
  void lay_out_buffers();
  void bind_ops(const ParameterMap<T>& parameters);
  void order_gradients();
  void lay_out_copies();
  void request_copy(RowCopy& copy, int features);
  const T* const* point_to_rows(RowCopy& copy);

  void append_values(std::vector<Task>& tasks, bool late) const;

  PlanRequest request_;
  std::vector<int> loss_nodes_;
  std::vector<Node> nodes_;
  std::map<const Parameter<T>*, std::vector<const Op<T>*>> uses_;
  Arena arena_;       // values and gradients
  Arena side_arena_;  // row-major copies and the ops' own buffers
  double forward_cost_ = 0;
  bool depends_on_batch_ = false;
  bool always_depends_on_batch_ = false;
};

extern template class ExecutionPlan<float>;
extern template class ExecutionPlan<double>;

}  // namespace pynn
