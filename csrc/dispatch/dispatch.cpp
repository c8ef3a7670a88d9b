#include "dispatch/dispatch.hpp"

#include <atomic>
#include <cstdlib>
#include <deque>

#include "dispatch/isa_list.hpp"

namespace pynn {

#define PYNN_DECLARE_FILL(isa, usable) \
  namespace isa {                      \
  void fill(IsaKernels& kernels);      \
  }
PYNN_FOR_EACH_ISA(PYNN_DECLARE_FILL)
#undef PYNN_DECLARE_FILL

namespace {

// Never destroyed: threads may still compute with the kernels while the process ends.
const std::deque<IsaKernels>& usable_isas() {
  static const auto& list = *[] {
    auto& isas = *new std::deque<IsaKernels>;
#define PYNN_ADD_ISA(isa, usable) \
  if (usable) {                   \
    isas.emplace_back();          \
    isas.back().name = #isa;      \
    isa::fill(isas.back());       \
  }
    PYNN_FOR_EACH_ISA(PYNN_ADD_ISA)
#undef PYNN_ADD_ISA
    return &isas;
  }();
  return list;
}

const IsaKernels& isa_named(const std::string& name, const std::string& source) {
  std::string allowed;
  for (const IsaKernels& isa : usable_isas()) {
    if (name == isa.name) return isa;
    allowed += (allowed.empty() ? "" : ", ") + std::string(isa.name);
  }
  throw std::invalid_argument(source + " must name an instruction set that this machine runs: " +
                              allowed + ". Received: " + source + "=" + name);
}

const IsaKernels* initial_isa() {
  const char* wanted = std::getenv("PYNN_ISA");
  if (wanted == nullptr || *wanted == '\0') return &usable_isas().back();
  return &isa_named(wanted, "PYNN_ISA");
}

std::atomic<const IsaKernels*> g_current{nullptr};

}  // namespace

const IsaKernels& kernels() {
  const IsaKernels* current = g_current.load(std::memory_order_acquire);
  if (current == nullptr) {
    current = initial_isa();
    g_current.store(current, std::memory_order_release);
  }
  return *current;
}

template <>
const KernelTable<float>& kernel_table<float>() {
  return kernels().f32;
}

template <>
const KernelTable<double>& kernel_table<double>() {
  return kernels().f64;
}

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const IsaKernels& isa : usable_isas()) names.emplace_back(isa.name);
  return names;
}

void select_isa(const std::string& name) {
  g_current.store(&isa_named(name, "isa"), std::memory_order_release);
}

}  // namespace pynn
