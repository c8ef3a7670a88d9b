// The only list of kernel pointers: what a unit compiled for one ISA offers to the rest of the
// engine. Only raw pointers and plain structs cross this boundary. Nothing here may depend on an
// ISA.
//
// Words used below:
//   lanes      activations in blocks, [block][feature][kLanes]; `block_stride` in elements
//   rows       row-major matrices whose rows are padded with zeros to kRowAlign elements; `ld` in
//   elements count      batch rows that hold data; lanes from `count` on hold anything and are
//   never summed
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/layout.hpp"
#include "formulas/lists.hpp"

namespace pynn {

// What happens to a finished tile of a product while it is still in registers.
enum class Epilogue : int {
  none,
  relu,           // y = max(y, 0)
  relu_gradient,  // y = relu_mask > 0 ? y : 0
};

// y[row][lane] = (bias[row] | y[row][lane] | 0) + sum over t of w[row * row_stride + t *
// depth_stride] x[t][lane] for rows in [row_begin, row_end). One of the two strides is 1. y may not
// alias x, w or bias.
template <class T>
struct ProductArgs {
  const T* weights;
  std::ptrdiff_t row_stride;
  std::ptrdiff_t depth_stride;
  int row_begin;
  int row_end;
  int depth;
  const T* x;
  std::ptrdiff_t x_block_stride;
  // Instead of x, if not null: rows of the batch, for small_batch_product.
  const T* const* x_rows;
  const T* bias;  // may be null
  T* y;
  std::ptrdiff_t y_block_stride;
  int count;
  bool accumulate;  // start from what y holds
  Epilogue epilogue;
  const T* relu_mask;  // for relu_gradient; rows and lanes as y's
  std::ptrdiff_t relu_mask_block_stride;
};

// Batches of up to so many rows may take small_batch_gradient; see choose_product.hpp.
inline constexpr int kSmallGradientBatch = 8;

// One optimizer step's numbers, the same for every parameter but for the regularizer's.
template <class T>
struct UpdateStep {
  static constexpr int kNumbers = 8;
  Optimizer optimizer = Optimizer::sgd;
  T h[kNumbers] = {};  // what the formula's prepare() made of rate, step and hyperparameters
  T l1 = 0;            // gradient += l1 sign(w) + l2 w
  T l2 = 0;
  T decay_factor = 1;    // w *= decay_factor before the step: decoupled weight decay
  T gradient_scale = 1;  // gradient *= gradient_scale: clipping by norm
  T clip = 0;            // gradient clipped to [-clip, clip] if > 0
};

inline constexpr int kMaxSlots = 3;

// grad[row][col] = sum over the batch of grad_y[row][lane] x_rows[lane][col], rows in [row_begin,
// row_end), cols in [col_begin, col_end), multiples of kRowAlign. Then either stored (grad not
// null) or used at once to step the weights and the optimizer's state.
template <class T>
struct WeightGradientArgs {
  const T* const* x_rows;  // `count` pointers, each readable up to element col_end
  int count;
  const T* grad_y;
  std::ptrdiff_t grad_y_block_stride;
  int row_begin;
  int row_end;
  int col_begin;
  int col_end;
  std::ptrdiff_t ld;  // of weights, grad and state
  T* weights;
  T* state[kMaxSlots];
  const UpdateStep<T>* update;
  T* grad;          // if not null: store the gradient here and update nothing
  bool accumulate;  // add to grad instead of overwriting it
};

// sums[line][column] = sum over the batch of broadcast[line][lane] transposed[column][lane],
// columns in [begin, end), begin a multiple of kRowAlign; what is beyond `end` in the last vector
// is 0. column_sums[column], if not null, as lane_sums() has it; beyond `end` anything. Whole
// vectors are written: there must be room for `end` rounded up to kRowAlign.
template <class T>
struct NarrowGradientArgs {
  const T* transposed;
  std::ptrdiff_t transposed_block_stride;
  const T* broadcast;
  std::ptrdiff_t broadcast_block_stride;
  int count;
  int lines;
  int begin;
  int end;
  T* sums;
  std::ptrdiff_t ld;
  T* column_sums;
};

// Rows of a batch by their entries: row r has columns[starts[r] .. ends[r]), ascending, and the
// values beside them. Rows follow one another in memory.
template <class T>
struct SparseBatch {
  const std::int64_t* starts = nullptr;
  const std::int64_t* ends = nullptr;
  const std::int32_t* columns = nullptr;
  const T* values = nullptr;
};

template <class T>
struct SparseEntry {
  std::int32_t column;
  std::int32_t row;
  T value;
};

// y[row][lane] = bias[row] | 0, + sum over the entries of x's row of w[row][column] value, for rows
// of y in [begin, end), begin a multiple of kRowAlign; x's rows [first_row, first_row + count), the
// first of which is lane 0. In in_out layout, whole groups of kRowAlign rows of y are written.
template <class T>
struct SparseProductArgs {
  SparseBatch<T> x;
  int first_row;
  int count;
  bool in_out;  // weights have a line of `ld` elements per column, or else per row of y
  const T* weights;
  std::ptrdiff_t ld;
  const T* bias;  // may be null
  int begin;
  int end;
  T* y;
  std::ptrdiff_t y_block_stride;
  bool relu;
};

// The entries of a batch are summed by groups of columns, whose sums stay in the first-level cache.
inline constexpr int kGroupColumns = 64;
inline constexpr int kGroupOutputs = 512;  // outputs that are summed at a time
template <class T>
inline constexpr int kGroupSums = 16384 / sizeof(T);

// Columns of a group as a power of 2, for weights with lines of `ld` elements.
template <class T>
constexpr int group_shift(bool in_out, int outputs, std::ptrdiff_t ld) {
  int shift = 6;
  static_assert(kGroupColumns == 1 << 6);
  const std::ptrdiff_t stride = outputs <= kGroupOutputs ? ld : kGroupOutputs;
  while (in_out && (stride << shift) > kGroupSums<T>) --shift;
  return shift;
}

// The batch's entries in the columns [column_begin, column_end), ordered by groups of columns and
// within a group by row. column_begin is a multiple of kGroupColumns, and so is column_end unless
// it is `features`.
template <class T>
struct SparseOrderArgs {
  SparseBatch<T> x;
  int count;
  int features;
  int column_begin;
  int column_end;
  int group_shift;
  SparseEntry<T>* entries;   // of all columns; each call fills in its columns' part
  std::int64_t* group_ends;  // of all groups: where in `entries` each ends
};

// As WeightGradientArgs, for rows of which only the entries are stored: for the columns
// [column_begin, column_end), as in SparseOrderArgs, and the outputs [output_begin, output_end),
// output_begin a multiple of kRowAlign.
template <class T>
struct SparseGradientArgs {
  const SparseEntry<T>* entries;  // ordered
  const std::int64_t* group_ends;
  int column_begin;
  int column_end;
  const T* const* grad_rows;  // of y, row-major
  int outputs;                // in all
  int output_begin;
  int output_end;
  bool in_out;
  int group_shift;
  std::ptrdiff_t ld;  // of weights, grad and state
  T* weights;
  T* state[kMaxSlots];
  const UpdateStep<T>* update;
  T* grad;
  bool accumulate;
};

// x and y: n elements, n a multiple of kRowAlign. What is written may be what is read, element for
// element, and may not overlap it in any other way.
template <class T>
struct ActivationKernel {
  bool needs_input;  // backward reads x, else y
  void (*forward)(const T* x, T* y, std::ptrdiff_t n, T alpha) noexcept;
  // grad_x = grad_y * dy/dx (+ grad_x if accumulate); grad_x may be grad_y.
  void (*backward)(const T* grad_y, const T* saved, T* grad_x, std::ptrdiff_t n, T alpha,
                   bool accumulate) noexcept;
  // y and dy/dx in one pass; null where that saves nothing.
  void (*forward_and_slope)(const T* x, T* y, T* slope, std::ptrdiff_t n, T alpha) noexcept;
};

// An entry of formulas/elementwise/elementwise.def on n elements, n a multiple of kRowAlign; any
// alignment. Operands that the op does not have may be null, and y may be an operand.
template <class T>
struct ElementwiseKernel {
  int operands;
  int smooth;  // bit k: slope[k] is there
  int reads;   // what slopes read: bits 0 to 2 the operands, bit 3 y; the others may be null
  void (*forward)(const T* a, const T* b, const T* c, T* y, std::ptrdiff_t n) noexcept;
  // grad_operand (+)= grad_y * dy / d operand; it may be grad_y unless it is accumulated.
  void (*slope[kMaxOperands])(const T* grad_y, const T* a, const T* b, const T* c, const T* y,
                              T* grad_operand, std::ptrdiff_t n, bool accumulate) noexcept;
};

// One block of one loss: target and prediction are [features][kLanes] (a sparse target:
// [1][kLanes]). losses[lane]: the loss of each row; grad (if not null): its gradient times
// scale[lane].
template <class T>
struct LossArgs {
  const T* target;
  const T* prediction;
  int features;
  T parameters[kMaxLossParameters];
  T* losses;
  T* grad;
  const T* scale;
  bool accumulate;  // add to grad
};

template <class T>
struct OptimizerKernel {
  int slots;
  int initial_hyper;  // index of the hyperparameter that slot 0 starts from, or -1 for 0
  bool ignores_zero;  // a gradient of 0 changes nothing
  void (*prepare)(const double* hyper, double step, double* memory, double rate, double* numbers);
  // n elements of a parameter, its state and its gradient; any n, any alignment.
  void (*span)(T* w, T* const* state, const T* grad, std::ptrdiff_t n,
               const UpdateStep<T>& step) noexcept;
};

template <class T>
struct BatchNormArgs {
  const T* x;
  T* y;
  std::ptrdiff_t block_stride;  // the same for x, y and gradients
  int row_begin;
  int row_end;
  int count;
  const T* gamma;  // may be null
  const T* beta;   // may be null
  T* mean;         // of this batch, or the moving one at inference
  T* inverse_deviation;
  T* variance;  // of this batch (biased); backward: null if mean and deviation are constants
  T epsilon;
  // backward
  const T* grad_y;
  T* grad_x;        // may be null
  bool accumulate;  // add to grad_x
  T* grad_gamma;    // may be null
  T* grad_beta;     // may be null
};

// One epoch of the perceptron rule over rows in the given order; see perceptron-inl.hpp.
template <class T>
struct PerceptronArgs {
  const T* x;         // dense rows, or the values of a CSR matrix
  std::ptrdiff_t ld;  // dense: elements between rows
  int features;
  const std::int64_t* indptr;   // CSR, else null
  const std::int32_t* indices;  // CSR
  const std::int64_t* order;    // `count` row numbers
  std::int64_t count;
  const T* targets;  // [row]: -1 or 1 for a threshold unit, the value itself for a linear unit
  const T* sample_weight;  // [row] or null
  T* weights;              // [features]
  T* intercept;            // one number
  bool fit_intercept;
  bool linear_unit;  // delta rule instead of the perceptron rule
  T rate;
  T intercept_decay;  // factor on the intercept's step
  T l1;               // alpha * l1_ratio
  T l2;               // alpha * (1 - l1_ratio)
  T* l1_applied;      // [features]: what L1 has taken off each weight so far; null if l1 is 0
  double* l1_total;   // what L1 could have taken off so far
  // results
  double loss_sum;
  double penalty_sum;  // of the penalty on the weights as they were at each row
  std::int64_t updates;
  bool finite;  // whether the weights that were changed, and the intercept, are
};

template <class T>
struct KernelTable {
  // Dense layers; choose_product.hpp chooses between them.
  void (*product)(const ProductArgs<T>&) noexcept;  // any arguments
  // The same sums, for at most small_batch rows and row_stride 1.
  void (*small_batch_product)(const ProductArgs<T>&) noexcept;
  int small_batch;
  // The same sums, for one row and depth_stride 1.
  void (*row_product)(const ProductArgs<T>&) noexcept;
  // The product for at most kSmallGradientBatch rows and depth_stride 1, without bias: of partial
  // sums, which are other sums than those above.
  void (*small_batch_gradient)(const ProductArgs<T>&) noexcept;
  void (*weight_gradient)(const WeightGradientArgs<T>&) noexcept;
  // For weights of at most narrow_lines lines.
  void (*narrow_gradient)(const NarrowGradientArgs<T>&) noexcept;
  int narrow_lines;
  void (*sparse_product)(const SparseProductArgs<T>&) noexcept;
  void (*sparse_order)(const SparseOrderArgs<T>&) noexcept;
  void (*sparse_gradient)(const SparseGradientArgs<T>&) noexcept;

  // transposes
  // `count` row pointers -> lanes, columns [col_begin, col_end), col_begin a multiple of kRowAlign;
  // each row is readable for `col_end` elements rounded up to 16 bytes.
  void (*rows_to_lanes)(const T* const* rows, int count, int col_begin, int col_end, T* lanes,
                        std::ptrdiff_t block_stride) noexcept;
  // lanes -> rows, features [begin, end), begin a multiple of kRowAlign. Writes whole kRowAlign
  // groups: what stands past `end` in the lanes' last group is read, and written as 0.
  void (*lanes_to_rows)(const T* lanes, std::ptrdiff_t block_stride, int begin, int end, int count,
                        T* rows, std::ptrdiff_t ld) noexcept;

  // elementwise; y may be an operand, as of activations
  ActivationKernel<T> activation[kActivations];
  ElementwiseKernel<T> elementwise[kElementwiseOps];
  void (*add)(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept;
  void (*subtract)(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept;
  void (*multiply)(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept;
  void (*scale_add)(const T* x, T scale, T* y, std::ptrdiff_t n) noexcept;          // y += scale x
  void (*multiply_add)(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept;    // y += a b
  void (*select_larger)(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept;   // y = max(a, b)
  void (*select_smaller)(const T* a, const T* b, T* y, std::ptrdiff_t n) noexcept;  // y = min(a, b)
  // Bit l of kept[f] is 1 with probability 1 - rate; decided by the upper half of random_bits(key,
  // first + kLanes f + l). A rate of 1 drops all but one in 2^32.
  void (*draw_kept)(std::uint32_t* kept, std::ptrdiff_t features, double rate, std::uint64_t key,
                    std::uint64_t first) noexcept;
  // y = scale x in the lanes of features whose bits are 1, else 0 (+ y if accumulate).
  void (*scale_kept)(const T* x, const std::uint32_t* kept, T scale, T* y, std::ptrdiff_t features,
                     bool accumulate) noexcept;
  // y[i] = mean + deviation z, z normal by random_bits(key, first + i), |z| < 5.3. n: whole
  // vectors.
  void (*normal_noise)(T* y, std::ptrdiff_t n, T mean, T deviation, std::uint64_t key,
                       std::uint64_t first) noexcept;

  // rows of lanes
  void (*softmax)(const T* x, T* y, int features) noexcept;
  void (*softmax_backward)(const T* grad_y, const T* y, T* grad_x, int features,
                           bool accumulate) noexcept;
  void (*log_softmax)(const T* x, T* y, int features) noexcept;
  void (*log_softmax_backward)(const T* grad_y, const T* y, T* grad_x, int features,
                               bool accumulate) noexcept;
  void (*argmax)(const T* x, int features, T* index) noexcept;  // first largest; [kLanes]
  void (*threshold_hits)(const T* target, const T* prediction, int features, T threshold,
                         T* mean) noexcept;
  // sums[row] = sum over the batch of x[row], rows in [row_begin, row_end).
  void (*lane_sums)(const T* x, std::ptrdiff_t block_stride, int row_begin, int row_end, int count,
                    T* sums) noexcept;
  // sums[f * kLanes + i] for i < kPartialSums, of the rows of one block. When all blocks have added
  // theirs, lane_sums() of the first kPartialSums lanes has the bits of lane_sums() of the blocks.
  void (*add_partial_sums)(const T* x, int features, int rows, T* sums, bool accumulate) noexcept;
  // lane_sums(), of the same bits, from rows: of the columns [begin, end), whole vectors of them.
  // begin is a multiple of kRowAlign.
  void (*row_sums)(const T* const* rows, int begin, int end, int count, T* sums) noexcept;
  void (*batch_moments)(const BatchNormArgs<T>&) noexcept;
  void (*batch_normalize)(const BatchNormArgs<T>&) noexcept;
  void (*batch_normalize_backward)(const BatchNormArgs<T>&) noexcept;

  // Along features: y[i] = sum of x[f * inner + i] over f in [0, length), in order, divided by
  // `divisor`, for rows of lanes i in [0, inner); from what y holds on, if accumulated.
  void (*sum_features)(const T* x, int length, int inner, T divisor, T* y,
                       bool accumulate) noexcept;
  void (*sum_features_backward)(const T* grad_y, int length, int inner, T divisor, T* grad_x,
                                bool accumulate) noexcept;
  // The largest or least of them, NaN if there is one; equal ones share the gradient.
  void (*largest_features)(const T* x, int length, int inner, T* y) noexcept;
  void (*least_features)(const T* x, int length, int inner, T* y) noexcept;
  void (*extreme_features_backward)(const T* grad_y, const T* x, const T* y, int length, int inner,
                                    T* grad_x, bool accumulate) noexcept;

  void (*loss[kLosses])(const LossArgs<T>&) noexcept;
  OptimizerKernel<T> optimizer[kOptimizers];

  // sums over a padded row; 16 strided partial sums and a fixed tree
  T (*sum_squares)(const T* x, std::ptrdiff_t n) noexcept;
  T (*sum_magnitudes)(const T* x, std::ptrdiff_t n) noexcept;
  // The same sums down `cols` columns of `rows` rows; cols a multiple of kRowAlign.
  void (*column_squares)(const T* x, std::ptrdiff_t ld, int rows, int cols, T* sums) noexcept;
  void (*column_magnitudes)(const T* x, std::ptrdiff_t ld, int rows, int cols, T* sums) noexcept;

  void (*perceptron)(PerceptronArgs<T>&) noexcept;

  // Independent multiply-adds in registers, `rounds` times; returns the operations done.
  double (*fma_peak)(std::int64_t rounds) noexcept;
};

// Where work is best divided between workers: at the ends of whole tiles.
struct TileSizes {
  int rows = 1;   // rows of all tiles of products are multiples of it
  int lines = 1;  // multiple of the rows of all tiles of weight gradients, however wide
};

// What one ISA's units fill in, for float and double.
struct IsaKernels {
  const char* name;
  TileSizes tiles;
  KernelTable<float> f32;
  KernelTable<double> f64;
};

}  // namespace pynn
