#include "dispatch/cpu_features.hpp"

#if defined(__x86_64__) || defined(_M_X64)
#include <cpuid.h>
#endif

namespace pynn {

#if defined(__x86_64__) || defined(_M_X64)
// CPUID is read here rather than by __builtin_cpu_supports, for which some compilers' run-time
// libraries are not linked, or not initialised: the bits of leaf 7, and, through XGETBV, whether
// the system saves the registers.
namespace {

constexpr unsigned kFma = 1u << 12, kSavesRegisters = 1u << 27;
constexpr unsigned kAvx2 = 1u << 5;
constexpr unsigned kAvx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // F, DQ, BW, VL
constexpr unsigned kYmm = 0x6, kZmm = 0xe6;

bool has(unsigned features, unsigned registers) noexcept {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return false;
  if ((c & (kFma | kSavesRegisters)) != (kFma | kSavesRegisters)) return false;
  unsigned saved = 0, high = 0;
  asm volatile("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
  if ((saved & registers) != registers) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & features) == features;
}

}  // namespace

bool cpu_runs_avx2_fma() noexcept {
  return has(kAvx2, kYmm);
}
bool cpu_runs_avx512() noexcept {
  return has(kAvx2 | kAvx512, kZmm);
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
