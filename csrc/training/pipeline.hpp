// All that runs the batches of one kind: training, evaluation, gradients.
#pragma once

#include <algorithm>
#include <cstdint>
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
        evaluator(plan, spec, features, request.fused, request.max_batch, request.training) {}

  const Schedule& schedule(int count, int workers) {
    auto& found = schedules[{count, workers}];
    if (found == nullptr) found = std::make_unique<Schedule>(tasks, count, workers);
    return *found;
  }

  // Runs the batches pass_of(0), pass_of(1), ..., n of them, one after the other. All have as many
  // rows as the first, but for the last one, which may be shorter. Between two of them, stops() may
  // say that it is enough; it is asked on any worker. Returns how many have been run.
  template <class PassOf, class Stops>
  std::int64_t run(Team& team, std::int64_t n, const PassOf& pass_of, const Stops& stops);

  bool serves(int batch, const std::vector<double>& entries) const {
    return max_batch >= batch && same_kinds(entries_per_row, entries);
  }

  int max_batch;
  std::vector<double> entries_per_row;
  ExecutionPlan<T> plan;
  Gather<T> gather;
  Evaluator<T> evaluator;
  Prefetch prefetch;
  std::vector<Task> tasks;
  double stepping_cost = 0;  // in training, ExecutionPlan::stepping_cost()
  std::map<std::pair<int, int>, std::unique_ptr<Schedule>> schedules;

 private:
  template <class PassOf, class Stops>
  class Batches;
};

// The stages of several batches, segment by segment.
template <class T>
template <class PassOf, class Stops>
class Pipeline<T>::Batches final : public Work {
 public:
  Batches(const Schedule& each, const Schedule& last, std::int64_t n, const PassOf& pass_of,
          const Stops& stops)
      : each_(each), last_(last), n_(n), pass_of_(pass_of), stops_(stops) {}

  int pieces(std::int64_t stage) override {
    const auto [batch, segment] = place(stage);
    if (segment == 0) {
      done_ = batch;
      if (batch == n_ || (batch > 0 && stops_())) return 0;
    }
    return schedule(batch).pieces(segment);
  }

  void run(std::int64_t stage, int piece) override {
    const auto [batch, segment] = place(stage);
    schedule(batch).run(pass_of_(batch), segment, piece);
  }

  std::int64_t done() const { return done_; }

 private:
  struct Place {
    std::int64_t batch;
    int segment;
  };

  Place place(std::int64_t stage) const {
    const std::int64_t segments = each_.segments();
    const std::int64_t batch = std::min(stage / segments, n_ - 1);
    const std::int64_t segment = stage - batch * segments;
    if (batch == n_ - 1 && segment == last_.segments()) return {n_, 0};
    return {batch, static_cast<int>(segment)};
  }
  const Schedule& schedule(std::int64_t batch) const { return batch == n_ - 1 ? last_ : each_; }

  const Schedule& each_;
  const Schedule& last_;
  std::int64_t n_;
  const PassOf& pass_of_;
  const Stops& stops_;
  std::int64_t done_ = 0;
};

template <class T>
template <class PassOf, class Stops>
std::int64_t Pipeline<T>::run(Team& team, std::int64_t n, const PassOf& pass_of,
                              const Stops& stops) {
  const Schedule& each = schedule(pass_of(0).count, team.workers());
  const Schedule& last = schedule(pass_of(n - 1).count, team.workers());
  if (team.workers() == 1) {
    for (std::int64_t i = 0; i < n; ++i) {
      if (i > 0 && stops()) return i;
      (i == n - 1 ? last : each).run(pass_of(i));
    }
    return n;
  }
  Batches<PassOf, Stops> batches(each, last, n, pass_of, stops);
  team.run(batches);
  return batches.done();
}

}  // namespace pynn
