// Normal noise of standard deviation `stddev`, added in training, or `always`; else the identity.
#include <cstring>

#include "base/random.hpp"
#include "ops/check_node.hpp"

namespace pynn {

namespace {

template <class T>
class GaussianNoise : public Op<T> {
 public:
  explicit GaussianNoise(const NodeSpec& node)
      : stddev_(static_cast<T>(node.params[0])), always_(node.params[1] != 0) {}

  double cost() const override { return 50.0 * this->out->features; }

  void forward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    const Slot<T>& y = *this->out;
    const std::uint64_t key =
        stream_key(pass.seed, pass.step, static_cast<std::uint64_t>(this->node));
    for_each_block(share, y.features, [&](int block, int begin, int end) {
      const std::ptrdiff_t n = static_cast<std::ptrdiff_t>(end - begin) * kLanes;
      T* out = y.value_at(block, begin);
      if (!pass.training && !always_) {
        std::memcpy(out, x.value_at(block, begin), static_cast<std::size_t>(n) * sizeof(T));
        return;
      }
      this->kernels->normal_noise(out, n, T(0), stddev_, key,
                                  pass.lane_number(block, y.features, begin));
      this->kernels->add(x.value_at(block, begin), out, out, n);
    });
  }

  void backward(const Pass&, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const Slot<T>& y = *this->out;
    for_each_block(share, y.features, [&](int block, int begin, int end) {
      pass_gradient(*this->kernels, y.grad_at(block, begin), x.grad_at(block, begin),
                    static_cast<std::ptrdiff_t>(end - begin) * kLanes, this->accumulate[0] != 0);
    });
  }

 private:
  T stddev_;
  bool always_;
};

int shape(const NodeSpec& node) {
  require(node.params[0] >= 0, "gaussian_noise's stddev must not be negative. Received: stddev=" +
                                   std::to_string(node.params[0]));
  return node.input_features[0];
}

}  // namespace

OpKind gaussian_noise_kind() {
  return {"gaussian_noise", {{"stddev", 1}, {"always", 0}}, 1, 1, shape, makers<GaussianNoise>()};
}

}  // namespace pynn
