#include "graph/analysis.hpp"

#include <algorithm>

#include "kernels/choose_product.hpp"

namespace pynn {

namespace {

double densest_for(const NodeSpec& dense) {
  const bool transposed = dense.params[0] != 0;
  const bool in_out = (dense.variables[0]->layout() == Layout::in_out) != transposed;
  return densest_entries(in_out, dense.features);
}

}  // namespace

std::vector<char> nodes_below(const Graph& graph, const std::vector<int>& outputs) {
  std::vector<char> used(static_cast<std::size_t>(graph.size()), 0);
  for (int output : outputs) used[output] = 1;
  for (int id = graph.size() - 1; id >= 0; --id) {
    if (!used[id]) continue;
    for (int input : graph.node(id).inputs) used[input] = 1;
  }
  return used;
}

std::vector<std::vector<int>> consumers_of(const Graph& graph, const std::vector<char>& used) {
  std::vector<std::vector<int>> consumers(static_cast<std::size_t>(graph.size()));
  for (int id = 0; id < graph.size(); ++id) {
    if (!used[id]) continue;
    for (int input : graph.node(id).inputs) consumers[input].push_back(id);
  }
  return consumers;
}

double densest_sparse(const Graph& graph, const std::vector<int>& roots, int input) {
  if (std::count(roots.begin(), roots.end(), input) > 0) return 0;
  double densest = 0;
  const auto consumers = consumers_of(graph, nodes_below(graph, roots));
  for (int id : consumers[input]) {
    const NodeSpec& node = graph.node(id);
    if (!node.kind->is_dense) return 0;
    densest = densest == 0 ? densest_for(node) : std::min(densest, densest_for(node));
  }
  return densest;
}

bool can_take_logits(const Graph& graph, const std::vector<int>& outputs, int output) {
  const NodeSpec& node = graph.node(output);
  const bool is_sigmoid = node.kind->activation == static_cast<int>(Activation::sigmoid);
  if (!node.kind->is_softmax && !is_sigmoid) return false;
  const int logits = node.inputs[0];
  const auto consumers = consumers_of(graph, nodes_below(graph, outputs));
  return consumers[output].empty() && consumers[logits].size() == 1 &&
         std::count(outputs.begin(), outputs.end(), output) == 1 &&
         std::count(outputs.begin(), outputs.end(), logits) == 0;
}

}  // namespace pynn
