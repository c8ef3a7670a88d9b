// The sum of each feature over the rows of the batch, given to every row. Its gradient is the sum
// of the gradients of all rows, given to every row.
#include <algorithm>

#include "ops/check_node.hpp"

namespace pynn {

namespace {

template <class T>
class BatchSum : public Op<T> {
 public:
  explicit BatchSum(const NodeSpec&) {}

  Division forward_division() const override { return kFeaturewise; }
  double cost() const override { return 2.0 * this->out->features; }
  std::ptrdiff_t workspace(int) const override { return round_up(this->out->features, kRowAlign); }

  void forward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    const Slot<T>& y = *this->out;
    const Range range = share.features(y.features);
    if (range.size() <= 0) return;
    this->kernels->lane_sums(x.value, x.block_stride, range.begin, range.end, pass.count,
                             this->work);
    for (int block = 0; block < block_count(pass.count); ++block) {
      for (int f = range.begin; f < range.end; ++f)
        std::fill_n(y.value_at(block, f), kLanes, this->work[f]);
    }
  }

  void backward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const Slot<T>& y = *this->out;
    const Range range = share.features(y.features);
    if (range.size() <= 0) return;
    this->kernels->lane_sums(y.grad, y.block_stride, range.begin, range.end, pass.count,
                             this->work);
    for (int block = 0; block < block_count(pass.count); ++block) {
      for (int f = range.begin; f < range.end; ++f) {
        T* grad = x.grad_at(block, f);
        if (this->accumulate[0] != 0) {
          for (int lane = 0; lane < kLanes; ++lane) grad[lane] += this->work[f];
        } else {
          std::fill_n(grad, kLanes, this->work[f]);
        }
      }
    }
  }
};

}  // namespace

OpKind batch_sum_kind() {
  OpKind kind{"batch_sum", {}, 1, 1, same_features, makers<BatchSum>()};
  kind.depends_on_batch = kind.always_depends_on_batch = true;
  return kind;
}

}  // namespace pynn
