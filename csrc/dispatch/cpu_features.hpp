// What this processor and its operating system can run.
#pragma once

namespace pynn {

bool cpu_runs_avx2_fma();
bool cpu_runs_avx512();  // F, DQ, BW and VL, and FMA

}  // namespace pynn
