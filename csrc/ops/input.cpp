// A model's input: Gather fills its lanes.
#include "ops/check_node.hpp"

namespace pynn {

namespace {

template <class T>
class Input : public Op<T> {
 public:
  explicit Input(const NodeSpec&) {}
  double cost() const override { return 0; }
  void forward(const Pass&, const Share&) override {}
  void backward(const Pass&, const Share&) override {}
};

int shape(const NodeSpec& node) {
  const double features = node.params[0];
  require(features >= 1 && features <= 1 << 28 && features == static_cast<int>(features),
          "an input needs at least one feature. Received: features=" + std::to_string(features));
  return static_cast<int>(features);
}

}  // namespace

OpKind input_kind() {
  OpKind kind{"input", {{"features", 0}}, 0, 0, shape, makers<Input>()};
  kind.is_input = true;
  return kind;
}

}  // namespace pynn
