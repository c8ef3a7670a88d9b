// Data sources, inference and training.
#include <pybind11/stl.h>

#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/random.hpp"
#include "bindings/bind.hpp"
#include "bindings/numpy_random.hpp"
#include "bindings/rows_object.hpp"
#include "training/executor.hpp"
#include "training/trainer.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

std::optional<RowType> known_row_type(const py::dtype& dtype) {
  const char kind = dtype.kind();
  const auto size = dtype.itemsize();
  if (dtype.byteorder() == '>') return {};
  if (kind == 'f' && size == 4) return RowType::f32;
  if (kind == 'f' && size == 8) return RowType::f64;
  if (kind == 'f' && size == 2) return RowType::f16;
  if (kind == 'b' || (kind == 'u' && size == 1)) return RowType::u8;
  if (kind == 'u') return size == 2 ? RowType::u16 : size == 4 ? RowType::u32 : RowType::u64;
  if (kind == 'i') {
    return size == 1   ? RowType::i8
           : size == 2 ? RowType::i16
           : size == 4 ? RowType::i32
                       : RowType::i64;
  }
  return {};
}

RowType row_type_of(const py::dtype& dtype) {
  const std::optional<RowType> type = known_row_type(dtype);
  require(type || dtype.byteorder() != '>', "data must be in the machine's byte order");
  require(type.has_value(), [&] {
    return "data must be numeric. Received: dtype=" + py::cast<std::string>(py::str(dtype));
  });
  return *type;
}

int checked_cols(py::ssize_t cols) {
  require(cols >= 1 && cols <= std::numeric_limits<int>::max() - kRowAlign,
          [cols] { return "data needs at least one column. Received: " + std::to_string(cols); });
  return static_cast<int>(cols);
}

bool has_adjacent_rows(const py::array& matrix) {
  return matrix.shape(0) == 0 || matrix.shape(1) == 1 || matrix.strides(1) == matrix.itemsize();
}

// Of a matrix that stays alive.
Rows rows_at(const py::array& matrix, RowType type) {
  Rows rows;
  rows.rows = matrix.shape(0);
  rows.cols = static_cast<int>(matrix.shape(1));
  rows.type = type;
  rows.data = matrix.data();
  rows.row_bytes = matrix.strides(0);
  return rows;
}

RowsObject dense_rows(const py::array& array) {
  require(array.ndim() == 2,
          [&] { return "data must be 2-D. Received: " + std::to_string(array.ndim()) + "-D"; });
  checked_cols(array.shape(1));
  const RowType type = row_type_of(array.dtype());
  require(has_adjacent_rows(array), "the elements of a row must be adjacent in memory");
  return {rows_at(array, type), {array}};
}

template <class Index>
void check_csr(const py::array& indices, const py::array& indptr, std::int64_t stored, int cols) {
  const auto* starts = static_cast<const Index*>(indptr.data());
  const auto* index = static_cast<const Index*>(indices.data());
  const std::int64_t rows = indptr.size() - 1;
  require(starts[0] == 0 && starts[rows] <= stored, "indptr must stay within the stored values");
  for (std::int64_t row = 0; row < rows; ++row)
    require(starts[row] <= starts[row + 1], "indptr must not decrease");
  for (std::int64_t row = 0; row < rows; ++row) {
    for (Index i = starts[row]; i < starts[row + 1]; ++i) {
      require(index[i] >= 0 && index[i] < cols, "column numbers must be below n_cols");
      require(i == starts[row] || index[i - 1] <= index[i],
              "the column numbers of a row must be sorted");
    }
  }
}

RowsObject csr_rows(const py::array& data, const py::array& indices, const py::array& indptr,
                    py::ssize_t n_cols) {
  RowsObject object;
  const RowType type = row_type_of(data.dtype());
  require(type == RowType::f32 || type == RowType::f64, "CSR values must be float32 or float64");
  require(indices.dtype().equal(indptr.dtype()), "indices and indptr must have one dtype");
  const bool wide = indices.dtype().itemsize() == 8;
  require(indices.dtype().kind() == 'i' && (wide || indices.dtype().itemsize() == 4),
          "indices must be int32 or int64");
  const auto contiguous = [](const py::array& a) {
    return a.ndim() == 1 && (a.flags() & py::array::c_style);
  };
  require(contiguous(data) && contiguous(indices) && contiguous(indptr) && indptr.size() >= 1 &&
              data.size() == indices.size(),
          "data, indices and indptr must be contiguous 1-D arrays of fitting sizes");
  object.rows.rows = indptr.size() - 1;
  object.rows.cols = checked_cols(n_cols);
  object.rows.type = type;
  object.rows.sparse = true;
  object.rows.wide_indices = wide;
  object.rows.data = data.data();
  object.rows.indices = indices.data();
  object.rows.indptr = indptr.data();
  if (wide) {
    check_csr<std::int64_t>(indices, indptr, data.size(), object.rows.cols);
  } else {
    check_csr<std::int32_t>(indices, indptr, data.size(), object.rows.cols);
  }
  object.owners = {data, indices, indptr};
  return object;
}

using RowsList = std::vector<const RowsObject*>;  // null for None

std::vector<Rows> rows_of(const RowsList& list) {
  std::vector<Rows> rows;
  for (const RowsObject* object : list) rows.push_back(object == nullptr ? Rows{} : object->rows);
  return rows;
}

Data data_of(const RowsList& x, const RowsList& y, const RowsList& weights) {
  for (const RowsObject* object : x) require(object != nullptr, "every input needs data");
  return {rows_of(x), rows_of(y), rows_of(weights)};
}

py::array new_array(DType dtype, std::int64_t rows, int cols) {
  return py::array(py::dtype(dtype == DType::float32 ? "float32" : "float64"),
                   std::vector<py::ssize_t>{rows, cols});
}

// Lets Python handle a signal that has come; Ctrl-C then ends the native call.
void check_signals() {
  const py::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

py::list predict(Executor& executor, const std::shared_ptr<Graph>& graph, const RowsList& x) {
  const std::vector<Rows> sources = data_of(x, {}, {}).x;
  py::list outputs;
  std::vector<void*> pointers;
  const std::int64_t rows = sources.empty() ? 0 : sources[0].rows;
  for (int features : executor.output_features()) {
    py::array array = new_array(graph->dtype(), rows, features);
    pointers.push_back(array.mutable_data());
    outputs.append(std::move(array));
  }
  without_gil([&] { executor.predict(sources, pointers, check_signals); });
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
  const std::optional<RowType> type = known_row_type(array.dtype());
  if (!type || !has_adjacent_rows(array)) return {};
  return rows_at(array, *type);
}

// Outputs are an array of `type`, which is ndarray or derived from it.
template <class T>
py::object predict_rows(Executor& executor, const Rows& rows, py::handle type) {
  // Work of less than about ten microseconds is done before another thread has taken the lock.
  constexpr double kWorthReleasing = 1e6;
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
  const auto run = [&] { executor.predict(sources, outputs, check_signals); };
  if (executor.operations_per_row() * static_cast<double>(rows.rows) < kWorthReleasing) {
    run();
  } else {
    without_gil(run);
  }
  return array;
}

py::object predict_array(ExecutorObject& self, py::handle x, py::ssize_t most_rows,
                         const py::type& type) {
  const std::optional<Rows> rows = plain_rows(x, self.width, most_rows);
  if (!rows) return py::none();
  return self.graph->dtype() == DType::float32 ? predict_rows<float>(*self.executor, *rows, type)
                                               : predict_rows<double>(*self.executor, *rows, type);
}

py::tuple pair(const Tally& tally) {
  return py::make_tuple(tally.total, tally.count);
}

py::dict dict_of(const Results& results) {
  py::list outputs, metrics;
  for (const Tally& tally : results.outputs) outputs.append(pair(tally));
  for (const auto& tallies : results.metrics) {
    py::list list;
    for (const Tally& tally : tallies) list.append(pair(tally));
    metrics.append(list);
  }
  py::dict dict;
  dict["loss"] = pair(results.loss);
  dict["outputs"] = outputs;
  dict["metrics"] = metrics;
  return dict;
}

// A trainer, its graph, and the arrays of the epoch that it is in.
struct TrainerObject {
  std::shared_ptr<Graph> graph;
  std::vector<VariablePtr> parameters;
  std::unique_ptr<Trainer> trainer;
  std::vector<RowsObject> epoch_data;
};

template <class Value>
Value option(const py::dict& options, const char* name, Value default_value) {
  if (!options.contains(name) || options[name].is_none()) return default_value;
  return py::cast<Value>(options[name]);
}

void check_option_names(const py::dict& options) {
  const std::string known[] = {"weight_decay",        "decay_mask",      "clipnorm",
                               "clipvalue",           "global_clipnorm", "l2_per_batch",
                               "normalize_by_weights"};
  for (const auto& item : options) {
    const auto name = py::cast<std::string>(item.first);
    require(std::find(std::begin(known), std::end(known), name) != std::end(known),
            "unknown option: '" + name + "'");
  }
}

// One of losses.def with its parameters; or a node of the graph, and what a batch's sum is divided
// by.
using NamedLoss = std::pair<std::string, std::vector<double>>;
using GraphLoss = std::pair<int, std::string>;
using LossArgument = std::optional<std::variant<NamedLoss, GraphLoss>>;
// A name, or a node of the graph.
using MetricArgument = std::variant<std::string, int>;

MetricChoice metric_of(const MetricArgument& argument) {
  if (const auto* name = std::get_if<std::string>(&argument)) return parse_metric(*name);
  return {MetricKind::node, {}, std::get<int>(argument)};
}

LossChoice loss_of(const LossArgument& argument) {
  if (!argument) return {};
  if (const auto* named = std::get_if<NamedLoss>(&*argument)) {
    return parse_loss(named->first, named->second);
  }
  LossChoice choice;
  choice.present = true;
  const auto& [node, divisor] = std::get<GraphLoss>(*argument);
  choice.node = node;
  choice.divisor = parse_divisor(divisor);
  return choice;
}

std::unique_ptr<TrainerObject> new_trainer(
    std::shared_ptr<Graph> graph, const std::vector<int>& inputs, const std::vector<int>& outputs,
    const std::vector<LossArgument>& losses, const std::vector<double>& loss_weights,
    const std::vector<std::vector<MetricArgument>>& metrics,
    const std::vector<VariablePtr>& parameters, const std::vector<double>& l1,
    const std::vector<double>& l2, const std::pair<std::string, std::vector<double>>& optimizer,
    const py::dict& options, const std::vector<int>& targets) {
  TrainerSpec spec;
  spec.inputs = inputs;
  spec.outputs = outputs;
  spec.targets = targets;
  for (const LossArgument& loss : losses) spec.objective.losses.push_back(loss_of(loss));
  spec.objective.loss_weights = loss_weights;
  for (const auto& list : metrics) {
    spec.objective.metrics.emplace_back();
    for (const MetricArgument& metric : list)
      spec.objective.metrics.back().push_back(metric_of(metric));
  }
  check_option_names(options);
  spec.objective.normalize_by_weights = option(options, "normalize_by_weights", false);
  spec.update.parameters = parameters;
  spec.update.l1 = l1;
  spec.update.l2 = l2;
  spec.update.optimizer = parse_optimizer(optimizer.first, optimizer.second);
  spec.update.hyper = optimizer.second;
  spec.update.weight_decay = option(options, "weight_decay", 0.0);
  for (bool decays : option(options, "decay_mask", std::vector<bool>{})) {
    spec.update.decay_mask.push_back(decays);
  }
  spec.update.clipnorm = option(options, "clipnorm", 0.0);
  spec.update.clipvalue = option(options, "clipvalue", 0.0);
  spec.update.global_clipnorm = option(options, "global_clipnorm", 0.0);
  spec.update.l2_per_batch = option(options, "l2_per_batch", false);
  auto object = std::make_unique<TrainerObject>();
  object->trainer = make_trainer(graph, spec);
  object->graph = std::move(graph);
  object->parameters = parameters;
  return object;
}

void start(TrainerObject& self, const RowsList& x, const RowsList& y, const RowsList& weights,
           int batch_size, const std::optional<Array<std::int64_t>>& order,
           std::optional<std::uint64_t> shuffle_seed, std::int64_t skip) {
  const Data data = data_of(x, y, weights);
  std::vector<std::int64_t> rows;
  if (order) {
    require(order->size() > 0, "order must name at least one row");
    rows.assign(order->data(), order->data() + order->size());
  }
  const auto begin = [&](bool waits) {
    return self.trainer->start(data, batch_size, rows, shuffle_seed.has_value(),
                               shuffle_seed.value_or(0), skip, waits);
  };
  // Few rows are in order before another thread would have taken the lock and given it back. But
  // whoever waits for the trainer must not hold the GIL.
  constexpr std::int64_t kFew = 1 << 14;
  if (data.rows() > kFew || !begin(false)) without_gil([&] { begin(true); });
  self.epoch_data.clear();
  for (const RowsList* list : {&x, &y, &weights}) {
    for (const RowsObject* object : *list) {
      if (object != nullptr) self.epoch_data.push_back(*object);
    }
  }
}

py::tuple gradients(TrainerObject& self, const RowsList& x, const RowsList& y,
                    const RowsList& weights) {
  const Data data = data_of(x, y, weights);
  std::vector<VariablePtr> into;
  for (const VariablePtr& p : self.parameters) {
    into.push_back(std::make_shared<Variable>(p->rows(), p->cols(), p->dtype(), p->layout()));
  }
  const double loss =
      without_gil([&] { return self.trainer->gradients(data, into, check_signals); });
  py::list arrays;
  for (const VariablePtr& gradient : into) arrays.append(py::cast(gradient).attr("view"));
  return py::make_tuple(loss, arrays);
}

py::tuple last_batch(TrainerObject& self) {
  const LastBatch batch = without_gil([&] { return self.trainer->last_batch(); });
  py::list outputs;
  for (std::size_t i = 0; i < batch.outputs.size(); ++i) {
    const auto rows = static_cast<py::ssize_t>(batch.rows.size());
    py::array_t<double> values({rows, static_cast<py::ssize_t>(batch.features[i])});
    std::copy(batch.outputs[i].begin(), batch.outputs[i].end(), values.mutable_data());
    const bool single = self.graph->dtype() == DType::float32;
    outputs.append(single ? py::object(py::array_t<float>(values)) : py::object(values));
  }
  py::array_t<std::int64_t> rows(static_cast<py::ssize_t>(batch.rows.size()));
  std::copy(batch.rows.begin(), batch.rows.end(), rows.mutable_data());
  return py::make_tuple(rows, outputs);
}

std::int64_t run(TrainerObject& self, const Array<double>& rates, double seconds) {
  require(rates.ndim() == 1, "rates must be a 1-D array");
  return without_gil([&] { return self.trainer->run(rates.data(), rates.size(), seconds); });
}

// `random` has a key and a position, as RandomState's MT19937 does. It and `order` move on with the
// epochs, and `ended` grows, before Python can handle a signal. `seeds` are those of the epochs
// after the present one.
std::int64_t run_epochs(TrainerObject& self, const Array<double>& rates, double seconds,
                        std::int64_t epochs, py::list& ended, const std::optional<py::array>& order,
                        const py::object& random, const std::vector<std::uint64_t>& seeds) {
  require(rates.ndim() == 1, "rates must be a 1-D array");
  Trainer& trainer = *self.trainer;
  std::vector<Results> results;
  const auto run = [&](const Trainer::Reorder& reorder) {
    return without_gil([&] {
      return trainer.run_epochs(rates.data(), rates.size(), seconds, epochs, reorder, results);
    });
  };
  std::int64_t done = 0;
  if (order) {
    auto* rows = in_place<std::int64_t>("order", *order);
    const py::array key = random.attr("key");
    MersenneTwister generator = generator_of(key, py::cast<int>(random.attr("position")));
    done = run({order->size(), [&](std::int64_t* next, std::int64_t n) {
                  generator.shuffle(next, n);
                  std::copy_n(next, n, rows);
                }});
    random.attr("position") = generator.position();
  } else if (!seeds.empty()) {
    require(static_cast<std::int64_t>(seeds.size()) >= epochs - 1,
            "seeds must name one for each epoch after the present one");
    auto seed = seeds.begin();
    done = run({Trainer::Reorder::kAllRows, [&seed](std::int64_t* next, std::int64_t n) {
                  std::iota(next, next + n, std::int64_t{0});
                  shuffle_in_place(next, n, stream_key(*seed++, 0));
                }});
  } else {
    done = run({});
  }
  for (const Results& each : results) ended.append(dict_of(each));
  return done;
}

}  // namespace

void bind_training(py::module_& m) {
  py::class_<RowsObject>(m, "Rows",
                         "Rows of a user's array or CSR matrix, as they are; nothing is copied.")
      .def(py::init(&dense_rows), py::arg("array"))
      .def_static("csr", &csr_rows, py::arg("data"), py::arg("indices"), py::arg("indptr"),
                  py::arg("n_cols"))
      .def_property_readonly("rows", [](const RowsObject& r) { return r.rows.rows; })
      .def_property_readonly("cols", [](const RowsObject& r) { return r.rows.cols; });

  py::class_<ExecutorObject>(m, "Executor",
                             "Inference: batches of rows through a graph, on all threads.")
      .def(py::init(&new_executor), py::arg("graph"), py::arg("inputs"), py::arg("outputs"))
      .def(
          "predict",
          [](ExecutorObject& self, const RowsList& x, int) {
            return predict(*self.executor, self.graph, x);
          },
          py::arg("x"), py::arg("batch_size") = 0,
          "Outputs, each of shape (rows, width). The result does not depend on batch_size.")
      .def("predict_array", &predict_array, py::arg("x"), py::arg("most_rows") = PY_SSIZE_T_MAX,
           py::arg("type") = py::module_::import("numpy").attr("ndarray"),
           "The only output of a model with one input, as an array of `type`, for an ndarray of "
           "numbers of shape (n <= most_rows, width) whose rows can be read where they are; None "
           "for anything else.");

  py::class_<TrainerObject>(m, "Trainer", "Training: many mini-batches per call.")
      .def(py::init(&new_trainer), py::arg("graph"), py::arg("inputs"), py::arg("outputs"),
           py::arg("losses"), py::arg("loss_weights"), py::arg("metrics"), py::arg("parameters"),
           py::arg("l1"), py::arg("l2"), py::arg("optimizer"), py::arg("options") = py::dict(),
           py::arg("targets") = std::vector<int>{})
      .def("start", &start, py::arg("x"), py::arg("y"), py::arg("weights"), py::arg("batch_size"),
           py::arg("order") = py::none(), py::arg("shuffle_seed") = py::none(), py::arg("skip") = 0,
           "Begin an epoch over the rows in `order` (all, if None), shuffled if a seed is given, "
           "after its first `skip` batches.")
      .def("run", &run, py::arg("rates"), py::arg("seconds"),
           "Run up to len(rates) steps, each with its learning rate, for about `seconds`; return "
           "the steps done.")
      .def("run_epochs", &run_epochs, py::arg("rates"), py::arg("seconds"), py::arg("epochs"),
           py::arg("ended"), py::arg("order") = py::none(), py::arg("random") = py::none(),
           py::arg("seeds") = std::vector<std::uint64_t>{},
           "Run as `run` does, and on through the same data until `epochs` have ended, the present "
           "one among them. `ended` gets the results of each. With `order`, which is the present "
           "epoch's, the next ones are shuffled as RandomState does it: `order` and `random`, by "
           "its attributes `key` and `position`, end as they are after the last shuffle. With "
           "`seeds`, one for each epoch after the present one, these go through all rows, shuffled "
           "by them as `start` does it.")
      .def("results",
           [](const TrainerObject& self) {
             // Whoever waits for the lock must not hold the GIL, but giving it up is dear: where
             // threads train side by side, another one takes it for a while.
             std::optional<Results> found = self.trainer->results(false);
             if (!found) found = without_gil([&] { return self.trainer->results(true); });
             return dict_of(*found);
           })
      .def(
          "evaluate",
          [](TrainerObject& self, const RowsList& x, const RowsList& y, const RowsList& weights,
             int batch_size) {
            const Data data = data_of(x, y, weights);
            return dict_of(without_gil([&] { return self.trainer->evaluate(data, batch_size); }));
          },
          py::arg("x"), py::arg("y"), py::arg("weights"), py::arg("batch_size") = 0)
      .def("gradients", &gradients, py::arg("x"), py::arg("y"), py::arg("weights"),
           "Loss over all rows as one batch, and its gradient per parameter.")
      .def("last_batch", &last_batch)
      .def_property(
          "iterations", [](const TrainerObject& self) { return self.trainer->iterations; },
          [](TrainerObject& self, std::uint64_t steps) { self.trainer->iterations = steps; })
      .def_property(
          "seed", [](const TrainerObject& self) { return self.trainer->seed; },
          [](TrainerObject& self, std::uint64_t seed) { self.trainer->seed = seed; })
      .def_property_readonly("state",
                             [](const TrainerObject& self) { return self.trainer->state(); });

  m.def("metric_names", &metric_names);
}

}  // namespace pynn
