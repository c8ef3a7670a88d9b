// The perceptron's rule, one epoch a call.
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/csr_checks.hpp"
#include "base/denormals.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "dispatch/dispatch.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

// Python's numbers as T, whatever they are.
template <class T>
using Converted = py::array_t<T, kPlainArray | py::array::forcecast>;

// Of numbers of any type. Texts would be read as numbers by NumPy, which those that are not valid
// bring to a SystemError.
template <class T>
Converted<T> numbers(const char* name, const py::object& values) {
  const py::array a(values);
  const char kind = a.dtype().kind();
  require(kind != 'U' && kind != 'S', [&] {
    return std::string(name) + " must hold numbers. Received: " + dtype_text(a.dtype());
  });
  return Converted<T>(a);
}

Converted<std::int64_t> integers(const char* name, const py::object& values) {
  const auto a = py::cast<py::array>(values);
  require(a.ndim() == 1 && (a.dtype().kind() == 'i' || a.dtype().kind() == 'u'),
          std::string(name) + " must be a 1-D array of integers");
  return Converted<std::int64_t>(a);
}

// Column numbers, each in [0, features); not copied if they are int32.
Converted<std::int32_t> columns_below(int features, const py::object& values) {
  const Converted<std::int64_t> wide = py::isinstance<Array<std::int32_t>>(values)
                                           ? Converted<std::int64_t>(0)
                                           : integers("indices", values);
  const auto check = [features](const auto& columns) {
    require_below("indices", "column numbers", columns.data(), columns.size(), features);
  };
  check(wide);
  const Converted<std::int32_t> columns(wide.size() > 0 ? py::object(wide) : values);
  check(columns);
  return columns;
}

// Rows for the kernel, checked: the arrays that PerceptronArgs points to.
template <class T>
struct Samples {
  Converted<T> values;
  Converted<std::int64_t> indptr;
  Converted<std::int32_t> indices;
  std::int64_t rows = 0;
  int features = 0;
  bool sparse = false;

  void show(PerceptronArgs<T>& args) const {
    args.x = values.data();
    args.ld = args.features = features;
    args.indptr = sparse ? indptr.data() : nullptr;
    args.indices = sparse ? indices.data() : nullptr;
  }
};

// Rows that are checked once and trained on many times.
struct PerceptronRows {
  std::variant<Samples<float>, Samples<double>> samples;
};

// Checks everything that the kernel relies on.
template <class T>
void read_csr(const py::tuple& parts, Samples<T>& samples) {
  samples.sparse = true;
  samples.values = numbers<T>("data", parts[0]);
  samples.indptr = integers("indptr", parts[2]);
  samples.features = py::cast<int>(parts[3]);
  samples.indices = columns_below(samples.features, parts[1]);
  const std::int64_t stored = samples.values.size();
  require(samples.indptr.size() >= 1 && samples.indices.size() == stored,
          "indices must be as long as data, and indptr must not be empty");
  samples.rows = samples.indptr.size() - 1;
  require_row_starts(samples.indptr.data(), samples.rows, stored);
}

// x: a 2-D array, (data, indices, indptr, features) of a CSR matrix, or PerceptronRows. Checks
// everything that the kernel relies on.
template <class T>
Samples<T> read_samples(const py::object& x) {
  Samples<T> samples;
  if (py::isinstance<PerceptronRows>(x)) {
    const auto* checked = std::get_if<Samples<T>>(&py::cast<const PerceptronRows&>(x).samples);
    require(checked != nullptr, "rows must have the dtype of weights");
    return *checked;
  }
  if (py::isinstance<py::tuple>(x)) {
    const auto parts = py::cast<py::tuple>(x);
    require(parts.size() == 4, "x must be a 2-D array or (data, indices, indptr, features)");
    read_csr(parts, samples);
  } else {
    samples.values = numbers<T>("x", x);
    require(samples.values.ndim() == 2,
            "x must be a 2-D array or (data, indices, indptr, features)");
    samples.rows = samples.values.shape(0);
    samples.features = static_cast<int>(samples.values.shape(1));
  }
  return samples;
}

template <class T>
const T* per_row(const char* name, const Converted<T>& a, std::int64_t rows) {
  require(a.size() == rows, std::string(name) + " must have " + std::to_string(rows) +
                                " elements, one a row. Received: " + std::to_string(a.size()));
  return a.data();
}

py::dict perceptron_epoch(const py::object& x, const py::object& rows, const py::array& targets,
                          const py::array& weights, const py::array& intercept, double rate,
                          const std::optional<py::array>& sample_weight, bool fit_intercept,
                          bool linear_unit, double l1, double l2, double intercept_decay,
                          const std::optional<py::array>& l1_applied, double l1_total) {
  return with_scalar(weights.dtype(), [&](auto scalar) {
    using T = decltype(scalar);
    PerceptronArgs<T> args{};
    const Samples<T> samples = read_samples<T>(x);
    samples.show(args);
    const Converted<std::int64_t> order = integers("order", rows);
    args.order = order.data();
    args.count = order.size();
    require_below("order", "row numbers", args.order, args.count, samples.rows);
    const auto target_values = numbers<T>("targets", targets);
    args.targets = per_row("targets", target_values, samples.rows);
    Converted<T> weight_values(0);
    if (sample_weight) {
      weight_values = numbers<T>("sample_weight", *sample_weight);
      args.sample_weight = per_row("sample_weight", weight_values, samples.rows);
    }
    args.weights = writable_data<T>("weights", weights, args.features);
    args.intercept = writable_data<T>("intercept", intercept, 1);
    args.fit_intercept = fit_intercept;
    args.linear_unit = linear_unit;
    args.rate = static_cast<T>(rate);
    args.intercept_decay = static_cast<T>(intercept_decay);
    args.l1 = static_cast<T>(l1);
    args.l2 = static_cast<T>(l2);
    require(l1 == 0 || l1_applied.has_value(), "l1_applied must be given when l1 is not 0");
    if (l1_applied) args.l1_applied = writable_data<T>("l1_applied", *l1_applied, args.features);
    args.l1_total = &l1_total;
    without_gil([&] {
      FlushDenormals flush;
      kernel_table<T>().perceptron(args);
    });
    py::dict result;
    result["loss"] = args.loss_sum;
    result["penalty"] = args.penalty_sum;
    result["updates"] = args.updates;
    result["finite"] = args.finite;
    result["l1_total"] = l1_total;
    return result;
  });
}

}  // namespace

void bind_perceptron(py::module_& m) {
  bind_class<PerceptronRows>(m, "PerceptronRows",
                             "Rows for perceptron_epoch, checked and converted to float32 or "
                             "float64 once; they must not change afterwards.")
      .def(py::init([](const py::object& x, const py::dtype& dtype) {
             return with_scalar(dtype, [&](auto scalar) {
               PerceptronRows rows{read_samples<decltype(scalar)>(x)};
               return std::make_unique<PerceptronRows>(std::move(rows));
             });
           }),
           py::arg("x"), py::arg("dtype"));
  m.def("perceptron_epoch", &perceptron_epoch, py::arg("x"), py::arg("order"), py::arg("targets"),
        py::arg("weights"), py::arg("intercept"), py::kw_only(), py::arg("rate") = 1.0,
        py::arg("sample_weight") = py::none(), py::arg("fit_intercept") = true,
        py::arg("linear_unit") = false, py::arg("l1") = 0.0, py::arg("l2") = 0.0,
        py::arg("intercept_decay") = 1.0, py::arg("l1_applied") = py::none(),
        py::arg("l1_total") = 0.0,
        R"(One epoch of the perceptron rule, or of the delta rule, over rows in the given order.

Parameters
----------
x : ndarray (n, features), tuple (data, indices, indptr, features), or PerceptronRows
    Dense rows or a CSR matrix; converted to the dtype of weights, which PerceptronRows must have.
order : ndarray of int64
    Row numbers, in the order of visiting; a row may come more than once or not at all.
targets : ndarray (n,)
    -1 or 1 for the perceptron rule, any number for the delta rule.
weights, intercept : ndarray (features,), ndarray (1,)
    Float32 or float64, C-contiguous; changed in place.
rate : float
    The learning rate.
sample_weight : ndarray (n,), optional
    Factor of each row's step.
fit_intercept, linear_unit : bool
    linear_unit chooses the delta rule, w += rate (target - score) x, instead of the perceptron
    rule, w += rate target x where target * score <= 0.
l1, l2 : float
    alpha * l1_ratio and alpha * (1 - l1_ratio).
intercept_decay : float
    Factor of the intercept's step; scikit-learn uses 0.01 for sparse data.
l1_applied, l1_total : ndarray (features,), float
    State of the cumulative L1 penalty: zeros before the first epoch. l1_applied changes in place,
    the new l1_total is returned.

Returns
-------
dict
    loss: sum of max(0, -target * score) or of (target - score)^2 / 2, before each step; penalty:
    sum over the rows of l2 / 2 ||w||^2 + l1 ||w||_1 at that moment (scikit-learn's stopping rule
    looks at loss + penalty); updates: rows that changed the weights; finite: whether the changed
weights and the intercept are; l1_total.
)");
}

}  // namespace pynn
