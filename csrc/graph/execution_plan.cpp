#include "graph/execution_plan.hpp"

#include <algorithm>
#include <set>

#include "base/check.hpp"
#include "dispatch/dispatch.hpp"
#include "graph/analysis.hpp"

namespace pynn {

template <class T>
ExecutionPlan<T>::ExecutionPlan(const Graph& graph, const PlanRequest& request,
                                const ParameterMap<T>& parameters)
    : request_(request), nodes_(static_cast<std::size_t>(graph.size())) {
  require(graph.dtype() == dtype_of<T>(), "the graph has another dtype");
  require(request.max_batch >= 1, "a batch needs at least one row");
  request_.fused.resize(request_.outputs.size(), 0);
  request_.loss_nodes.resize(std::max(request_.loss_nodes.size(), request_.outputs.size()), -1);
  request_.has_loss.resize(request_.loss_nodes.size(), 0);
  request_.entries_per_row.resize(request_.inputs.size(), PlanRequest::kDense);
  find_used_nodes(graph);
  find_loss_nodes();
  find_gradients(parameters);
  choose_fusions();
  lay_out_buffers();
  bind_ops(parameters);
  order_gradients();
  lay_out_copies();
  for (Node& node : nodes_) {
    if (node.op != nullptr) node.op->on_bound();
  }
}

template <class T>
bool ExecutionPlan<T>::is_loss_node(int node) const {
  for (std::size_t i = 0; i < loss_nodes_.size(); ++i) {
    if (request_.has_loss[i] && loss_nodes_[i] == node) return true;
  }
  return false;
}

template <class T>
bool ExecutionPlan<T>::is_output(int node) const {
  return std::count(request_.outputs.begin(), request_.outputs.end(), node) > 0;
}

template <class T>
bool ExecutionPlan<T>::is_read_alone(int node) const {
  return at(node).consumers.size() == 1 && !is_loss_node(node) && !is_output(node);
}

template <class T>
void ExecutionPlan<T>::find_used_nodes(const Graph& graph) {
  std::vector<int> wanted = request_.outputs;
  for (int node : request_.loss_nodes) {
    if (node >= 0) wanted.push_back(node);
  }
  const std::vector<char> early = nodes_below(graph, wanted);
  wanted.insert(wanted.end(), request_.late_nodes.begin(), request_.late_nodes.end());
  const std::vector<char> used = nodes_below(graph, wanted);
  std::vector<std::vector<int>> consumers = consumers_of(graph, used);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].spec = &graph.node(static_cast<int>(i));
    nodes_[i].used = used[i] != 0;
    nodes_[i].late = used[i] && !early[i];
    nodes_[i].consumers = std::move(consumers[i]);
  }
  for (int input : request_.inputs) {
    require(graph.node(input).kind->is_input, "a model's input must be an input node");
    at(input).used = at(input).slot.is_input = true;
  }
  for (const Node& node : nodes_) {
    require(!node.used || !node.spec->kind->is_input || node.slot.is_input,
            "the outputs depend on an input that is not among the model's inputs");
  }
}

template <class T>
void ExecutionPlan<T>::find_loss_nodes() {
  for (std::size_t i = 0; i < request_.loss_nodes.size(); ++i) {
    int node = request_.loss_nodes[i];
    if (node < 0) {
      node = request_.outputs[i];
      if (request_.fused[i]) {
        at(node).skipped = true;
        node = at(node).spec->inputs[0];
      }
    }
    loss_nodes_.push_back(node);
  }
}

// A node has a gradient if something below it is trained, and a loss above it reads it.
template <class T>
void ExecutionPlan<T>::find_gradients(const ParameterMap<T>& parameters) {
  if (!request_.training) return;
  std::vector<char> trainable(nodes_.size(), 0), reached(nodes_.size(), 0);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    for (const VariablePtr& variable : nodes_[i].spec->variables)
      trainable[i] |= parameters.count(variable.get()) != 0;
    for (int input : nodes_[i].spec->inputs) trainable[i] |= trainable[input];
  }
  for (std::size_t i = 0; i < loss_nodes_.size(); ++i) {
    if (request_.has_loss[i]) reached[loss_nodes_[i]] = 1;
  }
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    for (int consumer : nodes_[i].consumers)
      reached[i] |= reached[consumer] && !at(consumer).skipped;
    nodes_[i].has_grad = nodes_[i].used && reached[i] && trainable[i];
  }
}

template <class T>
void ExecutionPlan<T>::choose_fusions() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    const int id = static_cast<int>(i);
    node.value_of = node.grad_of = id;
    if (!node.used) continue;
    node.op = make_op<T>(*node.spec);
    if (node.is_activation() && !node.skipped) fuse_into_product(id);
    if (node.spec->kind->gradient_in_place && is_read_alone(node.spec->inputs[0]))
      node.grad_of = node.spec->inputs[0];
  }
  // The product after a fused relu applies the derivative while it writes the gradient.
  for (Node& node : nodes_) {
    if (node.op == nullptr || !node.is_product()) continue;
    const Node& source = at(node.spec->inputs[0]);
    if (source.op->fuses_relu && source.op->relu_mask == &source.slot)
      node.op->relu_mask = &source.slot;
  }
}

// The activation of a product that nothing else reads works in place on the product's buffers; a
// relu happens in its tiles.
template <class T>
void ExecutionPlan<T>::fuse_into_product(int id) {
  Node& node = at(id);
  const int source_id = node.spec->inputs[0];
  Node& source = at(source_id);
  if (!is_read_alone(source_id) || !source.is_product()) return;
  const int activation = node.spec->kind->activation;
  if (!kernel_table<T>().activation[activation].needs_input) node.value_of = source_id;
  node.grad_of = source_id;
  if (activation != static_cast<int>(Activation::relu)) return;
  node.op->fuses_relu = source.op->fuses_relu = true;
  const bool sole = node.consumers.size() == 1 && !is_loss_node(id);
  if (sole && at(node.consumers[0]).is_product()) node.op->relu_mask = &node.slot;
}

// A variable that only an expression reads: copies for all rows, and their gradients, would be
// large and go through memory again and again.
template <class T>
bool ExecutionPlan<T>::has_one_block(int id) const {
  const Node& node = at(id);
  if (!node.spec->kind->is_variable || !is_read_alone(id)) return false;
  const NodeSpec& reader = *at(node.consumers[0]).spec;
  return reader.kind->reads_one_block &&
         std::count(reader.inputs.begin(), reader.inputs.end(), id) == 1 &&
         std::all_of(reader.input_features.begin(), reader.input_features.end(),
                     [&](int features) { return features == reader.features; });
}

template <class T>
void ExecutionPlan<T>::lay_out_buffers() {
  const int blocks = block_count(request_.max_batch);
  for (std::size_t k = 0; k < request_.inputs.size(); ++k) {
    Slot<T>& input = slot(request_.inputs[k]);
    input.sparse = request_.entries_per_row[k] != PlanRequest::kDense;
    input.entries_per_row = request_.entries_per_row[k];
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    const int id = static_cast<int>(i);
    if (!node.used) continue;
    Slot<T>& slot = node.slot;
    slot.features = node.spec->features;
    const std::ptrdiff_t block = round_up(slot.features, kRowAlign) * kLanes;
    slot.block_stride = has_one_block(id) ? 0 : block;
    const auto elements = static_cast<std::size_t>(slot.block_stride == 0 ? block : blocks * block);
    if (node.value_of == id && !slot.sparse) arena_.request(&slot.value, elements);
    if (node.has_grad && node.grad_of == id) arena_.request(&slot.grad, elements);
  }
  // Ops that read whole vectors of features from within a value may read beyond the last one.
  T* slack = nullptr;
  arena_.request(&slack, kRowAlign * kLanes);
  arena_.allocate();
  for (Node& node : nodes_) {
    if (!node.used) continue;
    node.slot.value = slot(node.value_of).value;
    if (node.has_grad) node.slot.grad = slot(node.grad_of).grad;
  }
}

template <class T>
void ExecutionPlan<T>::bind_ops(const ParameterMap<T>& parameters) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    if (!node.used) continue;
    const NodeSpec& spec = *node.spec;
    Op<T>& op = *node.op;
    op.kernels = &kernel_table<T>();
    op.node = static_cast<int>(i);
    op.out = &node.slot;
    for (int input : spec.inputs) op.in.push_back(&slot(input));
    op.variables = spec.variables;
    op.accumulate.assign(spec.inputs.size(), 0);
    op.first_use.assign(spec.variables.size(), 1);
    op.parameters.assign(spec.variables.size(), nullptr);
    for (std::size_t v = 0; node.has_grad && v < spec.variables.size(); ++v) {
      const auto found = parameters.find(spec.variables[v].get());
      if (found == parameters.end()) continue;
      op.parameters[v] = found->second;
      uses_[found->second].push_back(&op);
    }
    depends_on_batch_ = depends_on_batch_ || spec.kind->depends_on_batch;
    always_depends_on_batch_ = always_depends_on_batch_ || spec.kind->always_depends_on_batch;
    forward_cost_ += op.cost();
  }
}

// Backward runs from the last node to the first: the first op to write a gradient overwrites it,
// later ones add to it.
template <class T>
void ExecutionPlan<T>::order_gradients() {
  std::set<const Variable*> seen;
  std::set<int> started;  // nodes whose gradient some consumer or loss has written
  for (std::size_t i = 0; i < loss_nodes_.size(); ++i) {
    if (request_.has_loss[i]) started.insert(loss_nodes_[i]);
  }
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    if (!node.runs_backward()) continue;
    Op<T>& op = *node.op;
    for (std::size_t k = 0; k < op.in.size(); ++k) {
      const int input = node.spec->inputs[k];
      if (at(input).has_grad) op.accumulate[k] = !started.insert(input).second;
    }
    for (std::size_t v = 0; v < op.variables.size(); ++v) {
      if (op.parameters[v] != nullptr) op.first_use[v] = seen.insert(op.variables[v].get()).second;
    }
    if (op.wants_rows()) at(node.spec->inputs[0]).wants_rows = true;
  }
}

template <class T>
void ExecutionPlan<T>::lay_out_copies() {
  for (Node& node : nodes_) {
    if (!node.used) continue;
    const std::ptrdiff_t wanted = node.op->workspace(block_count(request_.max_batch));
    if (wanted > 0) side_arena_.request(&node.op->work, static_cast<std::size_t>(wanted));
    if (node.wants_rows && !node.slot.is_input) request_copy(node.value_copy, node.slot.features);
    if (node.runs_backward() && node.op->wants_grad_rows())
      request_copy(node.grad_copy, node.slot.features);
  }
  side_arena_.allocate();
  for (Node& node : nodes_) {
    if (node.value_copy.rows != nullptr) node.slot.row_pointers = point_to_rows(node.value_copy);
    if (node.grad_copy.rows != nullptr) node.slot.grad_rows = point_to_rows(node.grad_copy);
  }
}

template <class T>
void ExecutionPlan<T>::request_copy(RowCopy& copy, int features) {
  const int rows = block_count(request_.max_batch) * kLanes;
  copy.ld = row_stride(features, sizeof(T));
  side_arena_.request(&copy.rows, static_cast<std::size_t>(rows * copy.ld));
}

template <class T>
const T* const* ExecutionPlan<T>::point_to_rows(RowCopy& copy) {
  const int rows = block_count(request_.max_batch) * kLanes;
  for (int row = 0; row < rows; ++row) copy.pointers.push_back(copy.rows + row * copy.ld);
  return copy.pointers.data();
}

template <class T>
bool ExecutionPlan<T>::input_may_keep_rows(std::size_t i) const {
  const int input = request_.inputs[i];
  if (request_.training || is_output(input)) return false;
  const std::vector<int>& consumers = at(input).consumers;
  return std::all_of(consumers.begin(), consumers.end(),
                     [this](int id) { return at(id).op->may_read_rows(); });
}

template <class T>
void ExecutionPlan<T>::finish_output(std::size_t i, const Pass& pass, const Share& share) {
  if (request_.fused[i]) at(request_.outputs[i]).op->forward(pass, share);
}

template class ExecutionPlan<float>;
template class ExecutionPlan<double>;

}  // namespace pynn
