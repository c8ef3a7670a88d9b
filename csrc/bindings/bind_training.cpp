// Training: trainers, their epochs and what they say of them.
#include <pybind11/stl.h>

#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "bindings/bind.hpp"
#include "bindings/numpy_random.hpp"
#include "bindings/rows_object.hpp"
#include "bindings/step_options.hpp"
#include "training/epoch.hpp"
#include "training/trainer.hpp"
#include "training/worker_tuner.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

Data data_of(const RowsList& x, const RowsList& y, const RowsList& weights) {
  return {inputs_of(x), rows_of(y), rows_of(weights)};
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

void check_option_names(const py::dict& options) {
  const std::string known[] = {
      "weight_decay", "scheduled_decay", "rate_factors", "decay_factors",       "lazy", "clipnorm",
      "clipvalue",    "global_clipnorm", "l2_per_batch", "normalize_by_weights"};
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
    const py::dict& options, const std::vector<int>& targets, const std::vector<int>& assignments) {
  TrainerSpec spec;
  spec.use.inputs = inputs;
  spec.use.outputs = outputs;
  spec.use.targets = targets;
  spec.use.assignments = assignments;
  for (const LossArgument& loss : losses) spec.use.evaluation.losses.push_back(loss_of(loss));
  spec.use.evaluation.loss_weights = loss_weights;
  for (const auto& list : metrics) {
    spec.use.evaluation.metrics.emplace_back();
    for (const MetricArgument& metric : list)
      spec.use.evaluation.metrics.back().push_back(metric_of(metric));
  }
  check_option_names(options);
  spec.use.evaluation.normalize_by_weights = option(options, "normalize_by_weights", false);
  spec.update.parameters = parameters;
  spec.update.l1 = l1;
  spec.update.l2 = l2;
  spec.update.optimizer = parse_optimizer(optimizer.first, optimizer.second);
  spec.update.hyper = optimizer.second;
  spec.update.options = step_options_of(options);
  spec.update.l2_per_batch = option(options, "l2_per_batch", false);
  auto object = std::make_unique<TrainerObject>();
  object->trainer = make_trainer(graph, spec);
  object->graph = std::move(graph);
  object->parameters = parameters;
  return object;
}

void start(TrainerObject& self, const RowsList& x, const RowsList& y, const RowsList& weights,
           int batch_size, const std::optional<Array<std::int64_t>>& order,
           std::optional<std::uint64_t> shuffle_seed, std::int64_t skip, bool drop_remainder) {
  const Data data = data_of(x, y, weights);
  std::vector<RowsObject> kept;
  for (const RowsList* list : {&x, &y, &weights}) {
    for (const RowsObject* object : *list) {
      if (object != nullptr) kept.push_back(*object);
    }
  }
  std::span<const std::int64_t> rows;
  if (order) {
    require(order->size() > 0, "order must name at least one row");
    rows = {order->data(), static_cast<std::size_t>(order->size())};
  }
  const auto begin = [&](std::span<const std::int64_t> named, bool waits) {
    return self.trainer->start(data, batch_size, named, shuffle_seed.has_value(),
                               shuffle_seed.value_or(0), skip, drop_remainder, waits);
  };
  // A few rows are put in order without giving up the GIL, which another thread might then hold for
  // longer. But a thread that waits for the trainer must not hold the GIL, and without it others
  // may write to the array after it was checked.
  constexpr std::int64_t kFew = 1 << 14;
  if (data.rows() > kFew || !begin(rows, false)) {
    const std::vector<std::int64_t> copy(rows.begin(), rows.end());
    without_gil([&] { begin(copy, true); });
  }
  self.epoch_data.swap(kept);
}

// An array in which the columns of a matrix lie one after the other, as a weight shows them.
template <class T>
py::array new_array(const Variable& matrix) {
  return py::array_t<T, py::array::f_style>({matrix.rows(), matrix.cols()});
}

py::tuple gradients(TrainerObject& self, const RowsList& x, const RowsList& y,
                    const RowsList& weights) {
  const Data data = data_of(x, y, weights);
  py::list arrays;
  std::vector<void*> into;
  for (const VariablePtr& p : self.parameters) {
    py::array array = p->dtype() == DType::float32 ? new_array<float>(*p) : new_array<double>(*p);
    into.push_back(array.mutable_data());
    arrays.append(std::move(array));
  }
  const double loss =
      without_gil([&] { return self.trainer->gradients(data, into, check_signals); });
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

StepNumbers numbers_of(const Array<double>& rates) {
  require(rates.ndim() == 1 || (rates.ndim() == 2 && rates.shape(1) > 1),
          "rates must be a 1-D array, or have columns for the learning rate, the weight decay and "
          "what nodes take");
  return {rates.data(), rates.shape(0), rates.ndim() == 1 ? 1 : rates.shape(1)};
}

std::int64_t run(TrainerObject& self, const Array<double>& rates, double seconds) {
  const StepNumbers numbers = numbers_of(rates);
  return without_gil([&] { return self.trainer->run(numbers, seconds); });
}

// `random` has a key and a position, as RandomState's MT19937 does. It and `order` move on with the
// epochs, and `ended` grows, before Python can handle a signal. The orders of the epochs after the
// present one belong to `seed`, the next epoch being number `next_epoch`.
std::int64_t run_epochs(TrainerObject& self, const Array<double>& rates, double seconds,
                        std::int64_t epochs, py::list& ended, const std::optional<py::array>& order,
                        const py::object& random, std::optional<std::uint64_t> seed,
                        std::uint64_t next_epoch) {
  const StepNumbers numbers = numbers_of(rates);
  Trainer& trainer = *self.trainer;
  std::vector<Results> results;
  const auto run = [&](const Trainer::Reorder& reorder) {
    return without_gil(
        [&] { return trainer.run_epochs(numbers, seconds, epochs, reorder, results); });
  };
  std::int64_t done = 0;
  if (order) {
    auto* rows = writable_data<std::int64_t>("order", *order, order->size());
    const py::array key = random.attr("key");
    MersenneTwister generator = generator_of(key, py::cast<int>(random.attr("position")));
    done = run({order->size(), [&](std::int64_t* next, std::int64_t n) {
                  generator.shuffle(next, n);
                  std::copy_n(next, n, rows);
                }});
    random.attr("position") = generator.position();
  } else if (seed) {
    done = run({Trainer::Reorder::kAllRows, [&](std::int64_t* next, std::int64_t n) {
                  std::iota(next, next + n, std::int64_t{0});
                  shuffle_rows(next, n, mix_seed(*seed, next_epoch++));
                }});
  } else {
    done = run({});
  }
  for (const Results& each : results) ended.append(dict_of(each));
  return done;
}

}  // namespace

void bind_training(py::module_& m) {
  bind_class<TrainerObject>(m, "Trainer", "Training: many mini-batches per call.")
      .def(py::init(&new_trainer), py::arg("graph"), py::arg("inputs"), py::arg("outputs"),
           py::arg("losses"), py::arg("loss_weights"), py::arg("metrics"), py::arg("parameters"),
           py::arg("l1"), py::arg("l2"), py::arg("optimizer"), py::arg("options") = py::dict(),
           py::arg("targets") = std::vector<int>{}, py::arg("assignments") = std::vector<int>{})
      .def("start", &start, py::arg("x"), py::arg("y"), py::arg("weights"), py::arg("batch_size"),
           py::arg("order") = py::none(), py::arg("shuffle_seed") = py::none(), py::arg("skip") = 0,
           py::arg("drop_remainder") = false,
           "Begin an epoch over the rows in `order` (all, if None), shuffled if a seed is given, "
           "after its first `skip` batches. With `drop_remainder`, rows that fill no batch of that "
           "size are left out.")
      .def("run", &run, py::arg("rates"), py::arg("seconds"),
           "Run up to len(rates) steps, each with its learning rate, for about `seconds`; return "
           "the steps done. 2-D `rates` have columns: the learning rate, the weight decay, and "
           "then what nodes of the graph take by the column's number.")
      .def(
          "run_epochs", &run_epochs, py::arg("rates"), py::arg("seconds"), py::arg("epochs"),
          py::arg("ended"), py::arg("order") = py::none(), py::arg("random") = py::none(),
          py::arg("seed") = py::none(), py::arg("next_epoch") = 0,
          "Run as `run` does, and on through the same data until `epochs` have ended, the present "
          "one among them. `ended` gets the results of each. With `order`, which is the present "
          "epoch's, the next ones are shuffled as RandomState does it: `order` and `random`, by "
          "its attributes `key` and `position`, end as they are after the last shuffle. With "
          "`seed`, the epochs from number `next_epoch` on go through all rows, shuffled as `start` "
          "does it by the seeds that `mix_seed` makes of it.")
      .def("results",
           [](const TrainerObject& self) {
             // A thread that waits for the lock must not hold the GIL. But giving it up costs much
             // where threads train side by side: another one takes it for a while.
             std::optional<Results> found = self.trainer->results(false);
             if (!found) found = without_gil([&] { return self.trainer->results(true); });
             return dict_of(*found);
           })
      .def(
          "evaluate",
          [](TrainerObject& self, const RowsList& x, const RowsList& y, const RowsList& weights,
             int batch_size) {
            const Data data = data_of(x, y, weights);
            return dict_of(without_gil(
                [&] { return self.trainer->evaluate(data, batch_size, check_signals); }));
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
  m.def(
      "_set_worker_tuning", [](bool chooses) { WorkerTuner::chooses = chooses; },
      py::arg("chooses"),
      "For tests and benchmarks: whether training measures how many threads are fastest, or "
      "always uses all of them.");
}

}  // namespace pynn
