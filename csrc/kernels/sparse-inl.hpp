// A dense layer on rows of which only the entries are stored: the forward product and the gradient
// of the weights with the optimizer's step, at a cost proportional to the entries. Compiled once
// per ISA. An entry that is not stored would add 0 to a sum, so that the results are those of
// product-inl.hpp and weight_gradient-inl.hpp: sums run over the entries of a row, or over the rows
// of the batch, in order.
#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/transpose-inl.hpp"
#include "kernels/update_span.hpp"
#include "simd/vec.hpp"

namespace pynn {
namespace PYNN_ISA {

// Weights are prefetched so many entries ahead. Fewer leave too little time for the lines of a wide
// layer, which come from the third-level cache; more gain nothing.
static constexpr int kEntriesAhead = 16;

PYNN_INLINE void prefetch_line(const void* line, std::ptrdiff_t bytes) {
  for (std::ptrdiff_t at = 0; at < bytes; at += 64) prefetch(static_cast<const char*>(line) + at);
}

// ---- forward

// C vectors of outputs for the rows of a block; `w` begins at the first of them.
template <class T, int C>
static void sparse_rows(const SparseProductArgs<T>& a, const T* w, const T* bias, int first,
                        int lanes, T* tile) {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  const std::int64_t last = a.x.ends[a.first_row + a.count - 1] - 1;
  for (int lane = 0; lane < lanes; ++lane) {
    V acc[C];
    PYNN_UNROLL for (int c = 0; c < C; ++c) acc[c] =
        bias == nullptr ? zero<V>() : loadu<V>(bias + c * kWidth);
    const std::int64_t end = a.x.ends[first + lane];
    for (std::int64_t i = a.x.starts[first + lane]; i < end; ++i) {
      const std::int64_t ahead = i + kEntriesAhead < last ? i + kEntriesAhead : last;
      prefetch_line(w + a.x.columns[ahead] * a.ld, C * kWidth * static_cast<int>(sizeof(T)));
      const T* line = w + a.x.columns[i] * a.ld;
      const V value = set<V>(a.x.values[i]);
      PYNN_UNROLL for (int c = 0; c < C; ++c) acc[c] =
          fma(load<V>(line + c * kWidth), value, acc[c]);
    }
    PYNN_UNROLL for (int c = 0; c < C; ++c) {
      store(tile + c * kWidth, a.relu ? max(zero<V>(), acc[c]) : acc[c]);
    }
    tile += C * kWidth;
  }
}

// Vectors of outputs at a time: as many accumulators as every ISA has registers for.
static constexpr int kSparseVectors = 8;

template <class T, int C>
static void sparse_panel(const SparseProductArgs<T>& a, int begin) {
  constexpr int kPanel = C * Vec<T>::kWidth;
  alignas(64) T tile[kLanes * kPanel];
  const T* rows[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) rows[lane] = tile + lane * kPanel;
  for (int done = 0; done < a.count; done += kLanes) {
    const int lanes = a.count - done < kLanes ? a.count - done : kLanes;
    sparse_rows<T, C>(a, a.weights + begin, a.bias == nullptr ? nullptr : a.bias + begin,
                      a.first_row + done, lanes, tile);
    T* y = a.y + done / kLanes * a.y_block_stride + static_cast<std::ptrdiff_t>(begin) * kLanes;
    rows_to_lanes(rows, lanes, 0, kPanel, y, a.y_block_stride);
  }
}

template <class T, int C>
static void sparse_tail(const SparseProductArgs<T>& a, int begin, int vectors) {
  if constexpr (C > 0) {
    if (vectors == C) {
      sparse_panel<T, C>(a, begin);
    } else {
      sparse_tail<T, C - 1>(a, begin, vectors);
    }
  }
}

// Weights in out_in layout: U outputs of a row at a time, one number each.
template <class T, int U>
static void sparse_outputs(const SparseProductArgs<T>& a, int begin) {
  for (int i = 0; i < a.count; ++i) {
    const int row = a.first_row + i;
    T sums[U];
    for (int u = 0; u < U; ++u) sums[u] = a.bias == nullptr ? T(0) : a.bias[begin + u];
    for (std::int64_t e = a.x.starts[row]; e < a.x.ends[row]; ++e) {
      const T* w = a.weights + begin * a.ld + a.x.columns[e];
      PYNN_UNROLL for (int u = 0; u < U; ++u) sums[u] =
          multiply_add(w[u * a.ld], a.x.values[e], sums[u]);
    }
    T* y = a.y + i / kLanes * a.y_block_stride + begin * kLanes + i % kLanes;
    for (int u = 0; u < U; ++u) y[u * kLanes] = a.relu && T(0) > sums[u] ? T(0) : sums[u];
  }
}

template <class T>
static void sparse_product(const SparseProductArgs<T>& a) noexcept {
  if (!a.in_out) {
    int begin = a.begin;
    for (; begin + 4 <= a.end; begin += 4) sparse_outputs<T, 4>(a, begin);
    for (; begin < a.end; ++begin) sparse_outputs<T, 1>(a, begin);
    return;
  }
  constexpr int kWidth = Vec<T>::kWidth;
  constexpr int kPanel = kSparseVectors * kWidth;
  const int end = static_cast<int>(round_up(a.end, kRowAlign));
  int begin = a.begin;
  for (; begin + kPanel <= end; begin += kPanel) sparse_panel<T, kSparseVectors>(a, begin);
  sparse_tail<T, kSparseVectors - 1>(a, begin, (end - begin) / kWidth);
}

// ---- gradient

template <class T>
static void sparse_order(const SparseOrderArgs<T>& a) noexcept {
  if (a.column_begin >= a.column_end) return;
  const int shift = a.group_shift;
  const int first_group = a.column_begin >> shift;
  const int groups = ((a.column_end - 1) >> shift) + 1;
  for (int g = first_group; g < groups; ++g) a.group_ends[g] = 0;
  const auto lower_bound = [&](int row, int column) {
    std::int64_t begin = a.x.starts[row], n = a.x.ends[row] - begin;
    while (n > 0) {
      const std::int64_t half = n / 2;
      const bool below = a.x.columns[begin + half] < column;
      begin = below ? begin + half + 1 : begin;
      n = below ? n - half - 1 : half;
    }
    return begin;
  };
  const auto first_of = [&](int row) {
    return a.column_begin == 0 ? a.x.starts[row] : lower_bound(row, a.column_begin);
  };
  const auto end_of = [&](int row) {
    return a.column_end == a.features ? a.x.ends[row] : lower_bound(row, a.column_end);
  };
  // Entries of the columns before these come first.
  std::int64_t at = 0;
  for (int row = 0; row < a.count; ++row) {
    const std::int64_t first = first_of(row), end = end_of(row);
    at += first - a.x.starts[row];
    for (std::int64_t i = first; i < end; ++i) ++a.group_ends[a.x.columns[i] >> shift];
  }
  for (int g = first_group; g < groups; ++g) {
    const std::int64_t n = a.group_ends[g];
    a.group_ends[g] = at;
    at += n;
  }
  for (int row = 0; row < a.count; ++row) {
    const std::int64_t end = end_of(row);
    for (std::int64_t i = first_of(row); i < end; ++i) {
      const std::int32_t column = a.x.columns[i];
      a.entries[a.group_ends[column >> shift]++] = {column, row, a.x.values[i]};
    }
  }
}

template <class T>
PYNN_INLINE const SparseEntry<T>* group_begin(const SparseGradientArgs<T>& a, int group) {
  return a.entries + (group == 0 ? 0 : a.group_ends[group - 1]);
}

// A group of columns: its entries, and their sums, [column][stride].
template <class T>
struct ColumnGroup {
  const SparseEntry<T>* begin;
  const SparseEntry<T>* end;
  int column;
  int columns;
  int output;   // first of the panel
  int outputs;  // a multiple of the vector's width
  std::ptrdiff_t stride;
  bool whole_lines;  // the panel is all there is of a line of the weights
  T* sums;
};

// Calls body(i) for the vectors of a panel: C of them, or as many as there are if C is 0.
template <class T, int C, class Body>
PYNN_INLINE void for_each_vector(int outputs, const Body& body) {
  constexpr int kWidth = Vec<T>::kWidth;
  if constexpr (C > 0) {
    PYNN_UNROLL for (int c = 0; c < C; ++c) body(c * kWidth);
  } else {
    for (int i = 0; i < outputs; i += kWidth) body(i);
  }
}

// Adds the entry's part of the gradient to the sums of its column.
template <class T, int C>
PYNN_INLINE void add_entry(const SparseGradientArgs<T>& a, const ColumnGroup<T>& g,
                           const SparseEntry<T>& entry) {
  using V = Vec<T>;
  const T* grad_y = a.grad_rows[entry.row] + g.output;
  T* sums = g.sums + (entry.column - g.column) * g.stride;
  const V value = set<V>(entry.value);
  for_each_vector<T, C>(g.outputs, [&](int i) {
    store(sums + i, fma(load<V>(grad_y + i), value, load<V>(sums + i)));
  });
}

// The columns of the group that may have several entries, as bits.
template <class T>
PYNN_INLINE std::uint64_t repeated_columns(const ColumnGroup<T>& g) {
  if (g.end - g.begin > kGroupColumns) return ~std::uint64_t{0};
  std::uint64_t seen = 0, repeated = 0;
  for (const SparseEntry<T>* e = g.begin; e != g.end; ++e) {
    const std::uint64_t bit = std::uint64_t{1} << (e->column - g.column);
    repeated |= seen & bit;
    seen |= bit;
  }
  return repeated;
}

static constexpr std::ptrdiff_t kNearBytes = std::ptrdiff_t{512} << 10;

// w -= rate * gradient in the columns that have entries; the others keep their weights. The
// gradient of a column with one entry stays in registers. The sums are 0 before and after.
template <class T, int C>
static void descend_group(const SparseGradientArgs<T>& a, const ColumnGroup<T>& g,
                          const SparseEntry<T>* last) {
  using V = Vec<T>;
  constexpr int kAhead = 8;
  const std::ptrdiff_t line_bytes = g.outputs * static_cast<std::ptrdiff_t>(sizeof(T));
  const V rate = set<V>(a.update->h[0]);
  const std::uint64_t repeated = repeated_columns(g);
  std::uint64_t summed = 0;
  for (const SparseEntry<T>* e = g.begin; e != g.end; ++e) {
    // Entries go on after the group, up to `last`; null if nothing is to be fetched ahead.
    if (last != nullptr && last - e > kAhead) {
      prefetch_line(a.weights + e[kAhead].column * a.ld + g.output, line_bytes);
    }
    const std::uint64_t bit = std::uint64_t{1} << (e->column - g.column);
    if ((repeated & bit) != 0) {
      add_entry<T, C>(a, g, *e);
      summed |= bit;
      continue;
    }
    const T* grad_y = a.grad_rows[e->row] + g.output;
    T* w = a.weights + e->column * a.ld + g.output;
    const V value = set<V>(e->value);
    for_each_vector<T, C>(g.outputs, [&](int i) {
      const V gradient = fma(load<V>(grad_y + i), value, zero<V>());
      store(w + i, fnma(rate, gradient, load<V>(w + i)));
    });
  }
  for (; summed != 0; summed &= summed - 1) {
    const int k = __builtin_ctzll(summed);
    T* sums = g.sums + k * g.stride;
    T* w = a.weights + (g.column + k) * a.ld + g.output;
    for_each_vector<T, C>(g.outputs, [&](int i) {
      store(w + i, fnma(rate, load<V>(sums + i), load<V>(w + i)));
      store(sums + i, zero<V>());
    });
  }
}

// All columns of the group, those without entries too: their gradient is 0, but state, penalties
// and decay move them. The sums are 0 before and after.
template <class T, int C>
static void step_group(const SparseGradientArgs<T>& a, const ColumnGroup<T>& g,
                       UpdateSpan<T> span) {
  for (const SparseEntry<T>* e = g.begin; e != g.end; ++e) add_entry<T, C>(a, g, *e);
  const int spans = g.whole_lines ? 1 : g.columns;
  const std::ptrdiff_t length = g.whole_lines ? g.columns * g.stride : g.outputs;
  for (int k = 0; k < spans; ++k) {
    const std::ptrdiff_t offset = (g.column + k) * a.ld + g.output;
    T* state[kMaxSlots];
    for (int s = 0; s < kMaxSlots; ++s)
      state[s] = a.state[s] == nullptr ? nullptr : a.state[s] + offset;
    span(a.weights + offset, state, g.sums + k * g.stride, length, *a.update);
  }
  __builtin_memset(g.sums, 0, static_cast<std::size_t>(g.columns * g.stride) * sizeof(T));
}

template <class T>
static void store_group(const SparseGradientArgs<T>& a, const ColumnGroup<T>& g) {
  using V = Vec<T>;
  std::uint64_t touched = 0;
  for (const SparseEntry<T>* e = g.begin; e != g.end; ++e) {
    add_entry<T, 0>(a, g, *e);
    touched |= std::uint64_t{1} << (e->column - g.column);
  }
  for (int k = 0; k < g.columns; ++k, touched >>= 1) {
    if ((touched & 1) == 0 && a.accumulate) continue;
    T* grad = a.grad + (g.column + k) * a.ld + g.output;
    T* sums = g.sums + k * g.stride;
    for (int i = 0; i < g.outputs; i += V::kWidth) {
      const V sum = load<V>(sums + i);
      store(grad + i, a.accumulate ? load<V>(grad + i) + sum : sum);
      store(sums + i, zero<V>());
    }
  }
}

// One panel of outputs, C vectors of them; 0 for any number.
template <class T, int C>
static void gradient_panel(const SparseGradientArgs<T>& a, ColumnGroup<T> g, UpdateSpan<T> span,
                           bool descends) {
  const int shift = a.group_shift;
  const int last_group = (a.column_end - 1) >> shift;
  // Weights that fit the second-level cache need no prefetching.
  const std::ptrdiff_t bytes =
      (a.column_end - a.column_begin) * a.ld * static_cast<std::ptrdiff_t>(sizeof(T));
  const SparseEntry<T>* last = bytes > kNearBytes ? a.entries + a.group_ends[last_group] : nullptr;
  for (int group = a.column_begin >> shift; group <= last_group; ++group) {
    g.end = a.entries + a.group_ends[group];
    g.column = group << shift;
    g.columns = a.column_end - g.column < 1 << shift ? a.column_end - g.column : 1 << shift;
    if (a.grad != nullptr) {
      store_group(a, g);
    } else if (!descends) {
      step_group<T, C>(a, g, span);
    } else if (g.begin != g.end) {
      descend_group<T, C>(a, g, last);
    }
    g.begin = g.end;
  }
}

template <class T, int C>
static void gradient_narrow_panel(const SparseGradientArgs<T>& a, const ColumnGroup<T>& g,
                                  UpdateSpan<T> span, bool descends) {
  if constexpr (C > 0) {
    if (g.outputs == C * Vec<T>::kWidth) {
      gradient_panel<T, C>(a, g, span, descends);
    } else {
      gradient_narrow_panel<T, C - 1>(a, g, span, descends);
    }
  } else {
    gradient_panel<T, 0>(a, g, span, descends);
  }
}

template <class T>
static void gradient_in_out(const SparseGradientArgs<T>& a, UpdateSpan<T> span, bool descends) {
  alignas(64) T sums[kGroupSums<T>] = {};
  const int end = static_cast<int>(round_up(a.output_end, kRowAlign));
  const bool whole = a.outputs <= kGroupOutputs;
  for (int output = a.output_begin; output < end; output += kGroupOutputs) {
    ColumnGroup<T> g{};
    g.output = output;
    g.outputs = end - output < kGroupOutputs ? end - output : kGroupOutputs;
    g.stride = whole ? a.ld : kGroupOutputs;
    g.whole_lines = whole && output == 0 && g.outputs >= a.outputs;
    g.sums = sums;
    g.begin = group_begin(a, a.column_begin >> a.group_shift);
    gradient_narrow_panel<T, kSparseVectors>(a, g, span, descends);
  }
}

// Weights in out_in layout: sums are [output][column of the group].
template <class T>
static void gradient_out_in(const SparseGradientArgs<T>& a, UpdateSpan<T> span, bool descends) {
  constexpr int kOutputs = kGroupSums<T> / kGroupColumns;
  alignas(64) T sums[kGroupSums<T>];
  const int first_group = a.column_begin >> a.group_shift;
  const int last_group = (a.column_end - 1) >> a.group_shift;
  for (int output = a.output_begin; output < a.output_end; output += kOutputs) {
    const int outputs = a.output_end - output < kOutputs ? a.output_end - output : kOutputs;
    const SparseEntry<T>* begin = group_begin(a, first_group);
    for (int group = first_group; group <= last_group; ++group) {
      const SparseEntry<T>* end = a.entries + a.group_ends[group];
      const int column = group << a.group_shift;
      const int columns =
          a.column_end - column < kGroupColumns ? a.column_end - column : kGroupColumns;
      if (begin == end && (descends || (a.grad != nullptr && a.accumulate))) continue;
      __builtin_memset(sums, 0, static_cast<std::size_t>(outputs) * kGroupColumns * sizeof(T));
      for (const SparseEntry<T>* e = begin; e != end; ++e) {
        const T* grad_y = a.grad_rows[e->row] + output;
        T* sum = sums + (e->column - column);
        for (int u = 0; u < outputs; ++u) {
          sum[u * kGroupColumns] = multiply_add(grad_y[u], e->value, sum[u * kGroupColumns]);
        }
      }
      for (int u = 0; u < outputs; ++u) {
        const T* sum = sums + u * kGroupColumns;
        const std::ptrdiff_t offset = (output + u) * a.ld + column;
        if (a.grad != nullptr) {
          for (int k = 0; k < columns; ++k) {
            a.grad[offset + k] = a.accumulate ? a.grad[offset + k] + sum[k] : sum[k];
          }
          continue;
        }
        T* state[kMaxSlots];
        for (int s = 0; s < kMaxSlots; ++s)
          state[s] = a.state[s] == nullptr ? nullptr : a.state[s] + offset;
        span(a.weights + offset, state, sum, columns, *a.update);
      }
      begin = end;
    }
  }
}

template <class T>
static void sparse_gradient(const SparseGradientArgs<T>& a) noexcept {
  if (a.column_begin >= a.column_end || a.output_begin >= a.output_end) return;
  const bool descends = a.grad == nullptr && is_plain_descent(*a.update);
  const UpdateSpan<T> span = a.grad != nullptr ? nullptr : span_of<T>(a.update->optimizer);
  if (a.in_out) {
    gradient_in_out(a, span, descends);
  } else {
    gradient_out_in(a, span, descends);
  }
}

}  // namespace PYNN_ISA
}  // namespace pynn
