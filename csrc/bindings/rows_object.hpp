// A source of rows together with the Python arrays that it reads.
#pragma once

#include <pybind11/numpy.h>

#include <vector>

#include "training/rows.hpp"

namespace pynn {

struct RowsObject {
  Rows rows;
  std::vector<pybind11::object> owners;
};

}  // namespace pynn
