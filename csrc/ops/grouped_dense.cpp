// Dense layers side by side: the features are groups of `inputs`, each of which is multiplied by a
// matrix (outputs, inputs) of its own, or by one that several groups share, y_g = W_g x_g + b_g.
// That is a dense layer along the last of several axes, or a matrix for each feature or member.
// Variables: the kernel, and a bias if there is one, of `outputs` numbers or of so many a group.
// `indices` are where in the kernel's memory the matrix of each group begins; from one input of it
// to the next are `input_step` elements, `output_step` from an output to the next: one of them
// is 1.
#include <algorithm>
#include <map>
#include <string>

#include "ops/check_node.hpp"
#include "ops/vector_gradient.hpp"

namespace pynn {

namespace {

enum Param { kOutputs, kInputStep, kOutputStep };

// A vector has the bias of one group, or of one after the other; a matrix a line of it for each.
std::ptrdiff_t bias_step(const Variable& bias, int outputs) {
  if (bias.rows() > 1) return bias.col_step();
  return bias.cols() == outputs ? 0 : outputs;
}

template <class T>
class GroupedDense : public Op<T> {
 public:
  explicit GroupedDense(const NodeSpec& node)
      : groups_(static_cast<int>(node.indices.size())),
        inputs_(node.input_features[0] / groups_),
        outputs_(static_cast<int>(node.params[kOutputs])),
        input_step_(static_cast<std::ptrdiff_t>(node.params[kInputStep])),
        output_step_(static_cast<std::ptrdiff_t>(node.params[kOutputStep])),
        along_outputs_(output_step_ == 1 && (outputs_ > 1 || input_step_ != 1)),
        offsets_(node.indices),
        bias_step_(node.variables.size() > 1 ? bias_step(*node.variables[1], outputs_) : 0) {
    std::map<int, int> numbers;
    for (int g = 0; g < groups_; ++g) {
      const auto found = numbers.emplace(offsets_[g], static_cast<int>(matrices_.size()));
      if (found.second) matrices_.emplace_back();
      matrices_[found.first->second].push_back(g);
    }
  }

  Division forward_division() const override { return kFeatureProduct; }
  double cost() const override { return 2.0 * inputs_ * this->out->features; }

  // The gradients of the matrices, rows of a slice, and two sums for each number of the bias.
  std::ptrdiff_t workspace(int) const override {
    return gradients_size() + (reads_rows() ? kSliceRows * rows_ld() : 0) +
           2 * round_up(this->out->features, kRowAlign);
  }

  void forward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    const Slot<T>& y = *this->out;
    ProductArgs<T> a{};
    a.row_stride = output_step_;
    a.depth_stride = input_step_;
    a.depth = inputs_;
    a.x_block_stride = x.block_stride;
    a.y_block_stride = y.block_stride;
    a.epilogue = this->fuses_relu ? Epilogue::relu : Epilogue::none;
    for_each_group(pass, share, outputs_, a, [&](int g) {
      a.weights = this->variable_data(0) + offsets_[g];
      a.x = x.value_at(share.blocks.begin, g * inputs_);
      a.bias = this->variables.size() < 2 ? nullptr : this->variable_data(1) + g * bias_step_;
      a.y = y.value_at(share.blocks.begin, g * outputs_);
    });
  }

  void backward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const Slot<T>& y = *this->out;
    ProductArgs<T> a{};
    a.row_stride = input_step_;
    a.depth_stride = output_step_;
    a.depth = outputs_;
    a.x_block_stride = y.block_stride;
    a.y_block_stride = x.block_stride;
    a.accumulate = this->accumulate[0] != 0;
    if (this->relu_mask != nullptr) {
      a.epilogue = Epilogue::relu_gradient;
      a.relu_mask_block_stride = this->relu_mask->block_stride;
    }
    for_each_group(pass, share, inputs_, a, [&](int g) {
      a.weights = this->variable_data(0) + offsets_[g];
      a.x = y.grad_at(share.blocks.begin, g * outputs_);
      a.y = x.grad_at(share.blocks.begin, g * inputs_);
      if (this->relu_mask != nullptr)
        a.relu_mask = this->relu_mask->value_at(share.blocks.begin, g * inputs_);
    });
  }

  // By matrices where there are enough of them, else by columns.
  void update(const Pass& pass, const Share& share) override {
    if (this->parameters[0] != nullptr) {
      const int count = static_cast<int>(matrices_.size());
      if (count >= share.parts && !reads_rows()) {
        const Range range = divide(count, 1, share.part, share.parts);
        for (int m = range.begin; m < range.end; ++m) update_matrix(pass, m, {0, columns()});
      } else {
        const Range range = share.columns(columns());
        for (int m = 0; m < count && range.size() > 0; ++m) update_matrix(pass, m, range);
      }
    }
    if (this->variables.size() > 1 && this->parameters[1] != nullptr) update_bias(pass, share);
  }

 private:
  // What lies side by side in a matrix, and how many lines of it there are.
  int columns() const { return along_outputs_ ? outputs_ : inputs_; }
  int lines() const { return along_outputs_ ? inputs_ : outputs_; }
  std::ptrdiff_t line_step() const { return along_outputs_ ? input_step_ : output_step_; }
  // Whether the gradient of a matrix is of few lines, or of few columns.
  bool has_few_lines() const { return lines() <= this->kernels->narrow_lines; }
  bool reads_rows() const { return !has_few_lines() && columns() > this->kernels->narrow_lines; }
  std::ptrdiff_t gradient_ld() const {
    return reads_rows() ? round_up(columns(), kRowAlign) : columns();
  }
  std::ptrdiff_t gradient_size() const { return lines() * gradient_ld(); }
  std::ptrdiff_t gradients_size() const {
    return static_cast<std::ptrdiff_t>(matrices_.size()) * round_up(gradient_size(), kRowAlign);
  }
  std::ptrdiff_t rows_ld() const { return row_stride(columns(), sizeof(T)); }

  // Calls the product for the share's part of each group's rows, after set(g).
  template <class Set>
  void for_each_group(const Pass& pass, const Share& share, int rows, ProductArgs<T>& a, Set set) {
    const int last_row = share.blocks.end * kLanes;
    a.count = std::min(pass.count, last_row) - share.blocks.begin * kLanes;
    const Range range = share.features(groups_ * rows);
    if (range.size() <= 0 || a.count <= 0) return;
    for (int g = range.begin / rows; g * rows < range.end; ++g) {
      a.row_begin = std::max(range.begin - g * rows, 0);
      a.row_end = std::min(range.end - g * rows, rows);
      set(g);
      this->kernels->product(a);
    }
  }

  // The gradient of one matrix in these columns, summed over its groups in order, and the step.
  void update_matrix(const Pass& pass, int m, Range range) {
    T* grad = this->work + m * round_up(gradient_size(), kRowAlign);
    bool is_first = true;
    for (int g : matrices_[m]) {
      if (reads_rows()) {
        add_by_rows(pass, g, range, grad, !is_first);
      } else {
        add_by_lanes(pass, g, range, grad, !is_first);
      }
      is_first = false;
    }
    const int offset = offsets_[matrices_[m].front()];
    if (line_step() == columns() && gradient_ld() == columns() && range.size() == columns()) {
      return apply(offset, lines() * columns(), grad);
    }
    for (int line = 0; line < lines(); ++line) {
      apply(offset + static_cast<int>(line * line_step()) + range.begin, range.size(),
            grad + line * gradient_ld() + range.begin);
    }
  }

  void apply(int begin, int count, const T* grad) {
    apply_vector_gradient(*this->kernels, *this->parameters[0], this->first_use[0] != 0,
                          {begin, begin + count}, grad);
  }

  // Lanes of what the columns, or the lines, of a group's matrix belong to.
  const T* lanes(bool of_outputs, int g) const {
    return of_outputs ? this->out->grad_at(0, g * outputs_) : this->in[0]->value_at(0, g * inputs_);
  }
  std::ptrdiff_t block_stride(bool of_outputs) const {
    return of_outputs ? this->out->block_stride : this->in[0]->block_stride;
  }

  // Transposes what belongs to the columns.
  void add_by_rows(const Pass& pass, int g, Range range, T* grad, bool accumulate) {
    T* rows = this->work + gradients_size();
    const T* pointers[kSliceRows];
    for (int i = 0; i < kSliceRows; ++i) pointers[i] = rows + i * rows_ld();
    WeightGradientArgs<T> a{};
    a.x_rows = pointers;
    a.grad_y_block_stride = block_stride(!along_outputs_);
    a.row_end = lines();
    a.col_begin = range.begin;
    a.col_end = static_cast<int>(round_up(range.end, kRowAlign));
    a.ld = gradient_ld();
    a.weights = a.grad = grad;
    for (int first = 0; first < pass.count; first += kSliceRows) {
      a.count = std::min(pass.count - first, kSliceRows);
      const std::ptrdiff_t block = first / kLanes;
      this->kernels->lanes_to_rows(lanes(along_outputs_, g) + block * block_stride(along_outputs_),
                                   block_stride(along_outputs_), range.begin, range.end, a.count,
                                   rows, rows_ld());
      a.grad_y = lanes(!along_outputs_, g) + block * block_stride(!along_outputs_);
      a.accumulate = accumulate || first > 0;
      this->kernels->weight_gradient(a);
    }
  }

  // The shorter side of the matrix is that of the lines of narrow_gradient.
  void add_by_lanes(const Pass& pass, int g, Range range, T* grad, bool accumulate) {
    const bool by_lines = has_few_lines();
    const bool wide_outputs = by_lines == along_outputs_;
    alignas(64) T sums[kMostNarrowLines * kWideColumns];
    const int first_narrow = by_lines ? 0 : range.begin;
    const int narrow = by_lines ? lines() : range.size();
    const Range wide = by_lines ? range : Range{0, lines()};
    const std::ptrdiff_t narrow_step = by_lines ? gradient_ld() : 1;
    const std::ptrdiff_t wide_step = by_lines ? 1 : gradient_ld();
    NarrowGradientArgs<T> a{};
    a.transposed_block_stride = block_stride(wide_outputs);
    a.broadcast_block_stride = block_stride(!wide_outputs);
    a.lines = narrow;
    a.sums = sums;
    a.ld = kWideColumns;
    for (int first = 0; first < pass.count; first += kSliceRows) {
      const std::ptrdiff_t block = first / kLanes;
      const T* columns = lanes(wide_outputs, g) + block * a.transposed_block_stride;
      a.broadcast = lanes(!wide_outputs, g) + block * a.broadcast_block_stride +
                    static_cast<std::ptrdiff_t>(first_narrow) * kLanes;
      a.count = std::min(pass.count - first, kSliceRows);
      for (int begin = wide.begin; begin < wide.end; begin += kWideColumns) {
        a.transposed = columns + static_cast<std::ptrdiff_t>(begin) * kLanes;
        a.end = std::min(kWideColumns, wide.end - begin);
        this->kernels->narrow_gradient(a);
        for (int n = 0; n < narrow; ++n) {
          T* to = grad + (first_narrow + n) * narrow_step;
          for (int w = 0; w < a.end; ++w) {
            const T sum = sums[n * kWideColumns + w];
            T& at = to[(begin + w) * wide_step];
            at = accumulate || first > 0 ? at + sum : sum;
          }
        }
      }
    }
  }

  void update_bias(const Pass& pass, const Share& share) {
    const Slot<T>& y = *this->out;
    const bool is_shared = bias_step_ == 0;
    const Range range = share.features(is_shared ? outputs_ : y.features);
    if (range.size() <= 0) return;
    T* sums = this->work + gradients_size() + (reads_rows() ? kSliceRows * rows_ld() : 0);
    T* part = sums + round_up(y.features, kRowAlign);
    this->kernels->lane_sums(y.grad, y.block_stride, range.begin, range.end, pass.count, sums);
    for (int g = 1; g < groups_ && is_shared; ++g) {
      this->kernels->lane_sums(y.grad_at(0, g * outputs_), y.block_stride, range.begin, range.end,
                               pass.count, part);
      for (int f = range.begin; f < range.end; ++f) sums[f] += part[f];
    }
    for (int begin = range.begin; begin < range.end;) {
      const int group = begin / outputs_;
      const int end = std::min(range.end, (group + 1) * outputs_);
      const int place = static_cast<int>(group * bias_step_) + begin - group * outputs_;
      apply_vector_gradient(*this->kernels, *this->parameters[1], this->first_use[1] != 0,
                            {place, place + end - begin}, sums + begin);
      begin = end;
    }
  }

  // Rows whose products are summed in order; slices and groups are then added up, whichever kernel
  // sums. Of a slice, rows stay in the second-level cache.
  static constexpr int kSliceRows = 256;
  // More lines than narrow_gradient takes on any ISA, and columns of it at a time.
  static constexpr int kMostNarrowLines = 32;
  static constexpr int kWideColumns = 128;

  int groups_;
  int inputs_;
  int outputs_;
  std::ptrdiff_t input_step_;
  std::ptrdiff_t output_step_;
  bool along_outputs_;  // what lies side by side in the kernel belongs to the outputs
  std::vector<int> offsets_;
  std::ptrdiff_t bias_step_;  // from the bias of a group to that of the next; 0 if they share it
  std::vector<std::vector<int>> matrices_;  // which groups share each
};

int shape(const NodeSpec& node) {
  const int groups = static_cast<int>(node.indices.size());
  constexpr double kMost = 1 << 28;  // so that products are exact
  for (const double param : node.params) {
    require(param >= 1 && param <= kMost,
            "grouped_dense needs outputs and steps from 1 to 2**28. Received: " +
                std::to_string(param));
  }
  const auto outputs = static_cast<long>(node.params[kOutputs]);
  require(groups >= 1 && outputs >= 1 && node.input_features[0] % groups == 0,
          "grouped_dense needs groups that divide the features, and outputs. Received: " +
              std::to_string(groups) + " groups of " + std::to_string(node.input_features[0]) +
              " features, outputs=" + std::to_string(outputs));
  require_kernel_and_bias(node);
  const auto input_step = static_cast<long>(node.params[kInputStep]);
  const auto output_step = static_cast<long>(node.params[kOutputStep]);
  require(input_step >= 1 && output_step >= 1 && (input_step == 1 || output_step == 1),
          "grouped_dense needs steps of which one is 1. Received: input_step=" +
              std::to_string(input_step) + ", output_step=" + std::to_string(output_step));
  const long inputs = node.input_features[0] / groups;
  const long last = (inputs - 1) * input_step + (outputs - 1) * output_step;
  for (int offset : node.indices) {
    require(
        offset >= 0 && offset + last < node.variables[0]->padded_size(),
        "grouped_dense has a matrix that does not lie in its kernel, at " + std::to_string(offset));
  }
  require(groups * outputs <= 1 << 28, "grouped_dense's output is too large");
  if (node.variables.size() == 2) {
    const Variable& bias = *node.variables[1];
    const bool is_vector = bias.rows() == 1;
    const bool is_shared = is_vector && bias.cols() == outputs;
    const long size = static_cast<long>(bias.rows()) * bias.cols();
    require((is_shared || size == groups * outputs) && (is_vector || bias.row_step() == 1),
            "grouped_dense needs a bias of each output, or of each output of each group, side by "
            "side. Received: " +
                std::to_string(size) + " numbers");
  }
  return static_cast<int>(groups * outputs);
}

}  // namespace

OpKind grouped_dense_kind() {
  OpKind kind{
      "grouped_dense",       {{"outputs", 1}, {"input_step", 1}, {"output_step", 1}}, 1, 1, shape,
      makers<GroupedDense>()};
  kind.is_product = true;
  return kind;
}

}  // namespace pynn
