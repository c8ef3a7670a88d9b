// Rows of a user's data as they are: dense in any numeric type, or CSR. Nothing is copied as a
// whole; rows are converted one at a time while a batch is gathered. The memory belongs to the
// caller.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/row_numbers.hpp"

namespace pynn {

enum class RowType : int { f32, f64, f16, u8, i8, u16, i16, u32, i32, u64, i64 };

struct Rows {
  std::int64_t rows = 0;
  int cols = 0;
  RowType type = RowType::f32;  // of the elements, or of CSR's values
  const void* data = nullptr;
  std::ptrdiff_t row_bytes = 0;  // dense: bytes between rows; within a row elements are adjacent
  // CSR: column numbers of a row ascend.
  bool sparse = false;
  bool wide_indices = false;  // int64 instead of int32
  const void* indices = nullptr;
  const void* indptr = nullptr;
};

// Columns [begin, end) of the rows, converted; the i-th row to out[i * ld ...).
template <class T>
void read_rows(const Rows& source, const RowNumbers& rows, int begin, int end, T* out,
               std::ptrdiff_t ld);

// Of sparse rows: how many entries are stored.
std::int64_t entry_count(const Rows& source);
std::int64_t entry_count(const Rows& source, std::int64_t row);
// The most entries that any `n` of the rows have together, or a little more; of different rows
// unless they may repeat.
std::int64_t most_entries(const Rows& source, int n, bool may_repeat);
// The entries of a sparse row, converted; entries of one place are added. Returns how many there
// are.
template <class T>
std::int64_t read_entries(const Rows& source, std::int64_t row, std::int32_t* columns, T* values);

// Whether rows can be used without conversion: to be transposed into lanes, by whole quarters of a
// vector; or for everything, padded like the engine's own rows.
template <class T>
bool is_transposable(const Rows& source);
template <class T>
bool is_direct(const Rows& source);

// The row itself.
template <class T>
inline const T* direct_row(const Rows& source, std::int64_t row) {
  return reinterpret_cast<const T*>(static_cast<const char*>(source.data) + row * source.row_bytes);
}

// Asks for one of `parts` equal parts of each of `count` rows to be fetched into the second-level
// cache; for one of `parts` of the rows if they are sparse.
void prefetch_rows(const Rows& source, const std::int64_t* rows, int count, int part, int parts);

}  // namespace pynn
