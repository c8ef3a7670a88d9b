// The generator of numpy.random.RandomState, MT19937 (Matsumoto and Nishimura 1998), and the
// shuffle that NumPy makes with it: the same numbers in the same order, and the same state left
// behind.
#pragma once

#include <algorithm>
#include <cstdint>

namespace pynn {

class MersenneTwister {
 public:
  static constexpr int kWords = 624;

  // key: the kWords words of the state, changed in place; position: of the next one, kWords if none
  // is left.
  MersenneTwister(std::uint32_t* key, int position) : key_(key), position_(position) {}

  // The state of RandomState(seed).
  static void seed(std::uint32_t* key, std::uint32_t value) noexcept {
    for (int i = 0; i < kWords; ++i) {
      key[i] = value;
      value = 1812433253u * (value ^ (value >> 30)) + static_cast<std::uint32_t>(i + 1);
    }
  }

  int position() const noexcept { return position_; }

  std::uint32_t next() noexcept {
    if (position_ == kWords) {
      twist();
      position_ = 0;
    }
    return tempered(key_[position_++]);
  }

  // Uniform in [low, low + range), from 53 random bits.
  double uniform(double low, double range) noexcept {
    const std::uint32_t high = next() >> 5;
    const std::uint32_t rest = next() >> 6;
    return low + range * ((high * 67108864.0 + rest) / 9007199254740992.0);
  }

  // Fisher-Yates from the end, n <= 2^32, as RandomState.shuffle does it: number i changes places
  // with one of [0, i], which is the first of the numbers drawn that, cut to the bits of i, is not
  // above i. That is decided without a branch, since a third of them would be mispredicted.
  template <class Index>
  void shuffle(Index* order, std::int64_t n) noexcept {
    std::uint32_t words[kWords];
    std::uint32_t partners[kWords];
    int next = position_;
    temper(words, next);
    for (std::int64_t i = n - 1; i > 0;) {
      const std::uint32_t mask = bits_below(static_cast<std::uint32_t>(i));
      const auto top = static_cast<std::uint32_t>(i);
      const std::uint32_t most = top - (mask >> 1);  // numbers that have the same bits as the first
      std::uint32_t found = 0;
      if (next == kWords) {
        twist();
        next = 0;
        temper(words, 0);
      }
      const int end = static_cast<int>(std::min<std::int64_t>(kWords, std::int64_t{next} + most));
      for (; next < end; ++next) {
        const std::uint32_t value = words[next] & mask;
        partners[found] = value;
        found += value <= top - found;
      }
      for (std::uint32_t k = 0; k < found; ++k) std::swap(order[i - k], order[partners[k]]);
      i -= found;
    }
    position_ = next;
  }

 private:
  // All bits up to the highest one of value.
  static std::uint32_t bits_below(std::uint32_t value) noexcept {
    for (int shift = 1; shift < 32; shift *= 2) value |= value >> shift;
    return value;
  }

  static std::uint32_t mixed(std::uint32_t high, std::uint32_t low) noexcept {
    const std::uint32_t y = (high & 0x80000000u) | (low & 0x7fffffffu);
    return (y >> 1) ^ ((0u - (y & 1u)) & 0x9908b0dfu);
  }

  void twist() noexcept {
    constexpr int kMiddle = 397;
    int i = 0;
    for (; i < kWords - kMiddle; ++i) key_[i] = key_[i + kMiddle] ^ mixed(key_[i], key_[i + 1]);
    for (; i < kWords - 1; ++i) key_[i] = key_[i + kMiddle - kWords] ^ mixed(key_[i], key_[i + 1]);
    key_[kWords - 1] = key_[kMiddle - 1] ^ mixed(key_[kWords - 1], key_[0]);
  }

  static std::uint32_t tempered(std::uint32_t y) noexcept {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }

  void temper(std::uint32_t* words, int first) const noexcept {
    for (int i = first; i < kWords; ++i) words[i] = tempered(key_[i]);
  }

  std::uint32_t* key_;
  int position_;
};

}  // namespace pynn
