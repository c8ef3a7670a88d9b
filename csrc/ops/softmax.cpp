// Softmax and log-softmax over the features of a row.
#include "ops/check_node.hpp"

namespace pynn {

namespace {

template <class T, bool kLog>
class SoftmaxOp : public Op<T> {
 public:
  explicit SoftmaxOp(const NodeSpec&) {}

  Division forward_division() const override { return kRowwise; }
  double cost() const override { return 20.0 * this->out->features; }

  void forward(const Pass&, const Share& share) override {
    const auto kernel = kLog ? this->kernels->log_softmax : this->kernels->softmax;
    for (int block = share.blocks.begin; block < share.blocks.end; ++block) {
      kernel(this->in[0]->value_at(block), this->out->value_at(block), this->out->features);
    }
  }

  void backward(const Pass&, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const Slot<T>& y = *this->out;
    const auto kernel =
        kLog ? this->kernels->log_softmax_backward : this->kernels->softmax_backward;
    for (int block = share.blocks.begin; block < share.blocks.end; ++block) {
      kernel(y.grad_at(block), y.value_at(block), x.grad_at(block), y.features,
             this->accumulate[0] != 0);
    }
  }
};

template <bool kLog>
struct Kind {
  template <class T>
  using Op = SoftmaxOp<T, kLog>;
};

}  // namespace

OpKind softmax_kind() {
  OpKind kind{"softmax", {}, 1, 1, same_features, makers<Kind<false>::Op>()};
  kind.is_softmax = true;
  return kind;
}

OpKind log_softmax_kind() {
  return {"log_softmax", {}, 1, 1, same_features, makers<Kind<true>::Op>()};
}

}  // namespace pynn
