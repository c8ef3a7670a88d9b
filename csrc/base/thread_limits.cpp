#include "base/thread_limits.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>

#include "base/check.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

namespace pynn {

namespace {

int processors_by_affinity() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

// In processors; none is kMaxWorkers. v2 has "quota period" or "max period" in `cpu.max`, v1 the
// two numbers in two files.
double quota_of(const std::string& group) {
  std::string quota;
  double period = 0;
  std::ifstream v2(group + "/cpu.max");
  if (!(v2 >> quota >> period)) {
    std::ifstream v1_quota(group + "/cpu.cfs_quota_us");
    std::ifstream v1_period(group + "/cpu.cfs_period_us");
    if (!(v1_quota >> quota) || !(v1_period >> period)) return kMaxWorkers;
  }
  char* end = nullptr;
  const double microseconds = std::strtod(quota.c_str(), &end);
  if (end == quota.c_str() || microseconds <= 0 || period <= 0) return kMaxWorkers;
  return microseconds / period;
}

// What PYNN_NUM_THREADS says; 0 if it is not set.
int limit_from_own_variable() {
  const char* text = std::getenv("PYNN_NUM_THREADS");
  if (text == nullptr || *text == '\0') return 0;
  int threads = 0;
  const char* end = text + std::strlen(text);
  const auto [last, error] = std::from_chars(text, end, threads);
  require(error == std::errc() && last == end && threads >= 1, [&] {
    return std::string("PYNN_NUM_THREADS must be a positive integer. Received: PYNN_NUM_THREADS=") +
           text;
  });
  return std::min(threads, kMaxWorkers);
}

// OMP_NUM_THREADS is other people's: of a list, as "4,2", the first number counts, and what is no
// number says nothing.
int limit_from_environment() {
  const int own = limit_from_own_variable();
  if (own > 0) return own;
  const char* shared = std::getenv("OMP_NUM_THREADS");
  const int threads = shared == nullptr ? 0 : std::atoi(shared);
  return threads > 0 ? std::min(threads, kMaxWorkers) : available_processors();
}

std::atomic<int> g_limit{0};
thread_local int t_limit = 0;

}  // namespace

int processors_by_quota(const std::string& mounted, const std::string& memberships) {
  // A container sees its own group where the groups are mounted, whatever its membership says.
  double least = std::min(quota_of(mounted), quota_of(mounted + "/cpu"));
  std::ifstream lines(memberships);
  for (std::string line; std::getline(lines, line);) {  // "0::/a/b" of v2, "4:cpu,cpuacct:/a" of v1
    const auto first = line.find(':');
    const auto second = line.find(":/", first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = ',' + line.substr(first + 1, second - first - 1) + ',';
    const bool is_v2 = controllers == ",,";
    if (!is_v2 && controllers.find(",cpu,") == std::string::npos) continue;
    std::string group = line.substr(second + 1);
    while (group.size() > 1) {  // the quotas of the groups around it hold as well
      least = std::min(least, quota_of(mounted + (is_v2 ? "" : "/cpu") + group));
      group.erase(group.rfind('/'));
    }
  }
  return std::max(1, static_cast<int>(std::ceil(least)));
}

int available_processors() {
  return std::min(processors_by_affinity(),
                  processors_by_quota("/sys/fs/cgroup", "/proc/self/cgroup"));
}

void check_thread_environment() {
  limit_from_own_variable();
}

int thread_limit() {
  if (g_limit.load(std::memory_order_relaxed) == 0) g_limit = limit_from_environment();
  const int limit = g_limit.load(std::memory_order_relaxed);
  return t_limit > 0 ? std::min(limit, t_limit) : limit;
}

void set_thread_limit(int threads) {
  require(threads >= 1 && threads <= kMaxWorkers,
          "threads must be an integer between 1 and " + std::to_string(kMaxWorkers) +
              ". Received: threads=" + std::to_string(threads));
  g_limit = threads;
}

void set_local_thread_limit(int threads) {
  t_limit = std::max(0, threads);
}

}  // namespace pynn
