// Inference: batches of rows through a graph, on all workers. Safe to call from several threads.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/poll.hpp"
#include "graph/graph.hpp"
#include "training/rows.hpp"

namespace pynn {

class Executor {
 public:
  virtual ~Executor() = default;

  // outputs[i]: (rows, features of output i), row-major without padding, of the graph's dtype.
  // seed: of what is drawn at inference too.
  virtual void predict(const std::vector<Rows>& x, const std::vector<void*>& outputs,
                       std::uint64_t seed, const Poll& poll) = 0;

  const std::vector<int>& output_features() const { return output_features_; }
  // Floating-point operations with weights, of a dense row; at least as many.
  double operations_per_row() const { return operations_per_row_; }

 protected:
  std::vector<int> output_features_;
  double operations_per_row_ = 0;
};

std::unique_ptr<Executor> make_executor(std::shared_ptr<const Graph> graph,
                                        const std::vector<int>& inputs,
                                        const std::vector<int>& outputs);

}  // namespace pynn
