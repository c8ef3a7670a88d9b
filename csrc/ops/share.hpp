// How a phase of an op is divided between workers. Every op computes exactly what its share says,
// so that it need not know how many workers there are, and the results do not depend on it.
#pragma once

#include "base/layout.hpp"
#include "kernels/kernel_table.hpp"

namespace pynn {

struct Range {
  int begin;
  int end;
  int size() const noexcept { return end - begin; }
};

// Part `part` of `parts` of n things, with boundaries at multiples of `granule`.
inline Range divide(int n, int granule, int part, int parts) noexcept {
  if (parts == 1) return {0, n};  // a step of a small network has no time for divisions
  const auto boundary = [&](int i) {
    if (i == parts) return n;
    const long exact = static_cast<long>(n) * i / parts;
    const int nearest = static_cast<int>((exact + granule / 2) / granule * granule);
    return nearest < n ? nearest : n;
  };
  return {boundary(part), boundary(part + 1)};
}

// A part of a matrix that is stepped.
struct Band {
  Range lines;
  Range columns;
};

// Either all blocks and a part of the features, or some blocks and all features.
struct Share {
  Range blocks;
  int part = 0;
  int parts = 1;
  TileSizes tiles{};

  Range features(int n) const noexcept { return divide(n, tiles.rows, part, parts); }
  // For transposes, which go by whole groups of kRowAlign.
  Range columns(int n) const noexcept { return divide(n, kRowAlign, part, parts); }

  // Calls body(band) for each band of this part of a matrix. A part is columns, in whole groups of
  // kRowAlign. A group at a boundary between two parts belongs to the left one down to the line
  // that makes the parts equal, and to the right one below it.
  template <class Body>
  void for_each_band(int lines, int columns, Body body) const {
    const int groups = static_cast<int>(round_up(columns, kRowAlign) / kRowAlign);
    const Boundary left = boundary(lines, groups, part);
    const Boundary right = boundary(lines, groups, part + 1);
    const int cuts[] = {0, left.line < right.line ? left.line : right.line,
                        left.line < right.line ? right.line : left.line, lines};
    for (int i = 0; i < 3; ++i) {
      const Range rows{cuts[i], cuts[i + 1]};
      const Range cols{(left.group + (rows.begin < left.line)) * kRowAlign,
                       (right.group + (rows.begin < right.line)) * kRowAlign};
      if (rows.size() > 0 && cols.size() > 0) body(Band{rows, cols});
    }
  }

 private:
  // Of two neighbouring parts: above `line`, the group belongs to the left one.
  struct Boundary {
    int group;
    int line;
  };

  Boundary boundary(int lines, int groups, int i) const noexcept {
    const int group = static_cast<int>(static_cast<long>(groups) * i / parts);
    const int rest = static_cast<int>(static_cast<long>(groups) * i % parts);
    return {group, divide(lines, tiles.lines, rest, parts).begin};
  }
};

}  // namespace pynn
