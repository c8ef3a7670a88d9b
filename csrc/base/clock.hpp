// Wall-clock time.
#pragma once

#include <chrono>

namespace pynn {

// Seconds since some moment that does not change while the process lives.
inline double now() {
  using clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(clock::now().time_since_epoch()).count();
}

}  // namespace pynn
