// The engine's own threads. The caller is worker 0; the others sleep between runs.
//
// `run` calls `task(worker, workers)` once on each worker and returns when all are done. When
// another Python thread is using the pool, or in a worker itself, the task runs with one worker:
// every task must give the same result for any number of workers, so nobody ever waits for the
// pool.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

namespace pynn {

// All workers of one run wait for each other. Spins for a bounded time, then sleeps in the kernel.
class Barrier {
 public:
  void wait(int workers);

 private:
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<int> generation_{0};
};

class ThreadPool {
 public:
  using Task = std::function<void(int worker, int workers)>;

  // The process's pool. A forked child gets a new one: threads do not survive fork.
  static ThreadPool& instance();

  void run(int workers, const Task& task);

 private:
  ThreadPool();
  ~ThreadPool() = delete;  // lives as long as the process

  struct State;
  std::unique_ptr<State> state_;
};

constexpr int kMaxWorkers = 256;

// Threads that native calls may use. Default: PYNN_NUM_THREADS, else OMP_NUM_THREADS, else the
// processors that affinity and the cgroup's quota leave to this process.
int thread_limit();
// Throws std::invalid_argument if PYNN_NUM_THREADS is set to anything but a positive integer.
void check_thread_environment();
void set_thread_limit(int threads);
int available_processors();

// A lower limit for calls from the current thread alone (0 lifts it); used when an outer pool is
// running.
void set_local_thread_limit(int threads);

}  // namespace pynn
