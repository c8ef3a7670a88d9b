// Long native calls poll for signals, so that Ctrl-C gets through.
#pragma once

#include <functional>

namespace pynn {

// Called on the caller's thread between pieces of work; may throw, and the work ends there.
using Poll = std::function<void()>;

// Work between two polls, in seconds.
inline constexpr double kPollSeconds = 0.05;

}  // namespace pynn
