// The .def lists as enums and name tables. A name is parsed into one of these values at the edge,
// once.
#pragma once

namespace pynn {

enum class Activation : int {
#define PYNN_ACTIVATION(name, Formula, alpha) name,
#include "formulas/activations/activations.def"
#undef PYNN_ACTIVATION
  kCount
};

enum class Elementwise : int {
#define PYNN_ELEMENTWISE(name, Formula) name,
#include "formulas/elementwise/elementwise.def"
#undef PYNN_ELEMENTWISE
  kCount
};

enum class Loss : int {
#define PYNN_LOSS(name, Formula, parameters, a, b, c) name,
#define PYNN_ROW_LOSS(name, Formula, parameters, a, b, c) name,
#include "formulas/losses/losses.def"
#undef PYNN_LOSS
#undef PYNN_ROW_LOSS
  kCount
};

enum class Optimizer : int {
#define PYNN_OPTIMIZER(name, Formula, parameters) name,
#include "formulas/optimizers/optimizers.def"
#undef PYNN_OPTIMIZER
  kCount
};

inline constexpr int kActivations = static_cast<int>(Activation::kCount);
inline constexpr int kElementwiseOps = static_cast<int>(Elementwise::kCount);
inline constexpr int kLosses = static_cast<int>(Loss::kCount);
inline constexpr int kOptimizers = static_cast<int>(Optimizer::kCount);
inline constexpr int kMaxOperands = 3;
inline constexpr int kMaxLossParameters = 3;

struct ActivationEntry {
  const char* name;
  double alpha;  // default
};

struct ElementwiseEntry {
  const char* name;
};

struct LossEntry {
  const char* name;
  const char* parameters;  // names, separated by spaces
  double defaults[kMaxLossParameters];
};

struct OptimizerEntry {
  const char* name;
  const char* parameters;  // names, separated by spaces; all must be given
};

inline constexpr ActivationEntry kActivationList[] = {
#define PYNN_ACTIVATION(name, Formula, alpha) {#name, alpha},
#include "formulas/activations/activations.def"
#undef PYNN_ACTIVATION
};

inline constexpr ElementwiseEntry kElementwiseList[] = {
#define PYNN_ELEMENTWISE(name, Formula) {#name},
#include "formulas/elementwise/elementwise.def"
#undef PYNN_ELEMENTWISE
};

inline constexpr LossEntry kLossList[] = {
#define PYNN_LOSS(name, Formula, parameters, a, b, c) {#name, parameters, {a, b, c}},
#define PYNN_ROW_LOSS(name, Formula, parameters, a, b, c) {#name, parameters, {a, b, c}},
#include "formulas/losses/losses.def"
#undef PYNN_LOSS
#undef PYNN_ROW_LOSS
};

inline constexpr OptimizerEntry kOptimizerList[] = {
#define PYNN_OPTIMIZER(name, Formula, parameters) {#name, parameters},
#include "formulas/optimizers/optimizers.def"
#undef PYNN_OPTIMIZER
};

}  // namespace pynn
