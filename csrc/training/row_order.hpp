// The numbers of the rows of an epoch, in the order in which they are gone through. They stay in
// the same memory from epoch to epoch, on huge pages where they are many: shuffling meets all of
// it at random.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>

#include "base/arena.hpp"
#include "base/random.hpp"

namespace pynn {

// What `seed` makes of any order.
inline void shuffle_rows(std::int64_t* rows, std::int64_t n, std::uint64_t seed) {
  shuffle_in_place(rows, n, stream_key(seed, 0));
}

class RowOrder {
 public:
  std::int64_t size() const { return size_; }
  std::int64_t* data() const { return static_cast<std::int64_t*>(memory_.data()); }

  // Makes room for so many rows; what is there stays.
  void reserve(std::int64_t rows) {
    const auto bytes = static_cast<std::size_t>(rows) * sizeof(std::int64_t);
    if (bytes <= memory_.bytes()) return;
    AlignedBuffer larger(bytes);
    std::copy_n(data(), size_, static_cast<std::int64_t*>(larger.data()));
    memory_ = std::move(larger);
  }

  // The rows as they are given; all of 0 to rows - 1 if none is. There must be room.
  void assign(std::span<const std::int64_t> given, std::int64_t rows) {
    if (given.empty()) {
      size_ = rows;
      std::iota(data(), data() + rows, std::int64_t{0});
    } else {
      size_ = static_cast<std::int64_t>(given.size());
      std::copy(given.begin(), given.end(), data());
    }
  }

  void shuffle(std::uint64_t seed) { shuffle_rows(data(), size_, seed); }

 private:
  AlignedBuffer memory_;
  std::int64_t size_ = 0;
};

}  // namespace pynn
