// libFuzzer: bytes as calls that build a graph, predict with it and train it. What does not fit is
// to be refused with std::invalid_argument or, of numbers in the data, std::out_of_range; what is
// too large with std::bad_alloc.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/thread_limits.hpp"
#include "dispatch/dispatch.hpp"
#include "formulas/names.hpp"
#include "input.hpp"
#include "ops/registry.hpp"
#include "training/executor.hpp"
#include "training/trainer.hpp"

// A graph may ask for more than there is: there is little, and to clear it takes no time.
extern "C" {
void* __real_aligned_alloc(std::size_t alignment, std::size_t bytes);
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t bytes) {
  constexpr std::size_t kMost = 1 << 20;
  return bytes > kMost ? nullptr : __real_aligned_alloc(alignment, bytes);
}
}

namespace {

using namespace pynn;
using fuzz::Input;

constexpr int kMostNodes = 24;
constexpr int kMostRows = 150;
const Poll kNoPoll = [] {};

struct Network {
  std::shared_ptr<Graph> graph;
  std::vector<VariablePtr> variables;
  std::vector<int> inputs;
};

// A number of rows or columns.
int extent(Input& in) {
  static const int kLarge[] = {0, -1, 257, 600, 1 << 16, 1 << 28, 2147483647};
  if (in.seldom(32)) return kLarge[in.below(7)];
  return 1 + in.below(40);
}

int any_node(Input& in, const Network& n) {
  if (in.seldom(64)) return in.seldom(2) ? -extent(in) : extent(in);
  return n.graph->size() - 1 - in.below(n.graph->size());
}

VariablePtr variable(Input& in, Network& n, int rows, int cols) {
  if (!n.variables.empty() && in.seldom(8))
    return n.variables[static_cast<std::size_t>(in.below(static_cast<int>(n.variables.size())))];
  if (in.seldom(32)) rows = extent(in);
  if (in.seldom(64)) cols = extent(in);
  const DType dtype = in.seldom(64) ? DType::float64 : n.graph->dtype();
  auto made =
      std::make_shared<Variable>(rows, cols, dtype, in.flag() ? Layout::in_out : Layout::out_in);
  const std::vector<char> values = in.memory(static_cast<std::size_t>(rows) * 4);
  for (int row = 0; row < rows; ++row) {
    for (int col = 0; col < cols; ++col) {
      const double value = values[static_cast<std::size_t>((row + col) % rows)] / 64.0;
      const std::ptrdiff_t at = row * made->row_step() + col * made->col_step();
      if (dtype == DType::float32) {
        made->data<float>()[at] = static_cast<float>(value);
      } else {
        made->data<double>()[at] = value;
      }
    }
  }
  n.variables.push_back(made);
  return made;
}

ExpressionProgram program(Input& in, int inputs, int features) {
  features = std::min(features, 600);  // the program itself is not what takes too much memory
  ExpressionProgram program;
  for (int i = in.below(4); i > 0; --i) {
    program.constants.emplace_back();
    const int count = in.flag() ? 1 : in.seldom(16) ? in.below(5) : features;
    for (int k = 0; k < count; ++k) program.constants.back().push_back(in.number());
  }
  const int known = inputs + static_cast<int>(program.constants.size());
  const int count = in.seldom(32) ? in.below(600) : 1 + in.below(8);
  for (int i = 0; i < count; ++i) {
    const bool activates = in.seldom(4);
    const int function = in.below(activates ? kActivations : kElementwiseOps);
    const int wanted = activates ? 1 : kernel_table<float>().elementwise[function].operands;
    std::vector<int> operands;
    for (int k = in.seldom(64) ? in.below(5) : wanted; k > 0; --k)
      operands.push_back(in.seldom(64) ? in.byte() - 100 : known + i - 1 - in.below(known + i));
    const double alpha = activates ? in.number() : 0;
    program.instructions.push_back({activates, function, operands, alpha});
  }
  return program;
}

void add_node(Input& in, Network& n) {
  Graph& graph = *n.graph;
  const auto& kinds = op_kinds();
  const OpKind& kind = kinds[static_cast<std::size_t>(in.below(static_cast<int>(kinds.size())))];
  std::map<std::string, double> params;
  for (const OpParameter& parameter : kind.parameters) {
    if (kind.is_input) {
      params[parameter.name] = in.seldom(16) ? in.number() : 1 + in.below(in.seldom(4) ? 300 : 20);
    } else if (in.seldom(4)) {
      params[parameter.name] = in.flag() ? in.number() : 1 + in.below(8);
    }
  }
  std::vector<int> inputs;
  int count = kind.min_inputs + (kind.max_inputs < 0 ? in.below(3) : 0);
  if (in.seldom(32)) count = in.below(5);
  for (int i = 0; i < count; ++i) inputs.push_back(any_node(in, n));
  const int features = inputs.empty() ? extent(in) : graph.node(inputs[0]).features;
  std::vector<VariablePtr> variables;
  if (kind.is_dense) {
    const int units = extent(in);
    const bool transposed = params.count("transposed") != 0 && params["transposed"] != 0;
    variables.push_back(
        variable(in, n, transposed ? features : units, transposed ? units : features));
    if (in.flag()) variables.push_back(variable(in, n, 1, units));
  } else if (kind.name == "batch_normalization") {
    for (int i = in.seldom(8) ? in.below(6) : 4; i > 0; --i)
      variables.push_back(variable(in, n, 1, features));
  } else if (kind.name == "take" || kind.name == "grouped_dense") {
    variables.push_back(variable(in, n, extent(in), extent(in)));
    if (in.seldom(4)) variables.push_back(variable(in, n, 1, extent(in)));
  } else if (kind.name == "assign" || kind.name == "variable" || in.seldom(64)) {
    variables.push_back(variable(in, n, 1, features));
  }
  ExpressionProgram made;
  if (kind.name == "expression") made = program(in, count, features);
  std::vector<int> indices;
  if (kind.name == "select_features" || kind.name == "grouped_dense") {
    for (int i = in.below(12); i > 0; --i)
      indices.push_back(in.seldom(64) ? in.byte() - 100 : in.below(features));
  }
  const int node = graph.add(kind.name, inputs, variables, params, made, indices);
  if (kind.is_input) n.inputs.push_back(node);
}

// Rows in memory of their own, of which not a byte too many may be read.
struct Source {
  Rows rows;
  std::vector<std::vector<char>> memory;

  template <class T>
  const T* keep(const std::vector<T>& values) {
    const char* bytes = reinterpret_cast<const char*>(values.data());
    memory.emplace_back(bytes, bytes + values.size() * sizeof(T));
    return reinterpret_cast<const T*>(memory.back().data());
  }
};

Source dense(Input& in, int rows, int cols) {
  static const int kSizes[] = {4, 8, 2, 1, 1, 2, 2, 4, 4, 8, 8};
  Source source;
  const int type = in.flag() ? in.below(2) : in.below(11);
  const int row_bytes = cols * kSizes[type];
  const int gap = in.seldom(4) ? in.below(9) : 0;
  const int offset = in.seldom(8) ? in.below(8) : 0;
  const int stride = in.seldom(16) ? 0 : (row_bytes + gap) * (in.seldom(8) ? -1 : 1);
  const std::size_t length =
      static_cast<std::size_t>(std::abs(stride)) * static_cast<std::size_t>(std::max(rows - 1, 0));
  source.memory.push_back(in.memory(static_cast<std::size_t>(offset + row_bytes) + length));
  source.rows.rows = rows;
  source.rows.cols = cols;
  source.rows.type = static_cast<RowType>(type);
  source.rows.data = source.memory[0].data() + offset + (stride < 0 ? length : 0);
  source.rows.row_bytes = stride;
  return source;
}

template <class Index>
void fill_sparse(Input& in, Source& source, int rows, int cols) {
  std::vector<Index> starts{0}, columns;
  for (int i = 0; i < rows; ++i) {
    std::vector<Index> row(static_cast<std::size_t>(in.below(6)));
    for (Index& column : row) column = static_cast<Index>(in.below(std::min(cols, 65536)));
    std::sort(row.begin(), row.end());
    columns.insert(columns.end(), row.begin(), row.end());
    starts.push_back(static_cast<Index>(columns.size()));
  }
  source.memory.reserve(3);
  source.rows.indptr = source.keep(starts);
  source.rows.indices = source.keep(columns);
  const bool wide = source.rows.type == RowType::f64;
  source.memory.push_back(in.memory(columns.size() * (wide ? 8 : 4)));
  source.rows.data = source.memory.back().data();
}

Source rows_of(Input& in, int rows, int cols) {
  if (cols < 1 || cols > 1 << 12) cols = 1;
  if (!in.seldom(4)) return dense(in, rows, cols);
  Source source;
  source.rows.rows = rows;
  source.rows.cols = cols;
  source.rows.sparse = true;
  source.rows.type = in.flag() ? RowType::f64 : RowType::f32;
  source.rows.wide_indices = in.flag();
  if (source.rows.wide_indices) {
    fill_sparse<std::int64_t>(in, source, rows, cols);
  } else {
    fill_sparse<std::int32_t>(in, source, rows, cols);
  }
  return source;
}

std::vector<int> some_nodes(Input& in, const Network& n) {
  std::vector<int> nodes;
  for (int i = 1 + in.below(3); i > 0; --i) nodes.push_back(any_node(in, n));
  return nodes;
}

std::vector<int> model_inputs(Input& in, const Network& n) {
  if (in.seldom(32)) return some_nodes(in, n);
  return n.inputs;
}

void predict(Input& in, const Network& n) {
  const auto executor = make_executor(n.graph, model_inputs(in, n), some_nodes(in, n));
  for (int call = 1 + in.below(2); call > 0; --call) {
    const int rows = in.below(kMostRows);
    std::vector<Source> sources;
    std::vector<Rows> x;
    for (const int input : n.inputs)
      sources.push_back(rows_of(in, rows, n.graph->node(input).features));
    for (const Source& source : sources) x.push_back(source.rows);
    std::vector<std::vector<char>> memory;
    std::vector<void*> outputs;
    for (const int features : executor->output_features()) {
      memory.emplace_back(static_cast<std::size_t>(rows) * static_cast<std::size_t>(features) *
                          (n.graph->dtype() == DType::float32 ? 4 : 8));
      outputs.push_back(memory.back().data());
    }
    executor->predict(x, outputs, 0, kNoPoll);
  }
}

LossChoice loss_of(Input& in, const Network& n) {
  LossChoice choice;
  const int kind = in.below(8);
  if (kind == 0) return choice;
  if (kind == 1) {
    choice.present = true;
    choice.node = any_node(in, n);
    choice.divisor = static_cast<Divisor>(in.below(3));
    return choice;
  }
  std::vector<double> parameters;
  for (int i = in.below(4); i > 0; --i) parameters.push_back(in.number());
  const LossEntry& entry = kLossList[in.below(kLosses)];
  parameters.resize(std::min(parameters.size(), split_words(entry.parameters).size()));
  return parse_loss(entry.name, parameters);
}

MetricChoice metric_of(Input& in, const Network& n) {
  static const std::vector<std::string> names = metric_names();
  if (in.seldom(4)) return {MetricKind::node, {}, any_node(in, n)};
  return parse_metric(names[static_cast<std::size_t>(in.below(static_cast<int>(names.size())))]);
}

TrainerSpec trainer_spec(Input& in, const Network& n) {
  TrainerSpec spec;
  spec.use.inputs = model_inputs(in, n);
  spec.use.outputs = some_nodes(in, n);
  const std::size_t outputs = spec.use.outputs.size();
  for (std::size_t i = 0; i < outputs; ++i) {
    spec.use.evaluation.losses.push_back(loss_of(in, n));
    spec.use.evaluation.loss_weights.push_back(in.number());
    spec.use.evaluation.metrics.emplace_back();
    for (int k = in.below(3); k > 0; --k)
      spec.use.evaluation.metrics.back().push_back(metric_of(in, n));
  }
  if (in.seldom(8)) spec.use.evaluation.losses.push_back(loss_of(in, n));
  spec.use.evaluation.normalize_by_weights = in.flag();
  if (in.seldom(4)) {
    for (std::size_t i = 0; i < outputs; ++i) {
      spec.use.targets.push_back(n.inputs.empty() || in.flag() ? -1 : n.inputs.back());
      if (in.seldom(16)) spec.use.targets.back() = any_node(in, n);
    }
  }
  for (int id = 0; id < n.graph->size(); ++id) {
    if (n.graph->node(id).kind->name == "assign") spec.use.assignments.push_back(id);
  }
  if (in.seldom(16)) spec.use.assignments.push_back(any_node(in, n));
  UpdateSpec& update = spec.update;
  for (const VariablePtr& v : n.variables) {
    if (in.seldom(8)) continue;
    update.parameters.push_back(v);
    update.l1.push_back(in.seldom(4) ? in.number() : 0);
    update.l2.push_back(in.seldom(4) ? in.number() : 0);
  }
  const OptimizerEntry& entry = kOptimizerList[in.below(kOptimizers)];
  for (std::size_t i = split_words(entry.parameters).size(); i > 0; --i)
    update.hyper.push_back(in.flag() ? 0.9 : in.number());
  update.optimizer = parse_optimizer(entry.name, update.hyper);
  update.l2_per_batch = in.flag();
  if (in.seldom(4)) update.options.weight_decay = in.number();
  if (in.seldom(4)) update.options.clipvalue = in.number();
  if (in.seldom(4)) (in.flag() ? update.options.clipnorm : update.options.global_clipnorm) = 1;
  return spec;
}

void train(Input& in, const Network& n) {
  const TrainerSpec spec = trainer_spec(in, n);
  const auto trainer = make_trainer(n.graph, spec);
  trainer->seed = in.word();
  std::vector<std::vector<Source>> kept;
  for (int epoch = 1 + in.below(2); epoch > 0; --epoch) {
    const int rows = 1 + in.below(kMostRows);
    kept.emplace_back();
    std::vector<Source>& sources = kept.back();
    sources.reserve(64);
    Data data;
    const auto add = [&](std::vector<Rows>& to, int cols) {
      sources.push_back(rows_of(in, in.seldom(64) ? in.below(kMostRows) : rows, cols));
      to.push_back(sources.back().rows);
    };
    std::vector<int> inputs = spec.use.inputs;
    for (const int input : inputs) add(data.x, n.graph->node(input).features);
    for (std::size_t i = 0; i < spec.use.outputs.size(); ++i) {
      int cols = n.graph->node(spec.use.outputs[i]).features;
      try {
        cols = std::max(target_columns(spec.use.evaluation, i, cols), 1);
      } catch (const std::invalid_argument&) {
      }
      if (!spec.use.targets.empty() && spec.use.targets[i] >= 0)
        cols = n.graph->node(spec.use.targets[i]).features;
      add(data.y, in.seldom(64) ? extent(in) : cols);
      if (in.seldom(4)) {
        add(data.weights, 1);
      } else {
        data.weights.emplace_back();
      }
    }
    std::vector<std::int64_t> order;
    if (in.seldom(4)) {
      for (int i = 1 + in.below(60); i > 0; --i)
        order.push_back(in.seldom(64) ? in.byte() - 50 : in.below(rows));
    }
    const int batch_size = in.seldom(64) ? in.byte() - 20 : 1 + in.below(100);
    trainer->start(data, batch_size, order, in.flag(), in.word(), in.below(3), in.seldom(4), true);
    const std::vector<double> numbers(64, in.flag() ? 0.01 : in.number());
    const std::int64_t columns = in.seldom(4) ? 1 + in.below(8) : 1;
    trainer->run({numbers.data(), 1 + in.below(8), columns}, 1e9);
    trainer->results(true);
    if (in.seldom(4)) trainer->evaluate(data, in.below(90), kNoPoll);
    if (in.seldom(4)) {
      std::vector<std::vector<char>> memory;
      std::vector<void*> into;
      for (const VariablePtr& p : spec.update.parameters) {
        memory.emplace_back(static_cast<std::size_t>(p->rows()) *
                            static_cast<std::size_t>(p->cols()) *
                            (p->dtype() == DType::float32 ? 4 : 8));
        into.push_back(memory.back().data());
      }
      trainer->gradients(data, into, kNoPoll);
    }
    if (in.seldom(4)) trainer->last_batch();
    if (in.seldom(4)) {
      const auto reverse = [](std::int64_t* next, std::int64_t n) { std::reverse(next, next + n); };
      const std::int64_t reordered = in.flag() ? Trainer::Reorder::kAllRows : in.below(kMostRows);
      std::vector<Results> ended;
      trainer->start(data, batch_size, order, false, 0, 0, in.flag(), true);
      trainer->run_epochs({numbers.data(), 1 + in.below(8), columns}, 1e9, 1 + in.below(4),
                          in.flag() ? Trainer::Reorder{reordered, reverse} : Trainer::Reorder{},
                          ended);
    }
  }
}

template <class Call>
void refused_in_words(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    if (error.what()[0] == '\0') std::abort();
  } catch (const std::out_of_range& error) {
    if (error.what()[0] == '\0') std::abort();
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  set_thread_limit(in.seldom(16) ? 2 : 1);
  Network n{std::make_shared<Graph>(in.flag() ? DType::float64 : DType::float32), {}, {}};
  refused_in_words([&] {
    n.inputs.push_back(n.graph->add("input", {}, {}, {{"features", 1.0 + in.below(100)}}));
  });
  for (int i = 1 + in.below(kMostNodes); i > 0; --i) refused_in_words([&] { add_node(in, n); });
  if (in.flag()) refused_in_words([&] { predict(in, n); });
  refused_in_words([&] { train(in, n); });
  return 0;
}
