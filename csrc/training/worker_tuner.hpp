// How many workers a training run uses, by measurement: all of them unless fewer are faster at the
// moment, as when other programs are busy on the processors. Results are the same for any number of
// workers, so the choice may change between any two steps.
//
// Each number of workers has a rate: the work done with it over the time that took, where older
// parts of both count less. On a busy machine a run loses its processor in every other measurement;
// such a mean is right nevertheless, and it follows a machine that becomes busy or quiet within
// about a tenth of a second.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <vector>

namespace pynn {

class WorkerTuner {
 public:
  // For tests and benchmarks: false for the most workers always, whatever is measured.
  static inline std::atomic<bool> chooses{true};

  // At most `limit` workers from now on: all of them, half, a quarter, ..., or one.
  void set_limit(int limit) {
    if (!candidates_.empty() && limit == candidates_[0]) return;
    candidates_.clear();
    for (int workers = limit; workers > 1; workers /= 2) candidates_.push_back(workers);
    candidates_.push_back(1);
    best_ = limit;
    last_rate_ = 0;
  }

  // What was measured is no measure for the steps to come.
  void forget() {
    rates_.clear();
    last_rate_ = 0;
  }

  // Workers for the next steps.
  int next() {
    if (candidates_.size() == 1) return 1;
    if (!chooses.load(std::memory_order_relaxed)) return candidates_[0];
    for (int workers : candidates_) {
      if (rates_[workers].times < kWarmUp) return workers;
      if (rates_[workers].value() > kBetter * rates_[best_].value()) best_ = workers;
    }
    const double best = rates_[best_].value();
    // What has just been faster than the best usually is deserves another look.
    if (last_workers_ != best_ && last_rate_ > best) return last_workers_;
    int probe = candidates_[turn_ % candidates_.size()];
    if (probe == best_) probe = candidates_[++turn_ % candidates_.size()];
    const double loss = std::max(1 - rates_[probe].value() / best, kLeastLoss);
    const double budget = probe < best_ ? kFewerBudget : kMoreBudget;
    if (since_probe_ * budget < rates_[probe].last_seconds * loss) return best_;
    since_probe_ = 0;
    ++turn_;
    return probe;
  }

  // With so many workers, some steps have taken so long.
  void record(int workers, double steps, double seconds) {
    for (auto& [number, rate] : rates_) {
      const double fade = std::max(std::exp(-seconds / kMemory), kLeastMemory / rate.seconds);
      if (fade >= 1) continue;
      rate.steps *= fade;
      rate.seconds *= fade;
    }
    Rate& rate = rates_[workers];
    rate.steps += steps;
    rate.seconds += seconds;
    rate.last_seconds = std::max(seconds, kShortest);
    ++rate.times;
    since_probe_ += seconds;
    last_workers_ = workers;
    last_rate_ = steps / seconds;
  }

 private:
  // The first measurements also pay for starting threads and for cold caches.
  static constexpr int kWarmUp = 3;
  // Seconds after which a measurement counts for a third; but those of so many seconds are kept,
  // for those to come to be weighed against.
  static constexpr double kMemory = 0.1;
  static constexpr double kLeastMemory = 0.02;
  // A change moves the weights between the workers' caches.
  static constexpr double kBetter = 1.03;
  // What trying other numbers than the best may cost: a share of the time, if they are as fast as
  // they were. More workers are what we want back as soon as the machine is quiet.
  static constexpr double kFewerBudget = 0.008;
  static constexpr double kMoreBudget = 0.02;
  static constexpr double kLeastLoss = 0.15;
  // Seconds: of steps that take less, a trial is dear by what a change costs.
  static constexpr double kShortest = 4e-3;

  struct Rate {
    double steps = 0;
    double seconds = 0;
    double last_seconds = kShortest;
    int times = 0;

    double value() const { return seconds > 0 ? steps / seconds : 0; }
  };

  std::vector<int> candidates_;
  std::map<int, Rate> rates_;
  int best_ = 1;
  int last_workers_ = 1;
  double last_rate_ = 0;
  double since_probe_ = 0;
  std::size_t turn_ = 0;
};

}  // namespace pynn
