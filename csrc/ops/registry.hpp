// All kinds of ops, by name.
#pragma once

#include <string>
#include <vector>

#include "ops/op.hpp"

namespace pynn {

const std::vector<OpKind>& op_kinds();

// Throws std::invalid_argument for an unknown name.
const OpKind& find_op_kind(const std::string& name);

}  // namespace pynn
