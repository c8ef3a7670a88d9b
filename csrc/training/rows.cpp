#include "training/rows.hpp"

#include <algorithm>
#include <cstring>

#include "base/layout.hpp"

namespace pynn {

namespace {

template <class From, class T>
void convert(const Rows& source, const RowNumbers& rows, int begin, int end, T* out,
             std::ptrdiff_t ld) {
  const int n = end - begin;
  for (int i = 0; i < rows.count; ++i) {
    const char* row = static_cast<const char*>(source.data) + rows[i] * source.row_bytes;
    const From* from = reinterpret_cast<const From*>(row) + begin;
    T* to = out + i * ld;
    for (int k = 0; k < n; ++k) to[k] = static_cast<T>(from[k]);
  }
}

template <class T>
void convert_dense(const Rows& source, const RowNumbers& rows, int begin, int end, T* out,
                   std::ptrdiff_t ld) {
  switch (source.type) {
    case RowType::f32:
      return convert<float>(source, rows, begin, end, out, ld);
    case RowType::f64:
      return convert<double>(source, rows, begin, end, out, ld);
    case RowType::f16:
      return convert<_Float16>(source, rows, begin, end, out, ld);
    case RowType::u8:
      return convert<std::uint8_t>(source, rows, begin, end, out, ld);
    case RowType::i8:
      return convert<std::int8_t>(source, rows, begin, end, out, ld);
    case RowType::u16:
      return convert<std::uint16_t>(source, rows, begin, end, out, ld);
    case RowType::i16:
      return convert<std::int16_t>(source, rows, begin, end, out, ld);
    case RowType::u32:
      return convert<std::uint32_t>(source, rows, begin, end, out, ld);
    case RowType::i32:
      return convert<std::int32_t>(source, rows, begin, end, out, ld);
    case RowType::u64:
      return convert<std::uint64_t>(source, rows, begin, end, out, ld);
    case RowType::i64:
      return convert<std::int64_t>(source, rows, begin, end, out, ld);
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

constexpr std::size_t item_size(RowType type) {
  switch (type) {
    case RowType::u8:
    case RowType::i8:
      return 1;
    case RowType::f16:
    case RowType::u16:
    case RowType::i16:
      return 2;
    case RowType::f32:
    case RowType::u32:
    case RowType::i32:
      return 4;
    default:
      return 8;
  }
}

}  // namespace

template <class T>
void read_rows(const Rows& source, const RowNumbers& rows, int begin, int end, T* out,
               std::ptrdiff_t ld) {
  if (!source.sparse) {
    convert_dense(source, rows, begin, end, out, ld);
  } else if (source.wide_indices) {
    scatter<std::int64_t>(source, rows, begin, end, out, ld);
  } else {
    scatter<std::int32_t>(source, rows, begin, end, out, ld);
  }
}

template <class T>
bool is_direct(const Rows& source) {
  constexpr RowType kOwn = sizeof(T) == 4 ? RowType::f32 : RowType::f64;
  return !source.sparse && source.type == kOwn && source.cols % kRowAlign == 0 &&
         source.row_bytes % static_cast<std::ptrdiff_t>(sizeof(T)) == 0 &&
         reinterpret_cast<std::uintptr_t>(source.data) % sizeof(T) == 0;
}

template <class T>
const T* direct_row(const Rows& source, std::int64_t row) {
  return reinterpret_cast<const T*>(static_cast<const char*>(source.data) + row * source.row_bytes);
}

void prefetch_row(const Rows& source, std::int64_t row, int part, int parts) {
  if (source.sparse) return;
  const std::size_t bytes = static_cast<std::size_t>(source.cols) * item_size(source.type);
  const char* start = static_cast<const char*>(source.data) + row * source.row_bytes;
  const std::size_t begin =
      bytes * static_cast<std::size_t>(part) / static_cast<std::size_t>(parts);
  const std::size_t end =
      bytes * static_cast<std::size_t>(part + 1) / static_cast<std::size_t>(parts);
  for (std::size_t at = begin; at < end; at += 64) __builtin_prefetch(start + at, 0, 2);
}

template void read_rows(const Rows&, const RowNumbers&, int, int, float*, std::ptrdiff_t);
template void read_rows(const Rows&, const RowNumbers&, int, int, double*, std::ptrdiff_t);
template bool is_direct<float>(const Rows&);
template bool is_direct<double>(const Rows&);
template const float* direct_row(const Rows&, std::int64_t);
template const double* direct_row(const Rows&, std::int64_t);

}  // namespace pynn
