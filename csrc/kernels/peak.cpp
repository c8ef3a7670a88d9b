#include "kernels/peak-inl.hpp"

#include "kernels/fill.hpp"

namespace pynn {
namespace PYNN_ISA {

void fill_peak(IsaKernels& kernels) {
  kernels.f32.fma_peak = fma_peak<float>;
  kernels.f64.fma_peak = fma_peak<double>;
}

}  // namespace PYNN_ISA
}  // namespace pynn
