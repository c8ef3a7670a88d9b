// What the files of the module pynn._core_testing share. It tests the kernels of pynn._core, the
// module that is shipped, and has none of its own: a PYNN_ISA chosen there holds here too.
#pragma once

#include "bindings/bind.hpp"
#include "kernels/kernel_table.hpp"

namespace pynn {

void bind_dense(pybind11::module_& m);
void bind_lanes(pybind11::module_& m);
void bind_one_row(pybind11::module_& m);

// The table of pynn._core at this moment. Needs no GIL.
template <class T>
const KernelTable<T>& tested_kernels();

}  // namespace pynn
