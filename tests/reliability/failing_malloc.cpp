// A library to be loaded before a program: its memory runs out at a chosen allocation. C++'s
// operator new and aligned_alloc, of which the engine makes its own; large ones of C too, of which
// Python and NumPy make theirs, if wanted: those that are made with the GIL. Without it NumPy makes
// its loops' buffers, and crashes where it gets none, as it sets an error then. glibc only.
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t n, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
int PyGILState_Check();  // of Python: true where this thread has the GIL
}

namespace {

std::atomic<bool> g_armed{false};
bool g_for_good = false;
std::size_t g_large = 0;  // bytes; 0 for none of C
std::atomic<long> g_left{0};
std::atomic<long> g_allocations{0};
std::atomic<long> g_failed{0};

bool fails() {
  if (!g_armed.load(std::memory_order_relaxed)) return false;
  ++g_allocations;
  const long left = g_left.fetch_sub(1);
  const bool fails = left == 0 || (left < 0 && g_for_good);
  if (fails) {
    ++g_failed;
    errno = ENOMEM;
  }
  return fails;
}

bool fails_in_c(std::size_t bytes) {
  return g_armed && g_large != 0 && bytes >= g_large && PyGILState_Check() != 0 && fails();
}

void* made(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

extern "C" {

// The allocation after `n` others fails, and all later ones if `for_good`. Of C's, those of at
// least `large` bytes count, none if it is 0.
void failing_malloc_arm(long n, int for_good, long large) {
  g_for_good = for_good != 0;
  g_large = static_cast<std::size_t>(large);
  g_allocations = g_failed = 0;
  g_left = n;
  g_armed = true;
}

// Returns how many have failed.
long failing_malloc_disarm() {
  g_armed = false;
  return g_failed;
}

long failing_malloc_allocations() {
  return g_allocations;
}

void* malloc(std::size_t bytes) noexcept {
  return fails_in_c(bytes) ? nullptr : __libc_malloc(bytes);
}
void* calloc(std::size_t n, std::size_t bytes) noexcept {
  return fails_in_c(n * bytes) ? nullptr : __libc_calloc(n, bytes);
}
void* realloc(void* memory, std::size_t bytes) noexcept {
  return fails_in_c(bytes) ? nullptr : __libc_realloc(memory, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return fails() ? nullptr : __libc_memalign(alignment, bytes);
}

}  // extern "C"

void* operator new(std::size_t bytes) {
  return fails() ? made(nullptr) : made(__libc_malloc(bytes));
}
void* operator new[](std::size_t bytes) {
  return fails() ? made(nullptr) : made(__libc_malloc(bytes));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return fails() ? made(nullptr)
                 : made(__libc_memalign(static_cast<std::size_t>(alignment), bytes));
}
