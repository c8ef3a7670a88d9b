// How many threads native calls may use.
#pragma once

#include <string>

namespace pynn {

constexpr int kMaxWorkers = 256;

// Default: PYNN_NUM_THREADS, else OMP_NUM_THREADS, else the processors that affinity and the
// cgroup's quota leave to this process.
int thread_limit();
// Throws std::invalid_argument if PYNN_NUM_THREADS is set to anything but a positive integer.
void check_thread_environment();
void set_thread_limit(int threads);
int available_processors();
// The least quota of the control groups that `memberships`, as /proc/self/cgroup, names below the
// folder where they are mounted, in whole processors from 1 to kMaxWorkers.
int processors_by_quota(const std::string& mounted, const std::string& memberships);

// A lower limit for calls from the current thread alone (0 lifts it); used when an outer pool is
// running.
void set_local_thread_limit(int threads);

}  // namespace pynn
