#include "training/gather.hpp"

#include <algorithm>
#include <utility>

#include "dispatch/dispatch.hpp"
#include "graph/analysis.hpp"
#include "kernels/choose_product.hpp"

namespace pynn {

namespace {

// Rows of fewer columns are transposed in less time than it takes to go through their entries.
constexpr int kFewColumns = 64;
constexpr int kManyColumns = 4096;

}  // namespace

template <class T>
Gather<T>::Gather(ExecutionPlan<T>& plan, const std::vector<int>& inputs, int max_batch)
    : max_batch_(max_batch) {
  const int rows = block_count(max_batch) * kLanes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    auto input = std::make_unique<Input>();
    input->slot = &plan.slot(inputs[i]);
    input->wants_rows = plan.input_wants_rows(i);
    input->lone_column = input->slot->features == 1 && !input->wants_rows;
    input->may_keep_rows = plan.input_may_keep_rows(i) && !input->lone_column;
    input->ld = row_stride(input->slot->features, sizeof(T));
    if (input->slot->sparse) {
      const auto bytes = static_cast<std::size_t>(rows) * sizeof(std::int64_t);
      input->starts = AlignedBuffer(bytes);
      input->ends = AlignedBuffer(bytes);
      input->slot->entries.starts = static_cast<const std::int64_t*>(input->starts.data());
      input->slot->entries.ends = static_cast<const std::int64_t*>(input->ends.data());
    } else {
      input->pointers.resize(static_cast<std::size_t>(rows));
      arena_.request(&input->staging, static_cast<std::size_t>(rows * input->ld));
    }
    inputs_.push_back(std::move(input));
  }
  arena_.allocate();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Input& input = *inputs_[i];
    if (input.slot->sparse) continue;
    plan.set_input_rows(i, input.pointers.data());
    if (input.may_keep_rows) input.slot->rows_for_lanes = input.pointers.data();
  }
}

template <class T>
void Gather<T>::set_sources(const std::vector<Rows>& sources, bool may_repeat) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    Input& input = *inputs_[i];
    input.source = sources[i];
    input.direct = input.wants_rows ? is_direct<T>(sources[i]) : is_transposable<T>(sources[i]);
    if (input.slot->sparse) make_room(input, may_repeat);
  }
}

template <class T>
void Gather<T>::make_room(Input& input, bool may_repeat) const {
  const std::int64_t most =
      std::max<std::int64_t>(most_entries(input.source, max_batch_, may_repeat), 1);
  if (most <= input.capacity) return;
  const auto n = static_cast<std::size_t>(most);
  // All three or none: where there is no memory, the slot points to what there was.
  AlignedBuffer columns(n * sizeof(std::int32_t));
  AlignedBuffer values(n * sizeof(T));
  AlignedBuffer ordered(n * sizeof(SparseEntry<T>));
  input.columns = std::move(columns);
  input.values = std::move(values);
  input.ordered = std::move(ordered);
  input.capacity = most;
  Slot<T>& slot = *input.slot;
  slot.entries.columns = static_cast<const std::int32_t*>(input.columns.data());
  slot.entries.values = static_cast<const T*>(input.values.data());
  slot.ordered = static_cast<SparseEntry<T>*>(input.ordered.data());
}

// Each worker finds for itself where the entries of its first row go, so that none waits.
template <class T>
void Gather<T>::gather_entries(Input& input, const Pass& pass, const Share& share) {
  const int first = share.blocks.begin * kLanes;
  const int end = std::min(pass.count, share.blocks.end * kLanes);
  std::int64_t at = 0;
  for (int i = 0; i < first; ++i) at += entry_count(input.source, pass.row(i));
  auto* starts = static_cast<std::int64_t*>(input.starts.data());
  auto* ends = static_cast<std::int64_t*>(input.ends.data());
  auto* columns = static_cast<std::int32_t*>(input.columns.data());
  auto* values = static_cast<T*>(input.values.data());
  for (int i = first; i < end; ++i) {
    starts[i] = at;
    ends[i] = at + read_entries(input.source, pass.row(i), columns + at, values + at);
    at += entry_count(input.source, pass.row(i));
  }
}

template <class T>
void Gather<T>::gather(Input& input, const Pass& pass, const Share& share) {
  Slot<T>& slot = *input.slot;
  const bool keeps_rows = input.may_keep_rows && is_small_batch(kernel_table<T>(), pass.count);
  const Range columns = share.columns(slot.features);
  const bool first_part = share.part == 0;
  const T* block_rows[kLanes];
  for (int block = share.blocks.begin; block < share.blocks.end; ++block) {
    const int first = block * kLanes;
    const RowNumbers rows = pass.row_numbers(first, lanes_in_block(pass.count, block));
    if (input.lone_column) {
      if (columns.size() > 0) read_rows(input.source, rows, 0, 1, slot.value_at(block), 1);
      continue;
    }
    T* staged = input.staging + first * input.ld;
    if (input.direct) {
      for (int lane = 0; lane < rows.count; ++lane)
        block_rows[lane] = direct_row<T>(input.source, rows[lane]);
    } else {
      if (columns.size() > 0) {
        read_rows(input.source, rows, columns.begin, columns.end, staged + columns.begin, input.ld);
      }
      for (int lane = 0; lane < rows.count; ++lane) block_rows[lane] = staged + lane * input.ld;
    }
    if (first_part && (input.wants_rows || keeps_rows))
      std::copy_n(block_rows, rows.count, input.pointers.begin() + first);
    if (!keeps_rows && columns.size() > 0) {
      kernel_table<T>().rows_to_lanes(block_rows, rows.count, columns.begin, columns.end,
                                      slot.value_at(block), slot.block_stride);
    }
  }
}

template <class T>
double Gather<T>::elements_per_row() const {
  double elements = 0;
  for (const auto& input : inputs_) {
    const Slot<T>& slot = *input->slot;
    elements += slot.sparse ? slot.entries_per_row : slot.features;
  }
  return elements;
}

template <class T>
void Gather<T>::append_tasks(std::vector<Task>& tasks) {
  for (const auto& owned : inputs_) {
    Input* input = owned.get();
    if (input->slot->sparse) {
      tasks.push_back({[this, input](const Pass& pass, const Share& share) {
                         gather_entries(*input, pass, share);
                       },
                       kRowwise,
                       20.0 * input->slot->entries_per_row,
                       {},
                       {input->slot->key()}});
      continue;
    }
    // About ten operations' time an element.
    tasks.push_back(
        {[this, input](const Pass& pass, const Share& share) { gather(*input, pass, share); },
         kTranspose,
         10.0 * input->slot->features,
         {},
         {input->slot->value, input->staging}});
  }
}

std::vector<double> entries_per_row(const Graph& graph, const std::vector<int>& inputs,
                                    const std::vector<int>& roots,
                                    const std::vector<Rows>& sources) {
  std::vector<double> means;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Rows& source = sources[i];
    means.push_back(PlanRequest::kDense);
    if (!source.sparse || source.cols < kFewColumns || source.rows == 0) continue;
    const double mean = static_cast<double>(entry_count(source)) / static_cast<double>(source.rows);
    const double densest = densest_sparse(graph, roots, inputs[i]);
    if (densest > 0 && mean <= densest * source.cols) means.back() = mean;
  }
  return means;
}

std::vector<double> expected_entries(const Graph& graph, const std::vector<int>& inputs,
                                     const std::vector<int>& roots) {
  std::vector<double> means;
  for (int input : inputs) {
    const int features = graph.node(input).features;
    const double densest = features < kManyColumns ? 0 : densest_sparse(graph, roots, input);
    means.push_back(densest == 0 ? PlanRequest::kDense : densest * features);
  }
  return means;
}

bool same_kinds(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return (x == PlanRequest::kDense) == (y == PlanRequest::kDense);
  });
}

template class Gather<float>;
template class Gather<double>;

}  // namespace pynn
