// What one row costs: through the table of C functions, and in the kernels alone.
#include <pybind11/stl.h>

#include <algorithm>
#include <vector>

#include "base/clock.hpp"
#include "base/denormals.hpp"
#include "kernels/choose_product.hpp"
#include "pynn_predict.h"
#include "testing/padded.hpp"
#include "testing/testing.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

// Seconds a call of work(i), i < calls.
template <class Work>
double seconds_a_call(int calls, const Work& work) {
  const double start = now();
  for (int i = 0; i < calls; ++i) work(i);
  return (now() - start) / calls;
}

const pynn_predict_table& table() {
  static const pynn_predict_table* found =
      py::capsule(py::module_::import("pynn._core").attr("predict_table"))
          .get_pointer<pynn_predict_table>();
  return *found;
}

template <class T>
int predict_row(const pynn_predictor* predictor, const T* x, T* y) {
  if constexpr (sizeof(T) == 4) {
    return table().predict_row_f32(predictor, x, y);
  } else {
    return table().predict_row_f64(predictor, x, y);
  }
}

// x (rows, inputs), of which one after the other is predicted.
template <class T>
double bench_row(const py::capsule& capsule, const Array<T>& x, int calls) {
  const auto* predictor = capsule.get_pointer<const pynn_predictor>();
  require(x.ndim() == 2 && x.shape(0) > 0 && x.shape(1) == table().n_inputs(predictor),
          "x does not fit the predictor");
  std::vector<T> y(static_cast<std::size_t>(table().n_outputs(predictor)));
  const int rows = static_cast<int>(x.shape(0));
  const std::ptrdiff_t width = x.shape(1);
  const T* data = x.data();
  return without_gil([&] {
    int row = 0;
    return seconds_a_call(calls, [&](int) {
      predict_row(predictor, data + row * width, y.data());
      row = row + 1 == rows ? 0 : row + 1;
    });
  });
}

// The products of a chain of dense layers with relu between them, for the rows of x: what no call
// can be faster than. in_out: how the weights of each layer lie.
template <class T>
double bench_row_kernels(const Array<T>& x, const std::vector<int>& units,
                         const std::vector<bool>& in_out, int calls) {
  require(x.ndim() == 2 && units.size() == in_out.size(), "a layout for each layer");
  const PaddedRows<T> rows(x);
  std::vector<PaddedRows<T>> weights, biases;
  std::vector<Lanes<T>> values;
  values.emplace_back(1, rows.cols());
  std::fill_n(values[0].data(), values[0].stride(), T(0));
  for (std::size_t i = 0; i < units.size(); ++i) {
    const int width = values.back().features();
    weights.emplace_back(in_out[i] ? width : units[i], in_out[i] ? units[i] : width);
    std::fill_n(weights.back().data(), weights.back().rows() * weights.back().ld(), T(0.01));
    biases.emplace_back(1, units[i]);
    values.emplace_back(1, units[i]);
  }
  const T* row = nullptr;
  std::vector<ProductArgs<T>> products(units.size());
  std::vector<ProductKernel<T>> kernels;
  for (std::size_t i = 0; i < units.size(); ++i) {
    ProductArgs<T>& a = products[i];
    a.weights = weights[i].data();
    a.row_stride = in_out[i] ? 1 : weights[i].ld();
    a.depth_stride = in_out[i] ? weights[i].ld() : 1;
    a.row_end = units[i];
    a.depth = values[i].features();
    a.x = values[i].data();
    a.x_block_stride = values[i].stride();
    a.x_rows = i == 0 && in_out[0] ? &row : nullptr;
    a.bias = biases[i].data();
    a.y = values[i + 1].data();
    a.y_block_stride = values[i + 1].stride();
    a.count = 1;
    a.epilogue = i + 1 < units.size() ? Epilogue::relu : Epilogue::none;
    kernels.push_back(choose_product(tested_kernels<T>(), a));
  }
  return without_gil([&] {
    const FlushDenormals flush;
    return seconds_a_call(calls, [&](int call) {
      row = rows.pointers()[call % rows.rows()];
      for (std::size_t i = 0; i < products.size(); ++i) kernels[i](products[i]);
    });
  });
}

template <class T>
void bind_type(py::module_& m) {
  m.def("bench_row", &bench_row<T>, py::arg("predictor"), py::arg("x").noconvert(),
        py::arg("calls"), "Seconds a row of x through pynn_predict_table.");
  m.def("bench_row_kernels", &bench_row_kernels<T>, py::arg("x").noconvert(), py::arg("units"),
        py::arg("in_out"), py::arg("calls"), "Seconds a row of x in the kernels alone.");
}

}  // namespace

void bind_one_row(py::module_& m) {
  bind_type<float>(m);
  bind_type<double>(m);
}

}  // namespace pynn
