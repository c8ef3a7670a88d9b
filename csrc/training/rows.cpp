#include "training/rows.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <numeric>
#include <vector>

#include "base/half.hpp"
#include "base/layout.hpp"
#include "ops/share.hpp"

namespace pynn {

namespace {

constexpr std::uintptr_t kLineBytes = 64;

// Calls use(number), with a number of the type.
template <class Use>
auto with_row_type(RowType type, const Use& use) {
  switch (type) {
    case RowType::f32:
      return use(float());
    case RowType::f64:
      return use(double());
    case RowType::f16:
      return use(Half());
    case RowType::u8:
      return use(std::uint8_t());
    case RowType::i8:
      return use(std::int8_t());
    case RowType::u16:
      return use(std::uint16_t());
    case RowType::i16:
      return use(std::int16_t());
    case RowType::u32:
      return use(std::uint32_t());
    case RowType::i32:
      return use(std::int32_t());
    case RowType::u64:
      return use(std::uint64_t());
    case RowType::i64:
      break;
  }
  return use(std::int64_t());
}

std::int64_t item_size(RowType type) {
  return with_row_type(type, [](auto number) { return std::int64_t{sizeof(number)}; });
}

// A user's number, which may lie at any address.
template <class From>
From read(const char* from) {
  From value;
  std::memcpy(&value, from, sizeof(From));
  return value;
}

template <class From, class T>
void convert(const Rows& source, const RowNumbers& rows, int begin, int end, T* out,
             std::ptrdiff_t ld) {
  constexpr auto kBytes = static_cast<std::ptrdiff_t>(sizeof(From));
  const char* data = static_cast<const char*>(source.data) + begin * kBytes;
  const int n = end - begin;
  if (n == 1 && ld == 1) {
    for (int i = 0; i < rows.count; ++i)
      out[i] = static_cast<T>(read<From>(data + rows[i] * source.row_bytes));
    return;
  }
  for (int i = 0; i < rows.count; ++i) {
    const char* from = data + rows[i] * source.row_bytes;
    T* __restrict to = out + i * ld;
    for (int k = 0; k < n; ++k) to[k] = static_cast<T>(read<From>(from + k * kBytes));
  }
}

template <class Index, class T>
void scatter(const Rows& source, const RowNumbers& rows, int begin, int end, T* out,
             std::ptrdiff_t ld) {
  const Index* indptr = static_cast<const Index*>(source.indptr);
  const Index* indices = static_cast<const Index*>(source.indices);
  for (int i = 0; i < rows.count; ++i) {
    T* to = out + i * ld;
    const Index* last = indices + indptr[rows[i] + 1];
    const Index* entry = indices + indptr[rows[i]];
    if (begin > 0) entry = std::lower_bound(entry, last, static_cast<Index>(begin));
    std::memset(to, 0, static_cast<std::size_t>(end - begin) * sizeof(T));
    for (; entry != last && *entry < end; ++entry) {
      const std::ptrdiff_t at = entry - indices;
      to[*entry - begin] += source.type == RowType::f32
                                ? static_cast<T>(static_cast<const float*>(source.data)[at])
                                : static_cast<T>(static_cast<const double*>(source.data)[at]);
    }
  }
}

struct Span {
  std::int64_t begin;
  std::int64_t end;
};

Span entries_of(const Rows& source, std::int64_t row) {
  if (source.wide_indices) {
    const auto* indptr = static_cast<const std::int64_t*>(source.indptr);
    return {indptr[row], indptr[row + 1]};
  }
  const auto* indptr = static_cast<const std::int32_t*>(source.indptr);
  return {indptr[row], indptr[row + 1]};
}

void prefetch_elements(const void* array, Span span, std::int64_t size) {
  const auto start = reinterpret_cast<std::uintptr_t>(array);
  const std::uintptr_t end = start + static_cast<std::uintptr_t>(span.end * size);
  std::uintptr_t at = start + static_cast<std::uintptr_t>(span.begin * size);
  for (at -= at % kLineBytes; at < end; at += kLineBytes)
    __builtin_prefetch(reinterpret_cast<const void*>(at), 0, 2);
}

template <class From, class To>
void copy_converted(const void* from, Span span, To* to) {
  const From* source = static_cast<const From*>(from) + span.begin;
  const std::int64_t n = span.end - span.begin;
  for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<To>(source[i]);
}

// Columns ascend, so that entries of one place are neighbours.
template <class T>
std::int64_t merge_entries(std::int64_t n, std::int32_t* columns, T* values) {
  bool repeats = false;
  for (std::int64_t i = 1; i < n; ++i) repeats |= columns[i] == columns[i - 1];
  if (!repeats) return n;
  std::int64_t last = 0;
  for (std::int64_t i = 1; i < n; ++i) {
    if (columns[i] == columns[last]) {
      values[last] += values[i];
      continue;
    }
    ++last;
    columns[last] = columns[i];
    values[last] = values[i];
  }
  return last + 1;
}

}  // namespace

template <class T>
void read_rows(const Rows& source, const RowNumbers& rows, int begin, int end, T* out,
               std::ptrdiff_t ld) {
  if (!source.sparse) {
    with_row_type(source.type, [&](auto number) {
      convert<decltype(number)>(source, rows, begin, end, out, ld);
    });
  } else if (source.wide_indices) {
    scatter<std::int64_t>(source, rows, begin, end, out, ld);
  } else {
    scatter<std::int32_t>(source, rows, begin, end, out, ld);
  }
}

std::int64_t entry_count(const Rows& source) {
  return source.rows == 0 ? 0 : entries_of(source, source.rows - 1).end;
}

std::int64_t entry_count(const Rows& source, std::int64_t row) {
  const Span span = entries_of(source, row);
  return span.end - span.begin;
}

std::int64_t most_entries(const Rows& source, int n, bool may_repeat) {
  const std::int64_t all = entry_count(source);
  if (n >= source.rows && !may_repeat) return all;
  std::int64_t longest = 0;
  for (std::int64_t row = 0; row < source.rows; ++row) {
    longest = std::max(longest, entry_count(source, row));
  }
  // Where lengths differ little, n times the longest is near enough.
  constexpr std::int64_t kNearEnough = 2;
  if (may_repeat || longest * source.rows <= kNearEnough * all) return longest * n;
  std::vector<std::int64_t> lengths(static_cast<std::size_t>(source.rows));
  for (std::size_t row = 0; row < lengths.size(); ++row) {
    lengths[row] = entry_count(source, static_cast<std::int64_t>(row));
  }
  std::nth_element(lengths.begin(), lengths.begin() + n, lengths.end(), std::greater<>());
  return std::accumulate(lengths.begin(), lengths.begin() + n, std::int64_t{0});
}

template <class T>
std::int64_t read_entries(const Rows& source, std::int64_t row, std::int32_t* columns, T* values) {
  const Span span = entries_of(source, row);
  if (source.wide_indices) {
    copy_converted<std::int64_t>(source.indices, span, columns);
  } else {
    copy_converted<std::int32_t>(source.indices, span, columns);
  }
  if (source.type == RowType::f32) {
    copy_converted<float>(source.data, span, values);
  } else {
    copy_converted<double>(source.data, span, values);
  }
  return merge_entries(span.end - span.begin, columns, values);
}

template <class T>
bool is_transposable(const Rows& source) {
  constexpr RowType kOwn = sizeof(T) == 4 ? RowType::f32 : RowType::f64;
  constexpr int kQuarter = 16 / sizeof(T);
  return !source.sparse && source.type == kOwn && source.cols % kQuarter == 0 &&
         source.row_bytes % static_cast<std::ptrdiff_t>(sizeof(T)) == 0 &&
         reinterpret_cast<std::uintptr_t>(source.data) % sizeof(T) == 0;
}

template <class T>
bool is_direct(const Rows& source) {
  return is_transposable<T>(source) && source.cols % kRowAlign == 0;
}

void prefetch_rows(const Rows& source, const std::int64_t* rows, int count, int part, int parts) {
  if (source.sparse) {
    const Range mine = divide(count, 1, part, parts);
    for (int i = mine.begin; i < mine.end; ++i) {
      const Span span = entries_of(source, rows[i]);
      prefetch_elements(source.indices, span, source.wide_indices ? 8 : 4);
      prefetch_elements(source.data, span, item_size(source.type));
    }
    return;
  }
  const std::int64_t bytes = source.cols * item_size(source.type);
  const Span mine{bytes * part / parts, bytes * (part + 1) / parts};
  for (int i = 0; i < count; ++i) {
    prefetch_elements(static_cast<const char*>(source.data) + rows[i] * source.row_bytes, mine, 1);
  }
}

template void read_rows(const Rows&, const RowNumbers&, int, int, float*, std::ptrdiff_t);
template void read_rows(const Rows&, const RowNumbers&, int, int, double*, std::ptrdiff_t);
template std::int64_t read_entries(const Rows&, std::int64_t, std::int32_t*, float*);
template std::int64_t read_entries(const Rows&, std::int64_t, std::int32_t*, double*);
template bool is_transposable<float>(const Rows&);
template bool is_transposable<double>(const Rows&);
template bool is_direct<float>(const Rows&);
template bool is_direct<double>(const Rows&);

}  // namespace pynn
