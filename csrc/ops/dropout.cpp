// Random factors in training.
//   dropout (Srivastava et al. 2014): y = x / (1 - rate) or, with probability `rate`, 0; with a
//     `column`, the rate of a step is that number of the step. A bit of each element is kept for
//     backward
//   gaussian_dropout: y = x mask, mask normal with mean 1 and standard deviation `stddev`
#include "ops/random_op.hpp"

namespace pynn {

namespace {

template <class T>
class Dropout : public RandomOp<T> {
 public:
  explicit Dropout(const NodeSpec& node)
      : RandomOp<T>(node), rate_(static_cast<T>(node.params[0])), column_(node.column()) {}

  double cost() const override { return 10.0 * this->out->features; }
  std::ptrdiff_t workspace(int blocks) const override {
    constexpr auto kWords = static_cast<std::ptrdiff_t>(sizeof(T) / sizeof(std::uint32_t));
    return round_up(blocks * std::ptrdiff_t{this->out->features}, kWords) / kWords;
  }

  void backward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const Slot<T>& y = *this->out;
    const T factor = scale(rate_of(pass));
    for_each_block(share, y.features, [&](int block, int f, int end) {
      this->kernels->scale_kept(y.grad_at(block, f), kept_at(block, f), factor, x.grad_at(block, f),
                                end - f, this->accumulate[0] != 0);
    });
  }

 protected:
  void draw(const Pass& pass, int block, int f, int features, std::uint64_t key,
            std::uint64_t first) override {
    const T rate = rate_of(pass);
    this->kernels->draw_kept(kept_at(block, f), features, rate, key, first);
    this->kernels->scale_kept(this->in[0]->value_at(block, f), kept_at(block, f), scale(rate),
                              this->out->value_at(block, f), features, false);
  }

 private:
  T rate_of(const Pass& pass) const {
    const bool scheduled = column_ > 0 && pass.numbers != nullptr;
    return scheduled ? static_cast<T>(pass.numbers[column_]) : rate_;
  }
  // A rate below 1 may round to it.
  static T scale(T rate) { return rate < 1 ? T(1) / (T(1) - rate) : T(0); }
  std::uint32_t* kept_at(int block, int feature) const {
    return reinterpret_cast<std::uint32_t*>(this->work) +
           static_cast<std::ptrdiff_t>(block) * this->out->features + feature;
  }

  T rate_;
  int column_;
};

template <class T>
class GaussianDropout : public RandomOp<T> {
 public:
  explicit GaussianDropout(const NodeSpec& node)
      : RandomOp<T>(node), deviation_(static_cast<T>(node.params[0])) {}

  double cost() const override { return 50.0 * this->out->features; }
  std::ptrdiff_t workspace(int blocks) const override { return blocks * this->out->block_stride; }

  void backward(const Pass&, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const Slot<T>& y = *this->out;
    const auto multiply =
        this->accumulate[0] != 0 ? this->kernels->multiply_add : this->kernels->multiply;
    for_each_block(share, y.features, [&](int block, int f, int end) {
      multiply(y.grad_at(block, f), mask_at(block, f), x.grad_at(block, f),
               std::ptrdiff_t{end - f} * kLanes);
    });
  }

 protected:
  void draw(const Pass&, int block, int f, int features, std::uint64_t key,
            std::uint64_t first) override {
    const std::ptrdiff_t n = std::ptrdiff_t{features} * kLanes;
    this->kernels->normal_noise(mask_at(block, f), n, T(1), deviation_, key, first);
    this->kernels->multiply(this->in[0]->value_at(block, f), mask_at(block, f),
                            this->out->value_at(block, f), n);
  }

 private:
  T* mask_at(int block, int feature) const {
    return this->work + block * this->out->block_stride +
           static_cast<std::ptrdiff_t>(feature) * kLanes;
  }

  T deviation_;
};

void require_rate(double rate) {
  require(rate >= 0 && rate < 1, [&] {
    return "dropout's rate must be in [0, 1). Received: rate=" + std::to_string(rate);
  });
}

int shape(const NodeSpec& node) {
  require_rate(node.params[0]);
  require(node.params[1] >= 0 && node.params[1] < 1 << 20,
          "dropout's column must be a number of one");
  return same_features(node);
}

}  // namespace

OpKind dropout_kind() {
  OpKind kind{"dropout",        {{"rate", 0.5}, {"column", 0}, {"always", 0}}, 1, 1, shape,
              makers<Dropout>()};
  kind.column_parameter = 1;
  kind.check_number = require_rate;
  kind.gradient_in_place = true;
  return kind;
}

OpKind gaussian_dropout_kind() {
  OpKind kind{"gaussian_dropout",       {{"stddev", 1}, {"always", 0}}, 1, 1,
              same_features_and_stddev, makers<GaussianDropout>()};
  kind.gradient_in_place = true;
  return kind;
}

}  // namespace pynn
