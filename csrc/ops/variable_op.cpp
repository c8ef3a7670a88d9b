// A variable of one row as a value: the same numbers for every row of the batch.
#include <algorithm>

#include "ops/check_node.hpp"
#include "ops/vector_gradient.hpp"

namespace pynn {

namespace {

template <class T>
class VariableOp : public Op<T> {
 public:
  explicit VariableOp(const NodeSpec&) {}

  std::ptrdiff_t workspace(int) const override {
    return round_up(this->variables[0]->cols(), kRowAlign);
  }

  void forward(const Pass&, const Share& share) override {
    const T* values = this->variable_data(0);
    for_each_block(share, this->out->features, [&](int block, int begin, int end) {
      for (int f = begin; f < end; ++f)
        std::fill_n(this->out->value_at(block, f), kLanes, values[f]);
    });
  }

  void backward(const Pass&, const Share&) override {}

  void update(const Pass& pass, const Share& share) override {
    const Slot<T>& y = *this->out;
    const Range range = share.features(y.features);
    if (range.size() <= 0) return;
    this->kernels->lane_sums(y.grad, y.block_stride, range.begin, range.end, pass.count,
                             this->work);
    apply_vector_gradient(*this->kernels, *this->parameters[0], this->first_use[0] != 0, range,
                          this->work + range.begin);
  }
};

int shape(const NodeSpec& node) {
  require(node.variables.size() == 1, "variable needs one variable");
  require_variable(node, 0, 1, node.variables[0]->cols(), "variable");
  return node.variables[0]->cols();
}

}  // namespace

OpKind variable_kind() {
  return {"variable", {}, 0, 0, shape, makers<VariableOp>()};
}

}  // namespace pynn
