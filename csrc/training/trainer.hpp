// Training of a graph: many mini-batches per call, without Python. The interface is free of types,
// so that the bindings see one class; make_trainer picks the graph's dtype.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/poll.hpp"
#include "graph/graph.hpp"
#include "training/data.hpp"
#include "training/evaluator.hpp"
#include "training/trained_graph.hpp"
#include "training/updater.hpp"

namespace pynn {

struct TrainerSpec {
  GraphUse use;
  UpdateSpec update;
};

// The numbers of `steps` steps, a row each of so many columns: the learning rate; then, if there
// are more, the weight decay and what nodes of the graph take by the column's number.
struct StepNumbers {
  const double* data = nullptr;
  std::int64_t steps = 0;
  std::int64_t columns = 1;

  const double* row(std::int64_t i) const noexcept { return data + i * columns; }
  // Those of the steps after the first n.
  StepNumbers after(std::int64_t n) const noexcept { return {row(n), steps - n, columns}; }
};

struct LastBatch {
  std::vector<std::int64_t> rows;
  std::vector<int> features;                 // per output
  std::vector<std::vector<double>> outputs;  // per output, (rows, features)
};

class Trainer {
 public:
  // Changes the order of so many rows into that of the next epoch; `shuffle` may be empty.
  struct Reorder {
    static constexpr std::int64_t kAllRows = -1;  // as many as the data has
    std::int64_t rows = 0;
    std::function<void(std::int64_t* order, std::int64_t n)> shuffle;
  };

  virtual ~Trainer() = default;

  // Begins an epoch over data's rows in `order`, shuffled by `shuffle_seed` if `shuffle`. Empty
  // order: all rows as they stand. The first `skip` batches are left out, and, with
  // `drop_remainder`, a last one of fewer rows. Throws std::invalid_argument where shapes do not
  // fit, and changes nothing then. Nor does it change anything, and returns false, if another
  // thread is using the trainer and this one does not `wait` for it.
  virtual bool start(const Data& data, int batch_size, std::span<const std::int64_t> order,
                     bool shuffle, std::uint64_t shuffle_seed, std::int64_t skip,
                     bool drop_remainder, bool waits) = 0;
  // Runs up to numbers.steps steps until `seconds` have passed. Returns the steps done; 0 when the
  // epoch is over. Throws std::invalid_argument if a node takes more columns.
  virtual std::int64_t run(const StepNumbers& numbers, double seconds) = 0;
  // Goes on as run() does, and over the same data again until `epochs` have ended, the present one
  // among them. Their results are appended to `ended`. The next epoch begins where one ends, even
  // if there is no time left for its steps. Throws std::invalid_argument if `reorder` is for
  // another number of rows than the present epoch has.
  virtual std::int64_t run_epochs(const StepNumbers& numbers, double seconds, std::int64_t epochs,
                                  const Reorder& reorder, std::vector<Results>& ended) = 0;
  // Since start(). Nothing if another thread is using the trainer, unless this one `waits` for it.
  virtual std::optional<Results> results(bool waits) const = 0;
  // By pieces of a few hundred rows, of whose losses it takes the mean weighted by rows: with
  // normalize_by_weights or l2_per_batch, that is the mean over pieces and not over everything.
  // Where a loss depends on the batches in other ways, it is taken by batches of batch_size.
  virtual Results evaluate(const Data& data, int batch_size, const Poll& poll) = 0;
  // Loss over all rows as one batch, and its gradient per parameter: `into` arrays of the graph's
  // type that hold a matrix's columns one after the other.
  virtual double gradients(const Data& data, const std::vector<void*>& into, const Poll& poll) = 0;
  virtual LastBatch last_batch() = 0;
  virtual std::vector<std::vector<VariablePtr>> state() const = 0;

  std::uint64_t iterations = 0;  // optimizer steps so far
  std::uint64_t seed = 0;        // of dropout's masks
};

std::unique_ptr<Trainer> make_trainer(std::shared_ptr<const Graph> graph, const TrainerSpec& spec);

}  // namespace pynn
