#include "training/evaluator.hpp"

#include <algorithm>

#include "dispatch/dispatch.hpp"

namespace pynn {

namespace {

// Whether a metric must see the output itself where the loss takes the logits. The likeliest class
// has the largest logit, and a sigmoid is above 1/2 where its logit is positive; a softmax's
// threshold is its own.
bool must_see_output(const MetricChoice& metric, const LossChoice& loss_of_logits) {
  return metric.kind == MetricKind::loss || metric.kind == MetricKind::node ||
         (metric.kind == MetricKind::binary_accuracy &&
          loss_of_logits.loss != Loss::binary_crossentropy_logits);
}

// The sum of value(row) over a batch, row i added to partial sum i % 4: each addition waits for the
// last one of its sum, and would take half as long as a small layer if there were one sum only.
template <class Value>
double sum_rows(int count, const Value& value) {
  double sums[4] = {};
  int row = 0;
  for (; row + 4 <= count; row += 4) {
    for (int i = 0; i < 4; ++i) sums[i] += value(row + i);
  }
  for (int i = 0; row < count; ++row, ++i) sums[i] += value(row);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

template <class T>
Evaluator<T>::Evaluator(ExecutionPlan<T>& plan, const EvaluationSpec& spec,
                        const std::vector<int>& output_features, const std::vector<char>& fused,
                        int max_batch, bool training)
    : plan_(plan), training_(training) {
  const int rows = block_count(max_batch) * kLanes;
  const std::size_t outputs = output_features.size();
  results_.outputs.resize(outputs);
  results_.metrics.resize(outputs);
  for (std::size_t i = 0; i < spec.losses.size(); ++i) {
    auto output = std::make_unique<Output>();
    output->loss = spec.losses[i];
    output->divisor = spec.divisor(i);
    output->slot = &plan.loss_slot(i);
    output->values = output->slot;
    if (i < outputs) {
      output->loss_weight = spec.loss_weights[i];
      output->metrics = spec.metrics[i];
      output->values = &plan.output_slot(i);
      output->fused = fused[i] != 0;
      output->columns = target_columns(spec, i, output_features[i]);
    }
    for (std::size_t j = 0; j < i; ++j) {
      output->adds_gradient =
          output->adds_gradient || (outputs_[j]->loss.present && outputs_[j]->slot == output->slot);
    }
    if (i < outputs) results_.metrics[i].resize(output->metrics.size());
    output->hits.resize(output->metrics.size());
    const auto n = static_cast<std::size_t>(rows);
    const auto padded = static_cast<std::size_t>(round_up(output->columns, kRowAlign));
    for (const MetricChoice& metric : output->metrics) {
      output->needs_values =
          output->needs_values || (output->fused && must_see_output(metric, output->loss));
    }
    arena_.request(&output->lanes, n * padded);
    if (output->columns > 1) arena_.request(&output->rows, n * padded);
    arena_.request(&output->losses, n);
    arena_.request(&output->weights, n);
    arena_.request(&output->scale, n);
    for (T*& hits : output->hits) arena_.request(&hits, n);
    outputs_.push_back(std::move(output));
  }
  arena_.allocate();
}

template <class T>
void Evaluator<T>::set_sources(const std::vector<Rows>& targets, const std::vector<Rows>& weights) {
  for (std::size_t i = 0; i < targets.size(); ++i) {
    outputs_[i]->target = targets[i];
    outputs_[i]->weight = weights[i];
  }
}

template <class T>
void Evaluator<T>::clear_sums() {
  results_.loss = {};
  for (Tally& tally : results_.outputs) tally = {};
  for (auto& tallies : results_.metrics) std::fill(tallies.begin(), tallies.end(), Tally{});
}

template <class T>
double Evaluator<T>::batch_divisor(const Pass& pass, std::size_t index) const {
  if (!divisors_.empty()) return divisors_[index];
  const Output& output = *outputs_[index];
  return loss_divisor(output.divisor, output.weight, pass.rows, pass.first_row, pass.count);
}

template <class T>
void Evaluator<T>::gather(Output& output, std::size_t index, const Pass& pass, const Share& share) {
  const double divisor = batch_divisor(pass, index);
  const T factor = static_cast<T>(output.loss_weight / divisor);
  const std::ptrdiff_t stride = round_up(output.columns, kRowAlign);
  for (int block = share.blocks.begin; block < share.blocks.end; ++block) {
    const int first = block * kLanes;
    const RowNumbers rows = pass.row_numbers(first, lanes_in_block(pass.count, block));
    T* weights = output.weights + first;
    if (output.weight.rows > 0) {
      read_rows(output.weight, rows, 0, 1, weights, 1);
    } else {
      std::fill_n(weights, kLanes, T(1));
    }
    for (int lane = 0; lane < kLanes; ++lane) output.scale[first + lane] = weights[lane] * factor;
    T* lanes = output.lanes + first * stride;
    if (output.columns == 1) {
      read_rows(output.target, rows, 0, 1, lanes, 1);
    } else if (output.columns > 1) {
      T* staged = output.rows + first * stride;
      const T* pointers[kLanes];
      read_rows(output.target, rows, 0, output.columns, staged, stride);
      for (int lane = 0; lane < rows.count; ++lane) pointers[lane] = staged + lane * stride;
      kernel_table<T>().rows_to_lanes(pointers, rows.count, 0, output.columns, lanes,
                                      stride * kLanes);
    }
  }
}

template <class T>
void Evaluator<T>::evaluate(Output& output, std::size_t index, const Pass& pass,
                            const Share& share) {
  if (output.needs_values) plan_.finish_output(index, pass, share);
  const std::ptrdiff_t stride = round_up(output.columns, kRowAlign) * kLanes;
  for (int block = share.blocks.begin; block < share.blocks.end; ++block) {
    if (output.loss.in_graph()) {
      std::copy_n(output.slot->value_at(block), kLanes, output.losses + block * kLanes);
      if (training_ && output.slot->grad != nullptr)
        std::copy_n(output.scale + block * kLanes, kLanes, output.slot->grad_at(block));
    } else if (output.loss.present) {
      LossArgs<T> a{};
      a.target = output.lanes + block * stride;
      a.prediction = output.slot->value_at(block);
      a.features = output.slot->features;
      for (int p = 0; p < kMaxLossParameters; ++p)
        a.parameters[p] = static_cast<T>(output.loss.parameters[p]);
      a.losses = output.losses + block * kLanes;
      a.grad = training_ && output.slot->grad != nullptr ? output.slot->grad_at(block) : nullptr;
      a.scale = output.scale + block * kLanes;
      a.accumulate = output.adds_gradient;
      kernel_table<T>().loss[static_cast<int>(output.loss.loss)](a);
    }
    for (std::size_t m = 0; m < output.metrics.size(); ++m) {
      measure(output, output.metrics[m], output.hits[m] + block * kLanes, block);
    }
  }
}

template <class T>
void Evaluator<T>::measure(Output& output, const MetricChoice& metric, T* hits, int block) {
  const KernelTable<T>& kernels = kernel_table<T>();
  const T* target = output.lanes + block * round_up(output.columns, kRowAlign) * kLanes;
  const Slot<T>& slot = output.fused ? *output.slot : *output.values;
  alignas(64) T wanted[kLanes];
  switch (metric.kind) {
    case MetricKind::binary_accuracy: {
      const bool of_logit = output.fused && !must_see_output(metric, output.loss);
      const T* prediction = of_logit ? slot.value_at(block) : output.values->value_at(block);
      kernels.threshold_hits(target, prediction, slot.features, of_logit ? T(0) : T(0.5), hits);
      break;
    }
    case MetricKind::categorical_accuracy:
      kernels.argmax(slot.value_at(block), slot.features, hits);
      kernels.argmax(target, slot.features, wanted);
      for (int lane = 0; lane < kLanes; ++lane)
        hits[lane] = hits[lane] == wanted[lane] ? T(1) : T(0);
      break;
    case MetricKind::sparse_categorical_accuracy:
      kernels.argmax(slot.value_at(block), slot.features, hits);
      for (int lane = 0; lane < kLanes; ++lane)
        hits[lane] = hits[lane] == target[lane] ? T(1) : T(0);
      break;
    case MetricKind::loss: {
      LossArgs<T> a{};
      a.target = target;
      a.prediction = output.values->value_at(block);
      a.features = output.values->features;
      for (int p = 0; p < kMaxLossParameters; ++p)
        a.parameters[p] = static_cast<T>(metric.loss.parameters[p]);
      a.losses = hits;
      kernels.loss[static_cast<int>(metric.loss.loss)](a);
      break;
    }
    case MetricKind::node:
      break;  // append_late_metrics() reads it
  }
}

template <class T>
void Evaluator<T>::tally(const Pass& pass, double regularization, bool per_batch) {
  double batch_loss = 0;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const Output& output = *outputs_[i];
    if (output.loss.present) {
      const double sum = sum_rows(pass.count, [&](int row) {
        return static_cast<double>(output.losses[row]) * static_cast<double>(output.weights[row]);
      });
      const double mean = sum / batch_divisor(pass, i);
      if (i < results_.outputs.size()) {
        results_.outputs[i].total += mean * pass.count;
        results_.outputs[i].count += pass.count;
      }
      batch_loss += output.loss_weight * mean;
    }
    for (std::size_t m = 0; m < output.metrics.size(); ++m) {
      const T* hits = output.hits[m];
      results_.metrics[i][m].total +=
          sum_rows(pass.count, [&](int row) { return static_cast<double>(hits[row]); });
      results_.metrics[i][m].count += pass.count;
    }
  }
  batch_loss += per_batch ? regularization / batch_divisor(pass, 0) : regularization;
  results_.loss.total += batch_loss * pass.count;
  results_.loss.count += pass.count;
}

template <class T>
void Evaluator<T>::append_tasks(std::vector<Task>& tasks) {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    Output* output = outputs_[i].get();
    tasks.push_back({[this, output, i](const Pass& pass, const Share& share) {
                       gather(*output, i, pass, share);
                     },
                     kRowwise,
                     4.0 * output->columns + 4,
                     {},
                     {output->lanes, output->weights}});
    Task evaluation{[this, output, i](const Pass& pass, const Share& share) {
                      evaluate(*output, i, pass, share);
                    },
                    kRowwise,
                    20.0 * output->slot->features,
                    {output->slot->value, output->values->value, output->lanes, output->weights},
                    {output->losses}};
    if (output->needs_values) evaluation.writes.push_back(output->values->value);
    if (output->slot->grad != nullptr) evaluation.writes.push_back(output->slot->grad);
    tasks.push_back(std::move(evaluation));
  }
}

template <class T>
void Evaluator<T>::append_late_metrics(std::vector<Task>& tasks) {
  for (const auto& output : outputs_) {
    for (std::size_t m = 0; m < output->metrics.size(); ++m) {
      if (output->metrics[m].kind != MetricKind::node) continue;
      const Slot<T>* slot = &plan_.slot(output->metrics[m].node);
      T* hits = output->hits[m];
      tasks.push_back({[slot, hits](const Pass&, const Share& share) {
                         for (int block = share.blocks.begin; block < share.blocks.end; ++block)
                           std::copy_n(slot->value_at(block), kLanes, hits + block * kLanes);
                       },
                       kRowwise,
                       1,
                       {slot->value},
                       {hits}});
    }
  }
}

template <class T>
void Evaluator<T>::append_tally(std::vector<Task>& tasks, const double* regularization,
                                bool per_batch) {
  Task task{[this, regularization, per_batch](const Pass& pass, const Share&) {
              tally(pass, regularization == nullptr ? 0 : *regularization, per_batch);
            },
            kRowwise,
            4,
            {},
            {}};
  task.always_serial = true;
  for (const auto& output : outputs_) {
    task.reads.push_back(output->losses);
    for (const T* hits : output->hits) task.reads.push_back(hits);
  }
  tasks.push_back(std::move(task));
}

template class Evaluator<float>;
template class Evaluator<double>;

}  // namespace pynn
