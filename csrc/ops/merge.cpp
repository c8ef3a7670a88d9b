// Elementwise combinations of inputs of one shape: add, subtract, multiply, average, maximum,
// minimum.
#include <cstring>

#include "ops/check_node.hpp"

namespace pynn {

namespace {

enum class Merge { add, subtract, multiply, average, maximum, minimum };

template <class T, Merge kMerge>
class MergeOp : public Op<T> {
 public:
  explicit MergeOp(const NodeSpec& node) : inputs_(node.inputs.size()) {}

  void forward(const Pass&, const Share& share) override {
    const Slot<T>& y = *this->out;
    for_each_block(share, y.features, [&](int block, int begin, int end) {
      const std::ptrdiff_t n = static_cast<std::ptrdiff_t>(end - begin) * kLanes;
      T* out = y.value_at(block, begin);
      combine(this->in[0]->value_at(block, begin), this->in[1]->value_at(block, begin), out, n);
      for (std::size_t i = 2; i < inputs_; ++i)
        combine(out, this->in[i]->value_at(block, begin), out, n);
      if constexpr (kMerge == Merge::average) {
        const T factor = T(1) / static_cast<T>(inputs_);
        for (std::ptrdiff_t i = 0; i < n; ++i) out[i] *= factor;
      }
    });
  }

  void backward(const Pass&, const Share& share) override {
    const Slot<T>& y = *this->out;
    for_each_block(share, y.features, [&](int block, int begin, int end) {
      const std::ptrdiff_t n = static_cast<std::ptrdiff_t>(end - begin) * kLanes;
      for (std::size_t i = 0; i < inputs_; ++i) {
        const Slot<T>& x = *this->in[i];
        if (x.grad == nullptr) continue;
        T* out = x.grad_at(block, begin);
        if (!this->accumulate[i]) std::memset(out, 0, static_cast<std::size_t>(n) * sizeof(T));
        add_gradient(i, block, begin, y.grad_at(block, begin), y.value_at(block, begin), out, n);
      }
    });
  }

 private:
  void combine(const T* a, const T* b, T* out, std::ptrdiff_t n) {
    if constexpr (kMerge == Merge::add || kMerge == Merge::average)
      this->kernels->add(a, b, out, n);
    if constexpr (kMerge == Merge::subtract) this->kernels->subtract(a, b, out, n);
    if constexpr (kMerge == Merge::multiply) this->kernels->multiply(a, b, out, n);
    if constexpr (kMerge == Merge::maximum) this->kernels->select_larger(a, b, out, n);
    if constexpr (kMerge == Merge::minimum) this->kernels->select_smaller(a, b, out, n);
  }

  void add_gradient(std::size_t i, int block, int begin, const T* grad, const T* y, T* out,
                    std::ptrdiff_t n) {
    if constexpr (kMerge == Merge::multiply) {
      // Products of the other inputs, a block of a feature at a time; division would fail at zeros.
      for (std::ptrdiff_t at = 0; at < n; ++at) {
        T product = grad[at];
        for (std::size_t j = 0; j < inputs_; ++j) {
          if (j != i) product *= this->in[j]->value_at(block, begin)[at];
        }
        out[at] += product;
      }
    } else if constexpr (kMerge == Merge::maximum || kMerge == Merge::minimum) {
      // The whole gradient goes to the first input that has the value.
      for (std::ptrdiff_t at = 0; at < n; ++at) {
        bool taken = false;
        for (std::size_t j = 0; j < i; ++j)
          taken = taken || this->in[j]->value_at(block, begin)[at] == y[at];
        if (!taken && this->in[i]->value_at(block, begin)[at] == y[at]) out[at] += grad[at];
      }
    } else {
      T factor = 1;
      if constexpr (kMerge == Merge::subtract) factor = i == 0 ? T(1) : T(-1);
      if constexpr (kMerge == Merge::average) factor = T(1) / static_cast<T>(inputs_);
      this->kernels->scale_add(grad, factor, out, n);
    }
  }

  std::size_t inputs_;
};

template <Merge kMerge>
struct Kind {
  template <class T>
  using Op = MergeOp<T, kMerge>;
};

int shape(const NodeSpec& node) {
  require_same_features(node);
  return node.input_features[0];
}

}  // namespace

std::vector<OpKind> merge_kinds() {
  return {
      {"add", {}, 2, -1, shape, makers<Kind<Merge::add>::Op>()},
      {"subtract", {}, 2, 2, shape, makers<Kind<Merge::subtract>::Op>()},
      {"multiply", {}, 2, -1, shape, makers<Kind<Merge::multiply>::Op>()},
      {"average", {}, 2, -1, shape, makers<Kind<Merge::average>::Op>()},
      {"maximum", {}, 2, -1, shape, makers<Kind<Merge::maximum>::Op>()},
      {"minimum", {}, 2, -1, shape, makers<Kind<Merge::minimum>::Op>()},
  };
}

}  // namespace pynn
