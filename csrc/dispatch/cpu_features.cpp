#include "dispatch/cpu_features.hpp"

namespace pynn {

// The compiler's run-time library reads CPUID and, through XGETBV, whether the system saves the
// registers.
#if defined(__x86_64__)
bool cpu_runs_avx2_fma() noexcept {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
}

bool cpu_runs_avx512() noexcept {
  return cpu_runs_avx2_fma() && __builtin_cpu_supports("avx512f") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0;
}
#else
bool cpu_runs_avx2_fma() noexcept {
  return false;
}
bool cpu_runs_avx512() noexcept {
  return false;
}
#endif

}  // namespace pynn
