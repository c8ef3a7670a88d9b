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

void optimizer_step(const std::string& name, const std::vector<double>& hyper, double rate,
                    double step, const py::array& w, const std::vector<py::array>& state,
                    const py::array& g) {
  const int index = index_of(kOptimizerList, name, "name");
  require_parameters(name, kOptimizerList[index].parameters, hyper);
  require(step >= 1, "step counts from 1. Received: step=" + std::to_string(step));
  with_scalar(w.dtype(), [&](auto scalar) {
    using T = decltype(scalar);
    const OptimizerKernel<T>& kernel = kernel_table<T>().optimizer[index];
    require(static_cast<int>(state.size()) == kernel.slots,
            name + " keeps " + std::to_string(kernel.slots) +
                " arrays of state. Received: " + std::to_string(state.size()));
    T* weights = writable_data<T>("w", w, w.size());
    T* slots[kMaxSlots] = {};
    for (std::size_t i = 0; i < state.size(); ++i) {
      slots[i] = writable_data<T>("state", state[i], w.size());
    }
    const Array<T> grad = typed<T>("g", g);
    require_same_shape("w", w, "g", grad);
    UpdateStep<T> update;
    update.optimizer = static_cast<Optimizer>(index);
    const double* numbers = prepared_numbers<T>(index, hyper, rate, step);
    for (int i = 0; i < UpdateStep<T>::kNumbers; ++i) update.h[i] = static_cast<T>(numbers[i]);
    without_gil([&] {
      FlushDenormals flush;
      kernel.span(weights, slots, grad.data(), grad.size(), update);
    });
  });
}

double optimizer_initial(const std::string& name, const std::vector<double>& hyper) {
  const int index = index_of(kOptimizerList, name, "name");
  require_parameters(name, kOptimizerList[index].parameters, hyper);
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
  m.def("optimizer_step", &optimizer_step, py::arg("name"), py::arg("hyper"), py::arg("rate"),
        py::arg("step"), py::arg("w"), py::arg("state"), py::arg("g"),
        "One step in place on w and its state; step counts from 1.");
  m.def("clip_and_decay", &clip_and_decay_all, py::arg("rate"), py::arg("weights"),
        py::arg("grads"), py::arg("options"),
        "Clip gradients and let weights decay, in place, as `options` of a Trainer say: what comes "
        "before the steps of an optimizer.");
}

}  // namespace pynn
