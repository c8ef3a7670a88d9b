// Rows of a table by their numbers: y[place] = table[x[place]] for every place of a row, one place
// after the other. The table's row is a column of its variable, (width, size).
//
// Numbers that are not whole or lie outside throw std::out_of_range in forward(), before the batch
// has changed anything. Of the lanes past the end of a short batch none is read.
//
// The gradient of the table is the sum of the rows of grad_y that have a number in common, in the
// order of the batch. backward() finds the numbers in use and the places of each; update() adds
// up and steps. Where a gradient of 0 changes nothing, only the rows in use are stepped.
#include "ops/take.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <stdexcept>

#include "ops/check_node.hpp"
#include "ops/vector_gradient.hpp"

namespace pynn {

namespace {

// Up to here float32 has all whole numbers.
constexpr int kMostInFloat32 = 1 << 24;

template <class T>
class Take : public Op<T> {
 public:
  explicit Take(const NodeSpec& node)
      : places_(node.input_features[0]),
        size_(node.variables[0]->cols()),
        width_(node.variables[0]->rows()),
        range_(numbers_of(node)),
        step_(node.variables[0]->col_step()),
        adjacent_(width_ == 1 || node.variables[0]->layout() == Layout::in_out) {}

  Division forward_division() const override { return kRowwise; }
  Division backward_division() const override { return {false, false, false}; }
  double cost() const override { return 4.0 * this->out->features + 30.0 * places_; }
  double update_cost() const override {
    if (this->parameters[0] == nullptr) return cost();
    const double in_use = 20.0 * this->out->features + 60.0 * places_;
    return steps_in_use() ? in_use : in_use + 10.0 * size_ * width_ / kLanes;
  }
  bool steps_rows() const override { return true; }
  bool keeps_gradients() const override { return this->parameters[0] != nullptr; }
  bool wants_grad_rows() const override { return this->parameters[0] != nullptr; }
  std::ptrdiff_t workspace(int blocks) const override {
    const std::ptrdiff_t most = most_numbers(blocks);
    if (this->parameters[0] == nullptr) return most;
    return most * (2 + kIntsInUse + width_) + slots_for(most);
  }

  void on_bound() override { numbers_ = reinterpret_cast<std::int32_t*>(this->work); }

  void forward(const Pass& pass, const Share& share) override {
    const Slot<T>& y = *this->out;
    const T* table = this->variable_data(0);
    for (int block = share.blocks.begin; block < share.blocks.end; ++block) {
      const int lanes = lanes_in_block(pass.count, block);
      for (int place = 0; place < places_; ++place) {
        const T* given = this->in[0]->value_at(block, place);
        std::int32_t* numbers = numbers_at(block, place);
        for (int lane = 0; lane < lanes; ++lane) {
          numbers[lane] = whole_number(given[lane]);
          __builtin_prefetch(table + numbers[lane] * step_);
        }
      }
      for (int place = 0; place < places_; ++place) {
        copy_rows(table, numbers_at(block, place), lanes, place * width_,
                  y.value_at(block, place * width_));
      }
    }
  }

  // Numbers have no gradient.
  void backward(const Pass& pass, const Share&) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad != nullptr && this->accumulate[0] == 0) {
      for (int block = 0; block < block_count(pass.count); ++block)
        std::fill_n(x.grad_at(block), static_cast<std::ptrdiff_t>(places_) * kLanes, T(0));
    }
    if (this->parameters[0] == nullptr) return;
    lay_out(pass.count);
    find_numbers_in_use(pass.count);
    if (!steps_in_use()) {
      std::sort(in_use_, in_use_ + used_,
                [](const InUse& a, const InUse& b) { return a.number < b.number; });
    }
  }

  void update(const Pass&, const Share& share) override {
    Parameter<T>& table = *this->parameters[0];
    if (steps_in_use()) {
      const Range mine = divide(used_, 1, share.part, share.parts);
      for (int u = mine.begin; u < mine.end; ++u) {
        fetch(table, std::min(u + kAhead, used_ - 1));
        const T* grad = sum_of(u);
        if (std::any_of(grad, grad + width_, [](T g) { return g != 0; }))
          step_row(*this->kernels, table, in_use_[u].number * step_, grad, width_,
                   adjacent_ ? 1 : table.ld, 1);
      }
      return;
    }
    const Range rows = divide(size_, kRowAlign, share.part, share.parts);
    const Range mine{first_from(rows.begin), first_from(rows.end)};
    if (table.grad != nullptr) {
      add_to_kept(table, rows, mine);
    } else if (adjacent_) {
      step_rows(table, rows, mine);
    } else {
      step_columns(table, rows, mine);
    }
  }

 private:
  // A number that occurs in the batch, and its first and last place.
  struct InUse {
    std::int32_t number;
    std::int32_t first;
    std::int32_t last;
  };

  static constexpr int kIntsInUse = sizeof(InUse) / sizeof(std::int32_t);
  static constexpr int kAhead = 8;  // rows that are fetched before they are stepped
  static constexpr int kPiece = 1024;

  // A gradient of 0 leaves a row as it is.
  bool steps_in_use() const {
    const Parameter<T>* table = this->parameters[0];
    return table != nullptr && table->grad == nullptr && table->skips_zero_rows;
  }

  // ---- memory

  std::int32_t* numbers_at(int block, int place) const {
    return numbers_ + (static_cast<std::ptrdiff_t>(block) * places_ + place) * kLanes;
  }

  std::ptrdiff_t most_numbers(int blocks) const {
    return static_cast<std::ptrdiff_t>(blocks) * kLanes * places_;
  }

  // Twice as many as there are numbers, and a power of two.
  static std::ptrdiff_t slots_for(std::ptrdiff_t numbers) {
    std::ptrdiff_t slots = 2;
    while (slots < 2 * numbers) slots *= 2;
    return slots;
  }

  // An integer has the room of a T.
  void lay_out(int count) {
    const std::ptrdiff_t most = most_numbers(block_count(count));
    T* at = this->work + most;
    next_ = reinterpret_cast<std::int32_t*>(at);
    at += most;
    in_use_ = reinterpret_cast<InUse*>(at);
    at += most * kIntsInUse;
    slots_ = reinterpret_cast<std::int32_t*>(at);
    n_slots_ = slots_for(static_cast<std::ptrdiff_t>(count) * places_);
    sums_ = at + slots_for(most);
  }

  // ---- forward

  std::int32_t whole_number(T value) const {
    if (!range_.has(value)) range_.refuse(value);
    const auto number = static_cast<std::int32_t>(value);
    return number < 0 ? number + size_ : number;
  }

  // To lanes of the features from `first` on.
  void copy_rows(const T* table, const std::int32_t* numbers, int lanes, int first, T* to) const {
    const std::ptrdiff_t padded = this->out->block_stride / kLanes;
    // rows_to_lanes writes whole groups of four features; what is too much is written again by
    // the next place.
    if (adjacent_ && width_ > 1 && first + round_up(width_, 4) <= padded) {
      const T* rows[kLanes];
      for (int lane = 0; lane < lanes; ++lane) rows[lane] = table + numbers[lane] * step_;
      this->kernels->rows_to_lanes(rows, lanes, 0, width_, to, this->out->block_stride);
      return;
    }
    const std::ptrdiff_t feature_step = this->variables[0]->row_step();
    for (int d = 0; d < width_; ++d) {
      for (int lane = 0; lane < lanes; ++lane)
        to[d * kLanes + lane] = table[d * feature_step + numbers[lane] * step_];
    }
  }

  // ---- numbers in use

  void find_numbers_in_use(int count) {
    used_ = 0;
    std::fill_n(slots_, n_slots_, -1);
    for (int row = 0; row < count; ++row) {
      const std::int32_t* numbers = numbers_at(row / kLanes, 0) + row % kLanes;
      for (int place = 0; place < places_; ++place)
        note(numbers[static_cast<std::ptrdiff_t>(place) * kLanes], row * places_ + place);
    }
  }

  void note(std::int32_t number, std::int32_t at) {
    constexpr std::uint32_t kMultiplier = 2654435769u;  // 2^32 over the golden ratio
    const auto last = static_cast<std::uint32_t>(n_slots_ - 1);
    std::uint32_t hash = static_cast<std::uint32_t>(number) * kMultiplier;
    std::uint32_t slot = (hash ^ hash >> 16) & last;
    while (slots_[slot] >= 0 && in_use_[slots_[slot]].number != number) slot = (slot + 1) & last;
    next_[at] = -1;
    if (slots_[slot] < 0) {
      slots_[slot] = used_;
      in_use_[used_++] = {number, at, at};
      return;
    }
    InUse& found = in_use_[slots_[slot]];
    next_[found.last] = at;
    found.last = at;
  }

  // Of those that are sorted, the first that is no lower.
  int first_from(std::int32_t number) const {
    const auto below = [](const InUse& a, std::int32_t n) { return a.number < n; };
    return static_cast<int>(std::lower_bound(in_use_, in_use_ + used_, number, below) - in_use_);
  }

  // ---- gradient and step

  const T* grad_at(std::int32_t at) const {
    return this->out->grad_rows[at / places_] + static_cast<std::ptrdiff_t>(at % places_) * width_;
  }

  const T* sum_of(int u) {
    const InUse& each = in_use_[u];
    if (each.first == each.last) return grad_at(each.first);
    T* sum = sums_ + static_cast<std::ptrdiff_t>(u) * width_;
    std::copy_n(grad_at(each.first), width_, sum);
    for (std::int32_t at = next_[each.first]; at >= 0; at = next_[at]) {
      const T* grad = grad_at(at);
      for (int d = 0; d < width_; ++d) sum[d] += grad[d];
    }
    return sum;
  }

  void fetch(const Parameter<T>& table, int u) const {
    const std::ptrdiff_t offset = in_use_[u].number * step_;
    __builtin_prefetch(table.weights + offset, 1);
    for (const T* state : table.state) {
      if (state != nullptr) __builtin_prefetch(state + offset, 1);
    }
  }

  // n elements of weights and state that lie side by side.
  void step_span(Parameter<T>& table, std::ptrdiff_t offset, const T* grad, std::ptrdiff_t n) {
    step_elements(*this->kernels, table, offset, grad, n);
  }

  // All of them; the gradient of those that are not in use is 0.
  void step_rows(Parameter<T>& table, Range rows, Range mine) {
    std::int32_t at = rows.begin;
    for (int u = mine.begin; u <= mine.end; ++u) {
      const std::int32_t number = u < mine.end ? in_use_[u].number : rows.end;
      step_zeros(table, at * step_, (number - at) * step_);
      if (u < mine.end) step_span(table, number * step_, sum_of(u), width_);
      at = number + 1;
    }
  }

  void step_zeros(Parameter<T>& table, std::ptrdiff_t offset, std::ptrdiff_t n) {
    alignas(64) static constexpr T kZeros[kPiece] = {};
    for (; n > 0; n -= kPiece, offset += kPiece)
      step_span(table, offset, kZeros, std::min<std::ptrdiff_t>(n, kPiece));
  }

  // The same where a line holds one entry of every row of the table.
  void step_columns(Parameter<T>& table, Range rows, Range mine) {
    alignas(64) T grad[kPiece];
    for (int u = mine.begin; u < mine.end; ++u) sum_of(u);
    for (int d = 0; d < width_; ++d) {
      int u = mine.begin;
      for (int begin = rows.begin; begin < rows.end; begin += kPiece) {
        const int n = std::min(kPiece, rows.end - begin);
        std::fill_n(grad, n, T(0));
        for (; u < mine.end && in_use_[u].number < begin + n; ++u)
          grad[in_use_[u].number - begin] = known_sum(u)[d];
        step_span(table, d * table.ld + begin, grad, n);
      }
    }
  }

  const T* known_sum(int u) const {
    const InUse& each = in_use_[u];
    return each.first == each.last ? grad_at(each.first)
                                   : sums_ + static_cast<std::ptrdiff_t>(u) * width_;
  }

  void add_to_kept(Parameter<T>& table, Range rows, Range mine) {
    const std::ptrdiff_t feature_step = adjacent_ ? 1 : table.ld;
    if (this->first_use[0] != 0 && !table.adding) {
      const int lines = adjacent_ ? 1 : width_;
      for (int line = 0; line < lines; ++line)
        std::fill_n(table.grad + line * table.ld + rows.begin * step_, rows.size() * step_, T(0));
    }
    for (int u = mine.begin; u < mine.end; ++u) {
      const T* grad = sum_of(u);
      T* kept = table.grad + in_use_[u].number * step_;
      for (int d = 0; d < width_; ++d) kept[d * feature_step] += grad[d];
    }
  }

  int places_;
  std::int32_t size_;
  int width_;
  NumberRange range_;
  std::ptrdiff_t step_;              // from one row of the table to the next
  bool adjacent_;                    // a row of the table lies in one piece
  std::int32_t* numbers_ = nullptr;  // [block][place][lane]
  // Of the present batch. A place is counted row by row.
  std::int32_t* next_ = nullptr;  // the next place with the same number, or -1
  InUse* in_use_ = nullptr;
  int used_ = 0;
  std::int32_t* slots_ = nullptr;  // a hash table of what is in use, by number; -1: empty
  std::ptrdiff_t n_slots_ = 0;
  T* sums_ = nullptr;
};

int shape(const NodeSpec& node) {
  require(node.variables.size() == 1, "take needs one variable");
  const Variable& table = *node.variables[0];
  require(table.dtype() == DType::float64 || table.cols() <= kMostInFloat32,
          "numbers of so many rows are not exact in float32. Received: " +
              std::to_string(table.cols()) + " rows");
  const std::int64_t features = std::int64_t{node.input_features[0]} * table.rows();
  require(features <= 1 << 28, "too many features: " + std::to_string(features));
  return static_cast<int>(features);
}

}  // namespace

NumberRange numbers_of(const NodeSpec& take) {
  const int size = take.variables[0]->cols();
  return {take.params[0] != 0 ? -size : 0, size};
}

void NumberRange::refuse(double value) const {
  char text[160];
  std::snprintf(text, sizeof text, "indices must be whole numbers in [%d, %d). Received: %.17g",
                least, end, value);
  throw std::out_of_range(text);
}

OpKind take_kind() {
  return {"take", {{"wraps", 0}}, 1, 1, shape, makers<Take>()};
}

}  // namespace pynn
