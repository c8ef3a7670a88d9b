// The rate of multiply-adds that this machine reaches with nothing to load or store: the yardstick
// of every benchmark.
#pragma once

namespace pynn {

// The best of several short intervals within `seconds`, in GFLOP/s of `threads` threads together.
template <class T>
double measure_peak(double seconds, int threads);

}  // namespace pynn
