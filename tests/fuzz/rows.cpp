// libFuzzer: bytes as rows of a user's, which lie in memory of exactly their size: dense ones of
// any type, distance and place, and the parts of CSR matrices. Checks refuse a matrix with
// std::invalid_argument, or it is read, or trained on by the perceptron's rule. What is read must
// be the numbers that are there.
//
// Made of the few units that this takes, so that it is built in a minute.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "base/csr_checks.hpp"
#include "base/half.hpp"
#include "input.hpp"
#include "kernels/fill.hpp"
#include "training/rows.hpp"

namespace {

using namespace pynn;
using fuzz::Input;

constexpr int kWidths[] = {1, 2, 3, 4, 5, 8, 16, 32, 64, 100};
constexpr int kMostRows = 12;
constexpr int kMostCols = 24;  // that are read at once
constexpr int kUntouched = -77;

void must(bool condition) {
  if (!condition) std::abort();
}

template <class T>
bool same(T a, T b) {
  return a == b || (a != a && b != b);
}

// Numbers in memory of their own, of which not a byte too many may be read.
template <class T>
std::unique_ptr<T[]> exactly(const std::vector<T>& values) {
  std::unique_ptr<T[]> memory(new T[values.size()]);
  std::copy(values.begin(), values.end(), memory.get());
  return memory;
}

template <class T>
std::unique_ptr<T[]> filled(std::size_t size, T value = 0) {
  std::unique_ptr<T[]> memory(new T[size]);
  std::fill_n(memory.get(), size, value);
  return memory;
}

template <class T, class Index>
struct Csr {
  std::unique_ptr<Index[]> starts, indices;
  std::unique_ptr<T[]> values;
  std::int64_t rows, stored;
  int cols;

  Rows source() const {
    Rows rows;
    rows.rows = this->rows;
    rows.cols = cols;
    rows.type = sizeof(T) == 4 ? RowType::f32 : RowType::f64;
    rows.data = values.get();
    rows.sparse = true;
    rows.wide_indices = sizeof(Index) == 8;
    rows.indices = indices.get();
    rows.indptr = starts.get();
    return rows;
  }
};

template <class Index>
Index odd(Input& in) {
  static const std::int64_t kOdd[] = {-1, 0, 1, 2147483647, -2147483648, 1LL << 62, 40};
  return static_cast<Index>(kOdd[in.below(7)]);
}

template <class T, class Index>
Csr<T, Index> csr(Input& in) {
  Csr<T, Index> made;
  made.rows = in.below(12);
  made.cols = in.seldom(16) ? 2147483647 - 16 : kWidths[in.below(10)];
  std::vector<Index> starts, indices;
  for (Index at = 0; starts.size() <= static_cast<std::size_t>(made.rows);) {
    starts.push_back(in.seldom(64) ? odd<Index>(in) : at);
    at += static_cast<Index>(in.below(5));
  }
  made.stored = in.seldom(16) ? in.below(50) : std::clamp<std::int64_t>(starts.back(), 0, 60);
  Index last = 0;
  for (std::int64_t i = 0; i < made.stored; ++i) {
    last = in.seldom(4) ? static_cast<Index>(in.byte() % made.cols)
                        : static_cast<Index>((last + in.below(4)) % made.cols);
    indices.push_back(in.seldom(64) ? odd<Index>(in) : last);
  }
  // Most matrices have rows whose columns ascend, as readers want them.
  if (!in.seldom(8)) {
    std::int64_t begin = 0;
    for (const Index start : starts) {
      const std::int64_t end = std::clamp<std::int64_t>(start, begin, made.stored);
      std::sort(indices.begin() + begin, indices.begin() + end);
      begin = end;
    }
  }
  std::vector<T> values(static_cast<std::size_t>(made.stored));
  for (T& value : values) value = static_cast<T>(in.seldom(8) ? in.number() : in.byte() - 100);
  made.starts = exactly(starts);
  made.indices = exactly(indices);
  made.values = exactly(values);
  return made;
}

// Some of so many rows, which are there.
struct Chosen {
  std::vector<std::int64_t> numbers;
  RowNumbers rows;

  Chosen(Input& in, std::int64_t all) {
    const int n = static_cast<int>(all);
    if (in.flag()) {
      const int first = in.below(n);
      rows = {nullptr, first, 1 + in.below(n - first)};
      return;
    }
    for (int i = 1 + in.below(kMostRows); i > 0; --i) numbers.push_back(in.below(n));
    rows = {numbers.data(), 0, static_cast<int>(numbers.size())};
  }
  Chosen(const Chosen&) = delete;
  Chosen& operator=(const Chosen&) = delete;

  bool may_repeat() const { return !numbers.empty(); }
};

// Compares what was read with value(row, column). It is not what is fuzzed, and so does not guide:
// to count its branches would take most of the time.
template <class T, class Value>
[[gnu::noinline, clang::no_sanitize("coverage")]] void compare(const T* out, std::ptrdiff_t ld,
                                                               const RowNumbers& rows, int begin,
                                                               int end, const Value& value) {
  for (int i = 0; i < rows.count; ++i) {
    const T* row = out + i * ld - begin;
    for (int col = begin; col < end; ++col) must(same(row[col], value(rows[i], col)));
    if (i + 1 == rows.count) return;
    for (std::ptrdiff_t col = end; col < begin + ld; ++col) must(row[col] == kUntouched);
  }
}

// Reads some columns of the rows.
template <class T, class Value>
void read(Input& in, const Rows& source, const RowNumbers& rows, const Value& value) {
  const int begin = in.flag() ? 0 : in.below(std::min(source.cols, 100));
  const int end = begin + 1 + in.below(std::min(source.cols - begin, kMostCols));
  const std::ptrdiff_t ld = end - begin + (in.flag() ? 0 : in.below(4));
  const auto size = static_cast<std::size_t>((rows.count - 1) * ld + end - begin);
  const auto out = filled<T>(size, kUntouched);
  read_rows(source, rows, begin, end, out.get(), ld);
  compare(out.get(), ld, rows, begin, end, value);
}

template <class T>
void perceptron_epoch(PerceptronArgs<T>& args) {
  static const IsaKernels kernels = [] {
    IsaKernels made{};
    PYNN_ISA::fill_perceptron(made);
    return made;
  }();
  if constexpr (sizeof(T) == 4) {
    kernels.f32.perceptron(args);
  } else {
    kernels.f64.perceptron(args);
  }
}

// One epoch by the perceptron's rule over some of the rows.
template <class T>
void perceptron(Input& in, PerceptronArgs<T> args, const Chosen& chosen, std::int64_t rows) {
  std::vector<std::int64_t> order;
  for (int i = 0; i < chosen.rows.count; ++i) order.push_back(chosen.rows[i]);
  if (in.seldom(16)) order.push_back(odd<std::int64_t>(in));
  require_below("order", "row numbers", order.data(), static_cast<std::int64_t>(order.size()),
                rows);
  const auto numbers = exactly(order);
  const auto n_rows = static_cast<std::size_t>(rows);
  const auto features = static_cast<std::size_t>(args.features);
  const auto targets = filled<T>(n_rows, in.flag() ? 1 : -1);
  const auto sample_weight = filled<T>(n_rows, T(0.5));
  const auto weights = filled<T>(features);
  const auto l1_applied = filled<T>(features);
  const auto intercept = filled<T>(1);
  double l1_total = 0;
  args.order = numbers.get();
  args.count = static_cast<std::int64_t>(order.size());
  args.targets = targets.get();
  args.sample_weight = in.flag() ? sample_weight.get() : nullptr;
  args.weights = weights.get();
  args.intercept = intercept.get();
  args.fit_intercept = in.flag();
  args.linear_unit = in.flag();
  args.rate = static_cast<T>(0.1);
  args.intercept_decay = 1;
  args.l1 = static_cast<T>(in.flag() ? 0.01 : 0);
  args.l2 = static_cast<T>(in.flag() ? 0.01 : 0);
  args.l1_applied = args.l1 == 0 ? nullptr : l1_applied.get();
  args.l1_total = &l1_total;
  perceptron_epoch(args);
  must(args.updates >= 0 && args.updates <= args.count);
}

template <class T, class Stored, class Index>
void use_csr(Input& in) {
  const Csr<Stored, Index> matrix = csr<Stored, Index>(in);
  const bool sorted = check_entries(matrix.starts.get(), matrix.rows, matrix.indices.get(),
                                    matrix.stored, matrix.cols);
  if (matrix.rows == 0) return;
  const Chosen chosen(in, matrix.rows);
  if (in.seldom(4) && matrix.cols <= 100) {  // the perceptron takes rows that are not sorted
    PerceptronArgs<T> args{};
    std::vector<T> values(matrix.values.get(), matrix.values.get() + matrix.stored);
    const auto x = exactly(values);
    const auto starts = exactly(
        std::vector<std::int64_t>(matrix.starts.get(), matrix.starts.get() + matrix.rows + 1));
    const auto indices = exactly(
        std::vector<std::int32_t>(matrix.indices.get(), matrix.indices.get() + matrix.stored));
    args.x = x.get();
    args.ld = args.features = matrix.cols;
    args.indptr = starts.get();
    args.indices = indices.get();
    return perceptron(in, args, chosen, matrix.rows);
  }
  if (!sorted) return;
  const Rows source = matrix.source();
  const auto value = [&](std::int64_t row, std::int64_t col) {
    T sum = 0;
    for (Index i = matrix.starts[row]; i < matrix.starts[row + 1]; ++i) {
      if (matrix.indices[i] == col) sum += static_cast<T>(matrix.values[i]);
    }
    return sum;
  };
  read<T>(in, source, chosen.rows, value);
  std::int64_t entries = 0;
  for (int i = 0; i < chosen.rows.count; ++i) {
    const std::int64_t row = chosen.rows[i], count = entry_count(source, row);
    entries += count;
    const auto n = static_cast<std::size_t>(count);
    const auto columns = filled<std::int32_t>(n);
    const auto values = filled<T>(n);
    const std::int64_t kept = read_entries(source, row, columns.get(), values.get());
    must(kept <= count && (kept > 0) == (count > 0));
    for (std::int64_t k = 0; k < kept; ++k) {
      must(k == 0 || columns[k - 1] < columns[k]);
      must(same(values[k], value(row, columns[k])));
    }
  }
  must(entries <= most_entries(source, chosen.rows.count, chosen.may_repeat()));
}

// The number at an address of any kind.
template <class T>
T number_at(RowType type, const char* at) {
  const auto as = [at](auto number) {
    std::memcpy(&number, at, sizeof number);
    return static_cast<T>(number);
  };
  switch (type) {
    case RowType::f32:
      return as(float());
    case RowType::f64:
      return as(double());
    case RowType::f16:
      return as(Half());
    case RowType::u8:
      return as(std::uint8_t());
    case RowType::i8:
      return as(std::int8_t());
    case RowType::u16:
      return as(std::uint16_t());
    case RowType::i16:
      return as(std::int16_t());
    case RowType::u32:
      return as(std::uint32_t());
    case RowType::i32:
      return as(std::int32_t());
    case RowType::u64:
      return as(std::uint64_t());
    case RowType::i64:
      break;
  }
  return as(std::int64_t());
}

template <class T>
void use_dense(Input& in) {
  static const int kSizes[] = {4, 8, 2, 1, 1, 2, 2, 4, 4, 8, 8};
  const int type = in.flag() ? in.below(2) : in.below(11);
  Rows source;
  source.rows = 1 + in.below(kMostRows);
  source.cols = kWidths[in.below(10)];
  source.type = static_cast<RowType>(type);
  const int size = kSizes[type];
  const int step = source.cols * size + (in.seldom(4) ? in.below(33) : 0);
  source.row_bytes = in.seldom(16) ? 0 : in.seldom(8) ? -step : step;
  const std::ptrdiff_t reach = source.row_bytes * static_cast<std::ptrdiff_t>(source.rows - 1);
  const int offset = in.seldom(8) ? in.below(8) : 0;
  const auto bytes = static_cast<std::size_t>(offset + source.cols * size + std::abs(reach));
  const auto memory = exactly(in.memory(bytes));
  source.data = memory.get() + offset - std::min<std::ptrdiff_t>(reach, 0);
  const Chosen chosen(in, source.rows);
  const auto value = [&](std::int64_t row, std::int64_t col) {
    return number_at<T>(
        source.type, static_cast<const char*>(source.data) + row * source.row_bytes + col * size);
  };
  read<T>(in, source, chosen.rows, value);
  if (!in.seldom(4)) return;
  std::vector<T> values;
  for (std::int64_t row = 0; row < source.rows; ++row) {
    for (int col = 0; col < source.cols; ++col) values.push_back(value(row, col));
  }
  const auto x = exactly(values);
  PerceptronArgs<T> args{};
  args.x = x.get();
  args.ld = args.features = source.cols;
  perceptron(in, args, chosen, source.rows);
}

template <class T>
void use(Input& in) {
  switch (in.below(6)) {
    case 0:
      return use_csr<T, float, std::int32_t>(in);
    case 1:
      return use_csr<T, float, std::int64_t>(in);
    case 2:
      return use_csr<T, double, std::int32_t>(in);
    case 3:
      return use_csr<T, double, std::int64_t>(in);
    default:
      return use_dense<T>(in);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  try {
    if (in.flag()) {
      use<float>(in);
    } else {
      use<double>(in);
    }
  } catch (const std::invalid_argument& error) {
    must(error.what()[0] != '\0');
  }
  return 0;
}
