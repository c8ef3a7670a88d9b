// How many workers a training run uses, by measurement: all of them unless fewer are faster at the
// moment, as when another program is busy on one of the processors and everybody waits for the
// worker there. Results are the same for any number of workers, so the choice may change between
// any two steps.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace pynn {

class Pace {
 public:
  // At most `limit` workers from now on. Usual times that were measured before are kept, but the
  // last number of workers may be none to choose from any more.
  void set_limit(int limit) {
    if (limit == limit_) return;
    limit_ = limit;
    candidates_.clear();
    for (int workers = limit; workers > 1; workers /= 2) candidates_.push_back(workers);
    candidates_.push_back(1);
    last_workers_ = 1;
    last_seconds_ = kLong;
  }

  const std::vector<int>& candidates() const { return candidates_; }

  // Workers for the next chunk of steps.
  int next() {
    if (candidates_.size() == 1) return 1;
    int best = candidates_[0];
    for (int workers : candidates_) {
      if (history_[workers].times < kWarmUp) return workers;
      if (history_[workers].median() < history_[best].median()) best = workers;
    }
    // What was better than the best's usual time deserves another look.
    if (last_workers_ != best && last_seconds_ < history_[best].median()) return last_workers_;
    const double every = best == candidates_[0] ? kProbeFewerEvery : kProbeMoreEvery;
    if (since_probe_ < every) return best;
    since_probe_ = 0;
    turn_ = (turn_ + 1) % candidates_.size();
    if (candidates_[turn_] == best) turn_ = (turn_ + 1) % candidates_.size();
    return candidates_[turn_];
  }

  // A chunk has taken so long.
  void record(int workers, double seconds_per_step, double seconds) {
    history_[workers].add(seconds_per_step);
    last_workers_ = workers;
    last_seconds_ = seconds_per_step;
    since_probe_ += seconds;
  }

 private:
  // The first chunks also pay for starting threads and for cold caches.
  static constexpr int kWarmUp = 3;
  // Seconds. Fewer workers can be twice as slow, so they are tried seldom; more workers are what we
  // want back as soon as the neighbour is quiet. Until it is, a trial may wait for milliseconds,
  // however short the chunk.
  static constexpr double kProbeFewerEvery = 0.25;
  static constexpr double kProbeMoreEvery = 0.032;
  static constexpr double kLong = 1e9;

  // The last measurements; their median forgets a single interruption.
  struct History {
    std::array<double, 5> seconds{};
    int times = 0;

    void add(double value) {
      if (times < 2) seconds.fill(value);
      seconds[static_cast<std::size_t>(times++) % seconds.size()] = value;
    }
    double median() const {
      std::array<double, 5> sorted = seconds;
      std::sort(sorted.begin(), sorted.end());
      return sorted[sorted.size() / 2];
    }
  };

  int limit_ = 1;
  std::vector<int> candidates_{1};
  std::map<int, History> history_;
  int last_workers_ = 1;
  double last_seconds_ = kLong;
  double since_probe_ = 0;
  std::size_t turn_ = 0;
};

}  // namespace pynn
