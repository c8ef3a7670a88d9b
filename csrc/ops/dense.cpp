// y = W x + b, W a matrix (units, features), or its transpose if `transposed`: a layer may use the
// kernel of another one backwards. Variables: kernel, and bias if there is one.
#include <algorithm>

#include "kernels/choose_product.hpp"
#include "ops/check_node.hpp"
#include "ops/vector_gradient.hpp"

namespace pynn {

namespace {

template <class T>
class Dense : public Op<T> {
 public:
  explicit Dense(const NodeSpec& node)
      : units_(node.features),
        features_(node.input_features[0]),
        transposed_(node.params[0] != 0),
        in_out_((node.variables[0]->layout() == Layout::in_out) != transposed_) {}

  Division forward_division() const override {
    return !is_sparse() ? kFeatureProduct : in_out_ ? kColumnProduct : kRowwise;
  }
  double cost() const override {
    if (!is_sparse()) return 2.0 * units_ * features_;
    return units_ + (2.0 * units_ + kEntryCost) * this->in[0]->entries_per_row;
  }
  // An optimizer with state steps all weights, not only those of the columns that have entries.
  double update_cost() const override {
    const Parameter<T>* kernel = this->parameters[0];
    if (!is_sparse() || kernel == nullptr || kernel->slots.empty()) return cost();
    return cost() + 10.0 * units_ * features_ / kLanes;
  }
  bool may_read_rows() const override { return in_out_ && !is_sparse(); }
  bool wants_rows() const override {
    return trains_kernel() && !in_out_ && gradient_kernel() == WeightGradient::by_rows;
  }
  bool wants_grad_rows() const override {
    if (!trains_kernel()) return false;
    const WeightGradient kernel = gradient_kernel();
    return kernel == WeightGradient::by_entries || (in_out_ && kernel == WeightGradient::by_rows);
  }
  // The sums of the bias, and the ends of the groups of columns, or the sums of narrow_gradient.
  std::ptrdiff_t workspace(int) const override {
    const bool narrow = gradient_kernel() == WeightGradient::by_lanes;
    const std::ptrdiff_t groups = is_sparse() ? (features_ >> shift()) + 1 : 0;
    const std::ptrdiff_t sums = narrow ? lines() * round_up(columns(), kRowAlign) : 0;
    return round_up(units_, kRowAlign) + sums +
           groups * static_cast<std::ptrdiff_t>(sizeof(std::int64_t) / sizeof(T));
  }

  // The weights of an output stay with one worker, unless there are too few to divide.
  bool keeps_features() const override { return is_sparse() && divides_outputs(); }
  bool orders_entries() const override { return is_sparse() && trains_kernel(); }
  double order_cost() const override { return 30.0 * this->in[0]->entries_per_row; }

  void order_entries(const Pass& pass, const Share& share) override {
    const Range columns = divide(features_, kGroupColumns, share.part, share.parts);
    SparseOrderArgs<T> a{};
    a.x = this->in[0]->entries;
    a.count = pass.count;
    a.features = features_;
    a.column_begin = columns.begin;
    a.column_end = columns.end;
    a.group_shift = shift();
    a.entries = this->in[0]->ordered;
    a.group_ends = group_ends();
    this->kernels->sparse_order(a);
  }

  void forward(const Pass& pass, const Share& share) override {
    if (is_sparse()) return forward_entries(pass, share);
    const Range rows = share.features(units_);
    const Slot<T>& x = *this->in[0];
    const Slot<T>& y = *this->out;
    ProductArgs<T> a{};
    a.weights = this->variable_data(0);
    a.row_stride = output_step();
    a.depth_stride = input_step();
    a.depth = features_;
    a.x = x.value_at(share.blocks.begin);
    a.x_block_stride = x.block_stride;
    a.x_rows = is_small_batch(*this->kernels, pass.count) ? x.rows_for_lanes : nullptr;
    a.bias = this->variables.size() > 1 ? this->variable_data(1) : nullptr;
    a.y = y.value_at(share.blocks.begin);
    a.y_block_stride = y.block_stride;
    a.epilogue = this->fuses_relu ? Epilogue::relu : Epilogue::none;
    if (narrow_to(a, rows, pass, share)) choose_product(*this->kernels, a)(a);
  }

  void backward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const Slot<T>& y = *this->out;
    ProductArgs<T> a{};
    a.weights = this->variable_data(0);
    a.row_stride = input_step();
    a.depth_stride = output_step();
    a.depth = units_;
    a.x = y.grad_at(share.blocks.begin);
    a.x_block_stride = y.block_stride;
    a.y = x.grad_at(share.blocks.begin);
    a.y_block_stride = x.block_stride;
    a.accumulate = this->accumulate[0] != 0;
    if (this->relu_mask != nullptr) {
      a.epilogue = Epilogue::relu_gradient;
      a.relu_mask = this->relu_mask->value_at(share.blocks.begin);
      a.relu_mask_block_stride = this->relu_mask->block_stride;
    }
    if (narrow_to(a, share.features(features_), pass, share))
      choose_input_gradient(*this->kernels, a, in_out_, pass.count)(a);
  }

  void update(const Pass& pass, const Share& share) override {
    const WeightGradient kernel = gradient_kernel();
    if (trains_kernel()) {
      switch (kernel) {
        case WeightGradient::by_entries:
          update_by_entries(share);
          break;
        case WeightGradient::by_lanes:
          update_by_lanes(pass, share);
          break;
        case WeightGradient::by_rows:
          update_by_rows(pass, share);
          break;
      }
    }
    if (this->variables.size() < 2 || this->parameters[1] == nullptr) return;
    const Slot<T>& y = *this->out;
    const bool by_rows = y.grad_rows != nullptr;
    const bool is_known = in_out_ && trains_kernel() && kernel == WeightGradient::by_lanes;
    const Range rows = by_rows || is_known ? share.columns(units_) : share.features(units_);
    if (rows.size() <= 0) return;
    if (is_known) {
      // narrow_gradient has left them in `work`.
    } else if (by_rows) {
      this->kernels->row_sums(y.grad_rows, rows.begin, rows.end, pass.count, this->work);
    } else {
      this->kernels->lane_sums(y.grad, y.block_stride, rows.begin, rows.end, pass.count,
                               this->work);
    }
    apply_vector_gradient(*this->kernels, *this->parameters[1], this->first_use[1] != 0, rows,
                          this->work + rows.begin);
  }

 private:
  // Elements from the weights of one output, or input, to those of the next.
  std::ptrdiff_t output_step() const {
    const Variable& kernel = *this->variables[0];
    return transposed_ ? kernel.col_step() : kernel.row_step();
  }
  std::ptrdiff_t input_step() const {
    const Variable& kernel = *this->variables[0];
    return transposed_ ? kernel.row_step() : kernel.col_step();
  }

  // What an entry costs beside its products, in operations: it is copied, ordered and looked up.
  static constexpr double kEntryCost = 150;

  bool is_sparse() const { return this->in[0]->sparse; }
  static constexpr std::ptrdiff_t kLongestSpan = 1 << 24;
  // As the kernel is stored.
  int lines() const { return in_out_ ? features_ : units_; }
  int columns() const { return in_out_ ? units_ : features_; }
  bool trains_kernel() const { return this->parameters[0] != nullptr; }
  WeightGradient gradient_kernel() const {
    return choose_weight_gradient(*this->kernels, {lines(), in_out_}, this->in[0]->is_input,
                                  is_sparse());
  }
  bool divides_outputs() const { return in_out_ && units_ >= 2 * kRowAlign; }
  std::int64_t* group_ends() const {
    return reinterpret_cast<std::int64_t*>(this->work + round_up(units_, kRowAlign));
  }
  int shift() const { return group_shift<T>(in_out_, units_, this->variables[0]->ld()); }

  void forward_entries(const Pass& pass, const Share& share) {
    const Slot<T>& y = *this->out;
    const Range rows = share.columns(units_);
    SparseProductArgs<T> a{};
    a.x = this->in[0]->entries;
    a.first_row = share.blocks.begin * kLanes;
    a.count = std::min(pass.count, share.blocks.end * kLanes) - a.first_row;
    a.in_out = in_out_;
    a.weights = this->variable_data(0);
    a.ld = this->variables[0]->ld();
    a.bias = this->variables.size() > 1 ? this->variable_data(1) : nullptr;
    a.begin = rows.begin;
    a.end = rows.end;
    a.y = y.value_at(share.blocks.begin);
    a.y_block_stride = y.block_stride;
    a.relu = this->fuses_relu;
    if (rows.size() > 0 && a.count > 0) this->kernels->sparse_product(a);
  }

  // Whether the gradient of the kernel is stored or used for a step, and where.
  template <class Args>
  void set_destination(Args& a) const {
    const Parameter<T>& kernel = *this->parameters[0];
    a.ld = kernel.ld;
    a.weights = kernel.weights;
    for (int s = 0; s < kMaxSlots; ++s) a.state[s] = kernel.state[s];
    a.update = &kernel.step;
    a.grad = kernel.grad;
    a.accumulate = kernel.adding || !this->first_use[0];
  }

  // Where only the columns that have entries are stepped, each worker steps the weights that it
  // has read in forward(); where all are, whole lines of them.
  void update_by_entries(const Share& share) {
    Parameter<T>* kernel = this->parameters[0];
    const UpdateStep<T>& step = kernel->step;
    const bool descends = kernel->grad == nullptr && step.optimizer == Optimizer::sgd &&
                          step.l1 == 0 && step.l2 == 0 && step.decay_factor == 1;
    const bool by_outputs = divides_outputs() && descends;
    const Range columns = by_outputs ? Range{0, features_}
                                     : divide(features_, kGroupColumns, share.part, share.parts);
    const Range outputs = by_outputs ? share.columns(units_) : Range{0, units_};
    SparseGradientArgs<T> a{};
    a.entries = this->in[0]->ordered;
    a.group_ends = group_ends();
    a.column_begin = columns.begin;
    a.column_end = columns.end;
    a.grad_rows = this->out->grad_rows;
    a.outputs = units_;
    a.output_begin = outputs.begin;
    a.output_end = outputs.end;
    a.in_out = in_out_;
    a.group_shift = shift();
    set_destination(a);
    this->kernels->sparse_gradient(a);
  }

  // Divided along the columns, of which there may be many.
  void update_by_lanes(const Pass& pass, const Share& share) {
    const Range range = share.columns(columns());
    if (range.size() <= 0) return;
    const Slot<T>& x = *this->in[0];
    const Slot<T>& y = *this->out;
    NarrowGradientArgs<T> a{};
    a.transposed = in_out_ ? y.grad : x.value;
    a.transposed_block_stride = in_out_ ? y.block_stride : x.block_stride;
    a.broadcast = in_out_ ? x.value : y.grad;
    a.broadcast_block_stride = in_out_ ? x.block_stride : y.block_stride;
    a.count = pass.count;
    a.lines = lines();
    a.begin = range.begin;
    a.end = range.end;
    a.sums = this->work + round_up(units_, kRowAlign);
    a.ld = round_up(columns(), kRowAlign);
    if (in_out_ && this->variables.size() > 1 && this->parameters[1] != nullptr)
      a.column_sums = this->work;
    this->kernels->narrow_gradient(a);
    Parameter<T>& kernel = *this->parameters[0];
    const std::ptrdiff_t whole = lines() * kernel.ld;
    if (range.size() == columns() && kernel.ld == a.ld && whole <= kLongestSpan) {
      return apply_vector_gradient(*this->kernels, kernel, this->first_use[0] != 0,
                                   {0, static_cast<int>(whole)}, a.sums);
    }
    for (int line = 0; line < lines(); ++line) {
      const int start = static_cast<int>(line * kernel.ld);
      apply_vector_gradient(*this->kernels, kernel, this->first_use[0] != 0,
                            {start + range.begin, start + range.end},
                            a.sums + line * a.ld + range.begin);
    }
  }

  // A line of the kernel per output, or per input: then x and the gradient of y change places. Of
  // either, a worker steps the weights of the outputs that it has computed in forward().
  void update_by_rows(const Pass& pass, const Share& share) {
    if (in_out_) {
      share.for_each_band(features_, units_, [&](const Band& band) { update_band(pass, band); });
    } else {
      const int width = static_cast<int>(round_up(features_, kRowAlign));
      const Range outputs = share.features(units_);
      if (outputs.size() > 0) update_band(pass, {outputs, {0, width}});
    }
  }

  void update_band(const Pass& pass, const Band& band) {
    const Slot<T>& x = *this->in[0];
    const Slot<T>& y = *this->out;
    WeightGradientArgs<T> a{};
    a.x_rows = in_out_ ? y.grad_rows : x.row_pointers;
    a.count = pass.count;
    a.grad_y = in_out_ ? x.value : y.grad;
    a.grad_y_block_stride = in_out_ ? x.block_stride : y.block_stride;
    a.row_begin = band.lines.begin;
    a.row_end = band.lines.end;
    a.col_begin = band.columns.begin;
    a.col_end = band.columns.end;
    set_destination(a);
    this->kernels->weight_gradient(a);
  }

  // False if nothing is left to do.
  static bool narrow_to(ProductArgs<T>& a, Range rows, const Pass& pass, const Share& share) {
    a.row_begin = rows.begin;
    a.row_end = rows.end;
    const int last_row = share.blocks.end * kLanes;
    a.count = (pass.count < last_row ? pass.count : last_row) - share.blocks.begin * kLanes;
    return rows.size() > 0 && a.count > 0;
  }

  int units_;
  int features_;
  bool transposed_;
  bool in_out_;  // a line of what is stored belongs to an input
};

int shape(const NodeSpec& node) {
  require_kernel_and_bias(node);
  const bool transposed = node.params[0] != 0;
  const Variable& kernel = *node.variables[0];
  const int units = transposed ? kernel.cols() : kernel.rows();
  const int features = node.input_features[0];
  require_variable(node, 0, transposed ? features : units, transposed ? units : features, "kernel");
  if (node.variables.size() == 2) require_variable(node, 1, 1, units, "bias");
  return units;
}

}  // namespace

OpKind dense_kind() {
  OpKind kind{"dense", {{"transposed", 0}}, 1, 1, shape, makers<Dense>()};
  kind.is_dense = kind.is_product = true;
  return kind;
}

}  // namespace pynn
