// The versioned table of C functions that pynn_predict.h declares, and what its handles are. No
// exception leaves a function of the table, and none needs Python.
#pragma once

#include <memory>

#include "pynn_predict.h"
#include "training/row_predictor.hpp"

namespace pynn {

const pynn_predict_table& predict_table() noexcept;

// To be released by its owner through the table.
const pynn_predictor* new_handle(std::unique_ptr<RowPredictor> predictor);

}  // namespace pynn
