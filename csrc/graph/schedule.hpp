// Tasks in order, divided between workers, in segments at whose ends one worker reads what another
// wrote.
//
// A batch of few blocks is divided along features, so that each worker keeps its rows of the
// weights in its own cache; a batch of many blocks is divided by blocks, which needs almost no
// segments. Tasks that allow neither, or that are too small to share, belong to part 0.
//
// A segment is a stage of the pool's work: its piece i is part i of all its tasks, one task after
// the other. Pieces of a segment do not meet in any buffer, so whoever runs them, at the same time
// or one after the other, results are the same.
#pragma once

#include <functional>
#include <vector>

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

  int segments() const { return static_cast<int>(segments_.size()); }
  // 1 where all is part 0's.
  int pieces(int segment) const { return segments_[static_cast<std::size_t>(segment)].pieces; }
  void run(const Pass& pass, int segment, int piece) const;
  // Everything, for schedules of one worker.
  void run(const Pass& pass) const;

 private:
  enum class Split : char { serial, features, columns, blocks };
  struct Step {
    const Task* task;
    Split split;
  };
  struct Segment {
    std::size_t begin;  // steps
    std::size_t end;
    int pieces;
  };

  static Split choose_split(const Task& task, int count, int workers, bool by_blocks);

  std::vector<Step> steps_;
  std::vector<Segment> segments_;
  int workers_;
  TileSizes tiles_;
};

// Workers that a batch with this much arithmetic is worth.
int worthwhile_workers(double operations, int limit);

}  // namespace pynn
