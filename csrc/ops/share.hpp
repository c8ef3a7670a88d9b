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

// Part `part` of `parts` of n features. Boundaries are multiples of 48 where the parts are large, a
// multiple of every ISA's tile rows and of kRowAlign, else of kRowAlign.
inline Range divide_features(int n, int part, int parts) {
  if (parts == 1) return {0, n};
  const int granule = n / parts >= 96 ? 48 : kRowAlign;
  const auto boundary = [&](int i) {
    if (i == parts) return n;
    const long exact = static_cast<long>(n) * i / parts;
    const int nearest = static_cast<int>((exact + granule / 2) / granule * granule);
    return nearest < n ? nearest : n;
  };
  return {boundary(part), boundary(part + 1)};
}

inline Range divide_evenly(int n, int part, int parts) {
  return {static_cast<int>(static_cast<long>(n) * part / parts),
          static_cast<int>(static_cast<long>(n) * (part + 1) / parts)};
}

// Either all blocks and a part of the features, or some blocks and all features.
struct Share {
  Range blocks;
  int part = 0;
  int parts = 1;

  Range features(int n) const { return divide_features(n, part, parts); }
};

}  // namespace pynn
