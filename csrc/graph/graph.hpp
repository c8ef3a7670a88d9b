// A graph: nodes in topological order, each an op on the outputs of earlier nodes. It holds no
// buffers.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ops/op.hpp"

namespace pynn {

class Graph {
 public:
  explicit Graph(DType dtype) : dtype_(dtype) {}

  // Appends a node and returns its number. Throws std::invalid_argument if anything does not fit.
  int add(const std::string& kind, const std::vector<int>& inputs,
          std::vector<VariablePtr> variables, const std::map<std::string, double>& params,
          ExpressionProgram program = {}, std::vector<int> indices = {});

  // The same nodes, with variables of their own that hold the same.
  Graph with_copied_variables() const;

  DType dtype() const noexcept { return dtype_; }
  int size() const noexcept { return static_cast<int>(nodes_.size()); }
  const NodeSpec& node(int id) const;

 private:
  DType dtype_;
  std::vector<NodeSpec> nodes_;
};

}  // namespace pynn
