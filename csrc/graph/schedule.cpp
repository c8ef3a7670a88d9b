#include "graph/schedule.hpp"

#include <algorithm>
#include <map>

#include "dispatch/dispatch.hpp"

namespace pynn {

namespace {

// A barrier costs about half a microsecond when all workers run, which is 50 kFLOP of one of them;
// to divide a task takes one before it and one after.
constexpr double kSerialBelow = 150e3;
// Below about 20 microseconds of arithmetic a second worker does not pay for the barriers of a
// step.
constexpr double kOperationsPerWorker = 1.2e6;

}  // namespace

int worthwhile_workers(double operations, int limit) {
  return std::clamp(static_cast<int>(operations / kOperationsPerWorker), 1, limit);
}

Schedule::Split Schedule::choose_split(const Task& task, int count, int workers, bool by_blocks) {
  if (workers == 1 || task.always_serial) return Split::serial;
  if (by_blocks && !task.always_features && task.division.blocks) return Split::blocks;
  if (task.division.features && (by_blocks || task.cost * count >= kSerialBelow)) {
    return task.division.columns ? Split::columns : Split::features;
  }
  return Split::serial;
}

Schedule::Schedule(const std::vector<Task>& tasks, int count, int workers)
    : workers_(workers), tiles_(kernels().tiles) {
  const bool by_blocks = block_count(count) >= 2 * workers;
  // Per buffer touched since the last barrier: how it was divided, and whether parts were read by
  // others.
  struct Use {
    Split split;
    bool crossed;
  };
  std::map<const void*, Use> written;
  std::map<const void*, Use> read;
  for (const Task& task : tasks) {
    Split split = choose_split(task, count, workers, by_blocks);
    // What needs only its own part stays with the worker that has just written that part.
    for (const void* buffer : task.reads) {
      const auto found = written.find(buffer);
      if (found == written.end() || !task.division.local || task.always_serial) continue;
      if (found->second.split == Split::features && task.division.features &&
          !task.division.columns) {
        split = Split::features;
      }
    }
    // Divided by blocks, and on one worker, a part only ever needs its own part of the inputs.
    const bool local = (split != Split::features && split != Split::columns) || task.division.local;
    bool barrier = false;  // between this task and those before it
    for (const void* buffer : task.reads) {
      const auto found = written.find(buffer);
      if (found != written.end() && !(found->second.split == split && local)) barrier = true;
    }
    for (const void* buffer : task.writes) {
      const auto reader = read.find(buffer);
      if (reader != read.end() && (reader->second.split != split || reader->second.crossed))
        barrier = true;
      const auto writer = written.find(buffer);
      if (writer != written.end() && writer->second.split != split) barrier = true;
    }
    if (workers == 1) barrier = false;
    if (barrier || segments_.empty()) {
      written.clear();
      read.clear();
      segments_.push_back({steps_.size(), steps_.size(), 1});
    }
    for (const void* buffer : task.reads) {
      const auto found = read.find(buffer);
      const bool crossed =
          found != read.end() && (found->second.crossed || found->second.split != split);
      read[buffer] = {split, crossed || !local};
    }
    for (const void* buffer : task.writes) written[buffer] = {split, false};
    steps_.push_back({&task, split});
    segments_.back().end = steps_.size();
    if (split != Split::serial) segments_.back().pieces = workers;
  }
}

void Schedule::run(const Pass& pass, int segment, int piece) const {
  const int blocks = block_count(pass.count);
  const Share everything{{0, blocks}};
  const Share features{{0, blocks}, piece, workers_, tiles_};
  const Share some_blocks{divide(blocks, 1, piece, workers_)};
  const Segment& range = segments_[static_cast<std::size_t>(segment)];
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const Step& step = steps_[i];
    if (step.split == Split::serial) {
      if (piece == 0) step.task->run(pass, everything);
    } else if (step.split == Split::features || step.split == Split::columns) {
      step.task->run(pass, features);
    } else if (some_blocks.blocks.size() > 0) {
      step.task->run(pass, some_blocks);
    }
  }
}

void Schedule::run(const Pass& pass) const {
  const Share everything{{0, block_count(pass.count)}};
  for (const Step& step : steps_) step.task->run(pass, everything);
}

}  // namespace pynn
