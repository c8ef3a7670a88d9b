// The options of a trainer or of an optimizer's step, by name.
#pragma once

#include <pybind11/stl.h>

#include "bindings/bind.hpp"
#include "training/step_options.hpp"

namespace pynn {

// What `options` has under `name`; the default if that is nothing or None.
template <class Value>
Value option(const pybind11::dict& options, const char* name, Value default_value) {
  if (!options.contains(name) || options[name].is_none()) return default_value;
  return pybind11::cast<Value>(options[name]);
}

inline StepOptions step_options_of(const pybind11::dict& options) {
  if (options.empty()) return {};
  const auto lazy = option(options, "lazy", std::vector<bool>{});
  return {option(options, "weight_decay", 0.0),
          option(options, "scheduled_decay", false),
          option(options, "rate_factors", std::vector<double>{}),
          option(options, "decay_factors", std::vector<double>{}),
          {lazy.begin(), lazy.end()},
          option(options, "clipnorm", 0.0),
          option(options, "clipvalue", 0.0),
          option(options, "global_clipnorm", 0.0)};
}

}  // namespace pynn
