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

inline void require_same_features(const NodeSpec& node) {
  for (int features : node.input_features) {
    require(features == node.input_features[0],
            node.kind->name + " needs inputs of the same shape. Received: " +
                std::to_string(node.input_features[0]) + " and " + std::to_string(features) +
                " features");
  }
}

template <template <class> class Kind>
std::unique_ptr<Op<float>> make_f32(const NodeSpec& node) {
  return std::make_unique<Kind<float>>(node);
}
template <template <class> class Kind>
std::unique_ptr<Op<double>> make_f64(const NodeSpec& node) {
  return std::make_unique<Kind<double>>(node);
}

}  // namespace pynn
