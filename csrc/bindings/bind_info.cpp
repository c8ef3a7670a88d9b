// What the engine is and how fast this machine could be: instruction sets, threads, peak, names.
#include <pybind11/stl.h>

#include <string>

#include "base/thread_limits.hpp"
#include "bindings/bind.hpp"
#include "bindings/names.hpp"
#include "dispatch/dispatch.hpp"
#include "dispatch/peak.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

double measure_peak_of(double seconds, int threads, const std::string& dtype) {
  require(seconds > 0, "seconds must be positive. Received: seconds=" + std::to_string(seconds));
  require(threads >= 1,
          "threads must be a positive integer. Received: threads=" + std::to_string(threads));
  return with_scalar(py::dtype(dtype), [&](auto scalar) {
    return without_gil([&] { return measure_peak<decltype(scalar)>(seconds, threads); });
  });
}

}  // namespace

void bind_info(py::module_& m) {
  m.attr("__version__") = PYNN_VERSION;
  m.def(
      "isa", [] { return std::string(kernels().name); },
      "The instruction set in use: the best one here, or what PYNN_ISA names.");
  m.def("available_isas", &available_isas,
        "Instruction sets that this machine runs, slowest first.");
  m.def("_set_isa", &select_isa, py::arg("isa"),
        "For tests: use another instruction set from now on, for new objects and in part for old "
        "ones.");
  static const IsaKernels& (*const current_kernels)() = &kernels;
  m.attr("_kernels") = py::capsule(&current_kernels, "kernels of the ISA in use, for tests");
  m.attr("max_threads") = kMaxWorkers;
  m.def("num_threads", &thread_limit, "Threads that native calls from this thread may use.");
  m.def("set_num_threads", &set_thread_limit, py::arg("threads"),
        "Limit the threads of native calls in this process.");
  m.def("set_local_thread_limit", &set_local_thread_limit, py::arg("threads"),
        "Limit the threads of native calls from this thread; 0 lifts the limit.");
  m.def("measure_peak", &measure_peak_of, py::arg("seconds"), py::arg("threads"),
        py::arg("dtype") = "float32",
        "GFLOP/s of multiply-adds in registers, the best of several short intervals.");
  m.def("activation_names", [] { return names_of(kActivationList); });
  m.def("loss_names", [] { return names_of(kLossList); });
  m.def("optimizer_names", [] { return names_of(kOptimizerList); });
  m.def("elementwise_names", [] { return names_of(kElementwiseList); });
}

}  // namespace pynn
