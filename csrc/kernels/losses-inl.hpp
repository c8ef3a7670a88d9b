// Losses over one block of lanes: the loss of each row and, if asked for, its gradient times
// scale[lane]. Compiled once per ISA. Lanes are aligned to whole vectors; grad may not be target or
// prediction.
//
// Elementwise losses take the mean (or sum) of a formula over the features. Row losses look at all
// classes: categorical cross-entropy from probabilities or logits, with one-hot or integer targets.
#pragma once

#include "formulas/losses/all.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/row_ops-inl.hpp"
#include "simd/math.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
PYNN_INLINE void store_gradient(const LossArgs<T>& a, int offset, Vec<T> grad) {
  store(a.grad + offset, a.accumulate ? load<Vec<T>>(a.grad + offset) + grad : grad);
}

// Formulas that need all registers have their sums in memory, where the losses are stored.
template <class Formula>
static constexpr bool kSumsInMemory = requires { requires Formula::kNeedsAllRegisters; };

template <class Formula, class T>
PYNN_INLINE void sum_in_memory(const LossArgs<T>& a, const Vec<T>* h) {
  using V = Vec<T>;
  int lanes = kLanes;
  asm("" : "+r"(lanes));  // unknown, or two steps would be unrolled and their values interleaved
  for (int lane = 0; lane < lanes; lane += V::kWidth) store(a.losses + lane, zero<V>());
  for (int f = 0; f < a.features; ++f) {
    for (int lane = 0; lane < lanes; lane += V::kWidth) {
      const int i = f * kLanes + lane;
      const V loss = Formula::forward(load<V>(a.target + i), load<V>(a.prediction + i), h);
      store(a.losses + lane, load<V>(a.losses + lane) + loss);
    }
  }
}

template <class T, class Formula>
static void elementwise_loss(const LossArgs<T>& a) noexcept {
  using V = Vec<T>;
  V h[kMaxLossParameters];
  for (int i = 0; i < kMaxLossParameters; ++i) h[i] = set<V>(a.parameters[i]);
  const V divisor = set<V>(Formula::kMean ? T(a.features) : T(1));
  if constexpr (kSumsInMemory<Formula>) sum_in_memory<Formula>(a, h);
  for (int lane = 0; lane < kLanes; lane += V::kWidth) {
    V sum = zero<V>();
    if constexpr (kSumsInMemory<Formula>) {
      sum = load<V>(a.losses + lane);
    } else {
      for (int f = 0; f < a.features; ++f) {
        const int i = f * kLanes + lane;
        sum = sum + Formula::forward(load<V>(a.target + i), load<V>(a.prediction + i), h);
      }
    }
    store(a.losses + lane, sum / divisor);
    if (a.grad == nullptr) continue;
    const V scale = load<V>(a.scale + lane) / divisor;
    for (int f = 0; f < a.features; ++f) {
      const int i = f * kLanes + lane;
      const V slope = Formula::backward(load<V>(a.target + i), load<V>(a.prediction + i), h);
      store_gradient(a, i, scale * slope);
    }
  }
}

// One-hot or soft targets, smoothed towards 1 / classes. parameters: label_smoothing.
template <class T>
struct DenseTarget {
  using V = Vec<T>;
  PYNN_INLINE DenseTarget at(const LossArgs<T>& a, int lane) {
    const T smoothing = a.parameters[0];
    return {a.target + lane, set<V>(T(1) - smoothing), set<V>(smoothing / T(a.features))};
  }
  __attribute__((always_inline)) V operator()(int f) const {
    return fma(load<V>(target + f * kLanes), scale, uniform);
  }
  const T* target;
  V scale;
  V uniform;
};

// A label in the target's only feature; rows with the ignored label (NaN: none) have no target, and
// neither have labels outside [0, classes): their loss is 0. parameters: ignore_class.
template <class T>
struct SparseTarget {
  using V = Vec<T>;
  PYNN_INLINE SparseTarget at(const LossArgs<T>& a, int lane) {
    const V label = load<V>(a.target + lane);
    return {select(eq(label, set<V>(a.parameters[0])), set<V>(T(-1)), label)};
  }
  __attribute__((always_inline)) V operator()(int f) const {
    return select(eq(label, set<V>(T(f))), set<V>(1), zero<V>());
  }
  V label;
};

// sum - t log_p, but sum where t is 0, whatever log_p is.
template <class V>
PYNN_INLINE V subtract_entropy_term(V sum, V t, V log_p) {
  return select(eq(t, zero<V>()), sum, fnma(t, log_p, sum));
}

// -sum t log(q), q = p / sum(p) clipped to [1e-7, 1 - 1e-7], as in Keras.
// With a_j = -t_j / q_j inside the clip and 0 elsewhere: dL/dp_j = (a_j - sum a_k q_k) / sum(p).
template <class T, class Target>
static void crossentropy_of_probabilities(const LossArgs<T>& a) {
  using V = Vec<T>;
  const V lowest = set<V>(T(1e-7)), highest = set<V>(T(1 - 1e-7));
  for (int lane = 0; lane < kLanes; lane += V::kWidth) {
    const T* p = a.prediction + lane;
    const Target target = Target::at(a, lane);
    V total = zero<V>();
    for (int f = 0; f < a.features; ++f) total = total + load<V>(p + f * kLanes);
    V loss = zero<V>(), inner = zero<V>();
    for (int f = 0; f < a.features; ++f) {
      const V q = load<V>(p + f * kLanes) / total;
      const V t = target(f);
      loss = subtract_entropy_term(loss, t, log(min(highest, max(lowest, q))));
      inner = select(gt(q, lowest) & lt(q, highest), inner + t, inner);
    }
    store(a.losses + lane, loss);
    if (a.grad == nullptr) continue;
    const V scale = load<V>(a.scale + lane) / total;
    for (int f = 0; f < a.features; ++f) {
      const V q = load<V>(p + f * kLanes) / total;
      const auto inside = gt(q, lowest) & lt(q, highest);
      const V slope = select(inside, inner - target(f) / q, inner);
      store_gradient(a, f * kLanes + lane, scale * slope);
    }
  }
}

// -sum t log_softmax(z); dL/dz = softmax(z) sum(t) - t.
template <class T, class Target>
static void crossentropy_of_logits(const LossArgs<T>& a) {
  using V = Vec<T>;
  // Exponentials are stored in grad, to be read and overwritten, unless grad is added to.
  const bool stores = a.grad != nullptr && !a.accumulate;
  for (int lane = 0; lane < kLanes; lane += V::kWidth) {
    const T* z = a.prediction + lane;
    const Target target = Target::at(a, lane);
    const V largest = largest_feature(z, a.features);
    V sum = zero<V>();
    for (int f = 0; f < a.features; ++f) {
      const V e = exp(load<V>(z + f * kLanes) - largest);
      if (stores) store(a.grad + f * kLanes + lane, e);
      sum = sum + e;
    }
    const V logarithm = log(sum);
    V loss = zero<V>(), weight = zero<V>();
    for (int f = 0; f < a.features; ++f) {
      const V t = target(f);
      loss = subtract_entropy_term(loss, t, load<V>(z + f * kLanes) - largest - logarithm);
      weight = weight + t;
    }
    store(a.losses + lane, loss);
    if (a.grad == nullptr) continue;
    const V scale = load<V>(a.scale + lane);
    const V share = weight / sum;
    for (int f = 0; f < a.features; ++f) {
      const int i = f * kLanes + lane;
      const V e = stores ? load<V>(a.grad + i) : exp(load<V>(z + f * kLanes) - largest);
      store_gradient(a, i, scale * fms(e, share, target(f)));
    }
  }
}

// The entries of losses.def that are PYNN_ROW_LOSS.
struct CategoricalCrossentropy {
  template <class T>
  static void run(const LossArgs<T>& a) noexcept {
    crossentropy_of_probabilities<T, DenseTarget<T>>(a);
  }
};
struct CategoricalCrossentropyLogits {
  template <class T>
  static void run(const LossArgs<T>& a) noexcept {
    crossentropy_of_logits<T, DenseTarget<T>>(a);
  }
};
struct SparseCategoricalCrossentropy {
  template <class T>
  static void run(const LossArgs<T>& a) noexcept {
    crossentropy_of_probabilities<T, SparseTarget<T>>(a);
  }
};
struct SparseCategoricalCrossentropyLogits {
  template <class T>
  static void run(const LossArgs<T>& a) noexcept {
    crossentropy_of_logits<T, SparseTarget<T>>(a);
  }
};

}  // namespace PYNN_ISA
}  // namespace pynn
