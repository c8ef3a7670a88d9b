// Inverted dropout (Srivastava et al. 2014): in training, y = x mask, mask 0 with probability
// `rate` and 1 / (1 - rate) otherwise; the identity at inference.
#include <cstring>

#include "base/random.hpp"
#include "ops/check_node.hpp"

namespace pynn {

namespace {

template <class T>
class Dropout : public Op<T> {
 public:
  explicit Dropout(const NodeSpec& node) : rate_(static_cast<T>(node.params[0])) {}

  double cost() const override { return 10.0 * this->out->features; }
  std::ptrdiff_t workspace(int blocks) const override { return blocks * this->out->block_stride; }

  void forward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    const Slot<T>& y = *this->out;
    const std::uint64_t key =
        stream_key(pass.seed, pass.step, static_cast<std::uint64_t>(this->node));
    for_each_block(share, y.features, [&](int block, int begin, int end) {
      const std::ptrdiff_t n = static_cast<std::ptrdiff_t>(end - begin) * kLanes;
      if (!pass.training) {
        std::memcpy(y.value_at(block, begin), x.value_at(block, begin),
                    static_cast<std::size_t>(n) * sizeof(T));
        return;
      }
      // Numbered through the whole batch, of which this pass may be a piece.
      const std::int64_t batch_block = pass.first_row / kLanes + block;
      const std::int64_t first = (batch_block * y.features + begin) * kLanes;
      T* mask = mask_at(block, begin);
      this->kernels->dropout_mask(mask, n, rate_, key, static_cast<std::uint64_t>(first));
      this->kernels->multiply(x.value_at(block, begin), mask, y.value_at(block, begin), n);
    });
  }

  void backward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const Slot<T>& y = *this->out;
    for_each_block(share, y.features, [&](int block, int begin, int end) {
      const std::ptrdiff_t n = static_cast<std::ptrdiff_t>(end - begin) * kLanes;
      const T* grad = y.grad_at(block, begin);
      T* out = x.grad_at(block, begin);
      const bool accumulate = this->accumulate[0] != 0;
      if (pass.training && accumulate) {
        this->kernels->multiply_add(grad, mask_at(block, begin), out, n);
      } else if (pass.training) {
        this->kernels->multiply(grad, mask_at(block, begin), out, n);
      } else if (accumulate) {
        this->kernels->add(grad, out, out, n);
      } else if (out != grad) {
        std::memcpy(out, grad, static_cast<std::size_t>(n) * sizeof(T));
      }
    });
  }

 private:
  T* mask_at(int block, int feature) {
    return this->work + block * this->out->block_stride +
           static_cast<std::ptrdiff_t>(feature) * kLanes;
  }

  T rate_;
};

int shape(const NodeSpec& node) {
  const double rate = node.params[0];
  require(rate >= 0 && rate < 1,
          "dropout's rate must be in [0, 1). Received: rate=" + std::to_string(rate));
  return node.input_features[0];
}

}  // namespace

OpKind dropout_kind() {
  return {"dropout", {{"rate", 0.5}}, 1, 1, shape, make_f32<Dropout>, make_f64<Dropout>};
}

}  // namespace pynn
