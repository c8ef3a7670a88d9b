// The perceptron rule (Rosenblatt 1958) and the delta rule (Widrow and Hoff 1960), row by row.
// Compiled once per ISA. Rows come as the user has them: any alignment, any number of features,
// dense or CSR.
//
// Same arithmetic as scikit-learn's SGD with loss="perceptron" (a hinge with threshold 0) or
// "squared_error" at a constant rate. The weights are kept as scale * w, so that L2 costs one
// multiplication a row; L1 is the cumulative penalty of Tsuruoka, Tsujii and Ananiadou (2009).
#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/partial_sums-inl.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// w after the cumulative penalty, w in units of 1 / scale; adds to `applied` what was taken off.
template <class V>
PYNN_INLINE V shrink_towards_zero(V w, V& applied, V total, V scale) {
  const V lowered = max(zero<V>(), w - (total + applied) / scale);
  const V raised = min(zero<V>(), w + (total - applied) / scale);
  const V shrunk = select(gt(w, zero<V>()), lowered, select(lt(w, zero<V>()), raised, w));
  applied = fma(scale, shrunk - w, applied);
  return shrunk;
}

// What the penalty of the objective needs: sums of squares and magnitudes of the weights.
struct Norms {
  double squares = 0;
  double magnitudes = 0;
};

PYNN_INLINE void add_to_norms(Norms& norms, double w, double times) {
  norms.squares += times * w * w;
  norms.magnitudes += times * (w < 0 ? -w : w);
}

// Features in groups of kPartialSums. What does not fill the last group lives in copies padded with
// zeros, so that nothing is read or written past the end of a row or of the weights.
template <class T>
class DenseRows {
  using V = Vec<T>;

 public:
  // `tracked`: norms() follows the weights through add and multiply.
  DenseRows(const PerceptronArgs<T>& a, bool tracked)
      : a_(a), tracked_(tracked), rest_(a.features % kPartialSums), whole_(a.features - rest_) {
    for (int i = 0; i < rest_; ++i) {
      w_tail_[i] = a.weights[whole_ + i];
      if (a.l1_applied != nullptr) applied_tail_[i] = a.l1_applied[whole_ + i];
    }
    update_norms();
  }

  void advance() {
    x_ = a_.x + a_.order[next_] * a_.ld;
    ++next_;
    if (next_ < a_.count) expect(a_.order[next_]);
    if (rest_ == 0) return;
    // A fixed number of iterations: the compiler makes masked loads of them where the ISA has them.
    for (int i = 0; i < kPartialSums; ++i) x_tail_[i] = i < rest_ ? x_[whole_ + i] : T(0);
  }

  T dot() const {
    PartialSums<T> sums;
    for (V& v : sums.v) v = zero<V>();
    for (int i = 0; i < whole_; i += kPartialSums) dot_group(a_.weights + i, x_ + i, sums);
    if (rest_ > 0) dot_group(w_tail_, x_tail_, sums);
    return tree_sum(sums);
  }

  void add(T factor) {
    for (int i = 0; i < whole_; i += V::kWidth) add_vector(a_.weights + i, x_ + i, factor);
    if (rest_ > 0) {
      for (int i = 0; i < kPartialSums; i += V::kWidth) {
        add_vector(w_tail_ + i, x_tail_ + i, factor);
      }
    }
    update_norms();
  }

  void shrink(T total, T scale) {
    for (int i = 0; i < whole_; i += V::kWidth) {
      shrink_vector(a_.weights + i, a_.l1_applied + i, total, scale);
    }
    if (rest_ == 0) return;
    for (int i = 0; i < kPartialSums; i += V::kWidth) {
      shrink_vector(w_tail_ + i, applied_tail_ + i, total, scale);
    }
  }

  // After the last row, and whenever the scale is folded into the weights.
  void multiply(T factor) {
    for (int i = 0; i < whole_; ++i) a_.weights[i] *= factor;
    for (int i = 0; i < rest_; ++i) w_tail_[i] *= factor;
    update_norms();
  }

  const Norms& norms() const { return norms_; }

  // Returns whether the weights are finite.
  bool finish() {
    for (int i = 0; i < rest_; ++i) {
      a_.weights[whole_ + i] = w_tail_[i];
      if (a_.l1_applied != nullptr) a_.l1_applied[whole_ + i] = applied_tail_[i];
    }
    T zeros = 0;
    for (int i = 0; i < a_.features; ++i) zeros += T(0) * a_.weights[i];
    return zeros == 0;
  }

 private:
  static void dot_group(const T* w, const T* x, PartialSums<T>& sums) {
    PYNN_UNROLL for (int j = 0; j < PartialSums<T>::kVectors; ++j) {
      sums.v[j] = fma(loadu<V>(w + j * V::kWidth), loadu<V>(x + j * V::kWidth), sums.v[j]);
    }
  }

  static void add_vector(T* w, const T* x, T factor) {
    storeu(w, fma(set<V>(factor), loadu<V>(x), loadu<V>(w)));
  }

  static void shrink_vector(T* w, T* applied, T total, T scale) {
    V taken = loadu<V>(applied);
    storeu(w, shrink_towards_zero(loadu<V>(w), taken, set<V>(total), set<V>(scale)));
    storeu(applied, taken);
  }

  void update_norms() {
    if (!tracked_) return;
    PartialSums<T> squares, magnitudes;
    for (V& v : squares.v) v = zero<V>();
    for (V& v : magnitudes.v) v = zero<V>();
    for (int i = 0; i < whole_; i += kPartialSums) norm_group(a_.weights + i, squares, magnitudes);
    if (rest_ > 0) norm_group(w_tail_, squares, magnitudes);
    norms_.squares = static_cast<double>(tree_sum(squares));
    norms_.magnitudes = static_cast<double>(tree_sum(magnitudes));
  }

  static void norm_group(const T* w, PartialSums<T>& squares, PartialSums<T>& magnitudes) {
    PYNN_UNROLL for (int j = 0; j < PartialSums<T>::kVectors; ++j) {
      const V value = loadu<V>(w + j * V::kWidth);
      squares.v[j] = fma(value, value, squares.v[j]);
      magnitudes.v[j] = magnitudes.v[j] + abs(value);
    }
  }

  // The row after this one, in an order that no hardware guesses.
  void expect(std::int64_t row) const {
    constexpr int kLine = 64 / sizeof(T);
    constexpr int kFarthest = 256 * kLine;  // half of a first-level cache
    const T* x = a_.x + row * a_.ld;
    for (int i = 0; i < a_.features && i < kFarthest; i += kLine) prefetch(x + i);
  }

  const PerceptronArgs<T>& a_;
  bool tracked_;
  Norms norms_;
  std::int64_t next_ = 0;
  int rest_;
  int whole_;
  const T* x_ = nullptr;
  alignas(64) T w_tail_[kPartialSums] = {};
  alignas(64) T x_tail_[kPartialSums] = {};
  alignas(64) T applied_tail_[kPartialSums] = {};
};

// Sums in double, in the order of the row's entries; the vocabulary of DenseRows.
// L1 shrinks a weight when a row has its feature, as in scikit-learn.
//
// A row's sum waits for its last addition. Where the last rows have left the weights as they are,
// the sums of the next ones are therefore found side by side, and again after a step.
template <class T>
class CsrRows {
 public:
  CsrRows(const PerceptronArgs<T>& a, bool tracked) : a_(a), tracked_(tracked) { update_norms(); }

  void advance() {
    const std::int64_t last = next_ + kAhead < a_.count ? next_ + kAhead : a_.count;
    while (known_ < last) expect(known_++);
    at_ = next_++;
    row_ = rows_[at_ % kAhead];
  }

  T dot() {
    if (at_ >= summed_) sum_next();
    return static_cast<T>(sums_[at_ % kAhead]);
  }

  void add(T factor) {
    for (std::int64_t i = 0; i < row_.entries; ++i) {
      T& w = a_.weights[row_.columns[i]];
      if (tracked_) add_to_norms(norms_, static_cast<double>(w), -1);
      w += factor * row_.x[i];
      zeros_ += T(0) * w;
      if (tracked_) add_to_norms(norms_, static_cast<double>(w), 1);
    }
    forget_sums();
  }

  void shrink(T total, T scale) {
    for (std::int64_t i = 0; i < row_.entries; ++i) {
      T& w = a_.weights[row_.columns[i]];
      T& applied = a_.l1_applied[row_.columns[i]];
      const T before = w;
      if (w > 0) {
        const T lowered = w - (total + applied) / scale;
        w = lowered > 0 ? lowered : T(0);
      } else if (w < 0) {
        const T raised = w + (total - applied) / scale;
        w = raised < 0 ? raised : T(0);
      }
      applied += scale * (w - before);
    }
    forget_sums();
  }

  void multiply(T factor) {
    for (int i = 0; i < a_.features; ++i) a_.weights[i] *= factor;
    update_norms();
    forget_sums();
  }

  const Norms& norms() const { return norms_; }

  bool finish() const { return zeros_ == 0; }

 private:
  struct Row {
    const T* x;
    const std::int32_t* columns;
    std::int64_t entries;
  };
  static constexpr int kAhead = 8;       // rows whose cache lines are asked for
  static constexpr int kSideBySide = 4;  // sums at once
  static constexpr std::int64_t kFar = 2 * kAhead;

  // Rows come in an order that hardware does not foresee.
  void expect(std::int64_t i) {
    if (i + kFar < a_.count) prefetch(a_.indptr + a_.order[i + kFar]);
    const std::int64_t row = a_.order[i], begin = a_.indptr[row];
    const Row known = {a_.x + begin, a_.indices + begin, a_.indptr[row + 1] - begin};
    rows_[i % kAhead] = known;
    prefetch(a_.targets + row);
    prefetch_entries(known.x, known.entries);
    prefetch_entries(known.columns, known.entries);
  }

  template <class E>
  static void prefetch_entries(const E* values, std::int64_t n) {
    constexpr std::int64_t kLine = 64 / sizeof(E);
    constexpr std::int64_t kFarthest = 8 * kLine;  // hardware asks for the rest of a long row
    for (std::int64_t i = 0; i < n && i < kFarthest; i += kLine) prefetch(values + i);
  }

  void forget_sums() {
    summed_ = at_ + 1;
    calm_since_ = at_;
  }

  void sum_next() {
    if (at_ - calm_since_ > kSideBySide && at_ + kSideBySide <= known_) {
      sum_side_by_side();
      summed_ = at_ + kSideBySide;
    } else {
      sums_[at_ % kAhead] = sum_from(row_, 0, 0.0);
      summed_ = at_ + 1;
    }
  }

  double sum_from(const Row& row, std::int64_t first, double sum) const {
    for (std::int64_t i = first; i < row.entries; ++i) sum += product(row, i);
    return sum;
  }

  double product(const Row& row, std::int64_t i) const {
    return static_cast<double>(a_.weights[row.columns[i]]) * static_cast<double>(row.x[i]);
  }

  void sum_side_by_side() {
    Row rows[kSideBySide];
    double sums[kSideBySide] = {};
    std::int64_t common = row_.entries;
    for (int k = 0; k < kSideBySide; ++k) {
      rows[k] = rows_[(at_ + k) % kAhead];
      if (rows[k].entries < common) common = rows[k].entries;
    }
    for (std::int64_t i = 0; i < common; ++i) {
      PYNN_UNROLL for (int k = 0; k < kSideBySide; ++k) sums[k] += product(rows[k], i);
    }
    for (int k = 0; k < kSideBySide; ++k) {
      sums_[(at_ + k) % kAhead] = sum_from(rows[k], common, sums[k]);
    }
  }

  void update_norms() {
    if (!tracked_) return;
    norms_ = Norms();
    for (int i = 0; i < a_.features; ++i) {
      add_to_norms(norms_, static_cast<double>(a_.weights[i]), 1);
    }
  }

  const PerceptronArgs<T>& a_;
  bool tracked_;
  Norms norms_;
  T zeros_ = 0;                  // NaN once a weight is not finite
  std::int64_t next_ = 0;        // in the order
  std::int64_t known_ = 0;       // rows_ has those before it
  std::int64_t at_ = 0;          // the present row
  std::int64_t summed_ = 0;      // sums_ has those before it
  std::int64_t calm_since_ = 0;  // the last row that changed the weights
  Row row_{};
  Row rows_[kAhead];
  double sums_[kAhead];
};

// The factor of rate * x in the step of a row with this score, and its loss.
template <class T>
static T error_signal(const PerceptronArgs<T>& a, T target, T score, double& loss) {
  if (a.linear_unit) {
    // The bound keeps a diverging fit finite for a while, as in scikit-learn.
    constexpr T kLargest = T(1e12);
    const T e = target - score;
    loss = 0.5 * static_cast<double>(e) * static_cast<double>(e);
    return e > kLargest ? kLargest : (e < -kLargest ? -kLargest : e);
  }
  const T margin = target * score;
  loss = margin <= 0 ? -static_cast<double>(margin) : 0.0;
  return margin <= 0 ? target : T(0);
}

// As of the last step: what L1 takes off afterwards is not counted, as in scikit-learn.
template <class T>
static double penalty(const PerceptronArgs<T>& a, const Norms& norms, double scale) {
  return 0.5 * static_cast<double>(a.l2) * norms.squares * scale * scale +
         static_cast<double>(a.l1) * norms.magnitudes * scale;
}

template <class T, class Rows>
static void perceptron_epoch(PerceptronArgs<T>& a) {
  // Below this the scale is folded into the weights, before dividing by it loses digits.
  constexpr T kSmallestScale = sizeof(T) == 4 ? T(1e-6) : T(1e-9);
  const bool penalized = a.l1 > 0 || a.l2 > 0;
  const T shrink_per_row = a.l2 * a.rate < 1 ? T(1) - a.l2 * a.rate : T(0);
  Rows rows(a, penalized);
  T scale = 1;
  T intercept = a.intercept[0];
  a.loss_sum = 0;
  a.penalty_sum = 0;
  a.updates = 0;
  for (std::int64_t i = 0; i < a.count; ++i) {
    const std::int64_t row = a.order[i];
    rows.advance();
    const T score = scale * rows.dot() + intercept;
    double loss = 0;
    T step = a.rate * error_signal(a, a.targets[row], score, loss);
    if (a.sample_weight != nullptr) step *= a.sample_weight[row];
    a.loss_sum += loss;
    if (penalized) a.penalty_sum += penalty(a, rows.norms(), static_cast<double>(scale));
    if (a.l2 > 0) {
      scale *= shrink_per_row;
      if (scale < kSmallestScale) {
        rows.multiply(scale);
        scale = 1;
      }
    }
    if (step != 0) {
      rows.add(step / scale);
      if (a.fit_intercept) intercept += step * a.intercept_decay;
      ++a.updates;
    }
    if (a.l1 > 0) {
      *a.l1_total += static_cast<double>(a.l1) * static_cast<double>(a.rate);
      rows.shrink(static_cast<T>(*a.l1_total), scale);
    }
  }
  if (scale != 1) rows.multiply(scale);
  a.intercept[0] = intercept;
  a.finite = rows.finish() && T(0) * intercept == 0;
}

template <class T>
static void perceptron(PerceptronArgs<T>& a) noexcept {
  if (a.indptr == nullptr) {
    perceptron_epoch<T, DenseRows<T>>(a);
  } else {
    perceptron_epoch<T, CsrRows<T>>(a);
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
