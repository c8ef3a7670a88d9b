// Brings the rows of a batch into a plan's input: through the row numbers, converting on the way,
// transposed into lanes, and row-major for the first layer's weight gradient.
#pragma once

#include <memory>
#include <vector>

#include "base/arena.hpp"
#include "graph/execution_plan.hpp"
#include "graph/graph.hpp"
#include "training/rows.hpp"

namespace pynn {

template <class T>
class Gather {
 public:
  Gather(ExecutionPlan<T>& plan, const std::vector<int>& inputs, int max_batch);

  // The sources must outlive every batch that is gathered from them.
  // may_repeat: a batch may hold a row several times.
  void set_sources(const std::vector<Rows>& sources, bool may_repeat = false);

  void append_tasks(std::vector<Task>& tasks);
  double elements_per_row() const;  // of all inputs, where they are sparse the mean

 private:
  struct Input {
    Slot<T>* slot;
    Rows source;
    bool wants_rows = false;     // a weight gradient reads the rows themselves
    bool may_keep_rows = false;  // rows of a small batch stand for its lanes
    bool lone_column = false;    // it is read straight into its lanes
    bool direct = false;         // the user's rows are used in place
    std::ptrdiff_t ld = 0;
    T* staging = nullptr;            // converted rows
    std::vector<const T*> pointers;  // for the weight gradient
    // Rows given by their entries.
    std::int64_t capacity = 0;
    AlignedBuffer starts, ends, columns, values, ordered;
  };

  void make_room(Input& input, bool may_repeat) const;
  void gather(Input& input, const Pass& pass, const Share& share);
  void gather_entries(Input& input, const Pass& pass, const Share& share);

  int max_batch_;
  std::vector<std::unique_ptr<Input>> inputs_;
  Arena arena_;
};

extern template class Gather<float>;
extern template class Gather<double>;

// What a plan for these sources should be asked for: PlanRequest::entries_per_row.
std::vector<double> entries_per_row(const Graph& graph, const std::vector<int>& inputs,
                                    const std::vector<int>& roots,
                                    const std::vector<Rows>& sources);
// The same before any source is known: an input of many features may well be sparse, and room for
// its dense rows is made only when they come.
std::vector<double> expected_entries(const Graph& graph, const std::vector<int>& inputs,
                                     const std::vector<int>& roots);
// Whether a plan made for `a` serves for `b`.
bool same_kinds(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace pynn
