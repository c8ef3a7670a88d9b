// The list of instruction sets: one line an entry, slowest first. X(name, usable): `name` is the
// namespace of the unit compiled for it (see CMakeLists.txt), `usable` asks the processor and the
// operating system.
#pragma once

#include "dispatch/cpu_features.hpp"

#if defined(PYNN_ONLY_ISA)
#define PYNN_EXPANDED(X, ...) X(__VA_ARGS__)
#define PYNN_FOR_EACH_ISA(X) PYNN_EXPANDED(X, PYNN_ONLY_ISA, true)
#elif defined(__x86_64__) || defined(_M_X64)
#define PYNN_FOR_EACH_ISA(X)   \
  X(scalar, true)              \
  X(avx2, cpu_runs_avx2_fma()) \
  X(avx512, cpu_runs_avx512())
#elif defined(__aarch64__)
#define PYNN_FOR_EACH_ISA(X) \
  X(scalar, true)            \
  X(neon, true)
#else
#define PYNN_FOR_EACH_ISA(X) X(scalar, true)
#endif
