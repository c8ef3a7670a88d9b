// What a fuzzer's bytes say, one choice after the other; zeros when they are used up.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  bool is_empty() const { return size_ == 0; }
  int byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  bool flag() { return (byte() & 1) != 0; }
  // In [0, n), or 0 if n is not positive; n up to 65536.
  int below(int n) {
    if (n <= 1) return 0;
    const int value = n <= 256 ? byte() : byte() << 8 | byte();
    return value % n;
  }
  // True once in `n` times, by a byte of its own, so that a mutation of it changes little else.
  bool seldom(int n) { return byte() % n == n - 1; }
  std::uint64_t word() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<std::uint64_t>(byte());
    return value;
  }
  // A number that programs stumble over, or one near 0.
  double number() {
    static const double kOdd[] = {0,
                                  -0.0,
                                  1,
                                  -1,
                                  0.5,
                                  1e-3,
                                  1e30,
                                  -1e300,
                                  1e-320,
                                  0x1p31,
                                  0x1p32,
                                  -0x1p31,
                                  0x1p62,
                                  0x1p63,
                                  std::numeric_limits<double>::infinity(),
                                  -std::numeric_limits<double>::infinity(),
                                  std::nan("")};
    const int choice = byte();
    constexpr int kCount = sizeof kOdd / sizeof *kOdd;
    if (choice < kCount) return kOdd[choice];
    if (choice < 250) return (choice - 133) / 32.0;
    const std::uint64_t bits = word();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  // `size` bytes: those that are left, again and again.
  std::vector<char> memory(std::size_t size) {
    std::vector<char> bytes(size);
    if (size_ == 0 || size == 0) return bytes;
    std::size_t filled = std::min(size, size_);
    std::memcpy(bytes.data(), data_, filled);
    while (filled < size) {  // whole periods are doubled, so what follows is the next period
      const std::size_t count = std::min(filled, size - filled);
      std::memcpy(bytes.data() + filled, bytes.data(), count);
      filled += count;
    }
    return bytes;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace fuzz
