#include "base/thread_pool.hpp"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/check.hpp"
#include "base/denormals.hpp"

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

namespace pynn {

namespace {

inline void spin_pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// 15 to 50 microseconds of pauses: longer than any imbalance between workers of one stage, about
// what a sleeping thread costs to wake.
constexpr int kSpins = 1000;
constexpr int kMaxWorkers = 256;

int processors_by_affinity() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

// cgroup v2 `cpu.max` is "quota period" or "max period"; v1 has the two numbers in two files.
int processors_by_cgroup() {
  std::string quota;
  double period = 0;
  std::ifstream v2("/sys/fs/cgroup/cpu.max");
  if (!(v2 >> quota >> period)) {
    std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
    std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    if (!(v1_quota >> quota) || !(v1_period >> period)) return kMaxWorkers;
  }
  char* end = nullptr;
  const double microseconds = std::strtod(quota.c_str(), &end);
  if (end == quota.c_str() || microseconds <= 0 || period <= 0) return kMaxWorkers;
  return std::max(1, static_cast<int>(std::ceil(microseconds / period)));
}

int limit_from_environment() {
  for (const char* name : {"PYNN_NUM_THREADS", "OMP_NUM_THREADS"}) {
    const char* text = std::getenv(name);
    if (text == nullptr) continue;
    const int threads = std::atoi(text);
    if (threads > 0) return std::min(threads, kMaxWorkers);
  }
  return available_processors();
}

std::atomic<int> g_limit{0};
thread_local int t_limit = 0;
thread_local bool t_inside_pool = false;

}  // namespace

int available_processors() {
  return std::min({processors_by_affinity(), processors_by_cgroup(), kMaxWorkers});
}

int thread_limit() {
  if (g_limit.load(std::memory_order_relaxed) == 0) g_limit = limit_from_environment();
  const int limit = g_limit.load(std::memory_order_relaxed);
  return t_limit > 0 ? std::min(limit, t_limit) : limit;
}

void set_thread_limit(int threads) {
  require(threads >= 1 && threads <= kMaxWorkers,
          "threads must be an integer between 1 and " + std::to_string(kMaxWorkers) +
              ". Received: threads=" + std::to_string(threads));
  g_limit = threads;
}

void set_local_thread_limit(int threads) {
  t_limit = std::max(0, threads);
}

void Barrier::wait(int workers) {
  if (workers == 1) return;
  // With more workers than processors, a spinning worker keeps the one it waits for from running.
  static const int processors = available_processors();
  const int spins = workers <= processors ? kSpins : 1;
  const int generation = generation_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == workers - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    generation_.store(generation + 1, std::memory_order_release);
    generation_.notify_all();
    return;
  }
  for (int spin = 0; spin < spins; ++spin) {
    if (generation_.load(std::memory_order_acquire) != generation) return;
    spin_pause();
  }
  while (generation_.load(std::memory_order_acquire) == generation) {
    generation_.wait(generation, std::memory_order_acquire);
  }
}

struct ThreadPool::State {
  std::mutex owner;  // held by the caller that uses the pool
  std::mutex mutex;
  std::condition_variable start;
  std::condition_variable done;
  std::vector<std::thread> threads;
  const Task* task = nullptr;
  int workers = 0;
  int running = 0;
  std::uint64_t run_number = 0;

  void work(int worker) {
    t_inside_pool = true;
    FlushDenormals flush;
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex);
    for (;;) {
      start.wait(lock, [&] { return run_number != seen; });
      seen = run_number;
      if (worker >= workers) continue;
      const Task* current = task;
      const int count = workers;
      lock.unlock();
      (*current)(worker, count);
      lock.lock();
      if (--running == 0) done.notify_one();
    }
  }

  void grow(int wanted) {
    while (static_cast<int>(threads.size()) < wanted - 1) {
      const int worker = static_cast<int>(threads.size()) + 1;
      threads.emplace_back([this, worker] { work(worker); });
    }
  }
};

ThreadPool::ThreadPool() : state_(std::make_unique<State>()) {}

namespace {
std::atomic<ThreadPool*> g_pool{nullptr};
}  // namespace

ThreadPool& ThreadPool::instance() {
  static std::mutex creation;
  ThreadPool* pool = g_pool.load(std::memory_order_acquire);
  if (pool != nullptr) return *pool;
  std::lock_guard lock(creation);
  pool = g_pool.load(std::memory_order_acquire);
  if (pool == nullptr) {
#if defined(__linux__)
    // The old pool is leaked on purpose in the child: its threads and locks belong to the parent.
    static const int registered =
        pthread_atfork(nullptr, nullptr, [] { g_pool.store(nullptr, std::memory_order_release); });
    static_cast<void>(registered);
#endif
    pool = new ThreadPool();
    g_pool.store(pool, std::memory_order_release);
  }
  return *pool;
}

void ThreadPool::run(int workers, const Task& task) {
  FlushDenormals flush;
  std::unique_lock<std::mutex> owner(state_->owner, std::defer_lock);
  if (workers <= 1 || t_inside_pool || !owner.try_lock()) {
    task(0, 1);
    return;
  }
  State& state = *state_;
  {
    std::lock_guard lock(state.mutex);
    state.grow(workers);
    state.task = &task;
    state.workers = workers;
    state.running = workers - 1;
    ++state.run_number;
  }
  state.start.notify_all();
  task(0, workers);
  std::unique_lock lock(state.mutex);
  state.done.wait(lock, [&] { return state.running == 0; });
}

}  // namespace pynn
