#include "training/prefetch.hpp"

#include <cstdint>
#include <cstdlib>
#include <utility>

namespace pynn {

namespace {

// Data up to this size stays in the second-level cache by itself.
constexpr std::int64_t kCachedBytes = std::int64_t{1} << 19;

bool outgrows_cache(const Rows& source) {
  constexpr std::int64_t kEntryBytes = 12;
  const std::int64_t bytes =
      source.sparse ? entry_count(source) * kEntryBytes : source.rows * std::abs(source.row_bytes);
  return bytes > kCachedBytes;
}

}  // namespace

void Prefetch::set_sources(const std::vector<std::vector<Rows>>& sources) {
  sources_.clear();
  for (const auto& group : sources) {
    for (const Rows& rows : group) {
      if (rows.rows > 0 && outgrows_cache(rows)) sources_.push_back(rows);
    }
  }
}

void Prefetch::append_task(std::vector<Task>& tasks, double features) {
  Task task{[this](const Pass& pass, const Share& share) {
              if (!sources_.empty() && pass.next_rows != nullptr) run(pass, share);
            },
            kElementwise,
            8.0 * features,
            {},
            {}};
  task.always_features = true;
  tasks.push_back(std::move(task));
}

void Prefetch::run(const Pass& pass, const Share& share) const {
  for (const Rows& source : sources_) {
    prefetch_rows(source, pass.next_rows, pass.next_count, share.part, share.parts);
  }
}

}  // namespace pynn
