#include "training/gather.hpp"

#include <algorithm>
#include <cstdlib>

#include "dispatch/dispatch.hpp"

namespace pynn {

namespace {

// Data up to this size stays in the second-level cache by itself.
constexpr std::ptrdiff_t kCachedBytes = std::ptrdiff_t{1} << 19;

}  // namespace

template <class T>
Gather<T>::Gather(Plan<T>& plan, const std::vector<int>& inputs, int max_batch) {
  const int rows = block_count(max_batch) * kLanes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    auto input = std::make_unique<Input>();
    input->slot = &plan.slot(inputs[i]);
    input->lone_column = input->slot->features == 1 && !plan.input_wants_rows(i);
    input->ld = row_stride(input->slot->features, sizeof(T));
    input->pointers.resize(static_cast<std::size_t>(rows));
    arena_.request(&input->staging, static_cast<std::size_t>(rows * input->ld));
    inputs_.push_back(std::move(input));
  }
  arena_.allocate();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Input& input = *inputs_[i];
    plan.set_input_rows(i, input.pointers.data());
  }
}

template <class T>
void Gather<T>::set_sources(const std::vector<Rows>& sources) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    inputs_[i]->source = sources[i];
    inputs_[i]->direct = is_direct<T>(sources[i]);
    inputs_[i]->prefetch = sources[i].rows * std::abs(sources[i].row_bytes) > kCachedBytes;
  }
}

template <class T>
void Gather<T>::gather(Input& input, const Pass& pass, const Share& share) {
  const Slot<T>& slot = *input.slot;
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
    if (first_part) std::copy_n(block_rows, rows.count, input.pointers.begin() + first);
    if (columns.size() > 0) {
      kernel_table<T>().rows_to_lanes(block_rows, rows.count, columns.begin, columns.end,
                                      slot.value_at(block), slot.block_stride);
    }
  }
}

template <class T>
void Gather<T>::append_tasks(std::vector<Task>& tasks) {
  for (const auto& owned : inputs_) {
    Input* input = owned.get();
    // About ten operations' time an element.
    tasks.push_back(
        {[this, input](const Pass& pass, const Share& share) { gather(*input, pass, share); },
         kTranspose,
         10.0 * input->slot->features,
         {},
         {input->slot->value, input->staging}});
  }
}

template <class T>
void Gather<T>::append_prefetch(std::vector<Task>& tasks) {
  for (const auto& owned : inputs_) {
    Input* input = owned.get();
    Task task{[input](const Pass& pass, const Share& share) {
                if (pass.next_rows == nullptr || !input->prefetch) return;
                for (int i = 0; i < pass.next_count; ++i) {
                  prefetch_row(input->source, pass.next_rows[i], share.part, share.parts);
                }
              },
              kElementwise,
              8.0 * input->slot->features,
              {},
              {}};
    task.always_features = true;
    tasks.push_back(std::move(task));
  }
}

template class Gather<float>;
template class Gather<double>;

}  // namespace pynn
