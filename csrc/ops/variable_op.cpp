// A variable as a value: the same numbers for every row of the batch, in one block where the plan
// says so. A matrix is laid out input by input, as a weight of shape (inputs, outputs) is, whatever
// its layout.
#include <algorithm>

#include "ops/check_node.hpp"
#include "ops/vector_gradient.hpp"

namespace pynn {

namespace {

template <class T>
class VariableOp : public Op<T> {
 public:
  explicit VariableOp(const NodeSpec& node)
      : is_vector_(node.variables[0]->rows() == 1),
        width_(is_vector_ ? node.features : node.variables[0]->rows()) {}

  std::ptrdiff_t workspace(int) const override {
    return 2 * round_up(this->out->features, kRowAlign);
  }

  Division forward_division() const override {
    return this->out->block_stride == 0 ? kFeaturewise : kElementwise;
  }

  void forward(const Pass&, const Share& share) override {
    const T* values = this->variable_data(0);
    Share own = share;
    if (this->out->block_stride == 0) own.blocks = {0, 1};
    for_each_block(own, this->out->features, [&](int block, int begin, int end) {
      for (int f = begin; f < end; ++f)
        std::fill_n(this->out->value_at(block, f), kLanes, values[place(f)]);
    });
  }

  void backward(const Pass&, const Share&) override {}

  // Along the lines of the variable as it is stored.
  void update(const Pass& pass, const Share& share) override {
    const Slot<T>& y = *this->out;
    const int count = y.block_stride == 0 ? kPartialSums : pass.count;
    const Variable& variable = *this->variables[0];
    const bool is_across = !is_vector_ && variable.layout() == Layout::out_in;
    const int length = is_across ? variable.cols() : width_;
    const int lines = y.features / length;
    const Range range = lines == 1 ? share.features(length) : Range{0, length};
    const Range part = lines == 1 ? Range{0, 1} : divide(lines, 1, share.part, share.parts);
    T* transposed = this->work + round_up(y.features, kRowAlign);
    for (int line = part.begin; line < part.end && range.size() > 0; ++line) {
      const int first = line * length;
      if (is_across) {
        for (int i = 0; i < length; ++i) {
          const int f = i * width_ + line;
          this->kernels->lane_sums(y.grad, y.block_stride, f, f + 1, count, this->work);
          transposed[first + i] = this->work[f];
        }
      } else {
        this->kernels->lane_sums(y.grad, y.block_stride, first + range.begin, first + range.end,
                                 count, this->work);
      }
      const int start = static_cast<int>(line * (lines == 1 ? 0 : variable.ld()));
      apply_vector_gradient(*this->kernels, *this->parameters[0], this->first_use[0] != 0,
                            {start + range.begin, start + range.end},
                            (is_across ? transposed : this->work) + first + range.begin);
    }
  }

 private:
  std::ptrdiff_t place(int feature) const {
    const Variable& variable = *this->variables[0];
    if (is_vector_) return feature;
    return feature / width_ * variable.col_step() + feature % width_ * variable.row_step();
  }

  bool is_vector_;
  int width_;  // of the last axis
};

int shape(const NodeSpec& node) {
  require(node.variables.size() == 1, "variable needs one variable");
  const std::int64_t size = std::int64_t{node.variables[0]->rows()} * node.variables[0]->cols();
  require(size <= 1 << 28, "too many features: " + std::to_string(size));
  return static_cast<int>(size);
}

}  // namespace

OpKind variable_kind() {
  OpKind kind{"variable", {}, 0, 0, shape, makers<VariableOp>()};
  kind.is_variable = true;
  return kind;
}

}  // namespace pynn
