#include "base/thread_pool.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
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

// What PYNN_NUM_THREADS says; 0 if it is not set.
int limit_from_own_variable() {
  const char* text = std::getenv("PYNN_NUM_THREADS");
  if (text == nullptr || *text == '\0') return 0;
  int threads = 0;
  const char* end = text + std::strlen(text);
  const auto [last, error] = std::from_chars(text, end, threads);
  require(error == std::errc() && last == end && threads >= 1, [&] {
    return std::string("PYNN_NUM_THREADS must be a positive integer. Received: PYNN_NUM_THREADS=") +
           text;
  });
  return std::min(threads, kMaxWorkers);
}

// OMP_NUM_THREADS is other people's: of a list, as "4,2", the first number counts, and what is no
// number says nothing.
int limit_from_environment() {
  const int own = limit_from_own_variable();
  if (own > 0) return own;
  const char* shared = std::getenv("OMP_NUM_THREADS");
  const int threads = shared == nullptr ? 0 : std::atoi(shared);
  return threads > 0 ? std::min(threads, kMaxWorkers) : available_processors();
}

std::atomic<int> g_limit{0};
thread_local int t_limit = 0;
thread_local bool t_inside_pool = false;

}  // namespace

int available_processors() {
  return std::min({processors_by_affinity(), processors_by_cgroup(), kMaxWorkers});
}

void check_thread_environment() {
  limit_from_own_variable();
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

namespace {

// With more workers than processors, a spinning worker keeps the one it waits for from running.
int spins_for(int workers) {
  static const int processors = available_processors();
  return workers <= processors ? kSpins : 1;
}

// Returns when `value` is no longer `old`: spins for a bounded time, then sleeps.
void wait_while_equal(const std::atomic<int>& value, int old, int spins) {
  for (int spin = 0; spin < spins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) return;
    spin_pause();
  }
  while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

}  // namespace

void Barrier::wait(int workers) {
  if (workers == 1) return;
  const int generation = generation_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == workers - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    generation_.store(generation + 1, std::memory_order_release);
    generation_.notify_all();
    return;
  }
  wait_while_equal(generation_, generation, spins_for(workers));
}

// One worker's letter box. Only the owner of the pool writes it, and only while its worker waits.
struct alignas(64) Letter {
  std::atomic<int> number{0};
  const ThreadPool::Task* task = nullptr;
  int workers = 0;
};

struct ThreadPool::State {
  std::mutex owner;  // held by the caller that uses the pool
  std::vector<std::unique_ptr<Letter>> letters;
  std::vector<std::thread> threads;
  alignas(64) std::atomic<int> running{0};

  void work(int worker, Letter& letter) {
    t_inside_pool = true;
    FlushDenormals flush;
    int workers = 0;  // of the last task: the letter may be written while this one waits
    for (int seen = 0;; ++seen) {
      wait_while_equal(letter.number, seen, spins_for(workers));
      workers = letter.workers;
      (*letter.task)(worker, workers);
      if (running.fetch_sub(1, std::memory_order_acq_rel) == 1) running.notify_one();
    }
  }

  void grow(int wanted) {
    while (static_cast<int>(threads.size()) < wanted - 1) {
      const int worker = static_cast<int>(threads.size()) + 1;
      Letter& letter = *letters.emplace_back(std::make_unique<Letter>());
      threads.emplace_back([this, worker, &letter] { work(worker, letter); });
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
  state.grow(workers);
  state.running.store(workers - 1, std::memory_order_relaxed);
  for (int worker = 1; worker < workers; ++worker) {
    Letter& letter = *state.letters[static_cast<std::size_t>(worker - 1)];
    letter.task = &task;
    letter.workers = workers;
    letter.number.fetch_add(1, std::memory_order_release);
    letter.number.notify_one();
  }
  task(0, workers);
  for (;;) {
    const int left = state.running.load(std::memory_order_acquire);
    if (left == 0) return;
    wait_while_equal(state.running, left, spins_for(workers));
  }
}

}  // namespace pynn
