// Random factors in training; the identity at inference, unless they are drawn `always`.
//   dropout (Srivastava et al. 2014): y = x / (1 - rate) or, with probability `rate`, 0; with a
//     `column`, the rate of a step is that number of the step. A bit of each element is kept for
//     backward
//   gaussian_dropout: y = x mask, mask normal with mean 1 and standard deviation `stddev`
#include <algorithm>
#include <cstring>

#include "base/random.hpp"
#include "ops/check_node.hpp"

namespace pynn {

namespace {

// Features that are drawn and used while the first-level cache has them.
constexpr int kPieceFeatures = 64;

// Calls body(block, begin, end, index) for pieces of the share; index: the number of the first
// element in the stream of random numbers.
template <class Body>
void for_each_piece(const Pass& pass, const Share& share, int features, Body body) {
  for_each_block(share, features, [&](int block, int begin, int end) {
    for (int f = begin; f < end; f += kPieceFeatures) {
      body(block, f, std::min(f + kPieceFeatures, end), pass.lane_number(block, features, f));
    }
  });
}

template <class T>
void copy_input(const Slot<T>& x, const Slot<T>& y, const Share& share) {
  for_each_block(share, y.features, [&](int block, int begin, int end) {
    const auto n = static_cast<std::size_t>(end - begin) * kLanes;
    std::memcpy(y.value_at(block, begin), x.value_at(block, begin), n * sizeof(T));
  });
}

template <class T>
class Dropout : public Op<T> {
 public:
  explicit Dropout(const NodeSpec& node)
      : rate_(static_cast<T>(node.params[0])),
        column_(node.column()),
        always_(node.params.back() != 0) {}

  double cost() const override { return 10.0 * this->out->features; }
  std::ptrdiff_t workspace(int blocks) const override {
    constexpr auto kWords = static_cast<std::ptrdiff_t>(sizeof(T) / sizeof(std::uint32_t));
    return round_up(blocks * std::ptrdiff_t{this->out->features}, kWords) / kWords;
  }

  void forward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    const Slot<T>& y = *this->out;
    if (!pass.training && !always_) return copy_input(x, y, share);
    const T rate = rate_of(pass);
    const std::uint64_t key =
        stream_key(pass.seed, pass.step, static_cast<std::uint64_t>(this->node));
    for_each_piece(pass, share, y.features, [&](int block, int f, int end, std::uint64_t index) {
      this->kernels->draw_kept(kept_at(block, f), end - f, rate, key, index);
      this->kernels->scale_kept(x.value_at(block, f), kept_at(block, f), scale(rate),
                                y.value_at(block, f), end - f, false);
    });
  }

  void backward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const Slot<T>& y = *this->out;
    const T factor = scale(rate_of(pass));
    for_each_block(share, y.features, [&](int block, int f, int end) {
      this->kernels->scale_kept(y.grad_at(block, f), kept_at(block, f), factor, x.grad_at(block, f),
                                end - f, this->accumulate[0] != 0);
    });
  }

 private:
  T rate_of(const Pass& pass) const {
    const bool scheduled = column_ > 0 && pass.numbers != nullptr;
    return scheduled ? static_cast<T>(pass.numbers[column_]) : rate_;
  }
  // A rate below 1 may round to it.
  static T scale(T rate) { return rate < 1 ? T(1) / (T(1) - rate) : T(0); }
  std::uint32_t* kept_at(int block, int feature) const {
    return reinterpret_cast<std::uint32_t*>(this->work) +
           static_cast<std::ptrdiff_t>(block) * this->out->features + feature;
  }

  T rate_;
  int column_;
  bool always_;
};

template <class T>
class GaussianDropout : public Op<T> {
 public:
  explicit GaussianDropout(const NodeSpec& node)
      : deviation_(static_cast<T>(node.params[0])), always_(node.params.back() != 0) {}

  double cost() const override { return 50.0 * this->out->features; }
  std::ptrdiff_t workspace(int blocks) const override { return blocks * this->out->block_stride; }

  void forward(const Pass& pass, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    const Slot<T>& y = *this->out;
    if (!pass.training && !always_) return copy_input(x, y, share);
    const std::uint64_t key =
        stream_key(pass.seed, pass.step, static_cast<std::uint64_t>(this->node));
    for_each_piece(pass, share, y.features, [&](int block, int f, int end, std::uint64_t index) {
      const std::ptrdiff_t n = std::ptrdiff_t{end - f} * kLanes;
      this->kernels->normal_noise(mask_at(block, f), n, T(1), deviation_, key, index);
      this->kernels->multiply(x.value_at(block, f), mask_at(block, f), y.value_at(block, f), n);
    });
  }

  void backward(const Pass&, const Share& share) override {
    const Slot<T>& x = *this->in[0];
    if (x.grad == nullptr) return;
    const Slot<T>& y = *this->out;
    const auto multiply =
        this->accumulate[0] != 0 ? this->kernels->multiply_add : this->kernels->multiply;
    for_each_block(share, y.features, [&](int block, int f, int end) {
      multiply(y.grad_at(block, f), mask_at(block, f), x.grad_at(block, f),
               std::ptrdiff_t{end - f} * kLanes);
    });
  }

 private:
  T* mask_at(int block, int feature) const {
    return this->work + block * this->out->block_stride +
           static_cast<std::ptrdiff_t>(feature) * kLanes;
  }

  T deviation_;
  bool always_;
};

int gaussian_shape(const NodeSpec& node) {
  require(node.params[0] >= 0, "gaussian_dropout's stddev must not be negative. Received: stddev=" +
                                   std::to_string(node.params[0]));
  return node.input_features[0];
}

int shape(const NodeSpec& node) {
  require_dropout_rate(node.params[0]);
  require(node.params[1] >= 0 && node.params[1] < 1 << 20,
          "dropout's column must be a number of one");
  return node.input_features[0];
}

}  // namespace

OpKind dropout_kind() {
  OpKind kind{"dropout",        {{"rate", 0.5}, {"column", 0}, {"always", 0}}, 1, 1, shape,
              makers<Dropout>()};
  kind.column_parameter = 1;
  kind.gradient_in_place = true;
  return kind;
}

OpKind gaussian_dropout_kind() {
  OpKind kind{"gaussian_dropout", {{"stddev", 1}, {"always", 0}}, 1, 1,
              gaussian_shape,     makers<GaussianDropout>()};
  kind.gradient_in_place = true;
  return kind;
}

}  // namespace pynn
