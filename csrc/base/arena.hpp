// Memory of a plan: aligned, zeroed, allocated when the plan is built and never per batch.
#pragma once

#include <cstddef>
#include <vector>

namespace pynn {

// Zero-initialised memory, 64-byte aligned; 2 MB aligned and marked for huge pages from 512 KB on.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t bytes);
  ~AlignedBuffer();
  AlignedBuffer(AlignedBuffer&& other) noexcept;
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept;
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// Collects requests first and serves them from one buffer, so that a whole plan is one allocation.
// `request` remembers where to put the pointer; the pointers are valid from `allocate` on.
class Arena {
 public:
  template <class T>
  void request(T** where, std::size_t count) {
    requests_.push_back({reinterpret_cast<void**>(where), total_});
    total_ += (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
  }

  void allocate();
  std::size_t bytes() const { return total_; }

 private:
  // Two cache lines: neighbouring buffers never share a line or an adjacent-line prefetch pair.
  static constexpr std::size_t kAlignment = 128;

  struct Request {
    void** where;
    std::size_t offset;
  };
  std::vector<Request> requests_;
  std::size_t total_ = 0;
  AlignedBuffer buffer_;
};

}  // namespace pynn
