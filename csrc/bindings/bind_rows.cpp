// Sources of rows: NumPy's arrays and CSR matrices, read where they are.
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "base/csr_checks.hpp"
#include "base/layout.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/rows_object.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

std::optional<RowType> known_row_type(const py::dtype& dtype) {
  const char kind = dtype.kind();
  const auto size = dtype.itemsize();
  if (dtype.byteorder() == '>') return {};
  if (kind == 'f' && size == 4) return RowType::f32;
  if (kind == 'f' && size == 8) return RowType::f64;
  if (kind == 'f' && size == 2) return RowType::f16;
  if (kind == 'b' || (kind == 'u' && size == 1)) return RowType::u8;
  if (kind == 'u') return size == 2 ? RowType::u16 : size == 4 ? RowType::u32 : RowType::u64;
  if (kind == 'i') {
    return size == 1   ? RowType::i8
           : size == 2 ? RowType::i16
           : size == 4 ? RowType::i32
                       : RowType::i64;
  }
  return {};
}

RowType row_type_of(const py::dtype& dtype) {
  const std::optional<RowType> type = known_row_type(dtype);
  require(type || dtype.byteorder() != '>', "data must be in the machine's byte order");
  require(type.has_value(), [&] { return "data must be numeric. Received: " + dtype_text(dtype); });
  return *type;
}

int checked_cols(py::ssize_t cols) {
  require(cols >= 1 && cols <= std::numeric_limits<int>::max() - kRowAlign,
          [cols] { return "data needs at least one column. Received: " + std::to_string(cols); });
  return static_cast<int>(cols);
}

bool has_adjacent_rows(const py::array& matrix) {
  return matrix.shape(0) == 0 || matrix.shape(1) == 1 || matrix.strides(1) == matrix.itemsize();
}

Rows rows_at(const py::array& matrix, RowType type) {
  Rows rows;
  rows.rows = matrix.shape(0);
  rows.cols = static_cast<int>(matrix.shape(1));
  rows.type = type;
  rows.data = matrix.data();
  rows.row_bytes = matrix.strides(0);
  return rows;
}

std::unique_ptr<RowsObject> dense_rows(const py::array& array) {
  require(array.ndim() == 2,
          [&] { return "data must be 2-D. Received: " + std::to_string(array.ndim()) + "-D"; });
  checked_cols(array.shape(1));
  const RowType type = row_type_of(array.dtype());
  require(has_adjacent_rows(array), "the elements of a row must be adjacent in memory");
  auto object = std::make_unique<RowsObject>();
  object->rows = rows_at(array, type);
  object->owners.push_back(array);
  return object;
}

template <class Index>
bool check_entries_of(const py::array& indices, const py::array& indptr, std::int64_t stored,
                      std::int64_t cols) {
  return check_entries(static_cast<const Index*>(indptr.data()), indptr.size() - 1,
                       static_cast<const Index*>(indices.data()), stored, cols);
}

// Checks what is relied on when rows are read; returns whether the columns of each row ascend.
bool check_csr(py::array& data, py::array& indices, py::array& indptr, std::int64_t cols) {
  for (py::array* a : {&data, &indices, &indptr}) {
    require(a->ndim() == 1, "data, indices and indptr must be 1-D arrays");
    if (!is_plain(*a)) *a = a->attr("copy")();  // with gaps, or at an address of no such number
  }
  require(indices.dtype().equal(indptr.dtype()), "indices and indptr must have one dtype");
  const bool wide = indices.dtype().itemsize() == 8;
  require(indices.dtype().kind() == 'i' && (wide || indices.dtype().itemsize() == 4),
          "indices must be int32 or int64");
  require(indptr.size() >= 1 && data.size() == indices.size(),
          "data, indices and indptr must be 1-D arrays of fitting sizes");
  return wide ? check_entries_of<std::int64_t>(indices, indptr, data.size(), cols)
              : check_entries_of<std::int32_t>(indices, indptr, data.size(), cols);
}

void check_compressed(py::array data, py::array indices, py::array indptr, py::ssize_t rows,
                      py::ssize_t cols) {
  check_csr(data, indices, indptr, cols);
  require(indptr.size() == rows + 1, [&] {
    return "indptr must have " + std::to_string(rows + 1) +
           " entries, one more than there are rows. Received: " + std::to_string(indptr.size());
  });
}

std::unique_ptr<RowsObject> csr_rows(py::array data, py::array indices, py::array indptr,
                                     py::ssize_t n_cols) {
  auto object = std::make_unique<RowsObject>();
  Rows& rows = object->rows;
  rows.cols = checked_cols(n_cols);
  require(check_csr(data, indices, indptr, n_cols), "the column numbers of a row must be sorted");
  const RowType type = row_type_of(data.dtype());
  require(type == RowType::f32 || type == RowType::f64, "CSR values must be float32 or float64");
  rows.rows = indptr.size() - 1;
  rows.type = type;
  rows.sparse = true;
  rows.wide_indices = indices.dtype().itemsize() == 8;
  rows.data = data.data();
  rows.indices = indices.data();
  rows.indptr = indptr.data();
  object->owners = {data, indices, indptr};
  return object;
}

}  // namespace

std::vector<Rows> rows_of(const RowsList& list) {
  std::vector<Rows> rows;
  for (const RowsObject* object : list) rows.push_back(object == nullptr ? Rows{} : object->rows);
  return rows;
}

std::vector<Rows> inputs_of(const RowsList& list) {
  for (const RowsObject* object : list) require(object != nullptr, "every input needs data");
  return rows_of(list);
}

std::optional<Rows> readable_rows(const py::array& matrix) {
  const std::optional<RowType> type = known_row_type(matrix.dtype());
  if (!type || !has_adjacent_rows(matrix)) return {};
  return rows_at(matrix, *type);
}

void bind_rows(py::module_& m) {
  bind_class<RowsObject>(m, "Rows",
                         "Rows of a user's array or CSR matrix, as they are; nothing is copied.")
      .def(py::init(&dense_rows), py::arg("array"))
      .def_static("csr", &csr_rows, py::arg("data"), py::arg("indices"), py::arg("indptr"),
                  py::arg("n_cols"))
      .def_property_readonly("rows", [](const RowsObject& r) { return r.rows.rows; })
      .def_property_readonly("cols", [](const RowsObject& r) { return r.rows.cols; });
  m.def("check_compressed", &check_compressed, py::arg("data"), py::arg("indices"),
        py::arg("indptr"), py::arg("rows"), py::arg("cols"),
        "Raise ValueError unless these are the parts of a compressed sparse matrix of such a "
        "shape, so that code that trusts them may read it.");
}

}  // namespace pynn
