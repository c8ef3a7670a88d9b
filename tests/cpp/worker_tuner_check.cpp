// A clock of its own for WorkerTuner: how long a training takes on a machine whose every moment is
// known. Prints "name chunk ratio" lines, the time taken over that of the best number of workers.
#include <algorithm>
#include <cstdio>

#include "training/worker_tuner.hpp"

namespace {

// Steps a second that `workers` would do at `time`.
using Speed = double (*)(int workers, double time);

// Seconds until `steps` are done from `time` on.
double seconds_for(double steps, int workers, double time, Speed speed) {
  constexpr double kTick = 2e-5;
  double seconds = 0;
  while (steps > 0) {
    const double now = speed(workers, time + seconds);
    if (steps <= now * kTick) return seconds + steps / now;
    steps -= now * kTick;
    seconds += kTick;
  }
  return seconds;
}

// Runs from `from` to `until` by chunks that take about `chunk` seconds on one worker of a quiet
// machine, as trainers do it, and returns the steps done.
double run(pynn::WorkerTuner& tuner, double from, double until, double chunk, Speed speed) {
  double steps = 0;
  for (double time = from; time < until;) {
    const int workers = tuner.next();
    const double taken = seconds_for(chunk, workers, time, speed);
    tuner.record(workers, chunk, taken);
    time += taken;
    steps += chunk;
  }
  return steps;
}

double most_steps(double from, double until, Speed speed) {
  double most = 0;
  for (int workers : {1, 2}) {
    double steps = 0;
    for (double time = from; time < until; time += 1e-4) steps += speed(workers, time) * 1e-4;
    most = std::max(most, steps);
  }
  return most;
}

void report(const char* name, Speed speed, double from, double until) {
  for (double chunk : {5e-4, 2e-3, 4e-3, 2e-2}) {
    pynn::WorkerTuner tuner;
    tuner.set_limit(2);
    run(tuner, 0, from, chunk, speed);
    const double steps = run(tuner, from, until, chunk, speed);
    std::printf("%s %g %.3f\n", name, chunk, most_steps(from, until, speed) / steps);
  }
}

bool slice(double time, double on, double period) {
  return std::fmod(time, period) < on;
}

double quiet(int workers, double) {
  return workers == 2 ? 1.9 : 1;
}
// Each of two workers keeps the other one waiting.
double shared_core(int workers, double) {
  return workers == 2 ? 0.7 : 1;
}
// The second worker has a processor half of the time, and holds a piece when it loses it.
double one_neighbour(int workers, double time) {
  return workers == 1 ? 1 : slice(time, 3e-3, 6.3e-3) ? 1.7 : 0.02;
}
// All have a processor for a third of the time, by time slices.
double many_neighbours(int workers, double time) {
  return slice(time, 3e-3, 9.1e-3) ? (workers == 2 ? 1.5 : 1) : 1e-6;
}
double becomes_busy(int workers, double time) {
  return (time < 1 ? quiet : one_neighbour)(workers, time);
}
double becomes_quiet(int workers, double time) {
  return (time < 1 ? one_neighbour : quiet)(workers, time);
}
double fewer_neighbours(int workers, double time) {
  return (time < 1 ? many_neighbours : one_neighbour)(workers, time);
}

}  // namespace

int main() {
  report("quiet", quiet, 0, 3);
  report("shared_core", shared_core, 0, 3);
  report("one_neighbour", one_neighbour, 0, 3);
  report("many_neighbours", many_neighbours, 0, 3);
  // Over the half second after the change: a fifth of it is a tenth of a second.
  report("becomes_busy", becomes_busy, 1, 1.5);
  report("becomes_quiet", becomes_quiet, 1, 1.5);
  report("fewer_neighbours", fewer_neighbours, 1, 1.5);
}
