#include "training/updater.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "base/check.hpp"
#include "dispatch/dispatch.hpp"
#include "formulas/names.hpp"
#include "ops/vector_gradient.hpp"

namespace pynn {

Optimizer parse_optimizer(const std::string& name, const std::vector<double>& hyper) {
  const int index = find_name(kOptimizerList, name);
  if (index < 0) {
    require(false,
            "unknown optimizer: '" + name + "'. It must be one of " + joined_names(kOptimizerList));
  }
  const char* parameters = kOptimizerList[index].parameters;
  require(hyper.size() == split_words(parameters).size(),
          "the optimizer '" + name + "' needs its hyperparameters: " + parameters);
  return static_cast<Optimizer>(index);
}

template <class T>
Updater<T>::Updater(const UpdateSpec& spec, bool keeps_gradients)
    : spec_(spec), keeps_gradients_(keeps_gradients) {
  const std::size_t n = spec.parameters.size();
  require(spec.l1.size() == n && spec.l2.size() == n, "one l1 and one l2 are needed per parameter");
  spec.options.check_factors(n);
  if (keeps_gradients) {  // no steps, no state
    spec_.optimizer = Optimizer::sgd;
    spec_.hyper.clear();
  }
  const OptimizerKernel<T>& kernel = kernel_table<T>().optimizer[static_cast<int>(spec_.optimizer)];
  // Padding, whose gradient and state are 0, must not become 0 / 0.
  const auto names = split_words(kOptimizerList[static_cast<int>(spec_.optimizer)].parameters);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != "epsilon") continue;
    const auto least = static_cast<double>(std::numeric_limits<T>::min());
    spec_.hyper[i] = std::max(spec_.hyper[i], least);
  }
  parameters_.resize(n);
  row_sums_.resize(n);
  squares_.resize(n);
  kept_.resize(n);
  is_alone_.assign(n, 0);
  is_trained_.assign(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    Parameter<T>& p = parameters_[i];
    p.variable = spec.parameters[i];
    require(p.variable != nullptr && p.variable->dtype() == dtype_of<T>(),
            "parameters must have the graph's dtype");
    p.weights = p.variable->template data<T>();
    p.ld = p.variable->ld();
    p.rows = p.variable->rows();
    p.cols = p.variable->cols();
    p.lines = p.variable->lines();
    p.in_out = p.variable->layout() == Layout::in_out;
    p.skips_zero_rows = (kernel.ignores_zero || spec.options.is_lazy(i)) && !has_penalty(i) &&
                        !spec.options.decays(i);
    for (int s = 0; s < kernel.slots; ++s) {
      auto slot = std::make_shared<Variable>(p.rows, p.cols, dtype_of<T>(), p.variable->layout());
      p.state[s] = slot->template data<T>();
      if (s == 0 && kernel.initial_hyper >= 0) {
        const T start = static_cast<T>(spec.hyper[kernel.initial_hyper]);
        std::fill(p.state[0], p.state[0] + slot->padded_size(), start);
      }
      p.slots.push_back(std::move(slot));
    }
    has_penalty_ = has_penalty_ || has_penalty(i);
    row_sums_[i].resize(static_cast<std::size_t>(p.rows));
  }
}

template <class T>
ParameterMap<T> Updater<T>::parameters() {
  ParameterMap<T> map;
  for (Parameter<T>& p : parameters_) map[p.variable.get()] = &p;
  return map;
}

template <class T>
std::size_t Updater<T>::padded_size() const {
  std::ptrdiff_t size = 0;
  for (const Parameter<T>& p : parameters_) size += p.variable->padded_size();
  return static_cast<std::size_t>(size);
}

template <class T>
std::vector<std::vector<VariablePtr>> Updater<T>::state() const {
  std::vector<std::vector<VariablePtr>> state;
  for (const Parameter<T>& p : parameters_) state.push_back(p.slots);
  return state;
}

template <class T>
void Updater<T>::set_adding(bool adding) {
  for (Parameter<T>& p : parameters_) p.adding = adding;
}

template <class T>
void Updater<T>::clear_gradients() {
  set_adding(false);
  for (Parameter<T>& p : parameters_) std::fill_n(p.grad, p.variable->padded_size(), T(0));
}

template <class T>
void Updater<T>::copy_gradient(std::size_t i, T* into) const {
  const Variable& variable = *parameters_[i].variable;
  for (int col = 0; col < variable.cols(); ++col) {
    const T* grad = parameters_[i].grad + col * variable.col_step();
    for (int row = 0; row < variable.rows(); ++row) *into++ = grad[row * variable.row_step()];
  }
}

template <class T>
void Updater<T>::serve(const ExecutionPlan<T>& plan) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Parameter<T>& p = parameters_[i];
    const std::vector<const Op<T>*>& uses = plan.uses(&p);
    is_alone_[i] = uses.empty();
    is_trained_[i] = !uses.empty() || has_penalty(i);
    const bool steps_whole = uses.size() >= 2 || (uses.empty() && has_penalty(i)) ||
                             (steps_lazily(i) && !uses.empty() && !uses.front()->steps_rows());
    if (!keeps_gradients_ && !spec_.options.clips_norm() && !steps_whole) continue;
    if (kept_[i].data() == nullptr) {
      kept_[i] = AlignedBuffer(static_cast<std::size_t>(p.variable->padded_size()) * sizeof(T));
    }
    p.grad = static_cast<T*>(kept_[i].data());
  }
}

template <class T>
int Updater<T>::extent(std::size_t i) const {
  const Parameter<T>& p = parameters_[i];
  if (p.lines > 1) return p.lines;
  return p.in_out ? p.rows : p.cols;
}

// Sums of l1 |x| + l2 x^2 over each row of a matrix that lies as parameter i does. However it lies,
// sums run over the same numbers in the same order.
template <class T>
void Updater<T>::sum_rows(std::size_t i, Range rows, const T* matrix, double l1, double l2) {
  const Parameter<T>& p = parameters_[i];
  const KernelTable<T>& kernels = kernel_table<T>();
  const auto set = [&](int row, T magnitudes, T squares) {
    double sum = 0;
    if (l1 != 0) sum += l1 * static_cast<double>(magnitudes);
    if (l2 != 0) sum += l2 * static_cast<double>(squares);
    row_sums_[i][row] = sum;
  };
  if (!p.in_out) {
    for (int row = rows.begin; row < rows.end; ++row) {
      const T* x = matrix + row * p.ld;
      set(row, l1 != 0 ? kernels.sum_magnitudes(x, p.ld) : T(0),
          l2 != 0 ? kernels.sum_squares(x, p.ld) : T(0));
    }
    return;
  }
  constexpr int kGroup = 64;
  T magnitudes[kGroup], squares[kGroup];
  for (int begin = rows.begin; begin < rows.end; begin += kGroup) {
    const int n = std::min(kGroup, rows.end - begin);
    const int padded = static_cast<int>(round_up(n, kRowAlign));
    if (l1 != 0) kernels.column_magnitudes(matrix + begin, p.ld, p.lines, padded, magnitudes);
    if (l2 != 0) kernels.column_squares(matrix + begin, p.ld, p.lines, padded, squares);
    for (int k = 0; k < n; ++k) set(begin + k, magnitudes[k], squares[k]);
  }
}

template <class T>
void Updater<T>::sum_penalty(std::size_t i, const Share& share) {
  const Parameter<T>& p = parameters_[i];
  Range rows = part_of(i, share);
  if (p.is_vector())
    rows = {0, rows.begin == 0 && rows.size() > 0 ? 1 : 0};  // one part begins at 0
  sum_rows(i, rows, p.weights, spec_.l1[i], spec_.l2[i]);
}

template <class T>
void Updater<T>::append_penalty(std::vector<Task>& tasks) {
  if (!has_penalty_) return;
  Task total{[this](const Pass&, const Share&) {
               penalty_ = 0;
               for (std::size_t i = 0; i < parameters_.size(); ++i) {
                 if (!has_penalty(i)) continue;
                 for (double sum : row_sums_[i]) penalty_ += sum;
               }
             },
             kRowwise,
             1,
             {},
             {&penalty_}};
  total.always_serial = true;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (!has_penalty(i)) continue;
    const Parameter<T>& p = parameters_[i];
    // The work does not grow with the batch; a batch of kLanes is what the cost is compared with.
    Task task{[this, i](const Pass&, const Share& share) { sum_penalty(i, share); },
              p.in_out ? kTranspose : kElementwise,
              4.0 * p.rows * p.cols / kLanes,
              {p.weights},
              {row_sums_[i].data()}};
    task.always_features = true;
    total.reads.push_back(row_sums_[i].data());
    tasks.push_back(std::move(task));
  }
  tasks.push_back(std::move(total));
}

template <class T>
double Updater<T>::compute_penalty() {
  if (!has_penalty_) return 0;
  double penalty = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (!has_penalty(i)) continue;
    sum_penalty(i, {{0, 1}});
    for (double sum : row_sums_[i]) penalty += sum;
  }
  return penalty;
}

// Most often all parameters take the same step: what is their own comes after it.
template <class T>
void Updater<T>::prepare(const Pass& pass, double penalty_divisor) {
  const OptimizerKernel<T>& kernel = kernel_table<T>().optimizer[static_cast<int>(spec_.optimizer)];
  const StepOptions& options = spec_.options;
  const double decay = options.scheduled_decay ? pass.numbers[1] : options.weight_decay;
  const auto step_of = [&](double rate, double decay_factor) {
    UpdateStep<T> step;
    double numbers[UpdateStep<T>::kNumbers] = {};
    kernel.prepare(spec_.hyper.data(), static_cast<double>(pass.step + 1), memory_.data(), rate,
                   numbers);
    step.optimizer = spec_.optimizer;
    for (int k = 0; k < UpdateStep<T>::kNumbers; ++k) step.h[k] = static_cast<T>(numbers[k]);
    step.decay_factor = static_cast<T>(decay_factor);
    step.clip = static_cast<T>(options.clipvalue);
    return step;
  };
  if (options.has_factors()) {
    const std::array before = memory_;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      memory_ = before;
      parameters_[i].step =
          step_of(options.rate_of(i, pass.rate), options.remaining(i, pass.rate, decay));
    }
  } else {
    const UpdateStep<T> step = step_of(pass.rate, 1 - decay * pass.rate);
    for (Parameter<T>& p : parameters_) p.step = step;
  }
  if (!has_penalty_) return;
  const double divisor = spec_.l2_per_batch ? penalty_divisor : 1;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    parameters_[i].step.l1 = static_cast<T>(spec_.l1[i] / divisor);
    parameters_[i].step.l2 = static_cast<T>(2 * spec_.l2[i] / divisor);
  }
}

template <class T>
void Updater<T>::add_penalty_gradient(std::size_t i, Range rows) {
  Parameter<T>& p = parameters_[i];
  UpdateStep<T>& step = p.step;
  if (step.l1 == 0 && step.l2 == 0) return;
  const auto add = [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (std::ptrdiff_t k = begin; k < end; ++k) {
      const T w = p.weights[k];
      const T slope = step.l2 * w + (w > 0 ? step.l1 : w < 0 ? -step.l1 : T(0));
      p.grad[k] = is_alone_[i] ? slope : p.grad[k] + slope;
    }
  };
  if (p.in_out) {
    for (int line = 0; line < p.lines; ++line)
      add(line * p.ld + rows.begin, line * p.ld + rows.end);
  } else {
    add(p.rows > 1 ? rows.begin * p.ld : rows.begin, p.rows > 1 ? rows.end * p.ld : rows.end);
  }
}

template <class T>
void Updater<T>::add_penalty_gradients(double divisor) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    UpdateStep<T>& step = parameters_[i].step;
    step.l1 = static_cast<T>(spec_.l1[i] / divisor);
    step.l2 = static_cast<T>(2 * spec_.l2[i] / divisor);
    add_penalty_gradient(i, part_of(i, {{0, 1}}));
  }
}

template <class T>
void Updater<T>::sum_squares(std::size_t i, const Share& share) {
  const Range rows = part_of(i, share);
  add_penalty_gradient(i, rows);
  if (!parameters_[i].is_vector()) sum_rows(i, rows, parameters_[i].grad, 0, 1);
}

// Vectors are short: one worker sums them when all of their gradient is there.
template <class T>
void Updater<T>::combine_norms() {
  double all = 0;
  std::fill(squares_.begin(), squares_.end(), 0.0);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Parameter<T>& p = parameters_[i];
    if (!is_trained_[i]) continue;
    if (p.is_vector()) sum_rows(i, {0, 1}, p.grad, 0, 1);
    for (double sum : row_sums_[i]) squares_[i] += sum;
    all += squares_[i];
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    UpdateStep<T>& step = parameters_[i].step;
    step.l1 = step.l2 = 0;  // already in the kept gradient
    step.gradient_scale = static_cast<T>(spec_.options.gradient_scale(squares_[i], all));
  }
}

template <class T>
void Updater<T>::step_lines(std::size_t i, Range rows) {
  if (rows.size() <= 0) return;
  Parameter<T>& p = parameters_[i];
  const std::ptrdiff_t begin = p.lines > 1 ? rows.begin * p.ld : rows.begin;
  const std::ptrdiff_t n = p.lines > 1 ? rows.size() * p.ld : rows.size();
  step_elements(kernel_table<T>(), p, begin, p.grad + begin, n);
}

// Rows of a table whose gradient is 0 stay as they are.
template <class T>
void Updater<T>::step_rows_in_use(std::size_t i, Range rows) {
  Parameter<T>& p = parameters_[i];
  const std::ptrdiff_t width = p.rows, step = p.variable->row_step();
  for (int row = rows.begin; row < rows.end; ++row) {
    const std::ptrdiff_t first = row * p.variable->col_step();
    bool in_use = false;
    for (std::ptrdiff_t d = 0; d < width; ++d) in_use |= p.grad[first + d * step] != 0;
    if (in_use) step_row(kernel_table<T>(), p, first, p.grad + first, p.rows, step, step);
  }
}

template <class T>
void Updater<T>::append_finish(std::vector<Task>& tasks) {
  if (keeps_gradients_) return;
  Task combine{[this](const Pass&, const Share&) { combine_norms(); }, kRowwise, 1, {}, {&memory_}};
  combine.always_serial = true;
  const auto divided = [&](std::size_t i, auto run, std::vector<const void*> reads,
                           std::vector<const void*> writes) {
    const Parameter<T>& p = parameters_[i];
    // Not as the gradient was divided: that may have been along columns, or not at all.
    Task task{[i, run](const Pass&, const Share& share) { run(i, share); }, kFeatureProduct,
              6.0 * p.rows * p.cols / kLanes, std::move(reads), std::move(writes)};
    task.always_features = true;
    tasks.push_back(std::move(task));
  };
  if (spec_.options.clips_norm()) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      Parameter<T>& p = parameters_[i];
      if (!is_trained_[i]) continue;
      divided(i, [this](std::size_t k, const Share& s) { sum_squares(k, s); }, {p.weights, p.grad},
              {row_sums_[i].data(), p.grad});
      combine.reads.push_back(row_sums_[i].data());
    }
    tasks.push_back(combine);
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Parameter<T>& p = parameters_[i];
    if (!is_trained_[i] || p.grad == nullptr) continue;
    const auto step = [this](std::size_t k, const Share& s) {
      if (steps_lazily(k)) {
        step_rows_in_use(k, s.features(parameters_[k].cols));
      } else {
        step_lines(k, s.features(extent(k)));
      }
    };
    divided(i, step, {&memory_, p.grad}, {p.weights});
  }
}

template class Updater<float>;
template class Updater<double>;

}  // namespace pynn
