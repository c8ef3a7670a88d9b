// Products of weights and lanes: the forward product and the gradient of the input. One shape, an
// outer-product tile, acc[R][V] += broadcast(r, t) * vector(t, v). Compiled once per ISA. Sums run
// over t in order, in one lane, with one rounding per step where the ISA has FMA, so that the
// result depends on neither tile, vector width nor thread count.
#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/outer_product-inl.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// x: [depth][kLanes], y: [R][kLanes]; kVectors vectors of lanes. kVectors loads and R broadcasts
// feed R * kVectors FMAs.
template <class T, int R, int kVectors, bool kDepthContiguous, bool kFetches = false>
PYNN_INLINE void product_tile(const ProductArgs<T>& a, int row, const T* x, T* y,
                              const T* relu_mask) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  const std::ptrdiff_t row_stride = kDepthContiguous ? a.row_stride : 1;
  const std::ptrdiff_t depth_stride = kDepthContiguous ? 1 : a.depth_stride;
  const T* w = a.weights + row * row_stride;
  V acc[R][kVectors];
  PYNN_UNROLL for (int r = 0; r < R; ++r) {
    PYNN_UNROLL for (int v = 0; v < kVectors; ++v) {
      acc[r][v] = a.accumulate ? load<V>(y + r * kLanes + v * kWidth)
                               : set<V>(a.bias != nullptr ? a.bias[row + r] : T(0));
    }
  }
  for (int t = 0; t < a.depth; ++t) {
    const T* column = w + t * depth_stride;
    if constexpr (kFetches) prefetch_far(column + 2 * R - 1);
    add_outer_product(column, row_stride, x + t * kLanes, acc);
  }
  if (a.epilogue == Epilogue::relu) {
    PYNN_UNROLL for (int r = 0; r < R; ++r) {
      PYNN_UNROLL for (int v = 0; v < kVectors; ++v) acc[r][v] = max(zero<V>(), acc[r][v]);
    }
  } else if (a.epilogue == Epilogue::relu_gradient) {
    PYNN_UNROLL for (int r = 0; r < R; ++r) {
      PYNN_UNROLL for (int v = 0; v < kVectors; ++v) {
        const V g = load<V>(relu_mask + r * kLanes + v * kWidth);
        acc[r][v] = select(gt(g, zero<V>()), acc[r][v], zero<V>());
      }
    }
  }
  PYNN_UNROLL for (int r = 0; r < R; ++r) {
    PYNN_UNROLL for (int v = 0; v < kVectors; ++v) store(y + r * kLanes + v * kWidth, acc[r][v]);
  }
}

// A tile of one vector, for what a short last block leaves.
template <class T, int R, bool kDepthContiguous>
__attribute__((noinline)) static void product_narrow(const ProductArgs<T>& a, int row, const T* x,
                                                     T* y, const T* relu_mask) {
  product_tile<T, R, 1, kDepthContiguous>(a, row, x, y, relu_mask);
}

// All lanes of all blocks for R rows: the R weight rows stay in the first-level cache. Not inlined:
// in one function with all the other R the compiler runs out of registers for pointers, and reads
// them from the stack at every step of the sum.
template <class T, int R, bool kDepthContiguous, bool kFetches = false>
__attribute__((noinline)) static void product_rows(const ProductArgs<T>& a, int row) {
  constexpr int kVectors = Tiles<T>::kVectors;
  constexpr int kTileLanes = kVectors * Vec<T>::kWidth;
  const int blocks = block_count(a.count);
  for (int block = 0; block < blocks; ++block) {
    const int lanes = lanes_in_block(a.count, block);
    const T* x = a.x + block * a.x_block_stride;
    T* y = a.y + block * a.y_block_stride + static_cast<std::ptrdiff_t>(row) * kLanes;
    const T* relu_mask = a.relu_mask == nullptr ? nullptr
                                                : a.relu_mask + block * a.relu_mask_block_stride +
                                                      static_cast<std::ptrdiff_t>(row) * kLanes;
    for (int lane = 0; lane < lanes; lane += kTileLanes) {
      const T* tile_mask = relu_mask == nullptr ? nullptr : relu_mask + lane;
      if (kVectors > 1 && lanes - lane <= Vec<T>::kWidth) {
        product_narrow<T, R, kDepthContiguous>(a, row, x + lane, y + lane, tile_mask);
      } else {
        product_tile<T, R, kVectors, kDepthContiguous, kFetches>(a, row, x + lane, y + lane,
                                                                 tile_mask);
      }
    }
  }
}

template <class T, int R, bool kDepthContiguous>
static void product_tail(const ProductArgs<T>& a, int row) {
  if constexpr (R > 0) {
    if (a.row_end - row == R) {
      product_rows<T, R, kDepthContiguous>(a, row);
    } else {
      product_tail<T, R - 1, kDepthContiguous>(a, row);
    }
  }
}

// Where a step down a column of the weights goes to another page, hardware does not prefetch, so
// the next tile's weights are prefetched here. Beside 24 multiply-adds that costs 1%, beside 12
// more.
static constexpr int kPageBytes = 4096;
template <class T>
static constexpr bool kMayFetch = Tiles<T>::kRows * Tiles<T>::kVectors >= 24;

template <class T, bool kDepthContiguous>
static void product_all(const ProductArgs<T>& a) {
  constexpr int kRows = Tiles<T>::kRows;
  int row = a.row_begin;
  if constexpr (!kDepthContiguous && kMayFetch<T>) {
    if (a.depth_stride * static_cast<int>(sizeof(T)) >= kPageBytes) {
      for (; row + kRows <= a.row_end; row += kRows) product_rows<T, kRows, false, true>(a, row);
    }
  }
  for (; row + kRows <= a.row_end; row += kRows) product_rows<T, kRows, kDepthContiguous>(a, row);
  product_tail<T, kRows - 1, kDepthContiguous>(a, row);
}

// The depth of equal parts of at most `limit`.
constexpr int chunk_depth(int depth, int limit) {
  const int chunks = depth <= limit ? 1 : (depth + limit - 1) / limit;
  return (depth + chunks - 1) / chunks;
}

// Calls multiply(pass) for parts of the depth of at most `limit`. Each sum still runs over t in
// order: between two passes the partial sums are stored in y.
template <class T, class Multiply>
PYNN_INLINE void for_each_depth_chunk(const ProductArgs<T>& a, int limit, Multiply multiply) {
  const int depth = chunk_depth(a.depth, limit);
  ProductArgs<T> pass = a;
  for (int t = 0; t < a.depth; t += depth) {
    pass.x = a.x + static_cast<std::ptrdiff_t>(t) * kLanes;
    pass.weights = a.weights + t * a.depth_stride;
    pass.depth = a.depth - t < depth ? a.depth - t : depth;
    pass.accumulate = a.accumulate || t > 0;
    pass.epilogue = t + depth < a.depth ? Epilogue::none : a.epilogue;
    multiply(pass);
  }
}

// The product of `count` rows of the batch, from the block `first` on.
template <class T>
PYNN_INLINE ProductArgs<T> blocks_of(const ProductArgs<T>& a, int first, int count) {
  ProductArgs<T> part = a;
  part.x += first * a.x_block_stride;
  part.y += first * a.y_block_stride;
  if (a.relu_mask != nullptr) part.relu_mask += first * a.relu_mask_block_stride;
  part.count = count;
  return part;
}

// Depth of one pass: its weight rows stay in the first-level cache while it goes through the lanes,
// and columns of wide weights do not evict one another.
template <class T>
static constexpr int kDepthChunk = 4096 / sizeof(T);
// Tiles of fewer rows than a cache line has weights use each line several times: it has to stay.
template <class T>
static constexpr int kStridedDepthChunk = (Tiles<T>::kRows < 12 ? 1024 : 2048) / sizeof(T);
// The blocks of x of one pass stay in the second-level cache while it goes through the weights.
static constexpr std::ptrdiff_t kGroupBytes = std::ptrdiff_t{256} << 10;

// Where weights and lanes outgrow the caches the product is cut into passes.
template <class T>
static void product_by_rows(const ProductArgs<T>& a) {
  const bool contiguous = a.depth_stride == 1;
  if (a.depth <= kStridedDepthChunk<T> && a.count <= kLanes) {
    return contiguous ? product_all<T, true>(a) : product_all<T, false>(a);
  }
  const int limit = contiguous ? kDepthChunk<T> : kStridedDepthChunk<T>;
  const int depth = chunk_depth(a.depth, limit);
  const std::ptrdiff_t block_bytes = static_cast<std::ptrdiff_t>(depth) * kLanes * sizeof(T);
  const int group = block_bytes >= kGroupBytes ? 1 : static_cast<int>(kGroupBytes / block_bytes);
  const int blocks = block_count(a.count);
  for (int first = 0; first < blocks; first += group) {
    const int left = a.count - first * kLanes;
    const ProductArgs<T> part = blocks_of(a, first, left < group * kLanes ? left : group * kLanes);
    for_each_depth_chunk(part, limit, [contiguous](const ProductArgs<T>& pass) {
      contiguous ? product_all<T, true>(pass) : product_all<T, false>(pass);
    });
  }
}

// What follows goes through all rows for a block, which is one tile wide and stays in the
// first-level cache. Four vectors have as many sums in three rows as two have in six, and fewer
// loads.
static constexpr int kBlockVectors = 4;
// What a pass takes of depth, so that its lanes are half of a first-level cache of 32 KB, and of
// rows, so that its weights are less than half of a second-level cache of 512 KB.
static constexpr int kBlockDepth = 128;
static constexpr int kBlockGroupRows = 384;

// Whole tiles of R rows. Returns the next row.
template <class T, int R, bool kDepthContiguous>
__attribute__((noinline)) static int block_tiles(const ProductArgs<T>& a, int row, int row_end,
                                                 const T* x, T* y, const T* relu_mask) {
  for (; row + R <= row_end; row += R) {
    const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(row) * kLanes;
    product_tile<T, R, kBlockVectors, kDepthContiguous>(
        a, row, x, y + offset, relu_mask == nullptr ? nullptr : relu_mask + offset);
  }
  return row;
}

template <class T, bool kDepthContiguous>
static void product_blocks(const ProductArgs<T>& a) {
  // Four rows are left to tiles of two: one of a single row has too few sums to hide their latency.
  const int rows = a.row_end - a.row_begin;
  const int end_of_threes = a.row_end - (rows % 3 == 1 && rows > 1 ? 4 : 0);
  const int blocks = block_count(a.count);
  for (int block = 0; block < blocks; ++block) {
    const T* x = a.x + block * a.x_block_stride;
    T* y = a.y + block * a.y_block_stride;
    const T* relu_mask =
        a.relu_mask == nullptr ? nullptr : a.relu_mask + block * a.relu_mask_block_stride;
    int row = block_tiles<T, 3, kDepthContiguous>(a, a.row_begin, end_of_threes, x, y, relu_mask);
    row = block_tiles<T, 2, kDepthContiguous>(a, row, a.row_end, x, y, relu_mask);
    block_tiles<T, 1, kDepthContiguous>(a, row, a.row_end, x, y, relu_mask);
  }
}

template <class T>
static void product_by_blocks(const ProductArgs<T>& a) {
  const auto multiply = [contiguous = a.depth_stride == 1](const ProductArgs<T>& pass) {
    contiguous ? product_blocks<T, true>(pass) : product_blocks<T, false>(pass);
  };
  if (a.depth <= kBlockDepth && a.row_end - a.row_begin <= kBlockGroupRows) return multiply(a);
  ProductArgs<T> part = a;
  for (int row = a.row_begin; row < a.row_end; row += kBlockGroupRows) {
    part.row_begin = row;
    part.row_end = a.row_end - row < kBlockGroupRows ? a.row_end : row + kBlockGroupRows;
    for_each_depth_chunk(part, kBlockDepth, multiply);
  }
}

// A last block of which a quarter is empty, or more, is left to narrower tiles.
template <class T>
static void product(const ProductArgs<T>& a) noexcept {
  if constexpr (kBlockVectors * Vec<T>::kWidth == kLanes && Tiles<T>::kByBlocks) {
    constexpr int kNarrow = kLanes * 3 / 4;
    const int rest = a.count % kLanes;
    if (rest == 0 || rest > kNarrow) return product_by_blocks(a);
    if (a.count > rest) product_by_blocks(blocks_of(a, 0, a.count - rest));
    product_by_rows(blocks_of(a, a.count / kLanes, rest));
  } else {
    product_by_rows(a);
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
