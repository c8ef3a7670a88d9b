// The table of C functions, and handles for it, in capsules; `pynn.cython_predict` hands them on.
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>

#include "bindings/bind.hpp"
#include "capi/predict_table.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

void release_handle(void* handle) {
  predict_table().release(static_cast<const pynn_predictor*>(handle));
}

py::capsule row_predictor(const Graph& graph, int input, int output, int threads,
                          std::optional<std::uint64_t> seed) {
  auto predictor = make_row_predictor(graph, input, output, seed);
  predictor->reserve(threads);
  const pynn_predictor* handle = new_handle(std::move(predictor));
  try {
    return py::capsule(handle, PYNN_PREDICTOR_CAPSULE, &release_handle);
  } catch (...) {
    predict_table().release(handle);
    throw;
  }
}

}  // namespace

void bind_predict_table(py::module_& m) {
  m.attr("predict_table") = py::capsule(&predict_table(), PYNN_PREDICT_TABLE_CAPSULE);
  m.def("row_predictor", &row_predictor, py::arg("graph"), py::arg("input"), py::arg("output"),
        py::arg("threads") = 1, py::arg("seed") = py::none(),
        "A capsule with a pynn_predictor of a copy of the weights, with room for so many threads. "
        "seed: of graphs whose predictions are drawn.");
}

}  // namespace pynn
