// Inputs side by side along the features.
#include <algorithm>
#include <cstring>

#include "ops/check_node.hpp"

namespace pynn {

namespace {

template <class T>
class Concatenate : public Op<T> {
 public:
  explicit Concatenate(const NodeSpec& node) : features_(node.input_features) {}

  Division forward_division() const override { return kFeatureProduct; }
  Division backward_division() const override { return kRowwise; }

  void forward(const Pass&, const Share& share) override {
    for_each_block(share, this->out->features, [&](int block, int begin, int end) {
      int first = 0;
      for (std::size_t i = 0; i < features_.size(); ++i) {
        const int from = std::max(begin, first);
        const int to = std::min(end, first + features_[i]);
        if (from < to) {
          std::memcpy(this->out->value_at(block, from), this->in[i]->value_at(block, from - first),
                      static_cast<std::size_t>(to - from) * kLanes * sizeof(T));
        }
        first += features_[i];
      }
    });
  }

  void backward(const Pass&, const Share& share) override {
    for (int block = share.blocks.begin; block < share.blocks.end; ++block) {
      int first = 0;
      for (std::size_t i = 0; i < features_.size(); ++i) {
        const Slot<T>& x = *this->in[i];
        const std::ptrdiff_t n = static_cast<std::ptrdiff_t>(features_[i]) * kLanes;
        if (x.grad != nullptr) {
          pass_gradient(*this->kernels, this->out->grad_at(block, first), x.grad_at(block), n,
                        this->accumulate[i] != 0);
        }
        first += features_[i];
      }
    }
  }

 private:
  std::vector<int> features_;
};

int shape(const NodeSpec& node) {
  long total = 0;
  for (int features : node.input_features) total += features;
  require(total <= 1 << 28,
          "concatenate's output is too large: " + std::to_string(total) + " features");
  return static_cast<int>(total);
}

}  // namespace

OpKind concatenate_kind() {
  return {"concatenate", {}, 1, -1, shape, makers<Concatenate>()};
}

}  // namespace pynn
