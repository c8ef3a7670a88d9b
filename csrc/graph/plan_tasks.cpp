// The tasks of an execution plan, in the order in which they run on one worker.
#include <algorithm>

#include "graph/execution_plan.hpp"

namespace pynn {

namespace {

// From `lanes` of a slot, which are its value or its gradient, to rows.
template <class T>
Task copy_task(const KernelTable<T>* kernels, const Slot<T>* slot, const T* lanes, T* rows,
               std::ptrdiff_t ld) {
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

// grad_rows: the gradient as rows, or null.
template <class T>
Task update_task(Op<T>* op, const T* grad_rows) {
  Task task{[op](const Pass& pass, const Share& share) { op->update(pass, share); },
            kFeatureProduct,
            op->update_cost(),
            {op->out->grad},
            {}};
  task.always_features = true;
  if (grad_rows != nullptr) {
    task.reads.push_back(grad_rows);
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
    // The op that began the sum may have been divided in another way.
    if (!op->first_use[v]) task.reads.push_back(kept);
  }
  return task;
}

}  // namespace

template <class T>
void ExecutionPlan<T>::append_values(std::vector<Task>& tasks, bool late) const {
  for (const Node& node : nodes_) {
    if (node.op == nullptr || node.skipped || node.late != late) continue;
    Op<T>* op = node.op.get();
    const bool done_by_dense = op->fuses_relu && node.is_activation();
    if (op->cost() > 0 && !done_by_dense) {
      Task task{[op](const Pass& pass, const Share& share) { op->forward(pass, share); },
                op->forward_division(),
                op->cost(),
                {},
                {op->out->value}};
      task.always_features = op->keeps_features();
      for (const Slot<T>* input : op->in) task.reads.push_back(input->key());
      auto& touched = op->writes_variables() ? task.writes : task.reads;
      for (const VariablePtr& variable : op->variables) touched.push_back(variable->raw());
      tasks.push_back(std::move(task));
    }
    if (node.value_copy.rows != nullptr)
      tasks.push_back(copy_task(op->kernels, &node.slot, node.slot.value, node.value_copy.rows,
                                node.value_copy.ld));
  }
}

template <class T>
void ExecutionPlan<T>::append_backward(std::vector<Task>& tasks) const {
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    if (!node->runs_backward()) continue;
    Op<T>* op = node->op.get();
    const bool reaches_inputs = std::any_of(
        op->in.begin(), op->in.end(), [](const Slot<T>* input) { return input->grad != nullptr; });
    // The parameters of an op that reaches no input get their gradients in update(), but for those
    // that need the whole batch's statistics.
    if (!reaches_inputs && !op->keeps_gradients()) continue;
    const bool done_by_dense = op->relu_mask != nullptr && node->is_activation();
    if (op->cost() <= 0 || op->in.empty() || done_by_dense) continue;
    Task task{[op](const Pass& pass, const Share& share) { op->backward(pass, share); },
              op->backward_division(),
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

// All copies of gradients to rows come before the updates, so that no worker waits between
// two updates. Entries are ordered just before they are used: several ops may read the same ones,
// each in its own order.
template <class T>
void ExecutionPlan<T>::append_update(std::vector<Task>& tasks) const {
  std::vector<Task> updates;
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    if (!node->runs_backward()) continue;
    Op<T>* op = node->op.get();
    if (op->orders_entries()) {
      Task order{[op](const Pass& pass, const Share& share) { op->order_entries(pass, share); },
                 kFeatureProduct,
                 op->order_cost(),
                 {op->in[0]->key()},
                 {&op->in[0]->ordered}};
      order.always_features = true;
      updates.push_back(std::move(order));
    }
    if (node->grad_copy.rows != nullptr)
      tasks.push_back(
          copy_task(op->kernels, op->out, op->out->grad, node->grad_copy.rows, node->grad_copy.ld));
    Task task = update_task(op, node->grad_copy.rows);
    if (!task.writes.empty()) updates.push_back(std::move(task));
  }
  tasks.insert(tasks.end(), updates.begin(), updates.end());
}

template <class T>
double ExecutionPlan<T>::stepping_cost() const {
  double cost = 0;
  for (const Node& node : nodes_) {
    if (node.runs_backward())
      cost += std::max(0.0, node.op->update_cost() - node.op->cost()) * kLanes;
  }
  return cost;
}

template double ExecutionPlan<float>::stepping_cost() const;
template double ExecutionPlan<double>::stepping_cost() const;
template void ExecutionPlan<float>::append_values(std::vector<Task>&, bool) const;
template void ExecutionPlan<double>::append_values(std::vector<Task>&, bool) const;
template void ExecutionPlan<float>::append_backward(std::vector<Task>&) const;
template void ExecutionPlan<double>::append_backward(std::vector<Task>&) const;
template void ExecutionPlan<float>::append_update(std::vector<Task>&) const;
template void ExecutionPlan<double>::append_update(std::vector<Task>&) const;

}  // namespace pynn
