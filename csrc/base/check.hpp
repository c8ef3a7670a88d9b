// Checks of arguments that come from outside the engine. They throw std::invalid_argument, which
// Python sees as ValueError. Inner loops use assert instead.
#pragma once

#include <stdexcept>
#include <string>
#include <type_traits>

namespace pynn {

inline void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

// The message is built whether it is needed or not.
inline void require(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument(message);
}

// For calls in which microseconds count: `message` is a function, called if the condition fails.
template <class Message>
  requires std::is_invocable_v<const Message&>
void require(bool condition, const Message& message) {
  if (!condition) throw std::invalid_argument(message());
}

}  // namespace pynn
