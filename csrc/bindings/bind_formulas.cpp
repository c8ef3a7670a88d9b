// Activations and losses, one array at a time. For Python code outside the engine (custom layers,
// metrics) and for the tests.
#include <pybind11/stl.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "base/denormals.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/names.hpp"
#include "dispatch/dispatch.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

// Calls kernel(offset pointers..., n) on the whole kRowAlign groups of arrays of n elements, then
// on a padded copy of the rest. The last pointer is the output.
template <class T, class Kernel>
void in_groups(const T* a, const T* b, T* y, std::ptrdiff_t n, const Kernel& kernel) {
  const std::ptrdiff_t whole = n / kRowAlign * kRowAlign;
  if (whole > 0) kernel(a, b, y, whole);
  if (whole == n) return;
  const auto rest = static_cast<std::size_t>(n - whole);
  alignas(64) T copies[3][kRowAlign] = {};
  std::memcpy(copies[0], a + whole, rest * sizeof(T));
  std::memcpy(copies[1], b + whole, rest * sizeof(T));
  kernel(copies[0], copies[1], copies[2], kRowAlign);
  std::memcpy(y + whole, copies[2], rest * sizeof(T));
}

// ---- activations

// Softmax and log-softmax, which are no entries of activations.def: they look at a whole row.
template <class T>
struct RowActivation {
  const char* name;
  void (*KernelTable<T>::*forward)(const T*, T*, int) noexcept;
  void (*KernelTable<T>::*backward)(const T*, const T*, T*, int, bool) noexcept;
};

template <class T>
const RowActivation<T>* find_row_activation(const std::string& name) {
  static constexpr RowActivation<T> kRowActivations[] = {
      {"softmax", &KernelTable<T>::softmax, &KernelTable<T>::softmax_backward},
      {"log_softmax", &KernelTable<T>::log_softmax, &KernelTable<T>::log_softmax_backward},
  };
  for (const RowActivation<T>& entry : kRowActivations) {
    if (name == entry.name) return &entry;
  }
  return nullptr;
}

// A block of rows as lanes. Plain loops: this is not the engine's way of gathering rows.
template <class T>
void block_to_lanes(const T* rows, std::ptrdiff_t count, std::ptrdiff_t features, T* lanes) {
  for (std::ptrdiff_t lane = 0; lane < kLanes; ++lane) {
    for (std::ptrdiff_t f = 0; f < features; ++f) {
      lanes[f * kLanes + lane] = lane < count ? rows[lane * features + f] : T(0);
    }
  }
}

template <class T>
void lanes_to_block(const T* lanes, std::ptrdiff_t count, std::ptrdiff_t features, T* rows) {
  for (std::ptrdiff_t lane = 0; lane < count; ++lane) {
    for (std::ptrdiff_t f = 0; f < features; ++f) {
      rows[lane * features + f] = lanes[f * kLanes + lane];
    }
  }
}

template <class T>
T* allocate_lanes(AlignedBuffer& buffer, std::ptrdiff_t features) {
  buffer = AlignedBuffer(static_cast<std::size_t>(std::max<std::ptrdiff_t>(features, 1)) * kLanes *
                         sizeof(T));
  return static_cast<T*>(buffer.data());
}

int checked_features(std::ptrdiff_t features) {
  require(features >= 1 && features <= (1 << 30), [features] {
    return "The last axis must have between 1 and 2**30 elements. Received: " +
           std::to_string(features);
  });
  return static_cast<int>(features);
}

// y = softmax(x), or the gradient of x from grad_y where `backward`.
template <class T>
void run_row_activation(const RowActivation<T>& entry, const T* x, const T* grad_y, T* out,
                        std::ptrdiff_t rows, int features) {
  const KernelTable<T>& table = kernel_table<T>();
  AlignedBuffer buffers[2];
  T* x_lanes = allocate_lanes<T>(buffers[0], features);
  T* grad_lanes = allocate_lanes<T>(buffers[1], features);
  for (std::ptrdiff_t row = 0; row < rows; row += kLanes) {
    const std::ptrdiff_t count = std::min<std::ptrdiff_t>(kLanes, rows - row);
    block_to_lanes(x + row * features, count, features, x_lanes);
    (table.*entry.forward)(x_lanes, x_lanes, features);
    if (grad_y != nullptr) {
      block_to_lanes(grad_y + row * features, count, features, grad_lanes);
      (table.*entry.backward)(grad_lanes, x_lanes, x_lanes, features, false);
    }
    lanes_to_block(x_lanes, count, features, out + row * features);
  }
}

template <class T>
void run_activation(const std::string& name, T alpha, const T* x, const T* grad_y, T* out,
                    std::ptrdiff_t n, std::ptrdiff_t features) {
  FlushDenormals flush;
  if (const RowActivation<T>* entry = find_row_activation<T>(name)) {
    if (n > 0) run_row_activation(*entry, x, grad_y, out, n / features, checked_features(features));
    return;
  }
  const int index = index_of(kActivationList, name, "name");
  const ActivationKernel<T>& kernel = kernel_table<T>().activation[index];
  const auto forward = [&](const T* in, const T*, T* y, std::ptrdiff_t count) {
    kernel.forward(in, y, count, alpha);
  };
  if (grad_y == nullptr) {
    in_groups(x, x, out, n, forward);
    return;
  }
  in_groups(x, grad_y, out, n, [&](const T* in, const T* grad, T* y, std::ptrdiff_t count) {
    alignas(64) T saved[kRowAlign];
    for (std::ptrdiff_t i = 0; i < count; i += kRowAlign) {
      const T* read = in + i;
      if (!kernel.needs_input) {
        kernel.forward(read, saved, kRowAlign, alpha);
        read = saved;
      }
      kernel.backward(grad + i, read, y + i, kRowAlign, alpha, false);
    }
  });
}

py::array activation_of(const std::string& name, double alpha, const py::array& x,
                        const py::object& grad_y) {
  return with_scalar(x.dtype(), [&](auto scalar) -> py::array {
    using T = decltype(scalar);
    const Array<T> in(x);
    Array<T> grad(0);
    if (!grad_y.is_none()) {
      grad = typed<T>("grad_y", py::cast<py::array>(grad_y));
      require_same_shape("x", in, "grad_y", grad);
    }
    Array<T> out(shape_of(in));
    const std::ptrdiff_t features = in.ndim() == 0 ? 1 : in.shape(in.ndim() - 1);
    const T* grad_data = grad_y.is_none() ? nullptr : grad.data();
    T* out_data = out.mutable_data();
    without_gil([&] {
      run_activation<T>(name, static_cast<T>(alpha), in.data(), grad_data, out_data, in.size(),
                        features);
    });
    return out;
  });
}

// ---- losses

bool is_sparse(const std::string& name) {
  return name.rfind("sparse_", 0) == 0;
}

template <class T>
void run_loss(int index, const std::vector<double>& params, const T* target,
              std::ptrdiff_t target_features, const T* prediction, int features,
              std::ptrdiff_t rows, T* losses, T* grad) {
  FlushDenormals flush;
  const auto kernel = kernel_table<T>().loss[index];
  AlignedBuffer buffers[3];
  T* target_lanes = allocate_lanes<T>(buffers[0], target_features);
  T* prediction_lanes = allocate_lanes<T>(buffers[1], features);
  T* grad_lanes = grad == nullptr ? nullptr : allocate_lanes<T>(buffers[2], features);
  alignas(64) T values[kLanes];
  alignas(64) T scale[kLanes];
  std::fill(scale, scale + kLanes, T(1));
  LossArgs<T> args{};
  args.target = target_lanes;
  args.prediction = prediction_lanes;
  args.features = features;
  for (std::size_t i = 0; i < params.size(); ++i) args.parameters[i] = static_cast<T>(params[i]);
  args.losses = values;
  args.grad = grad_lanes;
  args.scale = scale;
  for (std::ptrdiff_t row = 0; row < rows; row += kLanes) {
    const std::ptrdiff_t count = std::min<std::ptrdiff_t>(kLanes, rows - row);
    block_to_lanes(target + row * target_features, count, target_features, target_lanes);
    block_to_lanes(prediction + row * features, count, features, prediction_lanes);
    kernel(args);
    if (losses != nullptr) std::copy(values, values + count, losses + row);
    if (grad != nullptr) lanes_to_block(grad_lanes, count, features, grad + row * features);
  }
}

py::array loss_of(const std::string& name, const std::vector<double>& params,
                  const py::array& y_true, const py::array& y_pred, bool gradient) {
  const int index = index_of(kLossList, name, "name");
  require_parameters(name, kLossList[index].parameters, params);
  require(y_true.ndim() == 2 && y_pred.ndim() == 2, [&] {
    return "y_true and y_pred must be 2-D. Received: shapes " + shape_text(y_true) + " and " +
           shape_text(y_pred);
  });
  const std::ptrdiff_t target_features = is_sparse(name) ? 1 : y_pred.shape(1);
  require(y_true.shape(0) == y_pred.shape(0) && y_true.shape(1) == target_features, [&] {
    return "y_true must have shape (" + std::to_string(y_pred.shape(0)) + ", " +
           std::to_string(target_features) + ") for " + name + ". Received: " + shape_text(y_true);
  });
  return with_scalar(y_pred.dtype(), [&](auto scalar) -> py::array {
    using T = decltype(scalar);
    const Array<T> target = typed<T>("y_true", y_true);
    const Array<T> prediction = typed<T>("y_pred", y_pred);
    const std::ptrdiff_t rows = y_pred.shape(0);
    const int features = checked_features(y_pred.shape(1));
    Array<T> out(gradient ? shape_of(y_pred) : std::vector<py::ssize_t>{rows});
    T* out_data = out.mutable_data();
    constexpr double kOperationsPerEntry = 64;
    without_gil_for(kOperationsPerEntry * static_cast<double>(y_pred.size()), [&] {
      run_loss<T>(index, params, target.data(), target_features, prediction.data(), features, rows,
                  gradient ? nullptr : out_data, gradient ? out_data : nullptr);
    });
    return out;
  });
}

// As NumPy adds float64 numbers up, to the last bit: by halves, and eight sums side by side.
template <class T>
double sum_pairwise(const T* x, std::ptrdiff_t n) {
  if (n > 128) {
    const std::ptrdiff_t half = n / 16 * 8;
    return sum_pairwise(x, half) + sum_pairwise(x + half, n - half);
  }
  double sums[8] = {};
  const std::ptrdiff_t whole = n / 8 * 8;
  for (std::ptrdiff_t i = 0; i < whole; ++i) sums[i % 8] += x[i];
  double total =
      ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  for (std::ptrdiff_t i = whole; i < n; ++i) total += x[i];
  return total;
}

double sum_losses(const std::string& name, const std::vector<double>& params,
                  const py::array& y_true, const py::array& y_pred) {
  const py::array losses = loss_of(name, params, y_true, y_pred, false);
  return with_scalar(losses.dtype(), [&](auto scalar) {
    return sum_pairwise(static_cast<const decltype(scalar)*>(losses.data()), losses.size());
  });
}

std::vector<std::pair<std::string, double>> loss_parameters(const std::string& name) {
  const LossEntry& entry = kLossList[index_of(kLossList, name, "name")];
  std::vector<std::pair<std::string, double>> result;
  for (const std::string& word : split_words(entry.parameters)) {
    result.emplace_back(word, entry.defaults[result.size()]);
  }
  return result;
}

}  // namespace

void bind_formulas(py::module_& m) {
  m.def(
      "activation_default",
      [](const std::string& name) {
        return kActivationList[index_of(kActivationList, name, "name")].alpha;
      },
      py::arg("name"), "The default of an activation's parameter alpha.");
  m.def("loss_parameters", &loss_parameters, py::arg("name"),
        "Names and defaults of a loss's parameters, in order.");
  m.def(
      "apply_activation",
      [](const std::string& name, double alpha, const py::array& x) {
        return activation_of(name, alpha, x, py::none());
      },
      py::arg("name"), py::arg("alpha"), py::arg("x"),
      "The activation of every element (softmax, log_softmax: over the last axis).");
  m.def("activation_gradient", &activation_of, py::arg("name"), py::arg("alpha"), py::arg("x"),
        py::arg("grad_y"), "The gradient of x, given the gradient of the activation's result.");
  m.def(
      "loss_values",
      [](const std::string& name, const std::vector<double>& params, const py::array& y_true,
         const py::array& y_pred) { return loss_of(name, params, y_true, y_pred, false); },
      py::arg("name"), py::arg("params"), py::arg("y_true"), py::arg("y_pred"),
      "The loss of each row, shape (n,).");
  m.def("loss_sum", &sum_losses, py::arg("name"), py::arg("params"), py::arg("y_true"),
        py::arg("y_pred"), "The sum of the losses of all rows.");
  m.def(
      "loss_gradient",
      [](const std::string& name, const std::vector<double>& params, const py::array& y_true,
         const py::array& y_pred) { return loss_of(name, params, y_true, y_pred, true); },
      py::arg("name"), py::arg("params"), py::arg("y_true"), py::arg("y_pred"),
      "The gradient of each row's loss, shape (n, features).");
}

}  // namespace pynn
