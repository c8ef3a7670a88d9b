// Seeds of epochs, and orders of rows as NumPy and scikit-learn shuffle them, so that the same
// seed visits the same rows.
#include <cstdint>
#include <limits>

#include "base/random.hpp"
#include "base/xorshift.hpp"
#include "bindings/bind.hpp"
#include "bindings/numpy_random.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

py::array seed_as_numpy(std::uint32_t seed) {
  py::array_t<std::uint32_t> key(MersenneTwister::kWords);
  MersenneTwister::seed(key.mutable_data(), seed);
  return key;
}

py::tuple uniform_as_numpy(const py::array& key, int position, double low, double high,
                           py::ssize_t count) {
  MersenneTwister generator = generator_of(key, position);
  require(count >= 0, "count must not be negative");
  py::array_t<double> values(count);
  double* out = values.mutable_data();
  const double range = high - low;
  for (py::ssize_t i = 0; i < count; ++i) out[i] = generator.uniform(low, range);
  return py::make_tuple(values, generator.position());
}

int shuffle_as_numpy(const py::array& key, int position, const py::array& order) {
  auto* rows = writable_data<std::int64_t>("order", order, order.size());
  MersenneTwister generator = generator_of(key, position);
  const std::int64_t n = order.size();
  require(n <= std::numeric_limits<std::uint32_t>::max(), "order must have less than 2**32 rows");
  // Shuffling so few rows takes less time than to get the GIL back.
  constexpr std::int64_t kFew = 1 << 14;
  if (n <= kFew) {
    generator.shuffle(rows, n);
  } else {
    without_gil([&] { generator.shuffle(rows, n); });
  }
  return generator.position();
}

// A number below `count` as RandomState.randint draws it, for counts of 31 bits.
std::uint32_t draw_below(MersenneTwister& generator, std::uint32_t count) {
  for (;;) {
    const std::uint32_t value = generator.next() & 0x7fffffffu;
    if (value < count) return value;
  }
}

std::uint32_t order_seed_as_linear_models(std::uint32_t seed) {
  constexpr std::uint32_t kLargest = 0x7fffffffu;
  std::uint32_t key[MersenneTwister::kWords];
  MersenneTwister::seed(key, seed);
  MersenneTwister generator(key, MersenneTwister::kWords);
  draw_below(generator, kLargest - 1);  // scikit-learn's data set draws a seed it never uses
  return draw_below(generator, kLargest);
}

void shuffle_as_linear_models(const py::array& order, std::uint32_t seed) {
  auto* rows = writable_data<std::int64_t>("order", order, order.size());
  const std::int64_t n = order.size();
  without_gil([&] { xorshift_shuffle(rows, n, seed); });
}

}  // namespace

void bind_orders(py::module_& m) {
  m.def("mix_seed", &mix_seed, py::arg("seed"), py::arg("index"),
        "Seed number `index`, below 2**63, of the sequence that belongs to `seed`.");
  m.def("seed_as_numpy", &seed_as_numpy, py::arg("seed"),
        "The key of RandomState(seed), 624 words of its MT19937; the position is 624.");
  m.def("uniform_as_numpy", &uniform_as_numpy, py::arg("key"), py::arg("position"), py::arg("low"),
        py::arg("high"), py::arg("count"),
        "Draw as RandomState.uniform does. key is changed in place; return the values, float64, "
        "and the new position.");
  m.def("shuffle_as_numpy", &shuffle_as_numpy, py::arg("key"), py::arg("position"),
        py::arg("order"),
        "Shuffle order, int64, in place as RandomState.shuffle does. key is changed in place; "
        "return the new position.");
  m.def("order_seed_as_linear_models", &order_seed_as_linear_models, py::arg("seed"),
        "The seed of the shuffles of a linear model with this random state, an integer.");
  m.def("shuffle_as_linear_models", &shuffle_as_linear_models, py::arg("order"), py::arg("seed"),
        "Shuffle order, int64, in place as scikit-learn's linear models do with this seed.");
}

}  // namespace pynn
