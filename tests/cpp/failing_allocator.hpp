// Memory that runs out at a chosen allocation: operator new and aligned_alloc of the program that
// includes this, in one of its files. Link with -Wl,--wrap=aligned_alloc.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace failing {

inline std::atomic<bool> g_armed{false};
inline std::atomic<bool> g_for_good{false};  // all allocations after the failing one fail, too
inline std::atomic<std::int64_t> g_left{0};  // allocations before the failing one
inline std::atomic<std::int64_t> g_failed{0};
inline std::atomic<std::int64_t> g_allocations{0};  // while armed

// Whether this allocation fails.
inline bool fails() {
  if (!g_armed.load(std::memory_order_relaxed)) return false;
  ++g_allocations;
  const std::int64_t left = g_left.fetch_sub(1);
  const bool fails = left == 0 || (left < 0 && g_for_good);
  g_failed += fails ? 1 : 0;
  return fails;
}

// Calls work() while the allocation after `n` others fails, and all later ones if `for_good`.
// Returns how many have failed; `threw` says whether std::bad_alloc came out.
template <class Work>
std::int64_t run(std::int64_t n, bool for_good, bool& threw, const Work& work) {
  threw = false;
  g_failed = g_allocations = 0;
  g_for_good = for_good;
  g_left = n;
  g_armed = true;
  try {
    work();
  } catch (const std::bad_alloc&) {
    threw = true;
  } catch (...) {
    g_armed = false;
    throw;
  }
  g_armed = false;
  return g_failed;
}

inline void* allocate(std::size_t bytes, std::size_t alignment) {
  if (fails()) return nullptr;
  if (bytes == 0) bytes = 1;
  void* memory = nullptr;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes);
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

inline void* allocate_or_throw(std::size_t bytes, std::size_t alignment = 0) {
  void* memory = allocate(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace failing

// GCC takes an operator delete that it has inlined for a call of free with what new gave.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

void* operator new(std::size_t bytes) {
  return failing::allocate_or_throw(bytes);
}
void* operator new[](std::size_t bytes) {
  return failing::allocate_or_throw(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return failing::allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return failing::allocate(bytes, 0);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

extern "C" {
void* __real_aligned_alloc(std::size_t alignment, std::size_t bytes);
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return failing::fails() ? nullptr : __real_aligned_alloc(alignment, bytes);
}
}
