// A chain of elementwise ops as one op: a program that runs over a piece of a block of lanes at a
// time, its intermediate values in the first-level cache. backward computes again those that the
// gradients need, activations with their derivatives, and walks the program from its end; nothing
// is kept between the two but the inputs and the output.
//
// Inputs have as many features as the output, or one, which then serves all features. An input may
// be one block for all rows: its gradient is summed over the blocks, in their order.
#include <algorithm>
#include <cstring>
#include <string>

#include "base/arena.hpp"
#include "dispatch/dispatch.hpp"
#include "ops/check_node.hpp"

namespace pynn {

namespace {

// Elements of all intermediate values of a piece together, on the stack: 64 KB of float32.
constexpr int kScratch = 1 << 14;
// Features of a piece at most: 512 elements share the cost of a call, over 32 AVX-512 vectors.
constexpr int kPieceFeatures = 16;
// Features that go through all blocks before the next ones where inputs are one block for all rows:
// those and their gradients stay in the second-level cache.
constexpr int kStripFeatures = 64;
// Values and their gradients, at one feature each, fit the scratch memory.
constexpr int kMaxValues = kScratch / kLanes / 2;

template <class T>
class Expression : public Op<T> {
 public:
  explicit Expression(const NodeSpec& node)
      : program_(node.program),
        features_(node.features),
        inputs_(static_cast<int>(node.inputs.size())),
        first_value_(inputs_ + static_cast<int>(node.program.constants.size())),
        values_(static_cast<int>(node.program.instructions.size())) {
    for (int features : node.input_features) narrow_.push_back(features < features_);
    const auto narrow = static_cast<int>(std::count(narrow_.begin(), narrow_.end(), 1));
    any_narrow_ = narrow > 0;
    int buffers = 2 * values_ + inputs_ + narrow;
    for (const Instruction& step : program_.instructions) buffers += step.is_activation ? 1 : 0;
    may_have_derivatives_ = buffers <= kScratch / kLanes;
    piece_ = std::clamp(kScratch / kLanes / buffers, 1, kPieceFeatures);
    for (const std::vector<double>& constant : program_.constants) {
      const bool one = constant.size() == 1;
      const int rows = one ? piece_ : features_;
      AlignedBuffer buffer(static_cast<std::size_t>(rows) * kLanes * sizeof(T));
      for (int f = 0; f < rows; ++f) {
        const double value = constant[one ? 0 : static_cast<std::size_t>(f)];
        std::fill_n(static_cast<T*>(buffer.data()) + f * kLanes, kLanes, static_cast<T>(value));
      }
      constants_.push_back(std::move(buffer));
    }
  }

  Division forward_division() const override {
    return any_narrow_ ? kFeatureProduct : kElementwise;
  }
  Division backward_division() const override {
    for (int i = 0; i < inputs_; ++i) {
      if (is_narrow(i) && input(i).grad != nullptr) return kRowwise;
      if (is_one_block(i) && input(i).grad != nullptr) return kFeaturewise;
    }
    return forward_division();
  }
  double cost() const override {
    double operations = 0;
    for (const Instruction& i : program_.instructions) operations += i.is_activation ? 10 : 3;
    return operations * features_;
  }

  void on_bound() override {
    for (int i = 0; i < inputs_; ++i) any_one_block_ = any_one_block_ || is_one_block(i);
    plan_gradients();
    plan_values();
  }

  void forward(const Pass&, const Share& share) override {
    for_each_piece(share, [&](Piece& piece) {
      for (int value = 0; value < values_; ++value) piece.compute(value);
    });
  }

  void backward(const Pass& pass, const Share& share) override {
    for_each_block(share, features_,
                   [&](int block, int begin, int end) { clear_unreached(block, begin, end); });
    for_each_piece(share, [&](Piece& piece) {
      for (int value : needed_) piece.compute_again(value);
      for (const Slope& slope : slopes_) piece.differentiate(slope);
      piece.add_up_narrow_gradients();
      piece.add_up_blocks(pass.count);
    });
  }

 private:
  // One step of the backward pass: the gradient of a value with respect to one of its operands.
  struct Slope {
    int value;
    int operand;  // which of the instruction's
    bool accumulate;
  };

  // Where the operands of a piece lie: features [f, f + n) of a block.
  class Piece {
   public:
    Piece(const Expression& op, T* scratch, int block)
        : op_(op), scratch_(scratch), block_(block), stride_(op.piece_ * kLanes) {
      for (int i = 0; i < op.inputs_; ++i) {
        if (op.is_one_block(i)) grads_[i] = take();
        if (!op.is_narrow(i)) continue;
        T* copies = take();
        for (int f = 0; f < op.piece_; ++f)
          std::memcpy(copies + f * kLanes, op.input(i).value_at(block), kLanes * sizeof(T));
        at_[i] = copies;
        grads_[i] = take();
      }
      for (int v = 0; v < op.values_ - 1; ++v) {
        at_[op.first_value_ + v] = results_[v] = take();
        grads_[op.first_value_ + v] = take();
        if (op.has_derivative_[v]) derivatives_[v] = take();
      }
    }

    void move_to(int f, int n) {
      begin_ = f;
      n_ = static_cast<std::ptrdiff_t>(n) * kLanes;
      for (int i = 0; i < op_.inputs_; ++i) {
        if (op_.is_narrow(i)) continue;
        at_[i] = op_.input(i).value_at(block_, f);
        if (op_.input(i).grad != nullptr && !op_.is_one_block(i))
          grads_[i] = op_.input(i).grad_at(block_, f);
      }
      for (int c = op_.inputs_; c < op_.first_value_; ++c)
        at_[c] = op_.constant_at(c - op_.inputs_, f);
      const int last = op_.first_value_ + op_.values_ - 1;
      results_[op_.values_ - 1] = op_.out->value_at(block_, f);
      at_[last] = results_[op_.values_ - 1];
      if (op_.out->grad != nullptr) grads_[last] = op_.out->grad_at(block_, f);
    }

    void compute(int value) {
      const Instruction& step = op_.instruction(value);
      const KernelTable<T>& kernels = *op_.kernels;
      if (step.is_activation) {
        kernels.activation[step.function].forward(operand(step, 0), results_[value], n_,
                                                  static_cast<T>(step.alpha));
      } else {
        kernels.elementwise[step.function].forward(operand(step, 0), operand(step, 1),
                                                   operand(step, 2), results_[value], n_);
      }
    }

    // In the backward pass.
    void compute_again(int value) {
      if (!op_.has_derivative_[value]) return compute(value);
      const Instruction& step = op_.instruction(value);
      op_.kernels->activation[step.function].forward_and_slope(
          operand(step, 0), results_[value], derivatives_[value], n_, static_cast<T>(step.alpha));
    }

    void differentiate(const Slope& slope) {
      const Instruction& step = op_.instruction(slope.value);
      const KernelTable<T>& kernels = *op_.kernels;
      const T* grad = grads_[op_.first_value_ + slope.value];
      const T* result = at_[op_.first_value_ + slope.value];
      T* into = grads_[step.operands[slope.operand]];
      if (op_.has_derivative_[slope.value]) {
        const auto multiply = slope.accumulate ? kernels.multiply_add : kernels.multiply;
        multiply(grad, derivatives_[slope.value], into, n_);
      } else if (step.is_activation) {
        const ActivationKernel<T>& kernel = kernels.activation[step.function];
        kernel.backward(grad, kernel.needs_input ? operand(step, 0) : result, into, n_,
                        static_cast<T>(step.alpha), slope.accumulate);
      } else {
        kernels.elementwise[step.function].slope[slope.operand](grad, operand(step, 0),
                                                                operand(step, 1), operand(step, 2),
                                                                result, into, n_, slope.accumulate);
      }
    }

    void add_up_narrow_gradients() {
      for (int i = 0; i < op_.inputs_; ++i) {
        if (!op_.is_narrow(i) || !op_.reached_[i]) continue;
        const bool accumulate = begin_ > 0 || op_.accumulate[i] != 0;
        op_.kernels->sum_features(grads_[i], static_cast<int>(n_ / kLanes), 1, T(1),
                                  op_.input(i).grad_at(block_), accumulate);
      }
    }

    void add_up_blocks(int rows) {
      const auto n = static_cast<int>(n_ / kLanes);
      for (int i = 0; i < op_.inputs_; ++i) {
        if (!op_.is_one_block(i) || !op_.reached_[i]) continue;
        op_.kernels->add_partial_sums(grads_[i], n, rows - block_ * kLanes,
                                      op_.input(i).grad_at(0, begin_), block_ > 0);
      }
    }

   private:
    T* take() {
      T* buffer = scratch_;
      scratch_ += stride_;
      return buffer;
    }
    const T* operand(const Instruction& step, std::size_t k) const {
      return k < step.operands.size() ? at_[step.operands[k]] : nullptr;
    }

    const Expression& op_;
    T* scratch_;
    int block_;
    std::ptrdiff_t stride_;
    int begin_ = 0;
    std::ptrdiff_t n_ = 0;
    T* results_[kMaxValues];
    T* derivatives_[kMaxValues];
    const T* at_[3 * kMaxValues];  // by operand number
    T* grads_[3 * kMaxValues];
  };

  // Calls body(piece) for the pieces of the share.
  template <class Body>
  void for_each_piece(const Share& share, Body body) const {
    alignas(64) T scratch[kScratch];
    const Range range = share.features(features_);
    const int strip = any_one_block_ ? kStripFeatures : std::max(range.size(), 1);
    for (int begin = range.begin; begin < range.end; begin += strip) {
      const int end = std::min(begin + strip, range.end);
      for (int block = share.blocks.begin; block < share.blocks.end; ++block) {
        Piece piece(*this, scratch, block);
        for (int f = begin; f < end; f += piece_) {
          piece.move_to(f, std::min(piece_, end - f));
          body(piece);
        }
      }
    }
  }

  const Instruction& instruction(int value) const { return program_.instructions[value]; }
  const Slot<T>& input(int i) const { return *this->in[i]; }
  bool is_narrow(int i) const { return narrow_[i] != 0; }
  bool is_one_block(int i) const { return input(i).block_stride == 0; }
  const T* constant_at(int c, int f) const {
    const bool one = program_.constants[c].size() == 1;
    return static_cast<const T*>(constants_[c].data()) + (one ? 0 : f * kLanes);
  }
  // Bit k: the instruction has a gradient with respect to its operand k.
  int smooth(const Instruction& step) const {
    return step.is_activation ? 1 : this->kernels->elementwise[step.function].smooth;
  }
  // What its gradients read: bits 0 to 2 the operands, bit 3 the result.
  int reads(const Instruction& step) const {
    if (!step.is_activation) return this->kernels->elementwise[step.function].reads;
    return this->kernels->activation[step.function].needs_input ? 1 : 8;
  }

  // The gradients on the way from the result to the inputs that have one.
  void plan_gradients() {
    const auto total = static_cast<std::size_t>(first_value_ + values_);
    std::vector<char> wanted(total, 0), started(total, 0);
    for (int i = 0; i < inputs_; ++i) wanted[i] = input(i).grad != nullptr;
    for (int v = 0; v < values_; ++v) {
      const Instruction& step = instruction(v);
      for (std::size_t k = 0; k < step.operands.size(); ++k) {
        if ((smooth(step) >> k & 1) != 0 && wanted[step.operands[k]]) wanted[first_value_ + v] = 1;
      }
    }
    started[total - 1] = this->out->grad != nullptr;
    for (int v = values_ - 1; v >= 0; --v) {
      const Instruction& step = instruction(v);
      if (!started[first_value_ + v]) continue;
      for (std::size_t k = 0; k < step.operands.size(); ++k) {
        const int operand = step.operands[k];
        if ((smooth(step) >> k & 1) == 0 || !wanted[operand]) continue;
        bool accumulate = started[operand] != 0;
        if (operand < inputs_ && !is_narrow(operand))
          accumulate = accumulate || this->accumulate[operand] != 0;
        slopes_.push_back({v, static_cast<int>(k), accumulate});
        started[operand] = 1;
      }
    }
    reached_.assign(started.begin(), started.begin() + inputs_);
  }

  // What must be computed again for the gradients.
  void plan_values() {
    std::vector<char> needed(static_cast<std::size_t>(values_), 0);
    const int last = first_value_ + values_ - 1;  // which the output has
    const auto need = [&](int operand) {
      if (operand >= first_value_ && operand < last) needed[operand - first_value_] = 1;
    };
    for (const Slope& slope : slopes_) {
      const Instruction& step = instruction(slope.value);
      for (std::size_t k = 0; k < step.operands.size(); ++k) {
        if ((reads(step) >> k & 1) != 0) need(step.operands[k]);
      }
      if ((reads(step) & 8) != 0) need(first_value_ + slope.value);
    }
    for (int v = values_ - 2; v >= 0; --v) {
      if (!needed[v]) continue;
      for (int operand : instruction(v).operands) need(operand);
    }
    for (int v = 0; v < values_ - 1; ++v) {
      if (needed[v]) needed_.push_back(v);
    }
    has_derivative_.assign(static_cast<std::size_t>(values_), 0);
    for (const Slope& slope : slopes_) {
      const Instruction& step = instruction(slope.value);
      has_derivative_[slope.value] =
          may_have_derivatives_ && needed[slope.value] && step.is_activation &&
          this->kernels->activation[step.function].forward_and_slope != nullptr;
    }
  }

  // Inputs that no gradient reaches, and whose gradient no other op has written.
  void clear_unreached(int block, int begin, int end) {
    for (int i = 0; i < inputs_; ++i) {
      if (input(i).grad == nullptr || reached_[i] || this->accumulate[i]) continue;
      if (is_narrow(i)) begin = 0, end = 1;
      std::memset(input(i).grad_at(block, begin), 0,
                  static_cast<std::size_t>(end - begin) * kLanes * sizeof(T));
    }
  }

  ExpressionProgram program_;
  int features_;
  int inputs_;
  int first_value_;  // operands before it are inputs and constants
  int values_;
  int piece_;  // features computed at once
  bool any_narrow_;
  bool any_one_block_ = false;
  std::vector<char> narrow_;   // per input
  std::vector<char> reached_;  // per input: it gets a gradient
  std::vector<AlignedBuffer> constants_;
  bool may_have_derivatives_;  // there is room for them
  std::vector<int> needed_;
  std::vector<char> has_derivative_;  // per value: computed with it again
  std::vector<Slope> slopes_;
};

int operands_of(const Instruction& step) {
  return step.is_activation ? 1 : kernel_table<float>().elementwise[step.function].operands;
}

int shape(const NodeSpec& node) {
  const ExpressionProgram& program = node.program;
  require(!program.instructions.empty(), "an expression needs at least one instruction");
  const std::size_t known = node.inputs.size() + program.constants.size();
  require(known <= kMaxValues && node.inputs.size() + program.instructions.size() <= kMaxValues,
          "an expression may have at most " + std::to_string(kMaxValues) +
              " inputs, constants and instructions");
  int features = 1;
  for (int width : node.input_features) features = std::max(features, width);
  for (const auto& constant : program.constants)
    features = std::max(features, static_cast<int>(constant.size()));
  const auto check = [&](int width) {
    require(width == 1 || width == features,
            "an expression needs inputs and constants of one feature or of the same number. "
            "Received: " +
                std::to_string(width) + " and " + std::to_string(features) + " features");
  };
  for (int width : node.input_features) check(width);
  for (const auto& constant : program.constants) check(static_cast<int>(constant.size()));
  for (std::size_t v = 0; v < program.instructions.size(); ++v) {
    const Instruction& step = program.instructions[v];
    require(static_cast<int>(step.operands.size()) == operands_of(step),
            "instruction " + std::to_string(v) + " has a wrong number of operands");
    for (int operand : step.operands) {
      require(operand >= 0 && operand < static_cast<int>(known + v),
              "instruction " + std::to_string(v) + " has no operand " + std::to_string(operand));
    }
  }
  return features;
}

}  // namespace

OpKind expression_kind() {
  OpKind kind{"expression", {}, 1, -1, shape, makers<Expression>()};
  kind.reads_one_block = true;
  return kind;
}

}  // namespace pynn
