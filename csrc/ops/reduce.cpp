// Sums, means and extremes over an axis of a row, and where the largest is: the features are
// (outer, length, inner), and `length` is what goes. The mean divides the sum, taken in order;
// equal extremes share the gradient.
#include <cstring>

#include "ops/check_node.hpp"

namespace pynn {

namespace {

enum Param { kLength, kInner };
enum class Reduction { sum, mean, max, min, argmax };

template <class T, Reduction kReduction>
class Reduce : public Op<T> {
 public:
  explicit Reduce(const NodeSpec& node)
      : length_(static_cast<int>(node.params[kLength])),
        inner_(static_cast<int>(node.params[kInner])),
        outer_(node.features / inner_) {}

  Division forward_division() const override { return kRowwise; }
  double cost() const override { return 2.0 * length_ * this->out->features; }

  void forward(const Pass&, const Share& share) override {
    for (int block = share.blocks.begin; block < share.blocks.end; ++block) {
      for (int o = 0; o < outer_; ++o) {
        const T* x = this->in[0]->value_at(block, o * length_ * inner_);
        T* y = this->out->value_at(block, o * inner_);
        if constexpr (kIsSum) this->kernels->sum_features(x, length_, inner_, divisor(), y, false);
        if constexpr (kReduction == Reduction::max)
          this->kernels->largest_features(x, length_, inner_, y);
        if constexpr (kReduction == Reduction::min)
          this->kernels->least_features(x, length_, inner_, y);
        if constexpr (kReduction == Reduction::argmax) this->kernels->argmax(x, length_, y);
      }
    }
  }

  void backward(const Pass&, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const bool accumulate = this->accumulate[0] != 0;
    for (int block = share.blocks.begin; block < share.blocks.end; ++block) {
      for (int o = 0; o < outer_; ++o) {
        const int first = o * length_ * inner_;
        const T* grad = this->out->grad_at(block, o * inner_);
        if constexpr (kReduction == Reduction::argmax) {  // no gradient comes through
          const auto size = static_cast<std::size_t>(length_ * inner_) * kLanes * sizeof(T);
          if (!accumulate) std::memset(x.grad_at(block, first), 0, size);
        } else if constexpr (kIsSum) {
          this->kernels->sum_features_backward(grad, length_, inner_, divisor(),
                                               x.grad_at(block, first), accumulate);
        } else {
          this->kernels->extreme_features_backward(grad, x.value_at(block, first),
                                                   this->out->value_at(block, o * inner_), length_,
                                                   inner_, x.grad_at(block, first), accumulate);
        }
      }
    }
  }

 private:
  static constexpr bool kIsSum = kReduction == Reduction::sum || kReduction == Reduction::mean;
  T divisor() const { return kReduction == Reduction::mean ? static_cast<T>(length_) : T(1); }

  int length_;
  int inner_;
  int outer_;
};

template <Reduction kReduction>
struct Kind {
  template <class T>
  using Op = Reduce<T, kReduction>;
};

int shape(const NodeSpec& node) {
  const double length = node.params[kLength];
  const double inner = node.params[kInner];
  const int features = node.input_features[0];
  const bool fits = length >= 1 && inner >= 1 && length * inner <= features;
  require(fits && features % (static_cast<int>(length) * static_cast<int>(inner)) == 0,
          node.kind->name + " needs an axis that divides the features. Received: length=" +
              std::to_string(length) + ", inner=" + std::to_string(inner) + " of " +
              std::to_string(features) + " features");
  return features / static_cast<int>(length);
}

int argmax_shape(const NodeSpec& node) {
  require(node.params[kInner] == 1, "reduce_argmax needs the last axis");
  return shape(node);
}

}  // namespace

std::vector<OpKind> reduce_kinds() {
  const std::vector<OpParameter> parameters = {{"length", 1}, {"inner", 1}};
  return {
      {"reduce_sum", parameters, 1, 1, shape, makers<Kind<Reduction::sum>::Op>()},
      {"reduce_mean", parameters, 1, 1, shape, makers<Kind<Reduction::mean>::Op>()},
      {"reduce_max", parameters, 1, 1, shape, makers<Kind<Reduction::max>::Op>()},
      {"reduce_min", parameters, 1, 1, shape, makers<Kind<Reduction::min>::Op>()},
      {"reduce_argmax", parameters, 1, 1, argmax_shape, makers<Kind<Reduction::argmax>::Op>()},
  };
}

}  // namespace pynn
