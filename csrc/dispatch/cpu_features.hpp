// What this processor and its operating system can run.
#pragma once

namespace pynn {

bool cpu_runs_avx2_fma() noexcept;
bool cpu_runs_avx512() noexcept;  // F, DQ, BW and VL, and FMA

}  // namespace pynn
