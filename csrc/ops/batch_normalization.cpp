// Batch normalization (Ioffe and Szegedy 2015): y = gamma (x - mean) / sqrt(variance + epsilon) +
// beta. Training takes mean and (biased) variance from the batch and moves the moving ones towards
// them; inference, and training when frozen, takes the moving ones. Variables: moving_mean,
// moving_variance, gamma if scale, beta if center.
#include <cmath>

#include "ops/check_node.hpp"
#include "ops/vector_gradient.hpp"

namespace pynn {

namespace {

enum Param { kMomentum, kEpsilon, kScale, kCenter, kFrozen };

template <class T>
class BatchNormalization : public Op<T> {
 public:
  explicit BatchNormalization(const NodeSpec& node)
      : momentum_(static_cast<T>(node.params[kMomentum])),
        epsilon_(static_cast<T>(node.params[kEpsilon])),
        scale_(node.params[kScale] != 0),
        center_(node.params[kCenter] != 0),
        frozen_(node.params[kFrozen] != 0),
        padded_(round_up(node.features, kRowAlign)) {}

  Division forward_division() const override { return kFeaturewise; }
  double cost() const override { return 12.0 * this->out->features; }
  std::ptrdiff_t workspace(int) const override { return 5 * padded_; }
  bool keeps_gradients() const override { return true; }

  void forward(const Pass& pass, const Share& share) override {
    BatchNormArgs<T> a = arguments(pass, share);
    if (a.row_end <= a.row_begin || a.count <= 0) return;
    T* moving_mean = this->variable_data(0);
    T* moving_variance = this->variable_data(1);
    if (pass.training && !frozen_) {
      this->kernels->batch_moments(a);
      for (int i = a.row_begin; i < a.row_end && pass.moves_statistics; ++i) {
        moving_mean[i] = moving_mean[i] * momentum_ + a.mean[i] * (1 - momentum_);
        moving_variance[i] = moving_variance[i] * momentum_ + a.variance[i] * (1 - momentum_);
      }
    } else {
      for (int i = a.row_begin; i < a.row_end; ++i) {
        a.inverse_deviation[i] = 1 / std::sqrt(moving_variance[i] + epsilon_);
      }
      a.mean = moving_mean;
    }
    this->kernels->batch_normalize(a);
  }

  void backward(const Pass& pass, const Share& share) override {
    BatchNormArgs<T> a = arguments(pass, share);
    if (a.row_end <= a.row_begin || a.count <= 0) return;
    const Slot<T>& x = *this->in[0];
    const Slot<T>& y = *this->out;
    a.x = x.value;
    a.grad_y = y.grad;
    a.grad_x = x.grad;
    a.accumulate = this->accumulate[0] != 0;
    a.grad_gamma = this->work + 3 * padded_;
    a.grad_beta = this->work + 4 * padded_;
    if (frozen_) {
      a.mean = this->variable_data(0);
      a.variance = nullptr;
    }
    this->kernels->batch_normalize_backward(a);
  }

  void update(const Pass&, const Share& share) override {
    const Range range = share.features(this->out->features);
    if (range.size() <= 0) return;
    for (std::size_t i = 2; i < this->variables.size(); ++i) {
      if (this->parameters[i] == nullptr) continue;
      const bool is_gamma = scale_ && i == 2;
      const T* grad = this->work + (is_gamma ? 3 : 4) * padded_ + range.begin;
      apply_vector_gradient(*this->kernels, *this->parameters[i], this->first_use[i] != 0, range,
                            grad);
    }
  }

 private:
  BatchNormArgs<T> arguments(const Pass& pass, const Share& share) {
    const Slot<T>& x = *this->in[0];
    const Range range = share.features(this->out->features);
    BatchNormArgs<T> a{};
    a.x = x.value_at(share.blocks.begin);
    a.y = this->out->value_at(share.blocks.begin);
    a.block_stride = x.block_stride;
    a.row_begin = range.begin;
    a.row_end = range.end;
    const int last_row = share.blocks.end * kLanes;
    a.count = (pass.count < last_row ? pass.count : last_row) - share.blocks.begin * kLanes;
    a.gamma = scale_ ? this->variable_data(2) : nullptr;
    a.beta = center_ ? this->variable_data(scale_ ? 3 : 2) : nullptr;
    a.mean = this->work;
    a.variance = this->work + padded_;
    a.inverse_deviation = this->work + 2 * padded_;
    a.epsilon = epsilon_;
    return a;
  }

  T momentum_;
  T epsilon_;
  bool scale_;
  bool center_;
  bool frozen_;
  std::ptrdiff_t padded_;
};

int shape(const NodeSpec& node) {
  const int features = node.input_features[0];
  const std::size_t wanted = 2 + (node.params[kScale] != 0) + (node.params[kCenter] != 0);
  require(node.variables.size() == wanted,
          "batch_normalization needs " + std::to_string(wanted) +
              " variables. Received: " + std::to_string(node.variables.size()));
  const char* names[] = {"moving mean", "moving variance", "gamma or beta", "beta"};
  for (std::size_t i = 0; i < wanted; ++i) require_variable(node, i, 1, features, names[i]);
  require(node.params[kEpsilon] > 0,
          "batch_normalization's epsilon must be positive. Received: epsilon=" +
              std::to_string(node.params[kEpsilon]));
  return features;
}

}  // namespace

OpKind batch_normalization_kind() {
  OpKind kind{"batch_normalization",
              {{"momentum", 0.99}, {"epsilon", 1e-3}, {"scale", 1}, {"center", 1}, {"frozen", 0}},
              1,
              1,
              shape,
              makers<BatchNormalization>()};
  kind.depends_on_batch = true;
  return kind;
}

}  // namespace pynn
