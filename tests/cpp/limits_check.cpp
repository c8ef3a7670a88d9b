// usage: limits_check MOUNTED MEMBERSHIPS ...    prints what quotas leave, for each pair
#include <cstdio>

#include "base/thread_limits.hpp"

int main(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; i += 2)
    std::printf("%d\n", pynn::processors_by_quota(argv[i], argv[i + 1]));
}
