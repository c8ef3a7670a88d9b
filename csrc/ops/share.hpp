// How a phase of an op is divided between workers. Every op computes exactly what its share says,
// so that it need not know how many workers there are, and the results do not depend on it.
#pragma once

#include "base/layout.hpp"

namespace pynn {

struct Range {
  int begin;
  int end;
  int size() const { return end - begin; }
};

// Part `part` of `parts` of n things, with boundaries at multiples of `granule`.
inline Range divide(int n, int granule, int part, int parts) {
  const auto boundary = [&](int i) {
    if (i == parts) return n;
    const long exact = static_cast<long>(n) * i / parts;
    const int nearest = static_cast<int>((exact + granule / 2) / granule * granule);
    return nearest < n ? nearest : n;
  };
  return {boundary(part), boundary(part + 1)};
}

// Either all blocks and a part of the features, or some blocks and all features.
struct Share {
  Range blocks;
  int part = 0;
  int parts = 1;

  // Every tile's rows are 6 or 12, but for the scalar one's, which has 4.
  Range features(int n) const { return divide(n, 6, part, parts); }
  // For transposes, which go by whole groups of kRowAlign.
  Range columns(int n) const { return divide(n, kRowAlign, part, parts); }
};

}  // namespace pynn
