#include "base/arena.hpp"

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace pynn {

namespace {
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kHugePageFrom = std::size_t{1} << 19;

#if defined(_WIN32)  // whose C library has no aligned_alloc
void* allocate(std::size_t alignment, std::size_t bytes) {
  return _aligned_malloc(bytes, alignment);
}
void deallocate(void* data) {
  _aligned_free(data);
}
#else
void* allocate(std::size_t alignment, std::size_t bytes) {
  return std::aligned_alloc(alignment, bytes);
}
void deallocate(void* data) {
  std::free(data);
}
#endif
}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  const std::size_t alignment = bytes >= kHugePageFrom ? kHugePage : 64;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  data_ = allocate(alignment, rounded);
  if (data_ == nullptr) throw std::bad_alloc();
#if defined(__linux__)
  if (alignment == kHugePage) madvise(data_, rounded, MADV_HUGEPAGE);
#endif
  std::memset(data_, 0, rounded);
}

AlignedBuffer::~AlignedBuffer() {
  deallocate(data_);
}

AlignedBuffer::AlignedBuffer(AlignedBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

AlignedBuffer& AlignedBuffer::operator=(AlignedBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

void Arena::allocate() {
  buffer_ = AlignedBuffer(total_);
  char* base = static_cast<char*>(buffer_.data());
  for (const Request& request : requests_) request.assign(request.pointer, base + request.offset);
  requests_.clear();
}

}  // namespace pynn
