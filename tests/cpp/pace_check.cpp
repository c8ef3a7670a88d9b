// A clock of its own for Pace: how long a training takes for which each chunk's time is known.
// Prints "name ratio" lines, the time taken over that of the best number of workers.
#include <cstdio>

#include "training/pace.hpp"

namespace {

// cost(workers, time): seconds of a chunk of `steps` steps that begins at `time`.
template <class Cost>
double run(double from, double until, int steps, pynn::Pace& pace, const Cost& cost) {
  double time = from;
  while (time < until) {
    const int workers = pace.next();
    const double seconds = cost(workers, time);
    pace.record(workers, seconds / steps, seconds);
    time += seconds;
  }
  return time - from;
}

// Chunks taken by one worker in `seconds`, over those that Pace gets done in that time.
double with_neighbour(double chunk, double stall) {
  pynn::Pace pace;
  pace.set_limit(2);
  long chunks = 0;
  run(0, 2, 3, pace, [&](int workers, double) {
    ++chunks;
    return workers == 1 ? chunk : chunk + stall;
  });
  return 2 / chunk / static_cast<double>(chunks);
}

// The same for two workers that take half the time of one, after a second in which they stalled.
double after_neighbour(double chunk) {
  pynn::Pace pace;
  pace.set_limit(2);
  long chunks = 0;
  run(0, 3, 3, pace, [&](int workers, double time) {
    if (time >= 1) ++chunks;
    return workers == 1 ? chunk : time < 1 ? chunk + 4e-3 : chunk / 2;
  });
  return 2 / (chunk / 2) / static_cast<double>(chunks);
}

}  // namespace

int main() {
  for (double chunk : {5e-5, 2e-4, 1e-3, 4e-3}) {
    std::printf("neighbour %g %.3f\n", chunk, with_neighbour(chunk, 4e-3));
    std::printf("alone %g %.3f\n", chunk, with_neighbour(chunk, chunk));
    std::printf("freed %g %.3f\n", chunk, after_neighbour(chunk));
  }
}
