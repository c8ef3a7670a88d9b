// What ops that draw random numbers in training have in common: at inference they are the identity,
// unless they draw `always`, which is their last parameter. A number belongs to an element, a node
// and a step, whoever draws it.
#pragma once

#include <algorithm>
#include <cstring>

#include "base/random.hpp"
#include "ops/check_node.hpp"

namespace pynn {

template <class T>
class RandomOp : public Op<T> {
 public:
  explicit RandomOp(const NodeSpec& node) : always_(node.params.back() != 0) {}

  void forward(const Pass& pass, const Share& share) final {
    const Slot<T>& y = *this->out;
    const bool draws = pass.training || always_;
    const std::uint64_t key =
        stream_key(pass.seed, pass.step, static_cast<std::uint64_t>(this->node));
    for_each_block(share, y.features, [&](int block, int begin, int end) {
      if (!draws) return copy_input(block, begin, end);
      for (int f = begin; f < end; f += kPieceFeatures) {
        draw(pass, block, f, std::min(kPieceFeatures, end - f), key,
             pass.lane_number(block, y.features, f));
      }
    });
  }

 protected:
  // Computes the outputs of `features` features of a block, from f on, with the numbers from
  // `first` on of the stream `key`.
  virtual void draw(const Pass& pass, int block, int f, int features, std::uint64_t key,
                    std::uint64_t first) = 0;

 private:
  // Features that are drawn and used while the first-level cache has them.
  static constexpr int kPieceFeatures = 64;

  void copy_input(int block, int begin, int end) {
    const auto n = static_cast<std::size_t>(end - begin) * kLanes;
    std::memcpy(this->out->value_at(block, begin), this->in[0]->value_at(block, begin),
                n * sizeof(T));
  }

  bool always_;
};

// The shape rule of ops whose first parameter is a standard deviation.
inline int same_features_and_stddev(const NodeSpec& node) {
  require(node.params[0] >= 0,
          node.kind->name +
              "'s stddev must not be negative. Received: stddev=" + std::to_string(node.params[0]));
  return same_features(node);
}

}  // namespace pynn
