// Which instruction set's kernels run: the best that this machine has, or the one that the
// environment variable PYNN_ISA names. Chosen at the first call, which is the import of the module.
#pragma once

#include <string>
#include <vector>

#include "kernels/kernel_table.hpp"

namespace pynn {

// Throws std::invalid_argument if PYNN_ISA names no instruction set of this build and machine.
const IsaKernels& kernels();

template <class T>
const KernelTable<T>& kernel_table();

// Slowest first; what this build contains and this machine runs.
std::vector<std::string> available_isas();

// For tests: replaces the choice. Who already holds a kernel table keeps it.
void select_isa(const std::string& name);

}  // namespace pynn
