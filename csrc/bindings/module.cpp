// The extension module pynn._core. Topics bind themselves; nothing else belongs here.
#include "base/thread_pool.hpp"
#include "bindings/bind.hpp"
#include "dispatch/dispatch.hpp"

PYBIND11_MODULE(_core, m) {
  m.doc() = "The native engine of pynn. Private: use the names of the package.";
  pynn::kernels();  // a wrong PYNN_ISA fails the import
  pynn::check_thread_environment();
  pynn::bind_info(m);
  pynn::bind_checks(m);
  pynn::bind_formulas(m);
  pynn::bind_optimizers(m);
  pynn::bind_perceptron(m);
  pynn::bind_orders(m);
  pynn::bind_graph(m);
  pynn::bind_rows(m);
  pynn::bind_executor(m);
  pynn::bind_training(m);
}
