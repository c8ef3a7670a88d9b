#include "base/thread_pool.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "base/denormals.hpp"

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace pynn {

#ifdef PYNN_TEST_HOOKS  // tests/cpp/pool_check.cpp makes threads late, and others fail to start
void test_point(bool has_piece);
void test_thread_start();
#else
static inline void test_point(bool) {}
static inline void test_thread_start() {}
#endif

namespace {

// 15 to 50 microseconds of pauses: longer than any imbalance between workers of one stage, about
// what a sleeping thread costs to wake.
constexpr int kSpins = 1000;
// A worker that is only a little late, as after an interrupt or when it was woken, keeps its piece.
constexpr int kPatience = 500;

inline void spin_pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// With more workers than processors, a spinning worker keeps the one it waits for from running.
bool has_processors_for(int workers) {
  static const int processors = available_processors();
  return workers <= processors;
}

// Of std::atomic's own, wait() yields the processor a few times before it sleeps: on a busy machine
// each yield may last for a time slice, in which no wake-up is seen.
using Word = std::atomic<std::uint32_t>;
#if defined(__linux__)
void sleep_while_equal(Word& word, std::uint32_t old) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, old, nullptr, nullptr, 0);
}
void wake_all(Word& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, kMaxWorkers, nullptr, nullptr, 0);
}
#else
void sleep_while_equal(Word& word, std::uint32_t old) {
  word.wait(old);
}
void wake_all(Word& word) {
  word.notify_all();
}
#endif

thread_local bool t_inside_pool = false;

// The stage that is open: its number, how many workers the team has, in how many pieces it is
// divided. No workers: nobody has work.
class Position {
 public:
  constexpr Position() = default;
  constexpr Position(std::uint64_t number, int workers, int pieces)
      : bits_(number << 2 * kCountBits | static_cast<std::uint64_t>(workers) << kCountBits |
              static_cast<std::uint64_t>(pieces)) {}
  bool operator==(const Position&) const = default;

  std::uint64_t number() const { return bits_ >> 2 * kCountBits; }
  int workers() const { return static_cast<int>(bits_ >> kCountBits & kCountMask); }
  int pieces() const { return static_cast<int>(bits_ & kCountMask); }

 private:
  static constexpr int kCountBits = 9;
  static constexpr std::uint64_t kCountMask = (1 << kCountBits) - 1;
  static_assert(kMaxWorkers <= static_cast<int>(kCountMask));

  std::uint64_t bits_ = 0;  // 46 of them count stages: one a microsecond for two years
};

// Where a worker that has nothing to do waits to be called.
struct Mailbox {
  Word calls{0};
  std::atomic<bool> waiting{false};
};

struct alignas(64) Seat {
  std::atomic<std::uint64_t> claimed{0};  // the last stage whose piece of this number was claimed
  Mailbox mailbox;
};

}  // namespace

class ThreadPool {
 public:
  // The process's pool. A forked child gets a new one: threads do not survive fork.
  static ThreadPool& instance();

  // Returns the workers there are, at most `wanted`; 0 if another thread is using the pool.
  int acquire(int wanted);
  void release() { taken_.store(false, std::memory_order_release); }
  void run(int workers, Work& work);

 private:
  void grow(int wanted);
  void serve(int worker);
  void wait_for_call(int worker);
  void take_part(int worker);
  Position help_until_over(int worker, Position position);
  bool help(int worker, Position position, bool patient);
  bool claim(int piece, Position position);
  void run_piece(int piece, Position position);
  void open_next(Position position);
  void open(Position position);
  void sleep_until_over(Position position);
  int pieces(std::int64_t stage) noexcept;
  void keep_exception() noexcept;

  std::atomic<bool> taken_{false};  // by a team
  int threads_ = 0;

  // Of the present work; written by the team's owner while nobody has a piece.
  Work* work_ = nullptr;
  std::uint64_t first_ = 0;  // number of its first stage
  std::exception_ptr exception_;
  std::atomic<bool> failed_{false};

  alignas(64) std::atomic<Position> position_{};
  alignas(64) std::atomic<int> finished_{0};  // pieces of the open stage
  alignas(64) std::atomic<int> sleepers_{0};  // until the stage is over
  Word bell_{0};
  // Who was not there when a piece was due, and has not come since. Seldom written, read by all.
  alignas(64) std::array<std::atomic<bool>, kMaxWorkers> away_;
  std::array<Seat, kMaxWorkers> seats_;
};

// ---- The team's side -------------------------------------------------------------------------

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
#if !defined(_WIN32)
    // The old pool is leaked on purpose in the child: its threads and locks belong to the parent.
    static const int registered =
        pthread_atfork(nullptr, nullptr, [] { g_pool.store(nullptr, std::memory_order_release); });
    static_cast<void>(registered);
#endif
    pool = new ThreadPool();  // lives as long as the process, since its threads do
    g_pool.store(pool, std::memory_order_release);
  }
  return *pool;
}

int ThreadPool::acquire(int wanted) {
  if (taken_.exchange(true, std::memory_order_acquire)) return 0;
  grow(wanted);
  return std::min(wanted, threads_ + 1);
}

// With fewer threads than wanted there is just less help.
void ThreadPool::grow(int wanted) {
  try {
    for (; threads_ < wanted - 1; ++threads_) {
      const int worker = threads_ + 1;
      away_[static_cast<std::size_t>(worker)] = true;
      test_thread_start();
      std::thread([this, worker] { serve(worker); }).detach();
    }
  } catch (const std::system_error&) {
  } catch (const std::bad_alloc&) {
  }
}

void ThreadPool::run(int workers, Work& work) {
  work_ = &work;
  first_ = position_.load().number() + 1;
  failed_ = false;
  const int count = pieces(0);
  if (count > 0) {
    open({first_, workers, count});
    for (int worker = 1; worker < workers; ++worker) {
      Mailbox& mailbox = seats_[static_cast<std::size_t>(worker)].mailbox;
      if (!mailbox.waiting.load()) continue;
      mailbox.calls.fetch_add(1);
      wake_all(mailbox.calls);
    }
    take_part(0);
  }
  work_ = nullptr;
  if (exception_ != nullptr) std::rethrow_exception(std::exchange(exception_, nullptr));
}

Team::Team(int wanted) {
  if (wanted <= 1 || t_inside_pool) return;
  ThreadPool& pool = ThreadPool::instance();
  const int workers = pool.acquire(std::min(wanted, kMaxWorkers));
  if (workers == 0) return;
  pool_ = &pool;
  workers_ = workers;
}

Team::~Team() {
  if (pool_ != nullptr) pool_->release();
}

void Team::run(Work& work) {
  FlushDenormals flush;
  if (workers_ > 1) {
    t_inside_pool = true;
    struct Leave {
      ~Leave() { t_inside_pool = false; }
    } leave;
    pool_->run(workers_, work);
    return;
  }
  for (std::int64_t stage = 0, count; (count = work.pieces(stage)) > 0; ++stage) {
    for (int piece = 0; piece < count; ++piece) work.run(stage, piece);
  }
}

// ---- A worker's side -------------------------------------------------------------------------

void ThreadPool::serve(int worker) {
  t_inside_pool = true;
  FlushDenormals flush;
  for (;;) {
    wait_for_call(worker);
    take_part(worker);
  }
}

void ThreadPool::wait_for_call(int worker) {
  const auto called = [&] { return position_.load().workers() > worker; };
  for (int spin = 0; spin < kSpins; ++spin) {
    if (called()) return;
    spin_pause();
  }
  Mailbox& mailbox = seats_[static_cast<std::size_t>(worker)].mailbox;
  away_[static_cast<std::size_t>(worker)] = true;
  test_point(false);
  mailbox.waiting = true;
  for (;;) {
    const std::uint32_t calls = mailbox.calls.load();
    test_point(false);
    if (called()) break;  // after `waiting` is set: who opens a stage looks for it afterwards
    sleep_while_equal(mailbox.calls, calls);
  }
  mailbox.waiting = false;
}

// Until the work is over, or somebody else's that needs fewer workers has begun.
void ThreadPool::take_part(int worker) {
  std::atomic<bool>& away = away_[static_cast<std::size_t>(worker)];
  Position position = position_.load(std::memory_order_acquire);
  while (position.workers() > worker) {
    if (away.load(std::memory_order_relaxed)) away = false;
    test_point(false);
    if (worker < position.pieces() && claim(worker, position)) run_piece(worker, position);
    position = help_until_over(worker, position);
  }
}

// Returns the next position.
Position ThreadPool::help_until_over(int worker, Position position) {
  const bool spins = has_processors_for(position.workers());
  const int patience = spins ? kPatience : 0;
  for (int spin = 0; spin < (spins ? kSpins : 1); ++spin) {
    const Position now = position_.load(std::memory_order_acquire);
    if (now != position) return now;
    if (spin == 0 || spin == patience) {
      while (help(worker, position, spin < patience)) {
      }
    }
    spin_pause();
  }
  sleep_until_over(position);
  return position_.load(std::memory_order_acquire);
}

// Runs a piece that another worker has not begun; a patient one only of such as are away.
bool ThreadPool::help(int worker, Position position, bool patient) {
  const int pieces = position.pieces();
  for (int i = 1; i <= pieces; ++i) {
    const int piece = (worker + i) % pieces;
    std::atomic<bool>& away = away_[static_cast<std::size_t>(piece)];
    if (patient && !away.load(std::memory_order_relaxed)) continue;
    if (!claim(piece, position)) continue;
    if (!away.load(std::memory_order_relaxed)) away = true;
    run_piece(piece, position);
    return true;
  }
  return false;
}

// A larger number than the position's is that of a later stage: this one is over.
bool ThreadPool::claim(int piece, Position position) {
  std::atomic<std::uint64_t>& claimed = seats_[static_cast<std::size_t>(piece)].claimed;
  std::uint64_t last = claimed.load(std::memory_order_relaxed);
  test_point(false);
  return last < position.number() &&
         claimed.compare_exchange_strong(last, position.number(), std::memory_order_acquire,
                                         std::memory_order_relaxed);
}

void ThreadPool::run_piece(int piece, Position position) {
  test_point(true);
  if (!failed_.load(std::memory_order_relaxed)) {
    try {
      work_->run(static_cast<std::int64_t>(position.number() - first_), piece);
    } catch (...) {
      keep_exception();
    }
  }
  test_point(true);
  if (finished_.fetch_add(1, std::memory_order_acq_rel) + 1 == position.pieces()) {
    open_next(position);
  }
}

void ThreadPool::open_next(Position position) {
  finished_.store(0, std::memory_order_relaxed);
  const std::uint64_t number = position.number() + 1;
  const int count = failed_.load(std::memory_order_relaxed)
                        ? 0
                        : pieces(static_cast<std::int64_t>(number - first_));
  open(count > 0 ? Position(number, position.workers(), count) : Position(number, 0, 0));
}

// Sequentially consistent, as what sleepers do: either they see the new position, or they are
// seen here.
void ThreadPool::open(Position position) {
  position_.exchange(position);
  test_point(false);
  if (sleepers_.load() == 0) return;
  bell_.fetch_add(1);
  wake_all(bell_);
}

void ThreadPool::sleep_until_over(Position position) {
  sleepers_.fetch_add(1);
  for (;;) {
    const std::uint32_t rings = bell_.load();
    test_point(false);
    if (position_.load() != position) break;
    sleep_while_equal(bell_, rings);
  }
  sleepers_.fetch_sub(1);
}

int ThreadPool::pieces(std::int64_t stage) noexcept {
  try {
    return work_->pieces(stage);
  } catch (...) {
    keep_exception();
    return 0;
  }
}

// The first one counts.
void ThreadPool::keep_exception() noexcept {
  if (!failed_.exchange(true)) exception_ = std::current_exception();
}

}  // namespace pynn
