// All that runs the batches of one kind: training, evaluation, gradients.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/thread_pool.hpp"
#include "graph/execution_plan.hpp"
#include "graph/schedule.hpp"
#include "training/evaluator.hpp"
#include "training/gather.hpp"
#include "training/prefetch.hpp"
#include "training/updater.hpp"

namespace pynn {

// A plan, what comes before and after it, and how its tasks are divided, by size of batch and
// number of workers.
template <class T>
struct Pipeline {
  Pipeline(const Graph& graph, const PlanRequest& request, const EvaluationSpec& spec,
           const std::vector<int>& features, Updater<T>& updater)
      : max_batch(request.max_batch),
        entries_per_row(request.entries_per_row),
        plan(graph, request, request.training ? updater.parameters() : ParameterMap<T>{}),
        gather(plan, request.inputs, request.max_batch),
        objective(plan, spec, features, request.fused, request.max_batch, request.training) {}

  const Schedule& schedule(int count, int workers) {
    auto& found = schedules[{count, workers}];
    if (found == nullptr) found = std::make_unique<Schedule>(tasks, count, workers);
    return *found;
  }

  // One batch on up to `workers` workers.
  void run_once(const Pass& pass, int workers) {
    schedule(pass.count, workers);
    schedule(pass.count, 1);
    ThreadPool::instance().run(workers, [&](int worker, int actual) {
      schedules.at({pass.count, actual})->run(pass, worker, barrier);
    });
  }

  bool serves(int batch, const std::vector<double>& entries) const {
    return max_batch >= batch && same_kinds(entries_per_row, entries);
  }

  int max_batch;
  std::vector<double> entries_per_row;
  ExecutionPlan<T> plan;
  Gather<T> gather;
  Evaluator<T> objective;
  Prefetch prefetch;
  std::vector<Task> tasks;
  std::map<std::pair<int, int>, std::unique_ptr<Schedule>> schedules;
  Barrier barrier;
};

}  // namespace pynn
