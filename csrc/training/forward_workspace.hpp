// What one thread needs to compute pieces of rows by itself: a plan, its buffers, and the tasks of
// the forward pass.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/arena.hpp"
#include "dispatch/dispatch.hpp"
#include "graph/execution_plan.hpp"
#include "training/gather.hpp"

namespace pynn {

// Rows that one thread takes through all layers at once: 784 float32 features of 128 rows fit the
// second-level cache beside the weights that are being read.
inline constexpr int kPieceRows = 128;

template <class T>
struct ForwardWorkspace {
  ForwardWorkspace(const Graph& graph, const PlanRequest& request)
      : entries_per_row(request.entries_per_row),
        plan(graph, request, {}),
        gather(plan, request.inputs, request.max_batch) {
    gather.append_tasks(tasks);
    plan.append_forward(tasks);
    const auto rows = static_cast<std::size_t>(request.max_batch);
    staging.resize(request.outputs.size());
    for (std::size_t o = 0; o < staging.size(); ++o) {
      const int features = graph.node(request.outputs[o]).features;
      arena.request(&staging[o], rows * static_cast<std::size_t>(round_up(features, kRowAlign)));
    }
    arena.allocate();
  }

  void run(const Pass& pass) {
    const Share share{{0, block_count(pass.count)}};
    for (const Task& task : tasks) task.run(pass, share);
  }

  // The rows of output o, converted to To; from one to the next there are y_ld numbers.
  template <class To>
  void write_output(std::size_t o, int count, To* y, std::ptrdiff_t y_ld) {
    const Slot<T>& slot = plan.output_slot(o);
    const int width = slot.features;
    if (width == 1 || count == 1) {
      for (int i = 0; i < count; ++i) {
        const T* lane = slot.value_at(i / kLanes) + i % kLanes;
        for (int f = 0; f < width; ++f) y[i * y_ld + f] = static_cast<To>(lane[f * kLanes]);
      }
      return;
    }
    const std::ptrdiff_t ld = round_up(width, kRowAlign);
    T* rows = staging[o];
    kernel_table<T>().lanes_to_rows(slot.value, slot.block_stride, 0, width, count, rows, ld);
    for (int i = 0; i < count; ++i) std::copy_n(rows + i * ld, width, y + i * y_ld);
  }

  std::vector<double> entries_per_row;
  ExecutionPlan<T> plan;
  Gather<T> gather;
  std::vector<Task> tasks;
  std::vector<T*> staging;
  Arena arena;
};

}  // namespace pynn
