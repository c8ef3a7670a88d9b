#include "kernels/stepped_panel-inl.hpp"

namespace pynn {
namespace PYNN_ISA {

template <class T>
SteppedPanel<T> stepped_panel_of(const UpdateStep<T>& step) {
  const SteppedPanels<T>& panels = kSteppedPanels<T>[static_cast<int>(step.optimizer)];
  return uses_gradient_as_is(step) ? panels.plain : panels.adjusted;
}
template SteppedPanel<float> stepped_panel_of<float>(const UpdateStep<float>&);
template SteppedPanel<double> stepped_panel_of<double>(const UpdateStep<double>&);

}  // namespace PYNN_ISA
}  // namespace pynn
