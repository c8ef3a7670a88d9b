// The elementwise activations of formulas/activations/activations.def: one kind per entry.
#include "ops/check_node.hpp"

namespace pynn {

namespace {

template <class T>
class ActivationOp : public Op<T> {
 public:
  explicit ActivationOp(const NodeSpec& node)
      : function_(node.kind->activation), alpha_(static_cast<T>(node.params[0])) {}

  double cost() const override { return 10.0 * this->out->features; }

  void forward(const Pass&, const Share& share) override {
    if (this->fuses_relu) return;  // the dense op before it has done it
    const Slot<T>& x = *this->in[0];
    const Slot<T>& y = *this->out;
    const auto& kernel = this->kernels->activation[function_];
    for_each_block(share, y.features, [&](int block, int begin, int end) {
      kernel.forward(x.value_at(block, begin), y.value_at(block, begin),
                     static_cast<std::ptrdiff_t>(end - begin) * kLanes, alpha_);
    });
  }

  void backward(const Pass&, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr || this->relu_mask != nullptr) return;
    const Slot<T>& y = *this->out;
    const auto& kernel = this->kernels->activation[function_];
    const Slot<T>& saved = kernel.needs_input ? x : y;
    for_each_block(share, y.features, [&](int block, int begin, int end) {
      kernel.backward(y.grad_at(block, begin), saved.value_at(block, begin),
                      x.grad_at(block, begin), static_cast<std::ptrdiff_t>(end - begin) * kLanes,
                      alpha_, this->accumulate[0] != 0);
    });
  }

 private:
  int function_;
  T alpha_;
};

}  // namespace

OpKind activation_kind(int function) {
  const ActivationEntry& entry = kActivationList[function];
  OpKind kind{entry.name, {{"alpha", entry.alpha}}, 1, 1, same_features, makers<ActivationOp>()};
  kind.activation = function;
  return kind;
}

}  // namespace pynn
