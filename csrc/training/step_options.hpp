// What happens to gradients and weights before an optimizer's formula: gradients are clipped, and
// weights decay.
#pragma once

#include <cstddef>
#include <vector>

namespace pynn {

struct StepOptions {
  double weight_decay = 0;       // decoupled: w -= rate weight_decay w
  std::vector<char> decay_mask;  // per parameter, whether it decays; empty for all
  double clipnorm = 0;           // longest norm of one gradient; 0 for none, as below
  double clipvalue = 0;          // largest element of a gradient
  double global_clipnorm = 0;    // longest norm of all gradients together, instead of clipnorm

  bool clips_norm() const noexcept { return clipnorm > 0 || global_clipnorm > 0; }
  // What parameter i is multiplied by.
  double decay_factor(std::size_t i, double rate) const noexcept {
    return decay_mask.empty() || decay_mask[i] ? 1 - weight_decay * rate : 1;
  }
  // What a gradient is multiplied by, given the sum of its squares and that of all gradients'.
  double gradient_scale(double squares, double all_squares) const;
};

// n elements, each squared in float64.
template <class T>
double sum_of_squares(const T* values, std::ptrdiff_t n);

// Clips the gradient of parameter i, n elements, and lets the weights decay, in place.
template <class T>
void clip_and_decay(const StepOptions& options, std::size_t i, double rate, double gradient_scale,
                    T* weights, T* grad, std::ptrdiff_t n);

}  // namespace pynn
