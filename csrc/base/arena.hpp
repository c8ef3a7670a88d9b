// Memory of a plan: aligned, zeroed, allocated when the plan is built and never per batch.
#pragma once

#include <cstddef>
#include <vector>

namespace pynn {

// Zero-initialised memory, 64-byte aligned; 2 MB aligned and marked for huge pages from 512 KB on.
class AlignedBuffer {
 public:
  AlignedBuffer() noexcept = default;
  explicit AlignedBuffer(std::size_t bytes);
  ~AlignedBuffer();
  AlignedBuffer(AlignedBuffer&& other) noexcept;
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept;
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;

  void* data() const noexcept { return data_; }
  std::size_t bytes() const noexcept { return bytes_; }

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
    requests_.push_back(
        {where,
         [](void* pointer, void* memory) { *static_cast<T**>(pointer) = static_cast<T*>(memory); },
         total_});
    total_ += (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
  }

  void allocate();

 private:
  // Two cache lines: neighbouring buffers never share a line or an adjacent-line prefetch pair.
  static constexpr std::size_t kAlignment = 128;

  struct Request {
    void* pointer;
    void (*assign)(void* pointer, void* memory);
    std::size_t offset;
  };
  std::vector<Request> requests_;
  std::size_t total_ = 0;
  AlignedBuffer buffer_;
};

}  // namespace pynn
