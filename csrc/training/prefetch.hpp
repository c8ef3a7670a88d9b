// Fetches what the next batch will read, while the current one is worked on.
#pragma once

#include <vector>

#include "graph/schedule.hpp"
#include "training/rows.hpp"

namespace pynn {

class Prefetch {
 public:
  // Inputs, targets and weights; empty ones, and those that stay in the caches anyway, are left
  // out.
  void set_sources(const std::vector<std::vector<Rows>>& sources);

  // `features`: of all inputs.
  void append_task(std::vector<Task>& tasks, double features);

 private:
  void run(const Pass& pass, const Share& share) const;

  std::vector<Rows> sources_;
};

}  // namespace pynn
