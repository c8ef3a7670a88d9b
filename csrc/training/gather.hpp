// Brings the rows of a batch into a plan's input: through the row numbers, converting on the way,
// turned into lanes, and row-major for the first layer's weight gradient.
#pragma once

#include <memory>
#include <vector>

#include "graph/plan.hpp"
#include "training/rows.hpp"

namespace pynn {

template <class T>
class Gather {
 public:
  Gather(Plan<T>& plan, const std::vector<int>& inputs, int max_batch);

  // The sources must outlive every batch that is gathered from them.
  void set_sources(const std::vector<Rows>& sources);

  void append_tasks(std::vector<Task>& tasks);
  // Fetches the next batch's rows while the current one is worked on.
  void append_prefetch(std::vector<Task>& tasks);

 private:
  struct Input {
    Slot<T>* slot;
    Rows source;
    bool lone_column = false;  // it is read straight into its lanes
    bool direct = false;
    bool prefetch = false;
    std::ptrdiff_t ld = 0;
    T* staging = nullptr;            // converted rows
    std::vector<const T*> pointers;  // for the weight gradient
  };

  void gather(Input& input, const Pass& pass, const Share& share);

  std::vector<std::unique_ptr<Input>> inputs_;
  Arena arena_;
};

extern template class Gather<float>;
extern template class Gather<double>;

}  // namespace pynn
