#include "training/loss_choice.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "formulas/names.hpp"
#include "graph/analysis.hpp"

namespace pynn {

namespace {

constexpr const char* kAccuracies[] = {"binary_accuracy", "categorical_accuracy",
                                       "sparse_categorical_accuracy"};
constexpr const char* kLossPrefix = "loss:";

bool is_sparse(Loss loss) {
  return loss == Loss::sparse_categorical_crossentropy ||
         loss == Loss::sparse_categorical_crossentropy_logits;
}

int find_loss(const std::string& name) {
  const int index = find_name(kLossList, name);
  if (index < 0) {
    require(false, "unknown loss: '" + name + "'. It must be one of " + joined_names(kLossList));
  }
  return index;
}

}  // namespace

std::vector<std::string> metric_names() {
  std::vector<std::string> names(std::begin(kAccuracies), std::end(kAccuracies));
  for (const LossEntry& entry : kLossList) names.push_back(std::string(kLossPrefix) + entry.name);
  return names;
}

LossChoice parse_loss(const std::string& name, const std::vector<double>& parameters) {
  LossChoice choice;
  choice.present = true;
  const int index = find_loss(name);
  choice.loss = static_cast<Loss>(index);
  const std::size_t known = split_words(kLossList[index].parameters).size();
  require(parameters.size() <= known, "too many parameters for the loss '" + name +
                                          "', which takes " + std::to_string(known) +
                                          ". Received: " + std::to_string(parameters.size()));
  std::copy(std::begin(kLossList[index].defaults), std::end(kLossList[index].defaults),
            choice.parameters);
  std::copy(parameters.begin(), parameters.end(), choice.parameters);
  return choice;
}

Divisor parse_divisor(const std::string& name) {
  constexpr const char* kNames[] = {"rows", "weights", "one"};
  for (int i = 0; i < 3; ++i) {
    if (name == kNames[i]) return static_cast<Divisor>(i);
  }
  require(false, "a divisor must be rows, weights or one. Received: '" + name + "'");
  return Divisor::rows;
}

bool depends_on_batches(const EvaluationSpec& spec) {
  const auto depends = [](const LossChoice& loss) { return loss.divisor != Divisor::rows; };
  return std::any_of(spec.losses.begin(), spec.losses.end(), depends);
}

MetricChoice parse_metric(const std::string& name) {
  for (int i = 0; i < static_cast<int>(MetricKind::loss); ++i) {
    if (name == kAccuracies[i]) return {static_cast<MetricKind>(i), {}};
  }
  require(name.rfind(kLossPrefix, 0) == 0, "unknown metric: '" + name + "'");
  return {MetricKind::loss, parse_loss(name.substr(std::string(kLossPrefix).size()), {})};
}

int target_columns(const EvaluationSpec& spec, std::size_t output, int features) {
  int columns = 0;
  const auto use = [&](int wanted) {
    require(columns == 0 || columns == wanted,
            "the loss and the metrics of output " + std::to_string(output) +
                " need targets of different shapes: " + std::to_string(columns) + " and " +
                std::to_string(wanted) + " columns");
    columns = wanted;
  };
  const LossChoice& loss = spec.losses[output];
  if (loss.present && !loss.in_graph()) use(is_sparse(loss.loss) ? 1 : features);
  for (const MetricChoice& metric : spec.metrics[output]) {
    if (metric.kind == MetricKind::node) continue;
    const bool sparse = metric.kind == MetricKind::sparse_categorical_accuracy ||
                        (metric.kind == MetricKind::loss && is_sparse(metric.loss.loss));
    use(sparse ? 1 : features);
  }
  return columns;
}

bool fused_loss(const Graph& graph, const std::vector<int>& outputs, std::size_t i,
                LossChoice& choice) {
  if (!choice.present || choice.in_graph() || !can_take_logits(graph, outputs, outputs[i]))
    return false;
  const bool softmax = graph.node(outputs[i]).kind->is_softmax;
  if (softmax && choice.loss == Loss::categorical_crossentropy) {
    choice.loss = Loss::categorical_crossentropy_logits;
  } else if (softmax && choice.loss == Loss::sparse_categorical_crossentropy) {
    choice.loss = Loss::sparse_categorical_crossentropy_logits;
  } else if (!softmax && choice.loss == Loss::binary_crossentropy) {
    choice.loss = Loss::binary_crossentropy_logits;
  } else {
    return false;
  }
  return true;
}

}  // namespace pynn
