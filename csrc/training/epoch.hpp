// Where a trainer is in its data: in which order it goes through the rows, by which batches, and
// how far it has come.
//
// The order stays in the same memory from epoch to epoch, on huge pages where rows are many:
// shuffling meets all of it at random.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>

#include "base/arena.hpp"
#include "base/random.hpp"
#include "ops/op.hpp"

namespace pynn {

// What `seed` makes of any order.
inline void shuffle_rows(std::int64_t* rows, std::int64_t n, std::uint64_t seed) noexcept {
  shuffle_in_place(rows, n, stream_key(seed, 0));
}

class Epoch {
 public:
  std::int64_t* order() const noexcept { return static_cast<std::int64_t*>(memory_.data()); }
  std::int64_t rows() const noexcept { return rows_; }  // in the order; the data may have others
  std::int64_t data_rows() const noexcept { return data_rows_; }
  int batch_size() const noexcept { return batch_size_; }
  bool is_over() const noexcept { return position_ >= end_; }
  std::int64_t batches_left() const noexcept { return is_over() ? 0 : batches(end_ - position_); }

  // Makes room for so many rows; what is there stays.
  void reserve(std::int64_t rows) {
    const auto bytes = static_cast<std::size_t>(rows) * sizeof(std::int64_t);
    if (bytes <= memory_.bytes()) return;
    AlignedBuffer larger(bytes);
    std::copy_n(order(), rows_, static_cast<std::int64_t*>(larger.data()));
    memory_ = std::move(larger);
  }

  // Through the rows as `given`, or through all rows of the data if none is, after the first `skip`
  // batches, and without a last batch of fewer rows if it is to be dropped. There must be room.
  void begin(std::span<const std::int64_t> given, std::int64_t data_rows, int batch_size,
             std::int64_t skip, bool drop_remainder) {
    data_rows_ = data_rows;
    batch_size_ = batch_size;
    if (given.empty()) {
      rows_ = data_rows;
      std::iota(order(), order() + rows_, std::int64_t{0});
    } else {
      rows_ = static_cast<std::int64_t>(given.size());
      std::copy(given.begin(), given.end(), order());
    }
    end_ = drop_remainder ? rows_ - rows_ % batch_size : rows_;
    position_ = std::min(skip, batches(end_)) * batch_size;
  }
  void begin_again() noexcept { position_ = 0; }
  void end() noexcept { position_ = rows_; }
  void advance(std::int64_t batches) noexcept { position_ += batches * batch_size_; }

  // The rows of the batch after `ahead` others, and of the one behind it.
  Pass batch(std::int64_t ahead) const noexcept {
    const std::int64_t first = position_ + ahead * batch_size_;
    Pass pass;
    pass.count = count_at(first);
    pass.rows = order() + first;
    const std::int64_t next = first + batch_size_;
    if (next < end_) {
      pass.next_rows = order() + next;
      pass.next_count = count_at(next);
    }
    return pass;
  }

 private:
  std::int64_t batches(std::int64_t rows) const noexcept {
    return (rows + batch_size_ - 1) / batch_size_;
  }
  int count_at(std::int64_t first) const noexcept {
    return static_cast<int>(std::min<std::int64_t>(batch_size_, end_ - first));
  }

  AlignedBuffer memory_;
  std::int64_t rows_ = 0;
  std::int64_t data_rows_ = 0;
  std::int64_t end_ = 0;       // of the rows that batches are made of
  std::int64_t position_ = 0;  // of the next batch's first row in the order
  int batch_size_ = 1;
};

}  // namespace pynn
