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

// Elements from one row of a matrix to the next. Rows whose distance is a multiple of 1 KB share so
// few sets of the first-level cache that walking down a column evicts what it will need next: they
// get another kRowAlign elements of padding.
constexpr std::ptrdiff_t row_stride(std::ptrdiff_t cols, std::size_t item_size) {
  const std::ptrdiff_t stride = round_up(cols, kRowAlign);
  const bool collides = stride * static_cast<std::ptrdiff_t>(item_size) % 1024 == 0;
  return collides ? stride + kRowAlign : stride;
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
