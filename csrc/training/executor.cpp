#include "training/executor.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/denormals.hpp"
#include "base/thread_pool.hpp"
#include "training/forward_workspace.hpp"

namespace pynn {

namespace {

template <class T>
class ExecutorOf : public Executor {
 public:
  ExecutorOf(std::shared_ptr<const Graph> graph, const std::vector<int>& inputs,
             const std::vector<int>& outputs)
      : graph_(std::move(graph)) {
    require(!inputs.empty() && !outputs.empty(), "a model needs at least one input and one output");
    request_.inputs = inputs;
    request_.outputs = outputs;
    request_.max_batch = kPieceRows;
    for (int output : outputs) output_features_.push_back(graph_->node(output).features);
    // Wrong graphs fail here, not in the first call.
    cost_of(expected_entries(*graph_, inputs, outputs));
    for (int id = 0; id < graph_->size(); ++id) {
      for (const VariablePtr& variable : graph_->node(id).variables) {
        operations_per_row_ += 2.0 * variable->rows() * variable->cols();
      }
    }
  }

  void predict(const std::vector<Rows>& x, const std::vector<void*>& outputs, std::uint64_t seed,
               const Poll& poll) override {
    require(x.size() == request_.inputs.size(), [&] {
      return "the model has " + std::to_string(request_.inputs.size()) +
             " inputs. Received: " + std::to_string(x.size());
    });
    for (std::size_t i = 0; i < x.size(); ++i) {
      const int features = graph_->node(request_.inputs[i]).features;
      require(x[i].cols == features, [&] {
        return "input " + std::to_string(i) + " needs " + std::to_string(features) +
               " features. Received: " + std::to_string(x[i].cols);
      });
      require(x[i].rows == x[0].rows, "all inputs need the same number of rows");
    }
    const std::vector<double> entries =
        entries_per_row(*graph_, request_.inputs, request_.outputs, x);
    const std::int64_t rows = x[0].rows;
    const auto pieces = static_cast<int>((rows + kPieceRows - 1) / kPieceRows);
    if (pieces == 1) {
      FlushDenormals flush;
      std::unique_ptr<ForwardWorkspace<T>> workspace = take(entries);
      workspace->gather.set_sources(x);
      run_piece(*workspace, x, outputs, seed, 0);
      return give_back(std::move(workspace));
    }
    const double cost = cost_of(entries) * static_cast<double>(rows);
    const int workers = std::min(pieces, worthwhile_workers(cost, thread_limit()));
    std::vector<std::unique_ptr<ForwardWorkspace<T>>> workspaces;
    for (int begin = 0; begin < pieces;) {
      if (begin > 0) poll();
      Team team(workers);
      while (workspaces.size() < static_cast<std::size_t>(team.workers())) {
        workspaces.push_back(take(entries));
        workspaces.back()->gather.set_sources(x);
      }
      Pieces work(*this, workspaces, x, outputs, seed, begin, pieces, team.workers());
      team.run(work);
      begin = work.end();
    }
    // Each worker gets the same one the next time: the last to come is the first to go.
    for (auto i = workspaces.rbegin(); i != workspaces.rend(); ++i) give_back(std::move(*i));
  }

 private:
  // Floating-point operations per row.
  double cost_of(const std::vector<double>& entries) {
    {
      std::lock_guard lock(mutex_);
      if (cost_ >= 0 && same_kinds(entries, costed_)) return cost_;
    }
    std::unique_ptr<ForwardWorkspace<T>> workspace = take(entries);
    require(!workspace->plan.always_depends_on_batch(),
            "rows are predicted by pieces, and an op looks at all rows of a batch");
    const double cost = workspace->plan.forward_cost();
    give_back(std::move(workspace));
    std::lock_guard lock(mutex_);
    costed_ = entries;
    return cost_ = cost;
  }

  // Each worker takes the next piece of rows that nobody has, with a workspace of its own, until
  // it is time to poll.
  class Pieces final : public Work {
   public:
    Pieces(ExecutorOf& executor,
           const std::vector<std::unique_ptr<ForwardWorkspace<T>>>& workspaces,
           const std::vector<Rows>& x, const std::vector<void*>& outputs, std::uint64_t seed,
           int begin, int end, int workers)
        : executor_(executor),
          workspaces_(workspaces),
          x_(x),
          outputs_(outputs),
          seed_(seed),
          next_(begin),
          end_(end),
          workers_(workers) {}

    int pieces(std::int64_t stage) override { return stage == 0 ? workers_ : 0; }
    void run(std::int64_t, int worker) override {
      ForwardWorkspace<T>& workspace = *workspaces_[static_cast<std::size_t>(worker)];
      do {
        const int piece = next_.fetch_add(1, std::memory_order_relaxed);
        if (piece >= end_) return;
        executor_.run_piece(workspace, x_, outputs_, seed_, piece);
      } while (now() < poll_at_);
    }
    int end() const { return std::min(next_.load(std::memory_order_relaxed), end_); }

   private:
    ExecutorOf& executor_;
    const std::vector<std::unique_ptr<ForwardWorkspace<T>>>& workspaces_;
    const std::vector<Rows>& x_;
    const std::vector<void*>& outputs_;
    std::uint64_t seed_;
    std::atomic<int> next_;
    int end_;
    int workers_;
    double poll_at_ = now() + kPollSeconds;
  };

  void run_piece(ForwardWorkspace<T>& workspace, const std::vector<Rows>& x,
                 const std::vector<void*>& outputs, std::uint64_t seed, int piece) {
    Pass pass;
    pass.seed = seed;
    pass.first_row = static_cast<std::int64_t>(piece) * kPieceRows;
    pass.count = static_cast<int>(std::min<std::int64_t>(kPieceRows, x[0].rows - pass.first_row));
    workspace.run(pass);
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      const std::ptrdiff_t width = output_features_[o];
      T* y = static_cast<T*>(outputs[o]) + pass.first_row * width;
      workspace.write_output(o, pass.count, y, width);
    }
  }

  std::unique_ptr<ForwardWorkspace<T>> take(const std::vector<double>& entries) {
    {
      std::lock_guard lock(mutex_);
      for (std::size_t i = free_.size(); i-- > 0;) {
        if (!same_kinds(free_[i]->entries_per_row, entries)) continue;
        std::unique_ptr<ForwardWorkspace<T>> workspace = std::move(free_[i]);
        free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(i));
        return workspace;
      }
    }
    PlanRequest request = request_;
    request.entries_per_row = entries;
    return std::make_unique<ForwardWorkspace<T>>(*graph_, request);
  }

  void give_back(std::unique_ptr<ForwardWorkspace<T>> workspace) {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(workspace));
  }

  std::shared_ptr<const Graph> graph_;
  PlanRequest request_;
  double cost_ = -1;  // of the plan for `costed_`
  std::vector<double> costed_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<ForwardWorkspace<T>>> free_;
};

}  // namespace

std::unique_ptr<Executor> make_executor(std::shared_ptr<const Graph> graph,
                                        const std::vector<int>& inputs,
                                        const std::vector<int>& outputs) {
  if (graph->dtype() == DType::float32) {
    return std::make_unique<ExecutorOf<float>>(std::move(graph), inputs, outputs);
  }
  return std::make_unique<ExecutorOf<double>>(std::move(graph), inputs, outputs);
}

}  // namespace pynn
