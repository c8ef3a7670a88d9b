// How many workers a training run uses, by measurement: all of them unless fewer are faster at the
// moment, as when another program is busy on one of the processors and everybody waits for the
// worker there. Results are the same for any number of workers, so the choice may change between
// any two steps.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

namespace pynn {

class Pace {
 public:
  // At most `limit` workers from now on. What was measured before is kept.
  void set_limit(int limit) {
    candidates_.clear();
    for (int workers = limit; workers > 1; workers /= 2) candidates_.push_back(workers);
    candidates_.push_back(1);
  }

  const std::vector<int>& candidates() const { return candidates_; }

  // Workers for the next chunk of steps.
  int next() {
    if (candidates_.size() == 1) return candidates_[0];
    int best = candidates_[0];
    for (int workers : candidates_) {
      const auto found = seconds_.find(workers);
      if (found == seconds_.end()) return workers;
      if (found->second < seconds_[best]) best = workers;
    }
    if (++chunk_ % kExploreEvery != 0) return best;
    turn_ = (turn_ + 1) % candidates_.size();
    return candidates_[turn_];
  }

  void record(int workers, double seconds_per_step) {
    const auto [found, fresh] = seconds_.try_emplace(workers, seconds_per_step);
    if (!fresh) found->second += kSmoothing * (seconds_per_step - found->second);
  }

 private:
  // One chunk in 32 tries another number: even where that is twice as slow, it costs 3% at most.
  static constexpr unsigned kExploreEvery = 32;
  static constexpr double kSmoothing = 0.5;

  std::vector<int> candidates_{1};
  std::map<int, double> seconds_;  // per step, smoothed
  unsigned chunk_ = 0;
  std::size_t turn_ = 0;
};

}  // namespace pynn
