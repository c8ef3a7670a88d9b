#include "graph/graph.hpp"

#include <cmath>
#include <utility>

#include "base/check.hpp"
#include "ops/registry.hpp"

namespace pynn {

namespace {

std::vector<double> ordered_params(const OpKind& kind, const std::map<std::string, double>& given) {
  std::vector<double> params;
  for (const OpParameter& parameter : kind.parameters) {
    const auto found = given.find(parameter.name);
    const double value = found == given.end() ? parameter.default_value : found->second;
    // A denormal number is 0 where FlushDenormals is in force, and must not be another one here.
    params.push_back(std::fpclassify(value) == FP_SUBNORMAL ? 0 : value);
  }
  for (const auto& [name, value] : given) {
    bool known = false;
    for (const OpParameter& parameter : kind.parameters) known = known || name == parameter.name;
    require(known, kind.name + " has no parameter '" + name + "'");
  }
  return params;
}

}  // namespace

int Graph::add(const std::string& kind_name, const std::vector<int>& inputs,
               std::vector<VariablePtr> variables, const std::map<std::string, double>& params,
               ExpressionProgram program, std::vector<int> indices) {
  const OpKind& kind = find_op_kind(kind_name);
  const int n = static_cast<int>(inputs.size());
  require(n >= kind.min_inputs && (kind.max_inputs < 0 || n <= kind.max_inputs),
          kind.name + " got a wrong number of inputs: " + std::to_string(n));
  NodeSpec node;
  node.kind = &kind;
  node.inputs = inputs;
  for (int input : inputs) node.input_features.push_back(this->node(input).features);
  for (const VariablePtr& variable : variables) {
    require(variable != nullptr && variable->dtype() == dtype_,
            kind.name + " needs variables of the graph's dtype");
  }
  node.variables = std::move(variables);
  node.params = ordered_params(kind, params);
  node.program = std::move(program);
  node.indices = std::move(indices);
  node.features = kind.shape(node);
  nodes_.push_back(std::move(node));
  return size() - 1;
}

Graph Graph::with_copied_variables() const {
  Graph made = *this;
  std::map<const Variable*, VariablePtr> copies;
  for (NodeSpec& node : made.nodes_) {
    for (VariablePtr& variable : node.variables) {
      VariablePtr& copy = copies[variable.get()];
      if (copy == nullptr) copy = copy_of(*variable);
      variable = copy;
    }
  }
  return made;
}

const NodeSpec& Graph::node(int id) const {
  require(id >= 0 && id < size(), "no such node: " + std::to_string(id));
  return nodes_[id];
}

}  // namespace pynn
