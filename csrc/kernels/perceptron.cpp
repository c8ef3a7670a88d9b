#include "kernels/perceptron-inl.hpp"

#include "kernels/fill.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
static void fill_table(KernelTable<T>& table) {
  table.perceptron = perceptron<T>;
}

void fill_perceptron(IsaKernels& kernels) {
  fill_table(kernels.f32);
  fill_table(kernels.f64);
}

}  // namespace PYNN_ISA
}  // namespace pynn
