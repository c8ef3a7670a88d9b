// The extension module pynn._core. Topics bind themselves; nothing else belongs here.
#include "base/thread_limits.hpp"
#include "bindings/bind.hpp"
#include "dispatch/dispatch.hpp"

// The body of PyInit__core, below.
PYBIND11_MODULE(_core_of_main, m) {
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
  pynn::bind_predict_table(m);
  pynn::bind_training(m);
}

// pybind11 keeps one set of types for the process: in a second interpreter, which may share the
// first one's GIL, it would wait for itself for ever.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
  if (PyInterpreterState_Get() == PyInterpreterState_Main()) return PyInit__core_of_main();
  PyErr_SetString(PyExc_ImportError,
                  "pynn works in the main interpreter only. It was imported in a sub-interpreter: "
                  "use threads or processes instead");
  return nullptr;
}
