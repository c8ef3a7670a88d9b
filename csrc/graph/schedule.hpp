// Tasks in order, divided between workers, with barriers only where one worker reads what another
// wrote.
//
// A batch of few blocks is divided along features, so that each worker keeps its rows of the
// weights in its own cache; a batch of many blocks is divided by blocks, which needs almost no
// barriers. Tasks that allow neither, or that are too small to share, run on worker 0.
#pragma once

#include <functional>
#include <vector>

#include "base/thread_pool.hpp"
#include "ops/op.hpp"

namespace pynn {

struct Task {
  std::function<void(const Pass&, const Share&)> run;
  Division division;
  double cost;                     // floating-point operations per batch row
  std::vector<const void*> reads;  // buffers
  std::vector<const void*> writes;
  bool always_serial = false;
  bool always_features = false;  // also where batches are divided by blocks
};

class Schedule {
 public:
  // For batches of `count` rows on `workers` workers.
  Schedule(const std::vector<Task>& tasks, int count, int workers);

  // Called by every worker.
  void run(const Pass& pass, int worker, Barrier& barrier) const;

 private:
  enum class Split : char { serial, features, columns, blocks };
  struct Step {
    const Task* task;
    Split split;
    bool barrier_before;
  };

  static Split choose_split(const Task& task, int count, int workers, bool by_blocks);

  std::vector<Step> steps_;
  int workers_;
  TileSizes tiles_;
};

// Workers that a batch with this much arithmetic is worth.
int worthwhile_workers(double operations, int limit);

}  // namespace pynn
