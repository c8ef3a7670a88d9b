// The trainable parameters of a training run: their optimizer's state, regularization, clipping,
// and the numbers of each step. The steps themselves happen where gradients are computed, in the
// ops' update(), unless a gradient has to be whole before it is used.
#pragma once

#include <array>
#include <vector>

#include "graph/execution_plan.hpp"
#include "training/step_options.hpp"

namespace pynn {

struct UpdateSpec {
  std::vector<VariablePtr> parameters;
  std::vector<double> l1;  // per parameter: loss += l1 sum |w| + l2 sum w^2
  std::vector<double> l2;
  Optimizer optimizer = Optimizer::sgd;
  std::vector<double> hyper;
  StepOptions options;
  bool l2_per_batch = false;  // the penalty is divided by what the batch's loss is divided by
};

Optimizer parse_optimizer(const std::string& name, const std::vector<double>& hyper);

template <class T>
class Updater {
 public:
  // keeps_gradients: all of them are kept, and nothing is stepped.
  explicit Updater(const UpdateSpec& spec, bool keeps_gradients = false);

  ParameterMap<T> parameters();
  std::size_t padded_size() const;  // elements of all parameters
  // State of each parameter, slot by slot.
  std::vector<std::vector<VariablePtr>> state() const;
  void set_adding(bool adding);  // to the gradients that are kept
  void clear_gradients();
  // Copies what was kept, column by column.
  void copy_gradient(std::size_t i, T* into) const;

  // To be called when the plan is known: shared variables keep their gradients until all parts are
  // there.
  void serve(const ExecutionPlan<T>& plan);

  // Sums the penalty of the weights before they are stepped.
  void append_penalty(std::vector<Task>& tasks);
  // Call from one worker, between the end of the last step and the first update of this one.
  void prepare(const Pass& pass, double penalty_divisor);
  // Steps the parameters whose gradients were kept.
  void append_finish(std::vector<Task>& tasks);

  const double* penalty() const { return &penalty_; }
  double compute_penalty();
  // Adds the penalty's gradient to kept gradients.
  void add_penalty_gradients(double divisor);

 private:
  void sum_rows(std::size_t i, Range rows, const T* matrix, double l1, double l2);
  void sum_penalty(std::size_t i, const Share& share);
  void sum_squares(std::size_t i, const Share& share);
  void add_penalty_gradient(std::size_t i, Range rows);
  void combine_norms();
  void step_lines(std::size_t i, Range lines);
  void step_rows_in_use(std::size_t i, Range rows);
  bool has_penalty(std::size_t i) const { return spec_.l1[i] != 0 || spec_.l2[i] != 0; }
  bool steps_lazily(std::size_t i) const {
    return spec_.options.is_lazy(i) && parameters_[i].skips_zero_rows;
  }
  // What steps are divided along between workers: the lines of a matrix, the elements of a vector.
  int extent(std::size_t i) const;
  // A worker's part of what has one sum a row: rows, or the elements of a vector.
  Range part_of(std::size_t i, const Share& share) const {
    const Parameter<T>& p = parameters_[i];
    return p.in_out ? share.columns(p.rows) : share.features(extent(i));
  }

  UpdateSpec spec_;
  bool has_penalty_ = false;
  bool keeps_gradients_;
  double penalty_ = 0;
  std::array<double, 4> memory_ = {};
  std::vector<Parameter<T>> parameters_;
  std::vector<std::vector<double>> row_sums_;
  std::vector<double> squares_;  // of a gradient's norm, per parameter
  std::vector<AlignedBuffer> kept_;
  // Per parameter: no op gives it a gradient; it has one, of ops or of its penalty.
  std::vector<char> is_alone_, is_trained_;
};

extern template class Updater<float>;
extern template class Updater<double>;

}  // namespace pynn
