// Features of the input by number, in any order and as often as wanted: slices, transposed axes,
// repeated ones.
#include <cstring>
#include <string>

#include "ops/check_node.hpp"

namespace pynn {

namespace {

template <class T>
class SelectFeatures : public Op<T> {
 public:
  explicit SelectFeatures(const NodeSpec& node) {
    for (int i = 0; i < node.features; ++i) {
      const int from = node.indices[i];
      if (!runs_.empty() && runs_.back().from + runs_.back().length == from) {
        ++runs_.back().length;
      } else {
        runs_.push_back({from, i, 1});
      }
    }
  }

  Division forward_division() const override { return kRowwise; }

  void forward(const Pass&, const Share& share) override {
    for (int block = share.blocks.begin; block < share.blocks.end; ++block) {
      for (const Run& run : runs_) {
        std::memcpy(this->out->value_at(block, run.to), this->in[0]->value_at(block, run.from),
                    static_cast<std::size_t>(run.length) * kLanes * sizeof(T));
      }
    }
  }

  void backward(const Pass&, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    for (int block = share.blocks.begin; block < share.blocks.end; ++block) {
      if (!this->accumulate[0]) {
        std::memset(x.grad_at(block), 0, static_cast<std::size_t>(x.features) * kLanes * sizeof(T));
      }
      for (const Run& run : runs_) {
        T* grad = x.grad_at(block, run.from);
        this->kernels->add(this->out->grad_at(block, run.to), grad, grad,
                           static_cast<std::ptrdiff_t>(run.length) * kLanes);
      }
    }
  }

 private:
  struct Run {  // of consecutive features
    int from;
    int to;
    int length;
  };
  std::vector<Run> runs_;
};

int shape(const NodeSpec& node) {
  require(!node.indices.empty(), "select_features needs at least one index");
  for (int index : node.indices) {
    require(index >= 0 && index < node.input_features[0],
            "select_features has " + std::to_string(node.input_features[0]) +
                " features to choose from. Received: index " + std::to_string(index));
  }
  return static_cast<int>(node.indices.size());
}

}  // namespace

OpKind select_features_kind() {
  return {"select_features", {}, 1, 1, shape, makers<SelectFeatures>()};
}

}  // namespace pynn
