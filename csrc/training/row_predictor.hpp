// Predictions by callers that know nothing of Python or of the thread pool: a row, or some, by the
// calling thread alone. The weights are those of the moment when it was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "graph/graph.hpp"
#include "training/rows.hpp"

namespace pynn {

class RowPredictor {
 public:
  // As many threads may predict without allocating, once there is room for them.
  static constexpr int kMostThreads = 256;

  virtual ~RowPredictor() = default;

  // Safe to call from several threads. y: (x.rows, outputs()), y_ld numbers from row to row.
  virtual void predict(const Rows& x, float* y, std::ptrdiff_t y_ld) = 0;
  virtual void predict(const Rows& x, double* y, std::ptrdiff_t y_ld) = 0;
  // Makes room for so many threads at once.
  virtual void reserve(int threads) = 0;

  int inputs() const noexcept { return inputs_; }
  int outputs() const noexcept { return outputs_; }
  DType dtype() const noexcept { return dtype_; }

 protected:
  int inputs_ = 0;
  int outputs_ = 0;
  DType dtype_ = DType::float32;
};

// For a graph of one input that matters and one output. seed: of the first call, where predictions
// are drawn; later ones draw anew.
std::unique_ptr<RowPredictor> make_row_predictor(const Graph& graph, int input, int output,
                                                 std::optional<std::uint64_t> seed);

}  // namespace pynn
