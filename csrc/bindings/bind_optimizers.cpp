// Optimizers on plain arrays: for weights that the engine does not train, and for the tests.
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "base/denormals.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/names.hpp"
#include "bindings/step_options.hpp"
#include "dispatch/dispatch.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

// The numbers of a step are the same for all parameters of a model that share a rate, and some
// optimizers keep a running product from step to step: the last preparation of this thread is
// remembered.
template <class T>
const double* prepared_numbers(int index, const std::vector<double>& hyper, double rate,
                               double step) {
  struct Memory {
    int index = -1;
    std::vector<double> hyper;
    double rate = 0;
    double step = 0;
    double before[4] = {};  // the running product before `step`
    double running[4] = {};
    double numbers[UpdateStep<T>::kNumbers] = {};
  };
  static thread_local Memory last;
  const bool same_optimizer = last.index == index && last.hyper == hyper;
  if (same_optimizer && last.rate == rate && last.step == step) return last.numbers;
  if (!same_optimizer) {
    last = Memory();
    last.index = index;
    last.hyper = hyper;
  }
  // Another rate in the same step begins where that one has begun.
  if (last.step == step) {
    std::copy_n(last.before, 4, last.running);
  } else {
    std::copy_n(last.running, 4, last.before);
  }
  last.rate = rate;
  last.step = step;
  kernel_table<T>().optimizer[index].prepare(hyper.data(), step, last.running, rate, last.numbers);
  return last.numbers;
}

// Steps `lines` times `width` elements. With `lazy`, lines whose gradient is 0 stay as they are.
template <class T>
void step_lines(int index, const double* numbers, T* w, T* const* slots, const T* g,
                std::ptrdiff_t lines, std::ptrdiff_t width, bool lazy) {
  const OptimizerKernel<T>& kernel = kernel_table<T>().optimizer[index];
  UpdateStep<T> update;
  update.optimizer = static_cast<Optimizer>(index);
  for (int i = 0; i < UpdateStep<T>::kNumbers; ++i) update.h[i] = static_cast<T>(numbers[i]);
  if (!lazy) {
    kernel.span(w, slots, g, lines * width, update);
    return;
  }
  for (std::ptrdiff_t begin = 0; begin < lines * width; begin += width) {
    const T* line = g + begin;
    if (std::all_of(line, line + width, [](T value) { return value == 0; })) continue;
    T* moved[kMaxSlots] = {};
    for (int i = 0; i < kernel.slots; ++i) moved[i] = slots[i] + begin;
    kernel.span(w + begin, moved, line, width, update);
  }
}

void step_array(int index, const std::vector<double>& hyper, double rate, double step,
                const py::array& w, const std::vector<py::array>& state, const py::array& g,
                bool lazy) {
  constexpr double kOperationsPerElement = 32;
  with_scalar(w.dtype(), [&](auto scalar) {
    using T = decltype(scalar);
    const int kept = kernel_table<T>().optimizer[index].slots;
    require(static_cast<int>(state.size()) == kept, [&] {
      return std::string(kOptimizerList[index].name) + " keeps " + std::to_string(kept) +
             " arrays of state. Received: " + std::to_string(state.size());
    });
    T* weights = writable_data<T>("w", w, w.size());
    T* slots[kMaxSlots] = {};
    for (std::size_t i = 0; i < state.size(); ++i) {
      slots[i] = writable_data<T>("state", state[i], w.size());
    }
    const Array<T> grad = typed<T>("g", g);
    require_same_shape("w", w, "g", grad);
    const std::ptrdiff_t lines = lazy && w.ndim() > 0 ? w.shape(0) : 1;
    const std::ptrdiff_t width = lines > 0 ? w.size() / lines : 0;
    const double* numbers = prepared_numbers<T>(index, hyper, rate, step);
    without_gil_for(kOperationsPerElement * static_cast<double>(w.size()), [&] {
      FlushDenormals flush;
      step_lines(index, numbers, weights, slots, grad.data(), lines, width, lazy);
    });
  });
}

int checked_optimizer(const std::string& name, const std::vector<double>& hyper) {
  const int index = index_of(kOptimizerList, name, "name");
  require_parameters(name, kOptimizerList[index].parameters, hyper);
  return index;
}

double optimizer_initial(const std::string& name, const std::vector<double>& hyper) {
  const int index = checked_optimizer(name, hyper);
  const int source = kernel_table<float>().optimizer[index].initial_hyper;
  return source < 0 ? 0.0 : hyper[source];
}

// The norm of all gradients together is NaN unless it is finite.
void clip_and_decay_all(double rate, const std::vector<py::array>& weights,
                        const std::vector<py::array>& grads, const py::dict& options) {
  const StepOptions step = step_options_of(options);
  require(weights.size() == grads.size(), "one gradient is needed for each array of weights");
  step.check_factors(weights.size());
  const auto for_each_array = [&](const auto& use) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      with_scalar(weights[i].dtype(), [&](auto scalar) {
        using T = decltype(scalar);
        const py::ssize_t n = weights[i].size();
        T* w = writable_data<T>("weights", weights[i], n);
        T* g = writable_data<T>("grads", grads[i], n);
        without_gil([&] { use(i, w, g, n); });
      });
    }
  };
  std::vector<double> squares(weights.size());
  if (step.clips_norm()) {
    for_each_array([&](std::size_t i, auto*, const auto* g, py::ssize_t n) {
      squares[i] = sum_of_squares(g, n);
    });
  }
  double all = std::accumulate(squares.begin(), squares.end(), 0.0);
  if (!std::isfinite(all)) all = std::numeric_limits<double>::quiet_NaN();
  for_each_array([&](std::size_t i, auto* w, auto* g, py::ssize_t n) {
    clip_and_decay(step, i, rate, step.gradient_scale(squares[i], all), w, g, n);
  });
}

py::array copied(const py::array& a) {
  constexpr int kCOrder = 0;
  PyObject* copy = py::detail::npy_api::get().PyArray_NewCopy_(a.ptr(), kCOrder);
  if (copy == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::array>(copy);
}

// Arrays whose elements lie one after the other: those given, or copies to be written back.
class PlainArrays {
 public:
  explicit PlainArrays(const std::vector<py::array>& given) : given_(given) {
    for (const py::array& a : given) arrays.push_back(is_plain(a) ? a : copied(a));
  }

  void write_back() {
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      if (arrays[i].is(given_[i])) continue;
      if (py::detail::npy_api::get().PyArray_CopyInto_(given_[i].ptr(), arrays[i].ptr()) < 0) {
        throw py::error_already_set();
      }
    }
  }

  std::vector<py::array> arrays;

 private:
  const std::vector<py::array>& given_;
};

void optimizer_steps(const std::string& name, const std::vector<double>& hyper, double rate,
                     double step, const std::vector<py::array>& weights,
                     const std::vector<std::vector<py::array>>& states,
                     const std::vector<py::array>& grads, const py::dict& options) {
  const int index = checked_optimizer(name, hyper);
  require(step >= 1,
          [step] { return "step counts from 1. Received: step=" + std::to_string(step); });
  const std::size_t n = weights.size();
  require(states.size() == n && grads.size() == n,
          "one gradient and one list of state are needed for each array of weights");
  for (std::size_t i = 0; i < n; ++i) require_same_shape("weights", weights[i], "grads", grads[i]);
  const StepOptions given = step_options_of(options);
  given.check_factors(n);
  PlainArrays values(weights);
  std::vector<py::array> slopes = grads;
  if (options.size() > 0) {
    std::transform(grads.begin(), grads.end(), slopes.begin(), copied);
    clip_and_decay_all(rate, values.arrays, slopes, options);
  }
  for (std::size_t i = 0; i < n; ++i) {
    PlainArrays state(states[i]);
    step_array(index, hyper, given.rate_of(i, rate), step, values.arrays[i], state.arrays,
               slopes[i], given.is_lazy(i));
    state.write_back();
  }
  values.write_back();
}

}  // namespace

void bind_optimizers(py::module_& m) {
  m.def(
      "optimizer_parameters",
      [](const std::string& name) {
        return split_words(kOptimizerList[index_of(kOptimizerList, name, "name")].parameters);
      },
      py::arg("name"), "Names of an optimizer's hyperparameters, in order.");
  m.def(
      "optimizer_slots",
      [](const std::string& name) {
        return kernel_table<float>().optimizer[index_of(kOptimizerList, name, "name")].slots;
      },
      py::arg("name"), "Arrays of state that an optimizer keeps for each parameter.");
  m.def("optimizer_initial", &optimizer_initial, py::arg("name"), py::arg("hyper"),
        "What slot 0 of the state starts from; the others start from 0.");
  m.def("optimizer_steps", &optimizer_steps, py::arg("name"), py::arg("hyper"), py::arg("rate"),
        py::arg("step"), py::arg("weights"), py::arg("states"), py::arg("grads"),
        py::arg("options"),
        "One step in place on arrays of any strides and their states, clipped and decayed first as "
        "`options` of a Trainer say; step counts from 1.");
  m.def("clip_and_decay", &clip_and_decay_all, py::arg("rate"), py::arg("weights"),
        py::arg("grads"), py::arg("options"),
        "Clip gradients and let weights decay, in place, as `options` of a Trainer say: what comes "
        "before the steps of an optimizer.");
}

}  // namespace pynn
