// A source of rows together with the Python arrays that it reads, and how it is made of them.
#pragma once

#include <pybind11/numpy.h>

#include <optional>
#include <vector>

#include "training/rows.hpp"

namespace pynn {

struct RowsObject {
  Rows rows;
  std::vector<pybind11::object> owners;
};

using RowsList = std::vector<const RowsObject*>;  // null for None

std::vector<Rows> rows_of(const RowsList& list);
// Of a model's inputs, none of which may be missing.
std::vector<Rows> inputs_of(const RowsList& list);

// The rows of a matrix that stays alive, where it is; nothing if it cannot be read there.
std::optional<Rows> readable_rows(const pybind11::array& matrix);

}  // namespace pynn
