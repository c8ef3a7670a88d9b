// What happens to gradients and weights before an optimizer's formula: gradients are clipped, and
// weights decay.
#pragma once

#include <cstddef>
#include <vector>

namespace pynn {

struct StepOptions {
  double weight_decay = 0;       // decoupled: w -= rate weight_decay w
  bool scheduled_decay = false;  // each step has a number of its own for it
  // Per parameter, what the rate and the decay are multiplied by; empty for 1.
  std::vector<double> rate_factors;
  std::vector<double> decay_factors;
  std::vector<char> lazy;      // per parameter, whether rows of gradient 0 stay; empty for none
  double clipnorm = 0;         // longest norm of one gradient; 0 for none, as below
  double clipvalue = 0;        // largest element of a gradient
  double global_clipnorm = 0;  // longest norm of all gradients together, instead of clipnorm

  bool clips_norm() const noexcept { return clipnorm > 0 || global_clipnorm > 0; }
  bool has_factors() const noexcept { return !rate_factors.empty() || !decay_factors.empty(); }
  bool is_lazy(std::size_t i) const noexcept { return !lazy.empty() && lazy[i]; }
  bool decays(std::size_t i) const noexcept {
    return (weight_decay != 0 || scheduled_decay) &&
           (decay_factors.empty() || decay_factors[i] != 0);
  }
  double rate_of(std::size_t i, double rate) const noexcept {
    return rate_factors.empty() ? rate : rate * rate_factors[i];
  }
  // What parameter i is multiplied by, where weights decay by `decay` in this step.
  double remaining(std::size_t i, double rate, double decay) const noexcept {
    if (!decay_factors.empty()) decay *= decay_factors[i];
    return 1 - decay * rate_of(i, rate);
  }
  // Throws std::invalid_argument unless what is per parameter has n entries or none.
  void check_factors(std::size_t n) const;
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
