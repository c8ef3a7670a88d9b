#include "training/step_options.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.hpp"

namespace pynn {

namespace {

template <class T>
void multiply(T* values, std::ptrdiff_t n, T factor) {
  if (factor == 1) return;
  for (std::ptrdiff_t i = 0; i < n; ++i) values[i] *= factor;
}

}  // namespace

void StepOptions::check_factors(std::size_t n) const {
  require(rate_factors.empty() || rate_factors.size() == n,
          "rate_factors needs one entry per parameter");
  require(decay_factors.empty() || decay_factors.size() == n,
          "decay_factors needs one entry per parameter");
  require(lazy.empty() || lazy.size() == n, "lazy needs one entry per parameter");
}

double StepOptions::gradient_scale(double squares, double all_squares) const {
  if (!clips_norm()) return 1;
  const double limit = global_clipnorm > 0 ? global_clipnorm : clipnorm;
  const double norm = std::sqrt(global_clipnorm > 0 ? all_squares : squares);
  return norm <= limit ? 1 : limit / norm;
}

template <class T>
double sum_of_squares(const T* values, std::ptrdiff_t n) {
  constexpr std::ptrdiff_t kSums = 8;  // additions that need not wait for one another
  double sums[kSums] = {};
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const auto value = static_cast<double>(values[i]);
    sums[i % kSums] += value * value;
  }
  return std::accumulate(sums, sums + kSums, 0.0);
}

template <class T>
void clip_and_decay(const StepOptions& options, std::size_t i, double rate, double gradient_scale,
                    T* weights, T* grad, std::ptrdiff_t n) {
  multiply(grad, n, static_cast<T>(gradient_scale));
  const auto limit = static_cast<T>(options.clipvalue);
  if (limit > 0) {
    // NaN stays: it is neither less nor greater.
    for (std::ptrdiff_t k = 0; k < n; ++k) grad[k] = std::clamp(grad[k], -limit, limit);
  }
  multiply(weights, n, static_cast<T>(options.remaining(i, rate, options.weight_decay)));
}

template double sum_of_squares(const float*, std::ptrdiff_t);
template double sum_of_squares(const double*, std::ptrdiff_t);
template void clip_and_decay(const StepOptions&, std::size_t, double, double, float*, float*,
                             std::ptrdiff_t);
template void clip_and_decay(const StepOptions&, std::size_t, double, double, double*, double*,
                             std::ptrdiff_t);

}  // namespace pynn
