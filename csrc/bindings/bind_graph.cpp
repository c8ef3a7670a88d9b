// Variables and graphs: what a model is made of.
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "base/finite.hpp"
#include "bindings/bind.hpp"
#include "bindings/names.hpp"
#include "graph/graph.hpp"
#include "ops/registry.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

DType parse_dtype(const std::string& name) {
  require(name == "float32" || name == "float64",
          "dtype must be float32 or float64. Received: dtype=" + name);
  return name == "float32" ? DType::float32 : DType::float64;
}

const char* dtype_name(DType dtype) {
  return dtype == DType::float32 ? "float32" : "float64";
}

using InstructionArgument = std::tuple<std::string, std::vector<int>, double>;

ExpressionProgram program_of(const std::vector<std::vector<double>>& constants,
                             const std::vector<InstructionArgument>& instructions) {
  ExpressionProgram program{constants, {}};
  for (const auto& [name, operands, alpha] : instructions)
    program.instructions.push_back(parse_instruction(name, operands, alpha));
  return program;
}

// The array keeps the variable alive.
py::array view_of(const py::object& self) {
  const auto& v = py::cast<const Variable&>(self);
  const py::ssize_t item = v.dtype() == DType::float32 ? 4 : 8;
  return py::array(py::dtype(dtype_name(v.dtype())), {v.rows(), v.cols()},
                   {static_cast<py::ssize_t>(v.row_step()) * item,
                    static_cast<py::ssize_t>(v.col_step()) * item},
                   v.raw(), self);
}

template <class T>
bool has_finite_lines(const Variable& v) {
  const int length = v.layout() == Layout::out_in ? v.cols() : v.rows();
  for (int line = 0; line < v.lines(); ++line) {
    if (!all_finite(v.data<T>() + line * v.ld(), length)) return false;
  }
  return true;
}

// The padding does not count: it is zero times infinity where training has diverged.
bool has_finite_values(const Variable& v) {
  const auto scan = [&] {
    return v.dtype() == DType::float32 ? has_finite_lines<float>(v) : has_finite_lines<double>(v);
  };
  constexpr std::ptrdiff_t kShort = 1 << 16;  // not worth giving up the GIL
  return v.padded_size() <= kShort ? scan() : without_gil(scan);
}

}  // namespace

void bind_graph(py::module_& m) {
  bind_class<Variable, VariablePtr>(m, "Variable", "A matrix of zeros that outlives plans.")
      .def(py::init([](int rows, int cols, const std::string& dtype, bool in_out) {
             return std::make_shared<Variable>(rows, cols, parse_dtype(dtype),
                                               in_out ? Layout::in_out : Layout::out_in);
           }),
           py::arg("rows"), py::arg("cols"), py::arg("dtype") = "float32",
           py::arg("in_out") = false)
      .def_property_readonly("rows", &Variable::rows)
      .def_property_readonly("cols", &Variable::cols)
      .def_property_readonly("dtype", [](const Variable& v) { return dtype_name(v.dtype()); })
      .def_property_readonly("in_out",
                             [](const Variable& v) { return v.layout() == Layout::in_out; })
      .def_property_readonly("is_finite", &has_finite_values,
                             "Whether it holds neither NaN nor infinity.")
      .def_property_readonly("view", &view_of, "Zero-copy array of shape (rows, cols), writable.");

  bind_class<Graph, std::shared_ptr<Graph>>(m, "Graph", "Nodes in topological order.")
      .def(py::init([](const std::string& dtype) {
             return std::make_shared<Graph>(parse_dtype(dtype));
           }),
           py::arg("dtype") = "float32")
      .def(
          "add",
          [](Graph& self, const std::string& kind, const std::vector<int>& inputs,
             std::vector<VariablePtr> variables, const std::map<std::string, double>& params,
             std::vector<int> indices) {
            return self.add(kind, inputs, std::move(variables), params, {}, std::move(indices));
          },
          py::arg("kind"), py::arg("inputs") = std::vector<int>{},
          py::arg("variables") = std::vector<VariablePtr>{},
          py::arg("params") = std::map<std::string, double>{},
          py::arg("indices") = std::vector<int>{},
          "Append a node and return its number. graph_kinds() lists the kinds.")
      .def(
          "add_expression",
          [](Graph& self, const std::vector<int>& inputs,
             const std::vector<std::vector<double>>& constants,
             const std::vector<InstructionArgument>& instructions) {
            return self.add("expression", inputs, {}, {}, program_of(constants, instructions));
          },
          py::arg("inputs"), py::arg("constants"), py::arg("instructions"),
          "Append a program of (name, operands, alpha) on one entry at a time. Operands are "
          "numbers: "
          "inputs first, then constants, then the results of earlier instructions.")
      .def(
          "width", [](const Graph& graph, int node) { return graph.node(node).features; },
          py::arg("node"), "Features of a node's output.")
      .def_property_readonly("dtype", [](const Graph& graph) { return dtype_name(graph.dtype()); })
      .def("__len__", &Graph::size);

  m.def("graph_kinds", [] { return names_of(op_kinds()); });
}

}  // namespace pynn
