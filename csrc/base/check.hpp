// Checks of arguments that come from outside the engine. They throw std::invalid_argument, which
// Python sees as ValueError. Inner loops use assert instead.
#pragma once

#include <stdexcept>
#include <string>

namespace pynn {

inline void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

// The message is built whether it is needed or not: in a loop, test first.
inline void require(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument(message);
}

}  // namespace pynn
