// Writes what a node has for every row alike into a variable of one row, in training and in
// evaluation. It is run after everything that its value is made of, and before the backward pass,
// which must not read the variable.
#include "ops/check_node.hpp"

namespace pynn {

namespace {

template <class T>
class Assign : public Op<T> {
 public:
  explicit Assign(const NodeSpec&) {}

  Division forward_division() const override { return kFeaturewise; }
  bool writes_variables() const override { return true; }

  void forward(const Pass& pass, const Share& share) override {
    if (pass.count <= 0 || !pass.moves_statistics) return;
    const Slot<T>& x = *this->in[0];
    const Range range = share.features(this->out->features);
    T* values = this->variable_data(0);
    for (int f = range.begin; f < range.end; ++f) values[f] = *x.value_at(0, f);
  }
  void backward(const Pass&, const Share&) override {}
};

int shape(const NodeSpec& node) {
  require(node.variables.size() == 1, "assign needs one variable");
  require_variable(node, 0, 1, node.input_features[0], "variable");
  return node.input_features[0];
}

}  // namespace

OpKind assign_kind() {
  OpKind kind{"assign", {}, 1, 1, shape, makers<Assign>()};
  kind.depends_on_batch = kind.always_depends_on_batch = true;
  return kind;
}

}  // namespace pynn
