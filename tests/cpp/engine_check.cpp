// The engine without Python: arenas, execution plans, trainers and executors. Prints what does not
// hold, and how many cases there were. Built with sanitizers by tests/reliability/sanitize.py.
//
//   engine_check bits              networks give the same bits on 1 to 4 threads
//   engine_check bits small        only such as are trained in a few milliseconds
//   engine_check allocations       every allocation of every call fails once, and once with all
//                                  after it: std::bad_alloc, and what is called next is right
//   engine_check allocations 50    every 50th of them
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "base/thread_limits.hpp"
#include "failing_allocator.hpp"
#include "training/executor.hpp"
#include "training/row_predictor.hpp"
#include "training/trainer.hpp"
#include "training/worker_tuner.hpp"

namespace {

using namespace pynn;

constexpr int kEpochs = 2;

int g_failures = 0;
std::int64_t g_step = 1;  // from one failing allocation to the next

void check(bool holds, const std::string& what) {
  if (holds) return;
  if (g_failures < 30) std::printf("does not hold: %s\n", what.c_str());
  ++g_failures;
}

// ---- Data ------------------------------------------------------------------------------------

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint64_t below(std::uint64_t n) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (state_ >> 33) % n;
  }
  double between(double low, double high) {
    return low + (high - low) * static_cast<double>(below(1 << 24)) / (1 << 24);
  }

 private:
  std::uint64_t state_;
};

// A dense or sparse matrix that owns its numbers.
struct Matrix {
  Rows rows;
  std::vector<double> wide;
  std::vector<float> narrow;
  std::vector<std::int32_t> indices, indptr;
};

std::unique_ptr<Matrix> dense_matrix(int rows, int cols, bool wide, Random& random) {
  auto m = std::make_unique<Matrix>();
  for (int i = 0; i < rows * cols; ++i) {
    m->wide.push_back(random.between(-1, 1));
    m->narrow.push_back(static_cast<float>(m->wide.back()));
  }
  m->rows.rows = rows;
  m->rows.cols = cols;
  m->rows.type = wide ? RowType::f64 : RowType::f32;
  m->rows.data = wide ? static_cast<const void*>(m->wide.data()) : m->narrow.data();
  m->rows.row_bytes = cols * (wide ? 8 : 4);
  return m;
}

std::unique_ptr<Matrix> labels(int rows, int classes, Random& random) {
  auto m = dense_matrix(rows, 1, true, random);
  for (double& label : m->wide) label = static_cast<double>(random.below(classes));
  return m;
}

std::unique_ptr<Matrix> sparse_matrix(int rows, int cols, int most, Random& random) {
  auto m = std::make_unique<Matrix>();
  m->indptr.push_back(0);
  for (int i = 0; i < rows; ++i) {
    std::vector<std::int32_t> columns(random.below(most + 1));
    for (auto& column : columns) column = static_cast<std::int32_t>(random.below(cols));
    std::sort(columns.begin(), columns.end());
    for (const auto column : columns) {
      m->indices.push_back(column);
      m->narrow.push_back(static_cast<float>(random.between(-1, 1)));
    }
    m->indptr.push_back(static_cast<std::int32_t>(m->indices.size()));
  }
  m->rows.rows = rows;
  m->rows.cols = cols;
  m->rows.sparse = true;
  m->rows.data = m->narrow.data();
  m->rows.indices = m->indices.data();
  m->rows.indptr = m->indptr.data();
  return m;
}

// ---- Networks --------------------------------------------------------------------------------

using Instructions = std::vector<Instruction>;

struct Network {
  std::shared_ptr<Graph> graph;
  std::vector<VariablePtr> variables;
  TrainerSpec spec;
  std::vector<std::unique_ptr<Matrix>> x, y;
  int batch_size = 32;

  explicit Network(DType dtype) : graph(std::make_shared<Graph>(dtype)) {}

  VariablePtr variable(int rows, int cols, Layout layout = Layout::out_in) {
    auto made = std::make_shared<Variable>(rows, cols, graph->dtype(), layout);
    variables.push_back(made);
    return made;
  }
  int input(int features) { return graph->add("input", {}, {}, {{"features", features}}); }
  int dense(int node, int units, Layout layout = Layout::out_in) {
    const int features = graph->node(node).features;
    return graph->add("dense", {node}, {variable(units, features, layout), variable(1, units)}, {});
  }
  int add(const std::string& kind, const std::vector<int>& inputs,
          const std::map<std::string, double>& params = {}) {
    return graph->add(kind, inputs, {}, params);
  }
  void train(const std::string& optimizer, const std::vector<double>& hyper) {
    spec.update.parameters = variables;
    spec.update.l1.assign(variables.size(), 0);
    spec.update.l2.assign(variables.size(), 0);
    spec.update.optimizer = parse_optimizer(optimizer, hyper);
    spec.update.hyper = hyper;
    auto& losses = spec.use.evaluation;
    losses.loss_weights.assign(spec.use.outputs.size(), 1);
    losses.metrics.resize(spec.use.outputs.size());
  }
  Data data() const {
    Data data;
    for (const auto& each : x) data.x.push_back(each->rows);
    for (const auto& each : y) data.y.push_back(each->rows);
    data.weights.resize(y.size());
    return data;
  }
};

// A classifier, as most are.
std::unique_ptr<Network> classifier(int rows, int width) {
  auto n = std::make_unique<Network>(DType::float32);
  Random random(1);
  const int x = n->input(20);
  int node = n->add("relu", {n->dense(x, width)});
  node = n->add("dropout", {node}, {{"rate", 0.2}});
  VariablePtr moving[] = {n->variable(1, width), n->variable(1, width)};
  VariablePtr scales[] = {n->variable(1, width), n->variable(1, width)};
  node = n->graph->add("batch_normalization", {node}, {moving[0], moving[1], scales[0], scales[1]},
                       {});
  node = n->add("softmax", {n->dense(node, 7)});
  n->spec.use.inputs = {x};
  n->spec.use.outputs = {node};
  n->spec.use.evaluation.losses = {parse_loss("sparse_categorical_crossentropy", {})};
  n->train("adam", {0.9, 0.999, 1e-7});
  n->spec.update.parameters.erase(n->spec.update.parameters.begin() + 2,
                                  n->spec.update.parameters.begin() + 4);
  n->spec.update.l1.resize(n->spec.update.parameters.size());
  n->spec.update.l2.assign(n->spec.update.parameters.size(), 1e-3);
  n->spec.use.evaluation.metrics[0] = {parse_metric("sparse_categorical_accuracy"),
                                       parse_metric("loss:sparse_categorical_crossentropy")};
  n->x.push_back(dense_matrix(rows, 20, false, random));
  n->y.push_back(labels(rows, 7, random));
  return n;
}

// Two inputs of float64, a shared layer, an expression, merges, and a loss in the graph.
std::unique_ptr<Network> branches(int rows) {
  auto n = std::make_unique<Network>(DType::float64);
  Random random(2);
  const int a = n->input(9), b = n->input(9), target = n->input(3);
  const VariablePtr kernel = n->variable(17, 9, Layout::in_out);
  const int left = n->graph->add("dense", {a}, {kernel}, {});
  const int right = n->graph->add("dense", {b}, {kernel}, {});
  int node = n->add("multiply", {n->add("tanh", {left}), n->add("sigmoid", {right})});
  node = n->add("concatenate", {node, left, n->add("gaussian_noise", {right})});
  ExpressionProgram program;
  program.constants = {{0.5}};
  program.instructions = {parse_instruction("multiply", {0, 1}, 0),
                          parse_instruction("square", {2}, 0), parse_instruction("add", {3, 0}, 0)};
  node = n->graph->add("expression", {node}, {}, {}, program);
  node = n->graph->add("select_features", {node}, {}, {}, {}, {0, 5, 6, 7, 20, 50, 1});
  node = n->dense(node, 3, Layout::in_out);
  ExpressionProgram error;
  error.instructions = {parse_instruction("subtract", {0, 1}, 0),
                        parse_instruction("absolute", {2}, 0)};
  const int errors = n->graph->add("expression", {node, target}, {}, {}, error);
  LossChoice loss;
  loss.present = true;
  loss.node = n->add("reduce_mean", {errors}, {{"length", 3}});
  n->spec.use.inputs = {a, b};
  n->spec.use.outputs = {node};
  n->spec.use.targets = {target};
  n->spec.use.evaluation.losses = {loss};
  n->train("sgd_nesterov", {0.9});
  n->spec.update.options.clipnorm = 1;
  n->spec.update.options.weight_decay = 1e-3;
  n->x.push_back(dense_matrix(rows, 9, true, random));
  n->x.push_back(dense_matrix(rows, 9, false, random));
  n->y.push_back(dense_matrix(rows, 3, true, random));
  n->batch_size = 20;
  return n;
}

// Rows given by their entries; `most` of them.
std::unique_ptr<Network> sparse(int rows, int most) {
  auto n = std::make_unique<Network>(DType::float32);
  Random random(3);
  const int x = n->input(5000);
  int node = n->dense(x, 33, Layout::in_out);
  node = n->dense(n->add("tanh", {node}), 1);
  n->spec.use.inputs = {x};
  n->spec.use.outputs = {node};
  n->spec.use.evaluation.losses = {parse_loss("mean_squared_error", {})};
  n->train("sgd", {});
  n->x.push_back(sparse_matrix(rows, 5000, most, random));
  n->y.push_back(dense_matrix(rows, 1, true, random));
  return n;
}

// Every activation, merge and reduction once.
std::unique_ptr<Network> everything(int rows) {
  auto n = std::make_unique<Network>(DType::float32);
  Random random(4);
  const int x = n->input(24);
  const int first = n->dense(x, 24);
  std::vector<int> all;
  for (const ActivationEntry& entry : kActivationList) all.push_back(n->add(entry.name, {first}));
  const int mean = n->add("average", all);
  int node = n->add("maximum", {mean, n->add("minimum", {first, mean})});
  node = n->add("subtract", {node, n->add("log_softmax", {first})});
  for (const char* kind : {"reduce_sum", "reduce_max", "reduce_min", "reduce_mean"})
    all.push_back(n->add(kind, {node}, {{"length", 3}, {"inner", 4}}));
  node = n->add("add", {all.end() - 4, all.end()});
  node = n->dense(n->add("gaussian_dropout", {node}, {{"stddev", 0.1}}), 2);
  n->spec.use.inputs = {x};
  n->spec.use.outputs = {node};
  n->spec.use.evaluation.losses = {parse_loss("huber", {0.5})};
  n->train("rmsprop_momentum", {0.9, 1e-7, 0.5, 1});
  n->spec.update.l1.assign(n->variables.size(), 1e-3);
  n->x.push_back(dense_matrix(rows, 24, false, random));
  n->y.push_back(dense_matrix(rows, 2, false, random));
  return n;
}

// Rows of a table, and products of groups of features.
std::unique_ptr<Network> lookup(int rows) {
  auto n = std::make_unique<Network>(DType::float32);
  Random random(5);
  const int x = n->input(4);
  const int taken = n->graph->add("take", {x}, {n->variable(6, 50)}, {});
  const VariablePtr kernel = n->variable(10, 6), bias = n->variable(1, 10);
  int node =
      n->graph->add("grouped_dense", {taken}, {kernel, bias},
                    {{"outputs", 10}, {"output_step", double(kernel->ld())}}, {}, {0, 0, 0, 0});
  node = n->dense(n->add("relu", {node}), 3);
  n->spec.use.inputs = {x};
  n->spec.use.outputs = {node};
  n->spec.use.evaluation.losses = {parse_loss("mean_absolute_error", {})};
  n->train("adam", {0.9, 0.999, 1e-7});
  n->x.push_back(dense_matrix(rows, 4, true, random));
  for (double& number : n->x[0]->wide) number = static_cast<double>(random.below(50));
  n->y.push_back(dense_matrix(rows, 3, false, random));
  return n;
}

struct Named {
  const char* name;
  std::function<std::unique_ptr<Network>()> make;
};
const Named kNetworks[] = {
    {"classifier", [] { return classifier(150, 33); }},
    {"branches", [] { return branches(70); }},
    {"sparse", [] { return sparse(90, 30); }},
    {"everything", [] { return everything(100); }},
    {"lookup", [] { return lookup(100); }},
};
const Named kLargeNetworks[] = {
    {"wide classifier", [] { return classifier(600, 1500); }},
    {"many rows", [] { return classifier(9000, 64); }},
    {"sparse rows", [] { return sparse(3000, 300); }},
};

// ---- What is done with them ------------------------------------------------------------------

void set_weights(Network& n) {
  Random random(9);
  for (const VariablePtr& v : n.variables) {
    std::memset(
        v->raw(), 0,
        static_cast<std::size_t>(v->padded_size()) * (v->dtype() == DType::float32 ? 4 : 8));
    for (int row = 0; row < v->rows(); ++row) {
      for (int col = 0; col < v->cols(); ++col) {
        const double value = random.between(0, 0.3);
        const std::ptrdiff_t at = row * v->row_step() + col * v->col_step();
        if (v->dtype() == DType::float32) {
          v->data<float>()[at] = static_cast<float>(value);
        } else {
          v->data<double>()[at] = value;
        }
      }
    }
  }
}

class Bytes {
 public:
  void add(const void* data, std::size_t n) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < n; ++i) hash_ = (hash_ ^ bytes[i]) * 1099511628211U;
  }
  void add(double value) { add(&value, sizeof value); }
  void add(const VariablePtr& v) {
    add(v->raw(),
        static_cast<std::size_t>(v->padded_size()) * (v->dtype() == DType::float32 ? 4 : 8));
  }
  void add(const Results& results) {
    add(results.loss.total);
    for (const auto& metrics : results.metrics)
      for (const Tally& tally : metrics) add(tally.total);
  }
  std::uint64_t hash() const { return hash_; }

 private:
  std::uint64_t hash_ = 14695981039346656037U;
};

const Poll kNoPoll = [] {};

std::uint64_t predict(Network& n, Executor& executor) {
  const Data data = n.data();
  const std::size_t item = n.graph->dtype() == DType::float32 ? 4 : 8;
  std::vector<std::vector<char>> memory;
  std::vector<void*> outputs;
  for (const int features : executor.output_features()) {
    memory.emplace_back(static_cast<std::size_t>(data.rows() * features) * item);
    outputs.push_back(memory.back().data());
  }
  executor.predict(data.x, outputs, 0, kNoPoll);
  Bytes bytes;
  for (const auto& each : memory) bytes.add(each.data(), each.size());
  return bytes.hash();
}

void start(Network& n, Trainer& trainer, std::uint64_t epoch) {
  trainer.start(n.data(), n.batch_size, {}, true, epoch, 0, false, true);
}

void run(Trainer& trainer) {
  const std::vector<double> rates(400, 0.01);
  while (trainer.run({rates.data(), static_cast<std::int64_t>(rates.size())}, 1e9) > 0) {
  }
}

// Begins with the same weights and optimizer, whatever they are.
std::uint64_t train(Network& n, Trainer& trainer) {
  set_weights(n);
  for (const auto& slots : trainer.state()) {
    for (const VariablePtr& slot : slots)
      std::memset(slot->raw(), 0,
                  static_cast<std::size_t>(slot->padded_size()) *
                      (slot->dtype() == DType::float32 ? 4 : 8));
  }
  trainer.iterations = 0;
  Bytes bytes;
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    start(n, trainer, static_cast<std::uint64_t>(epoch));
    run(trainer);
    bytes.add(*trainer.results(true));
  }
  check(trainer.iterations == static_cast<std::uint64_t>(
                                  kEpochs * ((n.data().rows() + n.batch_size - 1) / n.batch_size)),
        "steps are counted");
  for (const VariablePtr& v : n.variables) bytes.add(v);
  return bytes.hash();
}

std::uint64_t gradients(Network& n, Trainer& trainer) {
  std::vector<std::vector<double>> arrays;  // room enough for float32, too
  std::vector<void*> into;
  for (const VariablePtr& p : n.spec.update.parameters) {
    arrays.emplace_back(static_cast<std::size_t>(p->rows()) * static_cast<std::size_t>(p->cols()));
    into.push_back(arrays.back().data());
  }
  Bytes bytes;
  bytes.add(trainer.gradients(n.data(), into, kNoPoll));
  for (const auto& gradient : arrays) bytes.add(gradient.data(), gradient.size() * sizeof(double));
  return bytes.hash();
}

std::uint64_t evaluate(Network& n, Trainer& trainer) {
  Bytes bytes;
  bytes.add(trainer.evaluate(n.data(), n.batch_size, kNoPoll));
  return bytes.hash();
}

// Everything, in one number.
std::uint64_t all_of(Network& n, Trainer& trainer, Executor& executor) {
  Bytes bytes;
  for (const std::uint64_t hash :
       {train(n, trainer), predict(n, executor), gradients(n, trainer), evaluate(n, trainer)})
    bytes.add(&hash, sizeof hash);
  const LastBatch last = trainer.last_batch();
  bytes.add(last.outputs[0].data(), last.outputs[0].size() * sizeof(double));
  return bytes.hash();
}

std::unique_ptr<Trainer> trainer_of(Network& n) {
  return make_trainer(n.graph, n.spec);
}
std::unique_ptr<Executor> executor_of(Network& n) {
  return make_executor(n.graph, n.spec.use.inputs, n.spec.use.outputs);
}

// ---- The checks ------------------------------------------------------------------------------

void check_arena() {
  for (const std::size_t bytes : {1, 63, 64, 1000, 1 << 19, (1 << 21) + 1}) {
    AlignedBuffer buffer(bytes);
    const auto* data = static_cast<const char*>(buffer.data());
    check(reinterpret_cast<std::uintptr_t>(data) % 64 == 0, "buffers are aligned");
    check(std::all_of(data, data + bytes, [](char c) { return c == 0; }), "buffers are zero");
    AlignedBuffer other(std::move(buffer));
    check(other.data() == data && buffer.data() == nullptr && buffer.bytes() == 0,
          "a buffer that is moved from has nothing");
  }
  Arena arena;
  std::vector<double*> places(50);
  for (std::size_t i = 0; i < places.size(); ++i) arena.request(&places[i], i + 1);
  arena.allocate();
  for (std::size_t i = 0; i < places.size(); ++i) std::fill_n(places[i], i + 1, double(i));
  for (std::size_t i = 0; i < places.size(); ++i)
    check(std::count(places[i], places[i] + i + 1, double(i)) == int(i) + 1,
          "what is requested does not overlap");
}

// The number of steps that workers do may change with time; nothing else may.
void check_bits(bool small) {
  int cases = 0;
  const auto same_for_all = [&](const Named& named) {
    std::uint64_t expected = 0;
    for (const int threads : {1, 2, 3, 4}) {
      set_thread_limit(threads);
      for (const bool chooses : {true, false}) {
        WorkerTuner::chooses = chooses;
        const auto network = named.make();
        const auto trainer = trainer_of(*network);
        const auto executor = executor_of(*network);
        const std::uint64_t found = all_of(*network, *trainer, *executor);
        if (expected == 0) expected = found;
        check(found == expected, std::string(named.name) + " depends on the number of threads");
        check(all_of(*network, *trainer, *executor) == expected,
              std::string(named.name) + " gives the same again");
        ++cases;
      }
    }
  };
  for (const Named& named : kNetworks) same_for_all(named);
  if (!small) {
    for (const Named& named : kLargeNetworks) same_for_all(named);
  }
  std::printf("%d networks and numbers of threads\n", cases);
}

struct Call {
  const char* name;
  std::function<void()> run;
};

// One network's calls, each with every allocation failing.
class Allocations {
 public:
  explicit Allocations(const Named& named) : named_(named), n_(named.make()) {
    trainer_ = trainer_of(*n_);
    executor_ = executor_of(*n_);
    expected_ = all_of(*n_, *trainer_, *executor_);
  }

  // Returns how many allocations have failed.
  std::int64_t check_all() {
    const auto anew = [this] {
      trainer_.reset();
      executor_.reset();
      trainer_ = trainer_of(*n_);
      executor_ = executor_of(*n_);
    };
    const auto start_this = [this] { start(*n_, *trainer_, 0); };
    const std::vector<Call> calls = {
        {"a new network", [this] { const auto other = named_.make(); }},
        {"a new trainer", [this] { const auto other = trainer_of(*n_); }},
        {"a new executor", [this] { const auto other = executor_of(*n_); }},
        {"predict", [this] { predict(*n_, *executor_); }},
        {"start", start_this},
        {"run", [this] { run(*trainer_); }},
        {"evaluate", [this] { evaluate(*n_, *trainer_); }},
        {"gradients", [this] { gradients(*n_, *trainer_); }},
        {"last_batch", [this] { trainer_->last_batch(); }},
    };
    std::int64_t failed = 0, first = 0;
    for (const Call& call : calls) {
      for (const bool for_good : {false, true}) {
        for (const bool used_before : {false, true}) {
          if (!used_before) anew();
          std::int64_t n = first++ % g_step;
          for (bool fails = true; fails; n += g_step) {
            if (!used_before) anew();
            if (!used_before && std::strcmp(call.name, "last_batch") == 0) train(*n_, *trainer_);
            if (std::strcmp(call.name, "run") == 0) start_this();
            fails = fails_once(call, n, for_good);
            failed += fails ? 1 : 0;
          }
        }
      }
    }
    return failed;
  }

 private:
  // Whether there was an n-th allocation.
  bool fails_once(const Call& call, std::int64_t n, bool for_good) {
    bool threw = false;
    const std::int64_t failed = failing::run(n, for_good, threw, call.run);
    const std::string what = std::string(named_.name) + ", " + call.name + ", allocation " +
                             std::to_string(n) + (for_good ? " and all after it" : "");
    // Threads that cannot be started are done without.
    check(threw == (failed > 0) || std::strcmp(call.name, "run") == 0 ||
              std::strcmp(call.name, "predict") == 0,
          what + ": std::bad_alloc comes out");
    if (failed == 0) return false;
    // If it was to begin an epoch, none has begun, or the one before goes on.
    if (threw && std::strcmp(call.name, "start") == 0) run(*trainer_);
    check(all_of(*n_, *trainer_, *executor_) == expected_, what + ": the next calls are right");
    return true;
  }

  static void run(Trainer& trainer) { ::run(trainer); }

  const Named& named_;
  std::unique_ptr<Network> n_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<Executor> executor_;
  std::uint64_t expected_ = 0;
};

// More rows, and more entries in them, than there was room for: the room that there is stays.
std::int64_t check_growing_rows() {
  std::int64_t failed_in_all = 0;
  for (const bool for_good : {false, true}) {
    bool fails = true;
    for (std::int64_t n = 0; fails; n += g_step) {
      auto few = sparse(90, 30), many = sparse(90, 90);
      set_weights(*few);
      const auto trainer = trainer_of(*few);
      const auto executor = executor_of(*few);
      const std::uint64_t expected = all_of(*few, *trainer, *executor);
      bool threw = false;
      const auto grow = [&] { trainer->start(many->data(), 32, {}, false, 0, 0, false, true); };
      fails = failing::run(n, for_good, threw, grow) > 0;
      check(fails == threw, "larger rows: std::bad_alloc comes out");
      many.reset();
      if (fails) run(*trainer);  // must not read what was to be begun with
      check(all_of(*few, *trainer, *executor) == expected, "larger rows: the old ones go on");
      failed_in_all += fails ? 1 : 0;
    }
  }
  return failed_in_all;
}

// Steps use the memory that is there.
void check_steps_allocate_nothing() {
  for (const Named& named : kNetworks) {
    const auto n = named.make();
    const auto trainer = trainer_of(*n);
    train(*n, *trainer);
    start(*n, *trainer, 0);
    const std::vector<double> rates(400, 0.01);
    bool threw = false;
    failing::run(std::numeric_limits<std::int64_t>::max(), false, threw,
                 [&] { trainer->run({rates.data(), 400}, 1e9); });
    check(failing::g_allocations == 0, std::string(named.name) + ": steps allocate nothing");
  }
}

// Rows are predicted in the workspace that is there.
void check_rows_allocate_nothing() {
  for (const Named& named : kNetworks) {
    const auto n = named.make();
    const std::vector<int>& inputs = n->spec.use.inputs;
    const std::vector<int>& outputs = n->spec.use.outputs;
    const Rows x = n->data().x[0];
    if (inputs.size() != 1 || outputs.size() != 1 || x.sparse) continue;
    std::unique_ptr<RowPredictor> predictor;
    bool threw = true;
    for (std::int64_t at = 0; threw; at += g_step) {
      const std::int64_t failed = failing::run(at, false, threw, [&] {
        predictor = make_row_predictor(*n->graph, inputs[0], outputs[0], std::nullopt);
      });
      check(threw == (failed > 0), std::string(named.name) + ": no row predictor, std::bad_alloc");
    }
    const auto width = static_cast<std::size_t>(predictor->outputs());
    std::vector<double> y(static_cast<std::size_t>(x.rows) * width);
    failing::run(std::numeric_limits<std::int64_t>::max(), false, threw, [&] {
      Rows row = x;
      row.rows = 1;
      for (std::int64_t i = 0; i < x.rows; ++i) {
        row.data = static_cast<const char*>(x.data) + i * x.row_bytes;
        predictor->predict(row, y.data() + static_cast<std::size_t>(i) * width, 0);
      }
    });
    check(failing::g_allocations == 0, std::string(named.name) + ": rows allocate nothing");
  }
}

void check_allocations() {
  std::int64_t failed = 0;
  for (const int threads : {1, 2}) {
    set_thread_limit(threads);
    for (const Named& named : kNetworks) failed += Allocations(named).check_all();
    failed += check_growing_rows();
    check_steps_allocate_nothing();
  }
  check_rows_allocate_nothing();
  std::printf("%lld allocations failed\n", static_cast<long long>(failed));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string kind = argc > 1 ? argv[1] : "bits";
  const std::string how = argc > 2 ? argv[2] : "";
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // what is found comes out before a crash
  check_arena();
  if (kind == "bits") check_bits(how == "small");
  if (kind == "allocations") {
    if (!how.empty()) g_step = std::max(std::atoi(how.c_str()), 1);
    check_allocations();
  }
  std::printf("%d failures\n", g_failures);
  return g_failures == 0 ? 0 : 1;
}
