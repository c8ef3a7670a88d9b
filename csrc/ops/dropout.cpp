// Factors drawn in training, y = x mask; the identity at inference, unless they are drawn `always`.
//   dropout (Srivastava et al. 2014): mask 0 with probability `rate`, 1 / (1 - rate) otherwise;
//   with
//     a `column`, the rate of a step is that number of the step
//   gaussian_dropout: mask normal with mean 1 and standard deviation `stddev`
#include <algorithm>
#include <cstring>

#include "base/random.hpp"
#include "ops/check_node.hpp"

namespace pynn {

namespace {

enum class Mask { dropout, gaussian };

// Features whose factors are used while the first-level cache has them.
constexpr int kPieceFeatures = 64;

template <class T, Mask kMask>
class RandomFactor : public Op<T> {
 public:
  explicit RandomFactor(const NodeSpec& node)
      : parameter_(static_cast<T>(node.params[0])),
        column_(node.column()),
        always_(node.params.back() != 0) {}

  double cost() const override {
    return (kMask == Mask::dropout ? 10.0 : 50.0) * this->out->features;
  }
  std::ptrdiff_t workspace(int blocks) const override { return blocks * this->out->block_stride; }

  void forward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    const Slot<T>& y = *this->out;
    const bool scheduled = column_ > 0 && pass.numbers != nullptr;
    const T rate = scheduled ? static_cast<T>(pass.numbers[column_]) : parameter_;
    const std::uint64_t key =
        stream_key(pass.seed, pass.step, static_cast<std::uint64_t>(this->node));
    for_each_block(share, y.features, [&](int block, int begin, int end) {
      if (!pass.training && !always_) {
        const auto n = static_cast<std::size_t>(end - begin) * kLanes;
        std::memcpy(y.value_at(block, begin), x.value_at(block, begin), n * sizeof(T));
        return;
      }
      for (int f = begin; f < end; f += kPieceFeatures) {
        const std::ptrdiff_t n = std::ptrdiff_t{std::min(kPieceFeatures, end - f)} * kLanes;
        T* mask = mask_at(block, f);
        const std::uint64_t index = pass.lane_number(block, y.features, f);
        if constexpr (kMask == Mask::dropout) {
          this->kernels->dropout_mask(mask, n, rate, key, index);
        } else {
          this->kernels->normal_noise(mask, n, T(1), parameter_, key, index);
        }
        this->kernels->multiply(x.value_at(block, f), mask, y.value_at(block, f), n);
      }
    });
  }

  void backward(const Pass&, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const Slot<T>& y = *this->out;
    const auto multiply =
        this->accumulate[0] != 0 ? this->kernels->multiply_add : this->kernels->multiply;
    for_each_block(share, y.features, [&](int block, int begin, int end) {
      multiply(y.grad_at(block, begin), mask_at(block, begin), x.grad_at(block, begin),
               static_cast<std::ptrdiff_t>(end - begin) * kLanes);
    });
  }

 private:
  T* mask_at(int block, int feature) {
    return this->work + block * this->out->block_stride +
           static_cast<std::ptrdiff_t>(feature) * kLanes;
  }

  T parameter_;
  int column_;
  bool always_;
};

template <Mask kMask>
struct Kind {
  template <class T>
  using Op = RandomFactor<T, kMask>;
};

int gaussian_shape(const NodeSpec& node) {
  require(node.params[0] >= 0, "gaussian_dropout's stddev must not be negative. Received: stddev=" +
                                   std::to_string(node.params[0]));
  return node.input_features[0];
}

int shape(const NodeSpec& node) {
  require_dropout_rate(node.params[0]);
  require(node.params[1] >= 0 && node.params[1] < 1 << 20,
          "dropout's column must be a number of one");
  return node.input_features[0];
}

}  // namespace

OpKind dropout_kind() {
  OpKind kind{"dropout", {{"rate", 0.5}, {"column", 0}, {"always", 0}},
              1,         1,
              shape,     makers<Kind<Mask::dropout>::Op>()};
  kind.column_parameter = 1;
  kind.gradient_in_place = true;
  return kind;
}

OpKind gaussian_dropout_kind() {
  OpKind kind{"gaussian_dropout", {{"stddev", 1}, {"always", 0}},    1, 1,
              gaussian_shape,     makers<Kind<Mask::gaussian>::Op>()};
  kind.gradient_in_place = true;
  return kind;
}

}  // namespace pynn
