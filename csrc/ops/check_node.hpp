// Checks that several ops share.
#pragma once

#include <string>

#include "base/check.hpp"
#include "ops/op.hpp"

namespace pynn {

inline void require_variable(const NodeSpec& node, std::size_t index, int rows, int cols,
                             const char* what) {
  const Variable& v = *node.variables[index];
  require(v.rows() == rows && v.cols() == cols,
          node.kind->name + " needs a " + what + " of shape (" + std::to_string(rows) + ", " +
              std::to_string(cols) + "). Received: (" + std::to_string(v.rows()) + ", " +
              std::to_string(v.cols()) + ")");
}

inline void require_kernel_and_bias(const NodeSpec& node) {
  const std::size_t n = node.variables.size();
  require(n == 1 || n == 2, node.kind->name + " needs a kernel and may have a bias. Received: " +
                                std::to_string(n) + " variables");
}

inline void require_same_features(const NodeSpec& node) {
  for (int features : node.input_features) {
    require(features == node.input_features[0],
            node.kind->name + " needs inputs of the same shape. Received: " +
                std::to_string(node.input_features[0]) + " and " + std::to_string(features) +
                " features");
  }
}

// The shape rule of ops that change values only.
inline int same_features(const NodeSpec& node) {
  return node.input_features[0];
}

}  // namespace pynn
