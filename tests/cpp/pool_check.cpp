// The thread pool's contract, with threads that are late at random points, or for as long as a test
// likes. Prints what does not hold; built with and without ThreadSanitizer, which says the rest.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/thread_pool.hpp"

namespace {

using namespace std::chrono_literals;

std::atomic<bool> g_delays{false};
std::atomic<bool> g_stopped{false};  // threads of the pool do not go on unless they have a piece
std::atomic<int> g_failing_starts{0};
thread_local std::uint64_t t_random = 0;  // of a thread that is stopped and delayed
thread_local bool t_outside = false;      // of a thread that calls the pool

int g_failures = 0;

void check(bool holds, const char* what) {
  if (holds) return;
  std::printf("does not hold: %s\n", what);
  ++g_failures;
}

std::uint64_t next_random(std::uint64_t& state) {
  state = state * 6364136223846793005U + 1442695040888963407U;
  return state >> 33;
}

}  // namespace

namespace pynn {

void test_point(bool has_piece) {
  while (g_stopped && !t_outside && !has_piece) std::this_thread::sleep_for(100us);
  if (!g_delays) return;
  if (t_random == 0) t_random = std::hash<std::thread::id>()(std::this_thread::get_id()) | 1;
  const std::uint64_t random = next_random(t_random);
  if (random % 16 == 0) std::this_thread::yield();
  if (random % 64 == 1) std::this_thread::sleep_for(std::chrono::microseconds(random / 64 % 300));
}

void test_thread_start() {
  if (g_failing_starts <= 0) return;
  if (--g_failing_starts % 2 == 0) throw std::bad_alloc();
  throw std::system_error(EAGAIN, std::generic_category());
}

}  // namespace pynn

namespace {

using pynn::Team;

// Stages of random numbers of pieces. A piece adds up all numbers of the stage before it, which
// are plain memory: whoever runs it must see them.
class Chain final : public pynn::Work {
 public:
  Chain(int stages, int workers, std::uint64_t seed) {
    for (int i = 0; i < stages; ++i) {
      const std::uint64_t random = next_random(seed);
      counts_.push_back(random % 3 == 0 ? 1 : 1 + static_cast<int>(random / 3) % workers);
    }
    numbers_.resize(counts_.size());
    times_.resize(counts_.size());
  }
  int pieces(std::int64_t stage) override {
    const auto i = static_cast<std::size_t>(stage);
    asked_ += stage == asked_ ? 1 : 1 << 20;
    return i < counts_.size() ? counts_[i] : 0;
  }
  void run(std::int64_t stage, int piece) override {
    const auto i = static_cast<std::size_t>(stage);
    std::uint64_t sum = 1 + static_cast<std::uint64_t>(piece);
    if (i > 0) {
      for (int p = 0; p < counts_[i - 1]; ++p)
        sum += sum * numbers_[i - 1][static_cast<std::size_t>(p)];
    }
    numbers_[i][static_cast<std::size_t>(piece)] = sum;
    ++times_[i][static_cast<std::size_t>(piece)];
  }

  void check_against(Chain& other) {
    check(asked_ == static_cast<std::int64_t>(counts_.size()) + 1,
          "stages are asked for once, in order");
    check(numbers_ == other.numbers_, "results do not depend on who runs a piece");
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      for (int p = 0; p < counts_[i]; ++p)
        check(times_[i][static_cast<std::size_t>(p)] == 1, "each piece runs once");
    }
  }

 private:
  std::vector<int> counts_;
  std::vector<std::array<std::uint64_t, 8>> numbers_;
  std::vector<std::array<int, 8>> times_;
  std::int64_t asked_ = 0;
};

void run_alone(pynn::Work& work) {
  for (std::int64_t stage = 0, n; (n = work.pieces(stage)) > 0; ++stage) {
    for (int piece = 0; piece < n; ++piece) work.run(stage, piece);
  }
}

void chains(int times, std::uint64_t seed) {
  for (int i = 0; i < times; ++i) {
    const int stages = static_cast<int>(next_random(seed) % 60);
    Team team(2 + static_cast<int>(next_random(seed) % 4));
    const std::uint64_t shape = next_random(seed);
    Chain chain(stages, team.workers(), shape), expected(stages, team.workers(), shape);
    team.run(chain);
    run_alone(expected);
    chain.check_against(expected);
  }
}

void from_several_threads(int times) {
  std::vector<std::thread> callers;
  for (std::uint64_t i = 1; i <= 4; ++i) {
    callers.emplace_back([times, i] {
      t_outside = true;
      chains(times, i);
    });
  }
  for (std::thread& caller : callers) caller.join();
}

// Nobody waits for threads that have not begun anything.
void without_the_others() {
  g_stopped = true;
  const auto caller = std::this_thread::get_id();
  for (int i = 0; i < 20; ++i) {
    std::array<std::atomic<int>, 3> times{};
    pynn::run_pieces(3, [&](int piece, int pieces) {
      check(pieces == 3, "the division does not depend on who is there");
      check(std::this_thread::get_id() == caller, "threads that are stopped run nothing");
      ++times[static_cast<std::size_t>(piece)];
    });
    for (const auto& each : times) check(each == 1, "the caller does what others do not begin");
  }
  g_stopped = false;
}

// Two pieces that wait for one another are run by two threads.
template <class Then>
void on_two_threads(const Then& then) {
  std::atomic<int> begun{0};
  pynn::run_pieces(2, [&](int, int pieces) {
    check(pieces == 2, "two workers");
    ++begun;
    while (begun < 2) std::this_thread::yield();
    then();
  });
}

void exceptions() {
  const auto caller = std::this_thread::get_id();
  for (int round = 0; round < 50; ++round) {
    for (const bool on_caller : {false, true}) {
      for (const bool on_worker : {false, true}) {
        std::string caught;
        std::atomic<int> ended{0};
        try {
          on_two_threads([&] {
            const bool here = std::this_thread::get_id() == caller;
            ++ended;
            if (here ? on_caller : on_worker) throw std::runtime_error(here ? "caller" : "worker");
          });
        } catch (const std::runtime_error& error) {
          caught = error.what();
        }
        check(ended == 2, "everybody has ended when an exception comes out");
        check(caught.empty() == !(on_caller || on_worker), "an exception comes out");
        if (on_caller != on_worker)
          check(caught == (on_caller ? "caller" : "worker"), "it is the one that was thrown");
      }
    }
    chains(1, static_cast<std::uint64_t>(round) + 99);
  }
}

// Later stages are not run, whether a piece throws or the question how many there are.
void exceptions_end_the_work() {
  struct Failing final : pynn::Work {
    explicit Failing(int stage, bool piece) : bad_stage(stage), in_piece(piece) {}
    int pieces(std::int64_t stage) override {
      if (stage == bad_stage && !in_piece) throw std::bad_alloc();
      return stage < 20 ? 2 : 0;
    }
    void run(std::int64_t stage, int) override {
      last = stage;
      if (stage == bad_stage) throw std::bad_alloc();
    }
    std::int64_t bad_stage;
    bool in_piece;
    std::atomic<std::int64_t> last{-1};
  };
  for (int stage = 0; stage < 20; ++stage) {
    for (const bool in_piece : {false, true}) {
      Failing work(stage, in_piece);
      bool caught = false;
      try {
        Team team(2);
        team.run(work);
      } catch (const std::bad_alloc&) {
        caught = true;
      }
      check(caught, "bad_alloc comes out");
      check(work.last == (in_piece ? stage : stage - 1), "nothing is run after it");
    }
  }
}

void nesting() {
  on_two_threads([] {
    Team inner(4);
    check(inner.workers() == 1, "work in work is done alone");
    int sum = 0;
    pynn::run_pieces(4, [&](int piece, int pieces) { sum += piece + pieces; });
    check(sum == 1, "work in work has one piece");
  });
  const Team outer(2);
  std::thread other([] { check(Team(2).workers() == 1, "who finds the pool busy works alone"); });
  other.join();
}

// Must come first, while no thread has been started.
void missing_threads() {
  g_failing_starts = 1000;
  for (int i = 0; i < 10; ++i) {
    Team team(4);
    check(team.workers() == 1, "without threads the caller works alone");
    chains(1, 5);
  }
  g_failing_starts = 0;
  check(Team(2).workers() == 2, "threads are started when that is possible again");
  g_failing_starts = 1000;
  check(Team(4).workers() == 2, "fewer threads are a smaller team");
  chains(20, 6);
  g_failing_starts = 0;
  check(Team(4).workers() == 4, "and the others come later");
  chains(20, 7);
}

}  // namespace

int main(int argc, char** argv) {
  const int times = argc > 1 ? std::atoi(argv[1]) : 300;
  t_outside = true;
  missing_threads();
  for (const bool delays : {false, true}) {
    g_delays = delays;
    chains(times, 1);
    exceptions();
    exceptions_end_the_work();
    nesting();
    from_several_threads(times / 4);
  }
  without_the_others();
  chains(times, 2);
  std::printf("%d failures\n", g_failures);
  std::fflush(stdout);
  std::_Exit(g_failures == 0 ? 0 : 1);  // the pool's threads never end
}
