#include "graph/plan.hpp"

#include <algorithm>
#include <set>

#include "base/check.hpp"
#include "dispatch/dispatch.hpp"
#include "kernels/choose_product.hpp"

namespace pynn {

namespace {

std::vector<std::vector<int>> consumers_of(const Graph& graph, const std::vector<char>& used) {
  std::vector<std::vector<int>> consumers(static_cast<std::size_t>(graph.size()));
  for (int id = 0; id < graph.size(); ++id) {
    if (!used[static_cast<std::size_t>(id)]) continue;
    for (int input : graph.node(id).inputs)
      consumers[static_cast<std::size_t>(input)].push_back(id);
  }
  return consumers;
}

std::vector<char> nodes_below(const Graph& graph, const std::vector<int>& outputs) {
  std::vector<char> used(static_cast<std::size_t>(graph.size()), 0);
  for (int output : outputs) used[static_cast<std::size_t>(output)] = 1;
  for (int id = graph.size() - 1; id >= 0; --id) {
    if (!used[static_cast<std::size_t>(id)]) continue;
    for (int input : graph.node(id).inputs) used[static_cast<std::size_t>(input)] = 1;
  }
  return used;
}

bool is_activation(const NodeSpec& node, Activation which) {
  return node.kind->activation == static_cast<int>(which);
}

double densest_for(const NodeSpec& dense) {
  const bool transposed = dense.params[0] != 0;
  const bool in_out = (dense.variables[0]->layout() == Layout::by_input) != transposed;
  return densest_entries(in_out, dense.features);
}

}  // namespace

double densest_sparse(const Graph& graph, const std::vector<int>& roots, int input) {
  if (std::count(roots.begin(), roots.end(), input) > 0) return 0;
  double densest = 0;
  const auto consumers = consumers_of(graph, nodes_below(graph, roots));
  for (int id : consumers[static_cast<std::size_t>(input)]) {
    const NodeSpec& node = graph.node(id);
    if (!node.kind->is_dense) return 0;
    densest = densest == 0 ? densest_for(node) : std::min(densest, densest_for(node));
  }
  return densest;
}

bool can_take_logits(const Graph& graph, const std::vector<int>& outputs, int output) {
  const NodeSpec& node = graph.node(output);
  if (!node.kind->is_softmax && !is_activation(node, Activation::sigmoid)) return false;
  const int logits = node.inputs[0];
  const auto consumers = consumers_of(graph, nodes_below(graph, outputs));
  return consumers[static_cast<std::size_t>(output)].empty() &&
         consumers[static_cast<std::size_t>(logits)].size() == 1 &&
         std::count(outputs.begin(), outputs.end(), output) == 1 &&
         std::count(outputs.begin(), outputs.end(), logits) == 0;
}

template <class T>
Plan<T>::Plan(const Graph& graph, const PlanRequest& request, const ParameterMap<T>& parameters)
    : request_(request) {
  require(graph.dtype() == dtype_of<T>(), "the graph has another dtype");
  require(request.max_batch >= 1, "a batch needs at least one row");
  request_.fused.resize(request_.outputs.size(), 0);
  request_.loss_nodes.resize(std::max(request_.loss_nodes.size(), request_.outputs.size()), -1);
  request_.has_loss.resize(request_.loss_nodes.size(), 0);
  request_.entries_per_row.resize(request_.inputs.size(), PlanRequest::kDense);
  find_used_nodes(graph);
  find_gradients(graph, parameters);
  choose_fusions(graph);
  lay_out_buffers(graph);
  bind_ops(graph, parameters);
}

template <class T>
bool Plan<T>::is_loss_node(int node) const {
  for (std::size_t i = 0; i < loss_nodes_.size(); ++i) {
    if (request_.has_loss[i] && loss_nodes_[i] == node) return true;
  }
  return false;
}

template <class T>
void Plan<T>::find_used_nodes(const Graph& graph) {
  const auto size = static_cast<std::size_t>(graph.size());
  std::vector<int> wanted = request_.outputs;
  for (int node : request_.loss_nodes) {
    if (node >= 0) wanted.push_back(node);
  }
  const std::vector<char> early = nodes_below(graph, wanted);
  wanted.insert(wanted.end(), request_.late_nodes.begin(), request_.late_nodes.end());
  used_ = nodes_below(graph, wanted);
  late_.assign(size, 0);
  for (std::size_t i = 0; i < size; ++i) late_[i] = used_[i] && !early[i];
  skipped_.assign(size, 0);
  for (std::size_t i = 0; i < request_.loss_nodes.size(); ++i) {
    if (request_.loss_nodes[i] >= 0) {
      loss_nodes_.push_back(request_.loss_nodes[i]);
      continue;
    }
    const int output = request_.outputs[i];
    loss_nodes_.push_back(request_.fused[i] ? graph.node(output).inputs[0] : output);
    if (request_.fused[i]) skipped_[static_cast<std::size_t>(output)] = 1;
  }
  consumers_ = consumers_of(graph, used_);
  std::set<int> given;
  for (int input : request_.inputs) {
    require(graph.node(input).kind->is_input, "a model's input must be an input node");
    given.insert(input);
    used_[static_cast<std::size_t>(input)] = 1;
  }
  for (int id = 0; id < graph.size(); ++id) {
    require(
        !used_[static_cast<std::size_t>(id)] || !graph.node(id).kind->is_input || given.count(id),
        "the outputs depend on an input that is not among the model's inputs");
  }
}

template <class T>
void Plan<T>::find_gradients(const Graph& graph, const ParameterMap<T>& parameters) {
  const auto size = static_cast<std::size_t>(graph.size());
  has_grad_.assign(size, 0);
  if (!request_.training) return;
  std::vector<char> trainable(size, 0), reached(size, 0);
  for (int id = 0; id < graph.size(); ++id) {
    const NodeSpec& node = graph.node(id);
    char& mine = trainable[static_cast<std::size_t>(id)];
    for (const VariablePtr& variable : node.variables)
      mine |= parameters.count(variable.get()) != 0;
    for (int input : node.inputs) mine |= trainable[static_cast<std::size_t>(input)];
  }
  for (std::size_t i = 0; i < loss_nodes_.size(); ++i) {
    if (request_.has_loss[i]) reached[static_cast<std::size_t>(loss_nodes_[i])] = 1;
  }
  for (int id = graph.size() - 1; id >= 0; --id) {
    const auto i = static_cast<std::size_t>(id);
    for (int consumer : consumers_[i]) {
      const auto c = static_cast<std::size_t>(consumer);
      reached[i] |= reached[c] && !skipped_[c];
    }
    has_grad_[i] = used_[i] && reached[i] && trainable[i];
  }
}

template <class T>
void Plan<T>::choose_fusions(const Graph& graph) {
  const int size = graph.size();
  value_of_.resize(static_cast<std::size_t>(size));
  grad_of_.resize(static_cast<std::size_t>(size));
  slots_.resize(static_cast<std::size_t>(size));
  ops_.resize(static_cast<std::size_t>(size));
  is_activation_.assign(static_cast<std::size_t>(size), 0);
  for (int id = 0; id < size; ++id) {
    const auto i = static_cast<std::size_t>(id);
    value_of_[i] = grad_of_[i] = id;
    if (!used_[i]) continue;
    const NodeSpec& node = graph.node(id);
    ops_[i] = make_op<T>(node);
    is_activation_[i] = node.kind->activation >= 0;
    if (node.kind->activation < 0 || skipped_[i]) continue;
    const int source = node.inputs[0];
    const auto s = static_cast<std::size_t>(source);
    const bool alone = consumers_[s].size() == 1 && !is_loss_node(source) &&
                       std::count(request_.outputs.begin(), request_.outputs.end(), source) == 0;
    if (!alone || !graph.node(source).kind->is_dense) continue;
    // The activation works in place on the dense op's buffers.
    if (!kernel_table<T>().activation[node.kind->activation].needs_input) value_of_[i] = source;
    grad_of_[i] = source;
    if (is_activation(node, Activation::relu)) {
      ops_[i]->gated = ops_[s]->gated = true;
      const bool sole = consumers_[i].size() == 1 && !is_loss_node(id);
      if (sole && graph.node(consumers_[i][0]).kind->is_dense) ops_[i]->gate = &slots_[i];
    }
  }
  // The dense op after a relu applies the derivative while it writes the gradient.
  for (int id = 0; id < size; ++id) {
    const auto i = static_cast<std::size_t>(id);
    if (ops_[i] == nullptr || !graph.node(id).kind->is_dense) continue;
    const auto source = static_cast<std::size_t>(graph.node(id).inputs[0]);
    if (ops_[source]->gated && ops_[source]->gate == &slots_[source])
      ops_[i]->gate = &slots_[source];
  }
}

template <class T>
void Plan<T>::lay_out_buffers(const Graph& graph) {
  const auto size = static_cast<std::size_t>(graph.size());
  const int blocks = block_count(request_.max_batch);
  wants_copy_.assign(size, 0);
  row_copies_.resize(size);
  grad_copies_.resize(size);
  for (std::size_t k = 0; k < request_.inputs.size(); ++k) {
    Slot<T>& slot = slots_[static_cast<std::size_t>(request_.inputs[k])];
    slot.is_input = true;
    slot.sparse = request_.entries_per_row[k] != PlanRequest::kDense;
    slot.entries_per_row = request_.entries_per_row[k];
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (!used_[i]) continue;
    Slot<T>& slot = slots_[i];
    slot.features = graph.node(static_cast<int>(i)).features;
    slot.block_stride = round_up(slot.features, kRowAlign) * kLanes;
    const auto elements = static_cast<std::size_t>(blocks * slot.block_stride);
    if (value_of_[i] == static_cast<int>(i) && !slot.sparse) {
      arena_.request(&slot.value, elements);
    }
    if (has_grad_[i] && grad_of_[i] == static_cast<int>(i)) arena_.request(&slot.grad, elements);
  }
  arena_.allocate();
  for (std::size_t i = 0; i < size; ++i) {
    if (!used_[i]) continue;
    slots_[i].value = slots_[static_cast<std::size_t>(value_of_[i])].value;
    if (has_grad_[i]) slots_[i].grad = slots_[static_cast<std::size_t>(grad_of_[i])].grad;
  }
}

template <class T>
void Plan<T>::bind_ops(const Graph& graph, const ParameterMap<T>& parameters) {
  const int blocks = block_count(request_.max_batch);
  std::set<const Variable*> seen;
  std::set<int> started;  // nodes whose gradient some consumer or loss has written
  for (std::size_t i = 0; i < loss_nodes_.size(); ++i) {
    if (request_.has_loss[i]) started.insert(loss_nodes_[i]);
  }
  for (int id = 0; id < graph.size(); ++id) {
    const auto i = static_cast<std::size_t>(id);
    if (!used_[i]) continue;
    const NodeSpec& node = graph.node(id);
    Op<T>& op = *ops_[i];
    op.kernels = &kernel_table<T>();
    op.node = id;
    op.out = &slots_[i];
    for (int input : node.inputs) op.in.push_back(&slots_[static_cast<std::size_t>(input)]);
    op.variables = node.variables;
    op.accumulate.assign(node.inputs.size(), 0);
    op.first_use.assign(node.variables.size(), 1);
    op.parameters.assign(node.variables.size(), nullptr);
    for (std::size_t v = 0; has_grad_[i] && v < node.variables.size(); ++v) {
      const auto found = parameters.find(node.variables[v].get());
      if (found == parameters.end()) continue;
      op.parameters[v] = found->second;
      ++uses_[found->second];
    }
    couples_rows_ = couples_rows_ || node.kind->couples_rows;
    always_couples_ = always_couples_ || node.kind->always_couples;
    forward_cost_ += op.cost();
  }
  // Backward runs from the last node to the first: who comes first writes a gradient, later ones
  // add.
  for (int id = graph.size() - 1; id >= 0; --id) {
    const auto i = static_cast<std::size_t>(id);
    if (!has_grad_[i] || skipped_[i]) continue;
    Op<T>& op = *ops_[i];
    for (std::size_t k = 0; k < op.in.size(); ++k) {
      const int input = graph.node(id).inputs[k];
      if (!has_grad_[static_cast<std::size_t>(input)]) continue;
      op.accumulate[k] = !started.insert(input).second;
    }
    for (std::size_t v = 0; v < op.variables.size(); ++v) {
      if (op.parameters[v] != nullptr) op.first_use[v] = seen.insert(op.variables[v].get()).second;
    }
    if (op.wants_rows()) wants_copy_[static_cast<std::size_t>(graph.node(id).inputs[0])] = 1;
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!used_[i]) continue;
    const std::ptrdiff_t wanted = ops_[i]->workspace(blocks);
    if (wanted > 0) side_arena_.request(&ops_[i]->work, static_cast<std::size_t>(wanted));
    const bool is_input = graph.node(static_cast<int>(i)).kind->is_input;
    if (wants_copy_[i] && !is_input) request_copy(row_copies_[i], slots_[i].features);
    if (has_grad_[i] && !skipped_[i] && ops_[i]->wants_grad_rows())
      request_copy(grad_copies_[i], slots_[i].features);
  }
  side_arena_.allocate();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (row_copies_[i].rows != nullptr) {
      point_to_rows(row_copies_[i], blocks * kLanes);
      slots_[i].row_pointers = row_copies_[i].pointers.data();
    }
    if (grad_copies_[i].rows != nullptr) {
      point_to_rows(grad_copies_[i], blocks * kLanes);
      slots_[i].grad_rows = grad_copies_[i].pointers.data();
    }
  }
  for (int input : request_.inputs)
    input_wants_rows_.push_back(wants_copy_[static_cast<std::size_t>(input)]);
  for (const auto& op : ops_) {
    if (op != nullptr) op->on_bound();
  }
}

template <class T>
void Plan<T>::request_copy(RowCopy& copy, int features) {
  const int rows = block_count(request_.max_batch) * kLanes;
  copy.ld = row_stride(features, sizeof(T));
  side_arena_.request(&copy.rows, static_cast<std::size_t>(rows * copy.ld));
}

template <class T>
void Plan<T>::point_to_rows(RowCopy& copy, int rows) {
  for (int row = 0; row < rows; ++row) copy.pointers.push_back(copy.rows + row * copy.ld);
}

// From `lanes` of a node, which are its value or its gradient, to the rows of `copy`.
template <class T>
Task Plan<T>::copy_task(const RowCopy& copy, std::size_t node, const T* lanes) const {
  const Slot<T>* slot = &slots_[node];
  const KernelTable<T>* kernels = ops_[node]->kernels;
  T* rows = copy.rows;
  const std::ptrdiff_t ld = copy.ld;
  return {[slot, kernels, lanes, rows, ld](const Pass& pass, const Share& share) {
            const Range range = share.columns(slot->features);
            const int first = share.blocks.begin * kLanes;
            const int count = std::min(pass.count, share.blocks.end * kLanes) - first;
            if (range.size() <= 0 || count <= 0) return;
            kernels->lanes_to_rows(lanes + share.blocks.begin * slot->block_stride,
                                   slot->block_stride, range.begin, range.end, count,
                                   rows + first * ld, ld);
          },
          kTranspose,
          20.0 * slot->features,
          {lanes},
          {rows}};
}

template <class T>
void Plan<T>::append_values(std::vector<Task>& tasks, bool late) const {
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    if (ops_[i] == nullptr || skipped_[i] || (late_[i] != 0) != late) continue;
    Op<T>* op = ops_[i].get();
    const bool done_by_dense = op->gated && is_activation_[i];
    if (op->cost() > 0 && !done_by_dense) {
      Task task{[op](const Pass& pass, const Share& share) { op->forward(pass, share); },
                op->forward_division(request_.training),
                op->cost(),
                {},
                {op->out->value}};
      task.always_features = op->keeps_features();
      for (const Slot<T>* input : op->in) task.reads.push_back(input->key());
      tasks.push_back(std::move(task));
    }
    if (row_copies_[i].rows != nullptr)
      tasks.push_back(copy_task(row_copies_[i], i, slots_[i].value));
  }
}

template <class T>
void Plan<T>::append_backward(std::vector<Task>& tasks) const {
  for (std::size_t i = ops_.size(); i-- > 0;) {
    if (ops_[i] == nullptr || skipped_[i] || !has_grad_[i]) continue;
    Op<T>* op = ops_[i].get();
    bool reaches_inputs = false;
    for (const Slot<T>* input : op->in) reaches_inputs = reaches_inputs || input->grad != nullptr;
    // The parameters of an op that reaches no input get their gradients in update(), but for those
    // that need the whole batch's statistics.
    if (!reaches_inputs && !op->keeps_gradients()) continue;
    if (op->cost() <= 0 || op->in.empty() || (is_activation_[i] && op->gate != nullptr)) continue;
    Task task{[op](const Pass& pass, const Share& share) { op->backward(pass, share); },
              op->backward_division(request_.training),
              op->cost(),
              {op->out->grad},
              {}};
    for (const VariablePtr& variable : op->variables) task.reads.push_back(variable->raw());
    task.reads.push_back(op->out->value);
    for (const Slot<T>* input : op->in) {
      task.reads.push_back(input->key());
      if (input->grad != nullptr) task.writes.push_back(input->grad);
    }
    if (op->keeps_gradients()) task.writes.push_back(op->work);
    tasks.push_back(std::move(task));
  }
}

// What the updates read is turned round before all of them, so that nobody waits between two of
// them. Entries are ordered just before they are used: several ops may read the same ones, each in
// its own order.
template <class T>
void Plan<T>::append_update(std::vector<Task>& tasks) const {
  std::vector<Task> updates;
  for (std::size_t i = ops_.size(); i-- > 0;) {
    if (ops_[i] == nullptr || skipped_[i] || !has_grad_[i]) continue;
    Op<T>* op = ops_[i].get();
    Task task{[op](const Pass& pass, const Share& share) { op->update(pass, share); },
              kFeatureProduct,
              op->update_cost(),
              {op->out->grad},
              {}};
    task.always_features = true;
    if (op->orders_entries()) {
      Task order{[op](const Pass& pass, const Share& share) { op->order_entries(pass, share); },
                 kFeatureProduct,
                 op->order_cost(),
                 {op->in[0]->key()},
                 {&op->in[0]->ordered}};
      order.always_features = true;
      updates.push_back(std::move(order));
    }
    if (grad_copies_[i].rows != nullptr) {
      tasks.push_back(copy_task(grad_copies_[i], i, op->out->grad));
      task.reads.push_back(grad_copies_[i].rows);
      if (op->in[0]->sparse) task.reads.push_back(&op->in[0]->ordered);
    }
    if (op->keeps_gradients()) task.reads.push_back(op->work);
    for (const Slot<T>* input : op->in) {
      task.reads.push_back(input->key());
      if (input->row_pointers != nullptr) task.reads.push_back(input->row_pointers[0]);
    }
    for (std::size_t v = 0; v < op->variables.size(); ++v) {
      if (op->parameters[v] == nullptr) continue;
      task.writes.push_back(op->variables[v]->raw());
      const T* kept = op->parameters[v]->grad;
      if (kept == nullptr) continue;
      task.writes.push_back(kept);
      // Whoever has begun the sum may have divided it in another way.
      if (!op->first_use[v]) task.reads.push_back(kept);
    }
    if (!task.writes.empty()) updates.push_back(std::move(task));
  }
  tasks.insert(tasks.end(), updates.begin(), updates.end());
}

template <class T>
bool Plan<T>::input_may_keep_rows(std::size_t i) const {
  const int input = request_.inputs[i];
  const auto& outputs = request_.outputs;
  if (request_.training || std::count(outputs.begin(), outputs.end(), input) > 0) return false;
  const std::vector<int>& consumers = consumers_[static_cast<std::size_t>(input)];
  return std::all_of(consumers.begin(), consumers.end(), [this](int id) {
    return ops_[static_cast<std::size_t>(id)]->may_read_rows();
  });
}

template <class T>
void Plan<T>::finish_output(std::size_t i, const Pass& pass, const Share& share) {
  Op<T>& op = *ops_[static_cast<std::size_t>(request_.outputs[i])];
  if (request_.fused[i]) op.forward(pass, share);
}

template class Plan<float>;
template class Plan<double>;

}  // namespace pynn
