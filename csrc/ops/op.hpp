// What a graph op is: a kind (name, parameters, shape rule) and, once a plan is built, an Op<T>
// bound to buffers, with forward beside backward. Each op has one file; registry.cpp lists them.
//
// Ops see lanes: slot.value is [block][feature][kLanes], padded lanes hold anything.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/row_numbers.hpp"
#include "kernels/kernel_table.hpp"
#include "ops/expression_program.hpp"
#include "ops/share.hpp"
#include "ops/variable.hpp"

namespace pynn {

// One mini-batch on its way through the plan.
struct Pass {
  int count = 0;  // rows of the batch
  bool training = false;
  bool moves_statistics = true;  // training may change moving averages
  std::uint64_t seed = 0;
  double rate = 0;  // learning rate of this step
  // What else changes from step to step: the learning rate again, the weight decay, and what nodes
  // take by its number. Null where nothing does.
  const double* numbers = nullptr;
  std::uint64_t step = 0;  // optimizer steps before this one; with the seed it keys dropout's masks
  // Row numbers of the batch in the data, and of the batch after it (to be fetched early). Null
  // rows: the batch is consecutive from first_row; in training, it is then a piece of the batch of
  // all rows.
  const std::int64_t* rows = nullptr;
  std::int64_t first_row = 0;
  const std::int64_t* next_rows = nullptr;
  int next_count = 0;

  // Of a lane of a value that has so many features: its number through the whole batch, of which
  // this pass may be a piece.
  std::uint64_t lane_number(int block, int features, int feature) const noexcept {
    return static_cast<std::uint64_t>(((first_row / kLanes + block) * features + feature) * kLanes);
  }

  std::int64_t row(int i) const noexcept { return rows != nullptr ? rows[i] : first_row + i; }
  RowNumbers row_numbers(int begin, int n) const noexcept {
    return {rows == nullptr ? nullptr : rows + begin, first_row + begin, n};
  }
};

// A node's output in a plan. Buffers that are not needed are null.
template <class T>
struct Slot {
  int features = 0;
  // 0: one block is the value for all rows, and its gradient holds partial sums over the blocks.
  std::ptrdiff_t block_stride = 0;
  T* value = nullptr;
  T* grad = nullptr;
  // Row-major copy (ld = row_stride(features)) for the weight gradients of the consumers.
  const T* const* row_pointers = nullptr;
  // The same of the gradient, for the update of weights in in_out layout.
  const T* const* grad_rows = nullptr;
  // The rows of an input, if everything that reads it may read rows of a small batch. Then such a
  // batch has no lanes.
  const T* const* rows_for_lanes = nullptr;
  bool is_input = false;
  // An input whose rows are given by their entries has no value.
  bool sparse = false;
  double entries_per_row = 0;
  SparseBatch<T> entries;
  SparseEntry<T>* ordered = nullptr;  // room for a batch's entries, for update()

  // What stands for the value where tasks say what they read and write.
  const void* key() const noexcept { return sparse ? static_cast<const void*>(this) : value; }

  T* value_at(int block, int feature = 0) const noexcept {
    return value + block * block_stride + static_cast<std::ptrdiff_t>(feature) * kLanes;
  }
  T* grad_at(int block, int feature = 0) const noexcept {
    return grad + block * block_stride + static_cast<std::ptrdiff_t>(feature) * kLanes;
  }
};

// A trainable variable, its optimizer's state and the numbers of the step to come.
template <class T>
struct Parameter {
  VariablePtr variable;
  T* weights = nullptr;
  std::ptrdiff_t ld = 0;
  int rows = 0;
  int cols = 0;
  int lines = 0;  // as it is stored, and so are its state and its gradient
  bool in_out = false;
  std::vector<VariablePtr> slots;
  T* state[kMaxSlots] = {};
  UpdateStep<T> step;
  // Where the gradient is kept: needed for variables that several nodes share, for clipping by norm
  // and for inspection. Null: the update happens where the gradient is computed.
  T* grad = nullptr;
  bool adding = false;  // the gradient of several batches is summed
  // A step leaves weights and state as they are where a whole row of the table that they are, in
  // lookups, has the gradient 0.
  bool skips_zero_rows = false;

  bool is_vector() const noexcept { return rows == 1 && !in_out; }
};

// How the work of one phase may be divided.
struct Division {
  bool blocks;           // every block by itself
  bool features;         // every feature of the output by itself
  bool local;            // divided along features, a part needs no other part of the inputs
  bool columns = false;  // divided along features, in whole groups of kRowAlign: Share::columns
};
inline constexpr Division kElementwise{true, true, true};
inline constexpr Division kFeatureProduct{true, true, false};
inline constexpr Division kRowwise{true, false, false};
inline constexpr Division kFeaturewise{false, true, true};
inline constexpr Division kTranspose{true, true, true, true};
inline constexpr Division kColumnProduct{true, true, false, true};

template <class T>
class Op {
 public:
  virtual ~Op() = default;

  virtual Division forward_division() const { return kElementwise; }
  virtual Division backward_division() const { return forward_division(); }
  // Floating-point operations per batch row; what decides whether dividing the work pays.
  virtual double cost() const { return out->features; }
  virtual double update_cost() const { return cost(); }

  // forward() changes the variables.
  virtual bool writes_variables() const { return false; }

  // update() can step the rows of a table that have a gradient, and leave out the others.
  virtual bool steps_rows() const { return false; }

  // Divided along features even where batches are divided by blocks.
  virtual bool keeps_features() const { return false; }

  // Orders the entries of a sparse input for update(). Divided along the input's features.
  virtual bool orders_entries() const { return false; }
  virtual double order_cost() const { return 0; }
  virtual void order_entries(const Pass&, const Share&) {}

  virtual void forward(const Pass& pass, const Share& share) = 0;
  // Gradients of the inputs whose slot has one, from out->grad.
  virtual void backward(const Pass& pass, const Share& share) = 0;
  // Gradients of the variables, and the optimizer's step on them unless the parameter keeps its
  // gradient. Called when all input gradients of the batch are done. Divided along the output's
  // features.
  virtual void update(const Pass&, const Share&) {}

  // Elements of T that the op wants for itself when a batch has at most so many blocks.
  virtual std::ptrdiff_t workspace(int /*blocks*/) const { return 0; }
  // backward() leaves the gradients of the variables in the workspace, for update().
  virtual bool keeps_gradients() const { return false; }
  virtual bool may_read_rows() const { return false; }    // of a small batch, for lanes
  virtual bool wants_rows() const { return false; }       // of its first input, in update()
  virtual bool wants_grad_rows() const { return false; }  // of its output's gradient, in update()
  virtual void on_bound() {}                              // called once, when all below is set

  // Bound by the plan.
  const KernelTable<T>* kernels = nullptr;
  std::vector<Slot<T>*> in;
  Slot<T>* out = nullptr;
  std::vector<VariablePtr> variables;
  std::vector<Parameter<T>*> parameters;  // per variable; null where it is frozen
  std::vector<char> first_use;   // per variable: this op is the first to add to a kept gradient
  std::vector<char> accumulate;  // per input: add to its gradient instead of overwriting it
  T* work = nullptr;
  int node = 0;
  bool fuses_relu = false;  // a dense op does relu in its tiles, so that the activation need not
  // in[0]'s gradient is 0 where the value of this is not positive; a dense op does that in its
  // tiles, so that the activation need not.
  const Slot<T>* relu_mask = nullptr;

 protected:
  T* variable_data(std::size_t i) const { return variables[i]->template data<T>(); }
};

// A node as it was added to a graph.
struct NodeSpec {
  const struct OpKind* kind = nullptr;
  std::vector<int> inputs;
  std::vector<int> input_features;
  std::vector<VariablePtr> variables;
  std::vector<double> params;  // in the order of the kind's parameter list
  ExpressionProgram program;   // of an expression
  std::vector<int> indices;    // of a selection
  int features = 0;

  // The column of the step's numbers that the op takes; 0 for none.
  inline int column() const noexcept;
};

struct OpParameter {
  const char* name;
  double default_value;
};

struct OpMakers {
  std::unique_ptr<Op<float>> (*f32)(const NodeSpec& node);
  std::unique_ptr<Op<double>> (*f64)(const NodeSpec& node);
};

// makers<Dense>() for an op `template <class T> class Dense`.
template <template <class> class Kind>
constexpr OpMakers makers() {
  return {[](const NodeSpec& node) -> std::unique_ptr<Op<float>> {
            return std::make_unique<Kind<float>>(node);
          },
          [](const NodeSpec& node) -> std::unique_ptr<Op<double>> {
            return std::make_unique<Kind<double>>(node);
          }};
}

struct OpKind {
  std::string name;
  std::vector<OpParameter> parameters;
  int min_inputs;
  int max_inputs;  // -1: any number
  // Checks the node and returns the features of its output.
  int (*shape)(const NodeSpec& node);
  OpMakers make;
  // For the plan's fusions.
  int activation = -1;  // index in kActivationList, or -1
  bool is_softmax = false;
  bool is_dense = false;
  bool is_product = false;  // its tiles can do relu, and relu's derivative
  bool is_input = false;
  bool is_variable = false;        // its value is the same for all rows
  bool reads_one_block = false;    // inputs as wide as its output may have one block for all rows
  bool gradient_in_place = false;  // its input's gradient may lie where its output's is
  bool depends_on_batch =
      false;  // in training, a row's output depends on the other rows of the batch
  bool always_depends_on_batch = false;  // at inference too
  int column_parameter = -1;             // which of the parameters is a column, or -1
  // Throws for a number of that column that the op cannot take.
  void (*check_number)(double number) = [](double) {};
};

inline int NodeSpec::column() const noexcept {
  const int parameter = kind->column_parameter;
  return parameter < 0 ? 0 : static_cast<int>(params[parameter]);
}

template <class T>
std::unique_ptr<Op<T>> make_op(const NodeSpec& node) {
  if constexpr (sizeof(T) == 4) {
    return node.kind->make.f32(node);
  } else {
    return node.kind->make.f64(node);
  }
}

// Passes n elements of a gradient on as they are; they may be in place already.
template <class T>
void pass_gradient(const KernelTable<T>& kernels, const T* grad, T* to, std::ptrdiff_t n,
                   bool accumulate) {
  if (accumulate) {
    kernels.add(grad, to, to, n);
  } else if (to != grad) {
    std::copy_n(grad, n, to);
  }
}

// Calls body(block, begin, end) for each block of the share, with the share's range of `features`.
template <class Body>
void for_each_block(const Share& share, int features, Body body) {
  const Range range = share.features(features);
  if (range.size() <= 0) return;
  for (int block = share.blocks.begin; block < share.blocks.end; ++block)
    body(block, range.begin, range.end);
}

}  // namespace pynn
