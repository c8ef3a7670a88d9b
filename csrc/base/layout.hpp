// Layout constants shared by every layer: how many batch rows a block holds and how rows are
// padded. What must not go here: anything that depends on an ISA (see simd/) or on a model.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pynn {

// Activations are stored feature-major in blocks of 32 batch rows: [block][feature][lane].
// 32 lanes are two AVX-512 vectors of float32, and the batch size that most people train with.
inline constexpr int kLanes = 32;

// Matrix rows are padded to 16 elements, one AVX-512 vector of float32, so that kernels never see a
// partial vector along a row. The padding is always zero.
inline constexpr int kRowAlign = 16;

// Reductions across lanes keep this many strided partial sums, whatever the vector width is.
inline constexpr int kPartialSums = 16;

constexpr std::ptrdiff_t round_up(std::ptrdiff_t n, std::ptrdiff_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

constexpr int block_count(int rows) {
  return (rows + kLanes - 1) / kLanes;
}

// Lanes of block `block` that hold real rows when the batch has `rows` rows.
constexpr int lanes_in_block(int rows, int block) {
  const int left = rows - block * kLanes;
  return left < kLanes ? left : kLanes;
}

}  // namespace pynn
