#include "kernels/stepped_panel-inl.hpp"

namespace pynn {
namespace PYNN_ISA {

namespace {

template <class T>
struct Choice {
  SteppedPanel<T> (*plain)(int vectors);
  SteppedPanel<T> (*adjusted)(int vectors);  // with penalties, clipping or decay
};

template <class T>
constexpr Choice<T> kChoices[] = {
#define PYNN_OPTIMIZER(name, Formula, parameters) \
  {stepped_panel_of_width<T, Formula, true>, stepped_panel_of_width<T, Formula, false>},
#include "formulas/optimizers/optimizers.def"
#undef PYNN_OPTIMIZER
};

}  // namespace

template <class T>
SteppedPanel<T> stepped_panel_of(const UpdateStep<T>& step, int vectors) {
  const Choice<T>& choice = kChoices<T>[static_cast<int>(step.optimizer)];
  return uses_gradient_as_is(step) ? choice.plain(vectors) : choice.adjusted(vectors);
}
template SteppedPanel<float> stepped_panel_of<float>(const UpdateStep<float>&, int);
template SteppedPanel<double> stepped_panel_of<double>(const UpdateStep<double>&, int);

}  // namespace PYNN_ISA
}  // namespace pynn
