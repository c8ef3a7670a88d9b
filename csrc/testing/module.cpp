// The extension module pynn._core_testing: single kernels for tests and benchmarks. Built where
// PYNN_TESTING is ON, and in no wheel.
#include "testing/testing.hpp"

namespace pynn {

namespace {

const IsaKernels& (*g_kernels)() = nullptr;

}  // namespace

template <>
const KernelTable<float>& tested_kernels<float>() {
  return g_kernels().f32;
}

template <>
const KernelTable<double>& tested_kernels<double>() {
  return g_kernels().f64;
}

}  // namespace pynn

PYBIND11_MODULE(_core_testing, m) {
  m.doc() = "Kernels of pynn._core by themselves. For tests and benchmarks.";
  const pybind11::capsule kernels = pybind11::module_::import("pynn._core").attr("_kernels");
  pynn::g_kernels = *kernels.get_pointer<decltype(pynn::g_kernels)>();
  pynn::bind_dense(m);
  pynn::bind_lanes(m);
  pynn::bind_one_row(m);
}
