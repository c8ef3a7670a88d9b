// The matrix kernels by themselves.
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/denormals.hpp"
#include "bindings/names.hpp"
#include "kernels/choose_product.hpp"
#include "testing/padded.hpp"
#include "testing/testing.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

template <class T>
ProductArgs<T> forward_args(const Lanes<T>& x, const PaddedRows<T>& w, Lanes<T>& y) {
  ProductArgs<T> args{};
  args.weights = w.data();
  args.row_stride = w.ld();
  args.depth_stride = 1;
  args.row_end = w.rows();
  args.depth = w.cols();
  args.x = x.data();
  args.x_block_stride = x.stride();
  args.y = y.data();
  args.y_block_stride = y.stride();
  args.count = x.count();
  return args;
}

template <class T>
ProductArgs<T> grad_input_args(const Lanes<T>& grad_y, const PaddedRows<T>& w, Lanes<T>& grad_x) {
  ProductArgs<T> args = forward_args(grad_y, w, grad_x);
  args.row_stride = 1;
  args.depth_stride = w.ld();
  args.row_end = w.cols();
  args.depth = w.rows();
  return args;
}

template <class T>
WeightGradientArgs<T> grad_weights_args(const PaddedRows<T>& x, const Lanes<T>& grad_y,
                                        const PaddedRows<T>& w) {
  WeightGradientArgs<T> args{};
  args.x_rows = x.pointers();
  args.count = grad_y.count();
  args.grad_y = grad_y.data();
  args.grad_y_block_stride = grad_y.stride();
  args.row_end = w.rows();
  args.col_end = static_cast<int>(round_up(w.cols(), kRowAlign));
  args.ld = w.ld();
  args.weights = w.data();
  return args;
}

// x (batch, k), w (n, k), or (k, n) if in_out -> y (batch, n).
template <class T>
py::array forward(const Array<T>& x, const Array<T>& w, const std::optional<Array<T>>& bias,
                  bool relu, const std::optional<Array<T>>& start, int row_begin, bool in_out) {
  const Lanes<T> in(x);
  const PaddedRows<T> weights(w);
  const int units = in_out ? weights.cols() : weights.rows();
  Lanes<T> out = start ? Lanes<T>(*start) : Lanes<T>(in.count(), units);
  ProductArgs<T> args = in_out ? grad_input_args(in, weights, out) : forward_args(in, weights, out);
  args.row_begin = row_begin;
  args.bias = bias ? bias->data() : nullptr;
  args.accumulate = start.has_value();
  args.epilogue = relu ? Epilogue::relu : Epilogue::none;
  choose_product(tested_kernels<T>(), args)(args);
  return out.to_array();
}

// grad_y (batch, n), w (n, k), or (k, n) if in_out -> grad_x (batch, k), added to `start` if given,
// then 0 where relu_mask (batch, k) is not positive.
template <class T>
py::array grad_input(const Array<T>& grad_y, const Array<T>& w,
                     const std::optional<Array<T>>& relu_mask, const std::optional<Array<T>>& start,
                     int row_begin, bool in_out) {
  const Lanes<T> grads(grad_y);
  const PaddedRows<T> weights(w);
  const int features = in_out ? weights.rows() : weights.cols();
  Lanes<T> out = start ? Lanes<T>(*start) : Lanes<T>(grads.count(), features);
  ProductArgs<T> args =
      in_out ? forward_args(grads, weights, out) : grad_input_args(grads, weights, out);
  args.row_begin = row_begin;
  args.accumulate = start.has_value();
  const Lanes<T> mask = relu_mask ? Lanes<T>(*relu_mask) : Lanes<T>(0, 0);
  if (relu_mask) {
    args.epilogue = Epilogue::relu_gradient;
    args.relu_mask = mask.data();
    args.relu_mask_block_stride = mask.stride();
  }
  choose_input_gradient(tested_kernels<T>(), args, in_out, args.count)(args);
  return out.to_array();
}

// x (batch, k), grad_y (batch, n) -> grad_w (n, k), added to `start` if given.
template <class T>
py::array grad_weights(const Array<T>& x, const Array<T>& grad_y,
                       const std::optional<Array<T>>& start) {
  const PaddedRows<T> in(x);
  const Lanes<T> grads(grad_y);
  const PaddedRows<T> out =
      start ? PaddedRows<T>(*start) : PaddedRows<T>(grads.features(), in.cols());
  WeightGradientArgs<T> args = grad_weights_args(in, grads, out);
  args.grad = out.data();
  args.accumulate = start.has_value();
  tested_kernels<T>().weight_gradient(args);
  return out.to_array();
}

// One fused optimizer step; returns the new weights and state (whose first slot starts at
// initial_hyper).
template <class T>
std::vector<py::array> fused_step(const Array<T>& x, const Array<T>& grad_y, const Array<T>& w,
                                  const std::string& optimizer, const std::vector<double>& hyper,
                                  double rate, const std::vector<double>& modifiers) {
  const int index = index_of(kOptimizerList, optimizer, "optimizer");
  require_parameters(optimizer, kOptimizerList[index].parameters, hyper);
  require(modifiers.size() == 5, "modifiers are l1, l2, decay_factor, gradient_scale, clip");
  const OptimizerKernel<T>& kernel = tested_kernels<T>().optimizer[index];
  const PaddedRows<T> in(x), weights(w);
  const Lanes<T> grads(grad_y);
  UpdateStep<T> update;
  update.optimizer = static_cast<Optimizer>(index);
  double memory[4] = {};
  double numbers[UpdateStep<T>::kNumbers] = {};
  kernel.prepare(hyper.data(), 1, memory, rate, numbers);
  for (int i = 0; i < UpdateStep<T>::kNumbers; ++i) update.h[i] = static_cast<T>(numbers[i]);
  update.l1 = static_cast<T>(modifiers[0]);
  update.l2 = static_cast<T>(modifiers[1]);
  update.decay_factor = static_cast<T>(modifiers[2]);
  update.gradient_scale = static_cast<T>(modifiers[3]);
  update.clip = static_cast<T>(modifiers[4]);
  WeightGradientArgs<T> args = grad_weights_args(in, grads, weights);
  args.update = &update;
  std::vector<PaddedRows<T>> state;
  for (int slot = 0; slot < kernel.slots; ++slot) {
    state.emplace_back(weights.rows(), weights.cols());
    args.state[slot] = state.back().data();
  }
  if (kernel.initial_hyper >= 0) {
    std::fill_n(state[0].data(), weights.rows() * weights.ld(),
                static_cast<T>(hyper[static_cast<std::size_t>(kernel.initial_hyper)]));
  }
  tested_kernels<T>().weight_gradient(args);
  std::vector<py::array> results{weights.to_array()};
  for (const PaddedRows<T>& slot : state) results.push_back(slot.to_array());
  return results;
}

// ---- timing

enum class Product : int { forward, grad_input, grad_weights };
struct ProductEntry {
  const char* name;
};
constexpr ProductEntry kProducts[] = {{"forward"}, {"grad_input"}, {"grad_weights"}};

template <class T>
double seconds_a_call(Product product, int batch, int fan_in, int fan_out, int repeats,
                      Optimizer optimizer, bool in_out) {
  // In in_out layout, a layer does with its lines what the layer with inputs and outputs exchanged
  // does in out_in layout; but for the gradient of a small batch.
  const bool is_gradient = product == Product::grad_input;
  if (in_out) {
    std::swap(fan_in, fan_out);
    if (product != Product::grad_weights) {
      product = product == Product::forward ? Product::grad_input : Product::forward;
    }
  }
  const KernelTable<T>& table = tested_kernels<T>();
  PaddedRows<T> weights(fan_out, fan_in), rows(batch, fan_in);
  std::vector<PaddedRows<T>> state;
  Lanes<T> x(batch, fan_in), y(batch, fan_out);
  std::fill_n(x.data(), block_count(batch) * x.stride(), T(0.5));
  std::fill_n(y.data(), block_count(batch) * y.stride(), T(0.25));
  UpdateStep<T> update;
  update.optimizer = optimizer;
  std::fill_n(update.h, UpdateStep<T>::kNumbers, T(0.001));
  WeightGradientArgs<T> gradient = grad_weights_args(rows, y, weights);
  gradient.update = &update;
  for (int slot = 0; slot < table.optimizer[static_cast<int>(optimizer)].slots; ++slot) {
    state.emplace_back(fan_out, fan_in);
    gradient.state[slot] = state.back().data();
  }
  const ProductArgs<T> args =
      product == Product::forward ? forward_args(x, weights, y) : grad_input_args(y, weights, x);
  const auto multiply =
      is_gradient ? choose_input_gradient(table, args, in_out, batch) : choose_product(table, args);
  const auto run = [&] {
    if (product == Product::grad_weights) {
      table.weight_gradient(gradient);
    } else {
      multiply(args);
    }
  };
  run();
  double best = 1e300;
  for (int round = 0; round < 5; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < repeats; ++i) run();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    best = std::min(best, taken.count() / repeats);
  }
  return best;
}

double bench_dense(const std::string& kind, int batch, int fan_in, int fan_out, int repeats,
                   const std::string& dtype, const std::string& optimizer, bool in_out) {
  require(batch >= 1 && fan_in >= 1 && fan_out >= 1 && repeats >= 1,
          "batch, fan_in, fan_out and repeats must be positive integers");
  const auto product = static_cast<Product>(index_of(kProducts, kind, "kind"));
  const auto step = static_cast<Optimizer>(index_of(kOptimizerList, optimizer, "optimizer"));
  return with_scalar(py::dtype(dtype), [&](auto scalar) {
    return without_gil([&] {
      FlushDenormals flush;
      return seconds_a_call<decltype(scalar)>(product, batch, fan_in, fan_out, repeats, step,
                                              in_out);
    });
  });
}

template <class T>
void bind_kernels(py::module_& m) {
  using Optional = std::optional<Array<T>>;
  const auto noconvert = [](const char* name) { return py::arg(name).noconvert(); };
  m.def("dense_forward", &forward<T>, noconvert("x"), noconvert("w"),
        noconvert("bias") = Optional(), py::arg("relu") = false, noconvert("start") = Optional(),
        py::arg("row_begin") = 0, py::arg("in_out") = false);
  m.def("dense_grad_input", &grad_input<T>, noconvert("grad_y"), noconvert("w"),
        noconvert("relu_mask") = Optional(), noconvert("start") = Optional(),
        py::arg("row_begin") = 0, py::arg("in_out") = false);
  m.def("dense_grad_weights", &grad_weights<T>, noconvert("x"), noconvert("grad_y"),
        noconvert("start") = Optional());
  m.def("dense_step", &fused_step<T>, noconvert("x"), noconvert("grad_y"), noconvert("w"),
        py::arg("optimizer"), py::arg("hyper"), py::arg("rate"),
        py::arg("modifiers") = std::vector<double>{0, 0, 1, 1, 0});
}

}  // namespace

void bind_dense(py::module_& m) {
  bind_kernels<float>(m);
  bind_kernels<double>(m);
  m.def("bench_dense", &bench_dense, py::arg("kind"), py::arg("batch"), py::arg("fan_in"),
        py::arg("fan_out"), py::arg("repeats"), py::arg("dtype") = "float32",
        py::arg("optimizer") = "sgd", py::arg("in_out") = false,
        "Seconds a call of one matrix kernel, the best of five runs: forward, grad_input or "
        "grad_weights (with the optimizer's step). in_out: how the weights lie.");
}

}  // namespace pynn
