#include "training/rows.hpp"

#include <algorithm>
#include <cstring>

#include "base/layout.hpp"

namespace pynn {

namespace {

template <class From, class T>
void convert(const void* data, int begin, int end, T* out) {
  const From* from = static_cast<const From*>(data) + begin;
  const int n = end - begin;
  if constexpr (sizeof(From) == sizeof(T) && From(0.5) == T(0.5)) {
    std::memcpy(out, from, static_cast<std::size_t>(n) * sizeof(T));
  } else {
    for (int i = 0; i < n; ++i) out[i] = static_cast<T>(from[i]);
  }
}

template <class T>
void convert_any(RowType type, const void* data, int begin, int end, T* out) {
  switch (type) {
    case RowType::f32: return convert<float>(data, begin, end, out);
    case RowType::f64: return convert<double>(data, begin, end, out);
    case RowType::f16: return convert<_Float16>(data, begin, end, out);
    case RowType::u8: return convert<std::uint8_t>(data, begin, end, out);
    case RowType::i8: return convert<std::int8_t>(data, begin, end, out);
    case RowType::u16: return convert<std::uint16_t>(data, begin, end, out);
    case RowType::i16: return convert<std::int16_t>(data, begin, end, out);
    case RowType::u32: return convert<std::uint32_t>(data, begin, end, out);
    case RowType::i32: return convert<std::int32_t>(data, begin, end, out);
    case RowType::u64: return convert<std::uint64_t>(data, begin, end, out);
    case RowType::i64: return convert<std::int64_t>(data, begin, end, out);
  }
}

template <class Index, class T>
void scatter(const Rows& source, std::int64_t row, int begin, int end, T* out) {
  const Index* indptr = static_cast<const Index*>(source.indptr);
  const Index* indices = static_cast<const Index*>(source.indices);
  const Index* last = indices + indptr[row + 1];
  const Index* entry = indices + indptr[row];
  if (begin > 0) entry = std::lower_bound(entry, last, static_cast<Index>(begin));
  std::memset(out, 0, static_cast<std::size_t>(end - begin) * sizeof(T));
  for (; entry != last && *entry < end; ++entry) {
    const std::ptrdiff_t at = entry - indices;
    T& value = out[*entry - begin];
    value += source.type == RowType::f32 ? static_cast<T>(static_cast<const float*>(source.data)[at])
                                         : static_cast<T>(static_cast<const double*>(source.data)[at]);
  }
}

constexpr std::size_t item_size(RowType type) {
  switch (type) {
    case RowType::u8:
    case RowType::i8: return 1;
    case RowType::f16:
    case RowType::u16:
    case RowType::i16: return 2;
    case RowType::f32:
    case RowType::u32:
    case RowType::i32: return 4;
    default: return 8;
  }
}

}  // namespace

template <class T>
void read_row(const Rows& source, std::int64_t row, int begin, int end, T* out) {
  if (source.sparse) {
    if (source.wide_indices) {
      scatter<std::int64_t>(source, row, begin, end, out);
    } else {
      scatter<std::int32_t>(source, row, begin, end, out);
    }
    return;
  }
  convert_any(source.type, static_cast<const char*>(source.data) + row * source.row_bytes, begin, end, out);
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
  const std::size_t begin = bytes * static_cast<std::size_t>(part) / static_cast<std::size_t>(parts);
  const std::size_t end = bytes * static_cast<std::size_t>(part + 1) / static_cast<std::size_t>(parts);
  for (std::size_t at = begin; at < end; at += 64) __builtin_prefetch(start + at, 0, 2);
}

template void read_row(const Rows&, std::int64_t, int, int, float*);
template void read_row(const Rows&, std::int64_t, int, int, double*);
template bool is_direct<float>(const Rows&);
template bool is_direct<double>(const Rows&);
template const float* direct_row(const Rows&, std::int64_t);
template const double* direct_row(const Rows&, std::int64_t);

}  // namespace pynn
