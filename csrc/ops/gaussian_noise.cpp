// Normal noise of standard deviation `stddev`, added in training.
#include "ops/random_op.hpp"

namespace pynn {

namespace {

template <class T>
class GaussianNoise : public RandomOp<T> {
 public:
  explicit GaussianNoise(const NodeSpec& node)
      : RandomOp<T>(node), stddev_(static_cast<T>(node.params[0])) {}

  double cost() const override { return 50.0 * this->out->features; }

  void backward(const Pass&, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const Slot<T>& y = *this->out;
    for_each_block(share, y.features, [&](int block, int begin, int end) {
      pass_gradient(*this->kernels, y.grad_at(block, begin), x.grad_at(block, begin),
                    static_cast<std::ptrdiff_t>(end - begin) * kLanes, this->accumulate[0] != 0);
    });
  }

 protected:
  void draw(const Pass&, int block, int f, int features, std::uint64_t key,
            std::uint64_t first) override {
    const std::ptrdiff_t n = std::ptrdiff_t{features} * kLanes;
    T* y = this->out->value_at(block, f);
    this->kernels->normal_noise(y, n, T(0), stddev_, key, first);
    this->kernels->add(this->in[0]->value_at(block, f), y, y, n);
  }

 private:
  T stddev_;
};

}  // namespace

OpKind gaussian_noise_kind() {
  return {"gaussian_noise",         {{"stddev", 1}, {"always", 0}}, 1, 1,
          same_features_and_stddev, makers<GaussianNoise>()};
}

}  // namespace pynn
