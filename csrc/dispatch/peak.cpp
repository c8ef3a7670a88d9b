#include "dispatch/peak.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/thread_pool.hpp"
#include "dispatch/dispatch.hpp"

namespace pynn {

template <class T>
double measure_peak(double seconds, int threads) {
  using Clock = std::chrono::steady_clock;
  constexpr std::int64_t kRounds = 20000;  // about a millisecond
  const auto fma_peak = kernel_table<T>().fma_peak;
  const Clock::time_point end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                   std::chrono::duration<double>(seconds));
  // Workers agree on nothing while they run: each keeps its own best interval, the sum of which is
  // reached together as long as nobody else uses the processors.
  std::vector<double> best(static_cast<std::size_t>(threads), 0.0);
  run_pieces(threads, [&](int worker, int) {
    do {
      const Clock::time_point begin = Clock::now();
      const double operations = fma_peak(kRounds);
      const std::chrono::duration<double> taken = Clock::now() - begin;
      double& mine = best[static_cast<std::size_t>(worker)];
      mine = std::max(mine, operations / taken.count());
    } while (Clock::now() < end);
  });
  double total = 0;
  for (const double rate : best) total += rate;
  return total * 1e-9;
}

template double measure_peak<float>(double, int);
template double measure_peak<double>(double, int);

}  // namespace pynn
