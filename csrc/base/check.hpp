// Checks of arguments that come from outside the engine. They throw std::invalid_argument, which
// Python sees as ValueError. Inner loops use assert instead.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
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

// Checks that n numbers are in [0, bound), in one pass without a branch, for compilers to make
// vectors of: this runs over every row and entry. Only if something is wrong is it looked for.
template <class Index>
void require_below(const char* name, const char* what, const Index* values, std::int64_t n,
                   std::int64_t bound) {
  using Unsigned = std::make_unsigned_t<Index>;
  // Negative numbers are above it, as unsigned ones.
  constexpr std::int64_t kMost = std::numeric_limits<Index>::max();
  const auto limit = static_cast<Unsigned>(std::min(bound, kMost));
  bool wrong = false;
  for (std::int64_t i = 0; i < n; ++i) wrong |= static_cast<Unsigned>(values[i]) >= limit;
  if (!wrong) return;
  for (std::int64_t i = 0; i < n; ++i) {
    if (static_cast<Unsigned>(values[i]) < limit) continue;
    require(false, std::string(name) + " must hold " + what + " in [0, " + std::to_string(bound) +
                       "). Received: " + std::to_string(values[i]));
  }
}

}  // namespace pynn
