// The engine's own threads, and how they share work.
//
// Work is a list of stages, one after the other. A stage is divided into pieces, none of which
// reads what another one of the same stage writes; piece i is meant for worker i, and worker 0 is
// the caller. Results may depend on how many pieces there are, which is settled before a stage
// begins, but not on who runs them: so a worker first claims its own piece, and when that is done,
// pieces that nobody has begun.
//
//                  stage 17                 stage 18: worker 1 has no processor
//      worker 0    [ piece 0 ]              [ piece 0 ][ piece 1 ]
//      worker 1    [ piece 1 ]                .  .  .  .  .  .  .    (it joins where it finds them)
//
// On a busy machine a worker may have no processor for tens of milliseconds. It holds up nothing
// that it has not begun, and nobody waits for it when the work is done:
//
// - One word, the position, says which stage is open and how many pieces and workers it has.
//   Stages are numbered through the life of the pool, so a number never comes again.
// - Each piece has a word with the number of the last stage that it was claimed for. Claiming is
//   one compare-and-swap from a smaller number. Whoever wakes up late with an old position fails
//   there, looks at the position again and joins the stage that is open by then.
// - Only who has claimed a piece looks at the work. The stage cannot end before the piece has, so
//   the work, which lives on the caller's stack, is still there.
// - Who finishes the last piece of a stage opens the next one. The caller returns when the last
//   stage is over: every piece is finished then, whoever was late.
//
// Where every worker has a processor this costs what a barrier costs: an uncontended
// compare-and-swap on a cache line of the worker's own, and one addition that all share.
//
// A worker waits a little before it takes what belongs to another one, since weights are in that
// one's cache; but not again and again for one that is known to be away. What has been begun by a
// worker that then lost its processor can only be waited for: by spinning for some microseconds,
// then asleep.
#pragma once

#include <cstdint>

#include "base/thread_limits.hpp"

namespace pynn {

// What a team does. Both functions are called on any of its threads, without a lock; they may
// throw, but must not allocate where they need not.
class Work {
 public:
  // Pieces of this stage, no more than the team has workers; 0 where there are no more stages.
  // Asked once for each, in order, when all stages before it are over.
  virtual int pieces(std::int64_t stage) = 0;
  virtual void run(std::int64_t stage, int piece) = 0;

 protected:
  ~Work() = default;
};

// The right to use the pool, for as long as it lives. When another thread has it, or in work that
// is already running on the pool, a team has one worker, the caller: nobody ever waits for the
// pool. A team may also be smaller than wanted because no more threads can be started.
class Team {
 public:
  explicit Team(int wanted);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int workers() const { return workers_; }

  // Returns when all stages are over. The first exception that is thrown in a piece ends the work,
  // after the pieces that have begun, and comes out here.
  void run(Work& work);

 private:
  class ThreadPool* pool_ = nullptr;  // null: the caller works alone
  int workers_ = 1;
};

// One stage: calls task(piece, pieces) for each of up to `workers` pieces.
template <class Task>
void run_pieces(int workers, const Task& task) {
  struct OneStage final : Work {
    OneStage(const Task& all, int n) : task(all), count(n) {}
    int pieces(std::int64_t stage) override { return stage == 0 ? count : 0; }
    void run(std::int64_t, int piece) override { task(piece, count); }
    const Task& task;
    int count;
  };
  Team team(workers);
  OneStage work(task, team.workers());
  team.run(work);
}

}  // namespace pynn
