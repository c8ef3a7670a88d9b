// Prediction: rows through a graph, into new arrays.
#include <pybind11/stl.h>

#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bindings/bind.hpp"
#include "bindings/rows_object.hpp"
#include "training/executor.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

py::array new_array(DType dtype, std::int64_t rows, int cols) {
  return py::array(py::dtype(dtype == DType::float32 ? "float32" : "float64"),
                   std::vector<py::ssize_t>{rows, cols});
}

py::list predict(Executor& executor, const std::shared_ptr<Graph>& graph, const RowsList& x,
                 std::uint64_t seed) {
  const std::vector<Rows> sources = inputs_of(x);
  py::list outputs;
  std::vector<void*> pointers;
  const std::int64_t rows = sources.empty() ? 0 : sources[0].rows;
  for (int features : executor.output_features()) {
    py::array array = new_array(graph->dtype(), rows, features);
    pointers.push_back(array.mutable_data());
    outputs.append(std::move(array));
  }
  without_gil([&] { executor.predict(sources, pointers, seed, check_signals); });
  return outputs;
}

struct ExecutorObject {
  std::shared_ptr<Graph> graph;
  std::unique_ptr<Executor> executor;
  int width;  // of the input, where there is one input and one output; else -1
};

std::unique_ptr<ExecutorObject> new_executor(std::shared_ptr<Graph> graph,
                                             const std::vector<int>& inputs,
                                             const std::vector<int>& outputs) {
  auto executor = make_executor(graph, inputs, outputs);
  const bool simple = inputs.size() == 1 && outputs.size() == 1;
  const int width = simple ? graph->node(inputs[0]).features : -1;
  return std::make_unique<ExecutorObject>(
      ExecutorObject{std::move(graph), std::move(executor), width});
}

// The rows of an ndarray, of no subclass, that has as many columns as `width` says and no more rows
// than `most`, and can be read where it is.
std::optional<Rows> plain_rows(py::handle x, int width, py::ssize_t most) {
  const auto& numpy = py::detail::npy_api::get();
  if (Py_TYPE(x.ptr()) != numpy.PyArray_Type_) return {};
  const auto array = py::reinterpret_borrow<py::array>(x);
  if (array.ndim() != 2 || array.shape(1) != width || array.shape(0) > most) return {};
  return readable_rows(array);
}

// Outputs are an array of `type`, which is ndarray or derived from it.
template <class T>
py::object predict_rows(Executor& executor, const Rows& rows, py::handle type) {
  const auto& numpy = py::detail::npy_api::get();
  require(PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(type.ptr()), numpy.PyArray_Type_) != 0,
          "type must be a subclass of ndarray");
  const std::array<Py_intptr_t, 2> shape{rows.rows, executor.output_features()[0]};
  py::object array = py::reinterpret_steal<py::object>(numpy.PyArray_NewFromDescr_(
      reinterpret_cast<PyTypeObject*>(type.ptr()), py::dtype::of<T>().release().ptr(), 2,
      shape.data(), nullptr, nullptr, 0, nullptr));
  if (!array) throw py::error_already_set();
  const std::vector<Rows> sources{rows};
  const std::vector<void*> outputs{py::reinterpret_borrow<py::array>(array).mutable_data()};
  without_gil_for(executor.operations_per_row() * static_cast<double>(rows.rows),
                  [&] { executor.predict(sources, outputs, 0, check_signals); });
  return array;
}

py::object predict_array(ExecutorObject& self, py::handle x, py::ssize_t most_rows,
                         const py::type& type) {
  const std::optional<Rows> rows = plain_rows(x, self.width, most_rows);
  if (!rows) return py::none();
  return self.graph->dtype() == DType::float32 ? predict_rows<float>(*self.executor, *rows, type)
                                               : predict_rows<double>(*self.executor, *rows, type);
}

}  // namespace

void bind_executor(py::module_& m) {
  bind_class<ExecutorObject>(m, "Executor",
                             "Inference: batches of rows through a graph, on all threads.")
      .def(py::init(&new_executor), py::arg("graph"), py::arg("inputs"), py::arg("outputs"))
      .def(
          "predict",
          [](ExecutorObject& self, const RowsList& x, int, std::uint64_t seed) {
            return predict(*self.executor, self.graph, x, seed);
          },
          py::arg("x"), py::arg("batch_size") = 0, py::arg("seed") = 0,
          "Outputs, each of shape (rows, width). The result does not depend on batch_size. What is "
          "drawn at inference too is drawn by `seed`.")
      .def("predict_array", &predict_array, py::arg("x"), py::arg("most_rows") = PY_SSIZE_T_MAX,
           py::arg("type") = py::module_::import("numpy").attr("ndarray"),
           "The only output of a model with one input, as an array of `type`, for an ndarray of "
           "numbers of shape (n <= most_rows, width) whose rows can be read where they are; None "
           "for anything else.");
}

}  // namespace pynn
