// Checks one ISA's simd/: every word against a plain loop, every function of math.hpp against libm
// in a wider type. Prints the worst errors and one hash of all results, the same for every ISA with
// FMA; exits with 1 where something is wrong. tests/cpp/test_simd.py compiles and runs it.
//
// simd_check [stride]: every stride-th of the 2^32 floats, 1 for all of them (default 9973, a
// prime), on all processors.
#include <atomic>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include "base/denormals.hpp"
#include "formulas/activations/gelu.hpp"
#include "simd/math.hpp"
#include "simd/trigonometry.hpp"

namespace pynn {
namespace PYNN_ISA {
namespace {

int failures = 0;

template <class T>
struct Wide;  // the word of T's size and the type of references
template <>
struct Wide<float> {
  using Bits = std::uint32_t;
  using Reference = double;
  static constexpr const char* kName = "float";
  static constexpr double kMaxUlpOfReference = 0;
};
template <>
struct Wide<double> {
  using Bits = std::uint64_t;
  using Reference = long double;
  static constexpr const char* kName = "double";
  // Where long double is double, the reference is itself wrong by a unit.
  static constexpr double kMaxUlpOfReference = LDBL_MANT_DIG == DBL_MANT_DIG ? 1 : 0;
};

template <class T>
typename Wide<T>::Bits bits_of(T x) {
  typename Wide<T>::Bits bits;
  std::memcpy(&bits, &x, sizeof x);
  return bits;
}

template <class T>
T from_bits(typename Wide<T>::Bits bits) {
  T x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// NaNs are all alike: their sign and payload depend on the machine.
template <class T>
bool same(T a, T b) {
  return bits_of(a) == bits_of(b) || (a != a && b != b);
}

class Hash {
 public:
  template <class T>
  void add(T x) {
    const std::uint64_t word = x != x ? 0x7ff8 : bits_of(x);
    value_ = (value_ ^ word ^ (word >> 32)) * 0x100000001b3;
    value_ ^= value_ >> 29;
  }
  // In any order, since parts of a sweep end when they end.
  void merge(const Hash& part) { value_ += part.value_; }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

std::uint64_t random_state = 1;
std::uint64_t random_bits() {  // splitmix64
  random_state += 0x9e3779b97f4a7c15;
  std::uint64_t z = random_state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// ---- words

template <class T>
void expect(const char* word, T got, T wanted, T a, T b, T c) {
  if (!same(got, wanted) && failures++ < 20) {
    std::printf("%s<%s>(%.17g, %.17g, %.17g) is %.17g, not %.17g\n", word, Wide<T>::kName,
                static_cast<double>(a), static_cast<double>(b), static_cast<double>(c),
                static_cast<double>(got), static_cast<double>(wanted));
  }
}

template <class T>
std::vector<T> awkward_numbers() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> numbers;
  const T large = std::ldexp(T(1), Limits::digits - 1);  // integers only from here
  for (T x : {T(0), T(0.5), T(1), T(1.5), T(2.5), T(3) - Limits::epsilon(), large - T(0.5), large,
              large + 1, Limits::min(), Limits::denorm_min(), Limits::max(), Limits::infinity(),
              Limits::quiet_NaN(), from_bits<T>(bits_of(Limits::quiet_NaN()) + 1)}) {
    numbers.push_back(x);
    numbers.push_back(-x);
  }
  for (int i = 0; i < 6; ++i) {
    numbers.push_back(from_bits<T>(static_cast<typename Wide<T>::Bits>(random_bits())));
    numbers.push_back(static_cast<T>(static_cast<std::int64_t>(random_bits())) /
                      static_cast<T>(std::int64_t{1} << 60));
  }
  return numbers;
}

// plain(a, b, c) in every lane of words(a, b, c), for all triples of awkward numbers.
template <class T, class Words, class Plain>
void check_word(const char* word, Words words, Plain plain) {
  using V = Vec<T>;
  static const std::vector<T> numbers = awkward_numbers<T>();
  const std::size_t count = numbers.size();
  alignas(64) T a[V::kWidth], b[V::kWidth], c[V::kWidth], y[V::kWidth];
  for (std::size_t i = 0; i < count * count * count; i += V::kWidth) {
    for (std::size_t lane = 0; lane < V::kWidth; ++lane) {
      a[lane] = numbers[(i + lane) % count];
      b[lane] = numbers[(i + lane) / count % count];
      c[lane] = numbers[(i + lane) / count / count % count];
    }
    store(y, words(load<V>(a), load<V>(b), load<V>(c)));
    for (int lane = 0; lane < V::kWidth; ++lane) {
      expect(word, y[lane], static_cast<T>(plain(a[lane], b[lane], c[lane])), a[lane], b[lane],
             c[lane]);
    }
  }
}

#define PYNN_CHECK(word, plain)                                                              \
  check_word<T>(                                                                             \
      #word,                                                                                 \
      []([[maybe_unused]] V a, [[maybe_unused]] V b, [[maybe_unused]] V c) { return word; }, \
      []([[maybe_unused]] T a, [[maybe_unused]] T b, [[maybe_unused]] T c) { return plain; })
#define PYNN_CHECK_MASK(mask, plain) \
  PYNN_CHECK(select(mask, set<V>(1), zero<V>()), ((plain) ? 1 : 0))

// fma of the scalar ISA rounds twice.
template <class T>
T plain_fma(T a, T b, T c) {
#if PYNN_ISA_SCALAR
  return a * b + c;
#else
  return std::fma(a, b, c);
#endif
}

template <class T>
void check_arithmetic() {
  using V = Vec<T>;
  PYNN_CHECK(a + b, a + b);
  PYNN_CHECK(a - b, a - b);
  PYNN_CHECK(a * b, a * b);
  PYNN_CHECK(a / b, a / b);
  PYNN_CHECK(-a, -a);
  PYNN_CHECK(abs(a), std::fabs(a));
  PYNN_CHECK(sqrt(a), std::sqrt(a));
  PYNN_CHECK(round(a), std::nearbyint(a));
  PYNN_CHECK(fma(a, b, c), plain_fma(a, b, c));
  PYNN_CHECK(fms(a, b, c), plain_fma(a, b, -c));
  PYNN_CHECK(fnma(a, b, c), plain_fma(-a, b, c));
  PYNN_CHECK(min(a, b), a < b ? a : b);
  PYNN_CHECK(max(a, b), a > b ? a : b);
}

template <class T>
void check_masks() {
  using V = Vec<T>;
  PYNN_CHECK_MASK(lt(a, b), a < b);
  PYNN_CHECK_MASK(le(a, b), a <= b);
  PYNN_CHECK_MASK(gt(a, b), a > b);
  PYNN_CHECK_MASK(ge(a, b), a >= b);
  PYNN_CHECK_MASK(eq(a, b), a == b);
  PYNN_CHECK_MASK(is_nan(a), a != a);
  PYNN_CHECK_MASK(lt(a, b) & lt(b, c), a < b && b < c);
  PYNN_CHECK_MASK(lt(a, b) | lt(b, c), a < b || b < c);
  PYNN_CHECK_MASK(!lt(a, b), !(a < b));
  PYNN_CHECK(select(lt(a, b), b, c), a < b ? b : c);
  for (int n = -2; n < V::kWidth + 3; ++n) {
    expect("any", T(any(first_n<V>(n))), T(n > 0), T(n), T(0), T(0));
    expect("any", T(any(!first_n<V>(n))), T(n < V::kWidth), T(n), T(0), T(0));
    alignas(64) T y[V::kWidth];
    store(y, select(first_n<V>(n), set<V>(1), zero<V>()));
    for (int i = 0; i < V::kWidth; ++i) expect("first_n", y[i], T(i < n), T(n), T(i), T(0));
  }
  for (const std::uint32_t bits : {0u, 1u, 0x8000u, 0xa5c3965au, 0xffffffffu, 0xffff0000u}) {
    alignas(64) T y[V::kWidth];
    store(y, select(where_set<V>(bits), set<V>(1), zero<V>()));
    for (int i = 0; i < V::kWidth; ++i)
      expect("where_set", y[i], T(bits >> i & 1), T(bits), T(i), T(0));
    const std::uint32_t own = bits & ((std::uint64_t{1} << V::kWidth) - 1);
    expect("bits_of", T(bits_of(where_set<V>(bits))), T(own), T(bits), T(0), T(0));
  }
}

void check_integers() {
  using V = Vec<double>;
  constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
  for (const std::uint64_t b :
       {std::uint64_t{0}, std::uint64_t{1}, kTop - 1, kTop, ~std::uint64_t{0}}) {
    for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{1}, kTop}) {
      const V::Bits a = (V::Bits{} + b) + (lane_numbers<double>() - 1) * step;
      const std::uint32_t found = bits_of(at_least(a, V::Bits{} + b));
      for (int i = 0; i < V::kWidth; ++i)
        expect("at_least", double(found >> i & 1), double(a[i] >= b), double(i), double(b), 0.0);
    }
  }
}

template <class T>
void check_memory() {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  alignas(64) T x[4 * kWidth], y[4 * kWidth];
  for (int i = 0; i < 4 * kWidth; ++i) x[i] = T(i);
  for (int offset = 0; offset < kWidth; ++offset) {
    for (T& element : y) element = T(-1);
    storeu(y + kWidth + offset, loadu<V>(x + offset));
    for (int i = 0; i < 4 * kWidth; ++i) {
      const bool inside = i >= kWidth + offset && i < 2 * kWidth + offset;
      expect("loadu, storeu", y[i], inside ? x[i - kWidth] : T(-1), T(offset), T(i), T(0));
    }
  }
  store(y, load<V>(x + kWidth));
  for (int i = 0; i < kWidth; ++i) expect("load, store", y[i], x[kWidth + i], T(i), T(0), T(0));
  V rows[kWidth];
  T square[kWidth][kWidth];
  for (int i = 0; i < kWidth; ++i) {
    for (int j = 0; j < kWidth; ++j) square[i][j] = T(i * kWidth + j);
    rows[i] = loadu<V>(square[i]);
  }
  transpose(rows);
  for (int i = 0; i < kWidth; ++i) {
    storeu(y, rows[i]);
    for (int j = 0; j < kWidth; ++j) expect("transpose", y[j], square[j][i], T(i), T(j), T(0));
  }
}

// The words on exponents: for numbers v in [1/4, 4) and every n that leaves them normal.
template <class T>
void check_exponents() {
  using V = Vec<T>;
  constexpr int kWidth = V::kWidth;
  constexpr int kMaxExponent = std::numeric_limits<T>::max_exponent;  // 128, 1024
  alignas(64) T v[kWidth], y[kWidth], mantissas[kWidth];
  for (int n = 4 - kMaxExponent; n <= kMaxExponent - 2; ++n) {
    for (T& element : v) {
      element = T(1) + std::ldexp(static_cast<T>(random_bits() >> 12), -52);
      element = std::ldexp(element < 2 ? element : T(1), static_cast<int>(random_bits() % 4) - 2);
    }
    store(y, add_to_exponent(load<V>(v), set<V>(T(n)) + set<V>(V::kIntegerBias)));
    for (int i = 0; i < kWidth; ++i) {
      expect("add_to_exponent", y[i], std::ldexp(v[i], n), v[i], T(n), T(0));
      v[i] = y[i];
    }
    V mantissa;
    store(y, split_exponent(load<V>(v), mantissa));
    store(mantissas, mantissa);
    for (int i = 0; i < kWidth; ++i) {
      int exponent;
      expect("mantissa", mantissas[i], std::frexp(v[i], &exponent), v[i], T(0), T(0));
      expect("split_exponent", y[i], T(exponent), v[i], T(0), T(0));
    }
  }
}

template <class T>
void check_words() {
  check_arithmetic<T>();
  check_masks<T>();
  check_memory<T>();
  check_exponents<T>();
}

// ---- functions

// `evaluate` works on a run of kRun arguments; max_ulp are the limits with FMA and without, in
// units in the last place of the result, or of half the argument where that is larger and
// `is_product`: x times a factor that is close to zero because it is a difference has an error that
// is small beside x.
constexpr int kRun = 1024;

template <class T>
struct Function {
  const char* name;
  void (*evaluate)(const T* x, T* y);
  typename Wide<T>::Reference (*reference)(typename Wide<T>::Reference);
  double max_ulp, max_ulp_scalar;
  bool is_product = false;
};

template <class R>
R sigmoid_reference(R x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
template <class R>
R softplus_reference(R x) {
  return (x > 0 ? x : x != x ? x : R(0)) + std::log1p(std::exp(-std::fabs(x)));
}
template <class R>
R gelu_reference(R x) {
  return x * std::erfc(x * -0.707106781186547524400844362104849039L) / 2;
}
template <class V>
PYNN_INLINE V gelu(V x) {
  return Gelu::forward(x, x);
}

#define PYNN_ERRORS_OF(name, reference, max_ulp, max_ulp_scalar, is_product)       \
  {#name,                                                                          \
   [](const T* x, T* y) {                                                          \
     for (int i = 0; i < kRun; i += V::kWidth) store(y + i, name(load<V>(x + i))); \
   },                                                                              \
   [](R x) -> R { return reference(x); },                                          \
   max_ulp,                                                                        \
   max_ulp_scalar,                                                                 \
   is_product}
#define PYNN_FUNCTION(...) PYNN_ERRORS_OF(__VA_ARGS__, false)
#define PYNN_PRODUCT(...) PYNN_ERRORS_OF(__VA_ARGS__, true)

template <class T>
std::vector<Function<T>> functions();

template <>
std::vector<Function<float>> functions() {
  using T = float;
  using V = Vec<T>;
  using R = double;
  return {PYNN_FUNCTION(exp, std::exp, 1, 1),
          PYNN_FUNCTION(expm1, std::expm1, 1.5, 1.5),
          PYNN_FUNCTION(log, std::log, 1, 1),
          PYNN_FUNCTION(log1p, std::log1p, 1.5, 1.5),
          PYNN_FUNCTION(tanh, std::tanh, 2, 2),
          PYNN_FUNCTION(sigmoid, sigmoid_reference, 2, 2),
          PYNN_FUNCTION(softplus, softplus_reference, 2, 2),
          PYNN_FUNCTION(erf, std::erf, 1.25, 1.5),
          PYNN_FUNCTION(sin, std::sin, 1.75, 1.75),
          PYNN_FUNCTION(cos, std::cos, 1.75, 1.75),
          PYNN_PRODUCT(gelu, gelu_reference, 2, 2)};
}

template <>
std::vector<Function<double>> functions() {
  using T = double;
  using V = Vec<T>;
  using R = long double;
  return {PYNN_FUNCTION(exp, std::exp, 1, 1),
          PYNN_FUNCTION(expm1, std::expm1, 1.5, 1.75),
          PYNN_FUNCTION(log, std::log, 1, 1),
          PYNN_FUNCTION(log1p, std::log1p, 1.5, 1.5),
          PYNN_FUNCTION(tanh, std::tanh, 2.5, 2.5),
          PYNN_FUNCTION(sigmoid, sigmoid_reference, 2, 2),
          PYNN_FUNCTION(softplus, softplus_reference, 2, 2),
          PYNN_FUNCTION(erf, std::erf, 1.25, 1.5),
          PYNN_FUNCTION(sin, std::sin, 1.75, 1.75),
          PYNN_FUNCTION(cos, std::cos, 1.75, 1.75),
          PYNN_PRODUCT(gelu, gelu_reference, 2, 2)};
}

// Distance of y from the exact value in units of the last place of that, or of `least_size` where
// that is larger; infinite where y is wrong in kind or sign. What is not normal may be zero.
// Without FMA a product may be flushed before it is added.
template <class T>
double ulp_between(T y, typename Wide<T>::Reference exact,
                   typename Wide<T>::Reference least_size = 0) {
  using R = typename Wide<T>::Reference;
  using Limits = std::numeric_limits<T>;
  constexpr double kWrong = std::numeric_limits<double>::infinity();
  if (exact != exact || y != y) return exact != exact && y != y ? 0 : kWrong;
  if (std::signbit(exact) != std::signbit(y)) return kWrong;
  const R size = std::fabs(exact), distance = std::fabs(R(y) - exact);
  if (size < Limits::min() && (y == 0 || distance <= 2 * Limits::denorm_min())) return 0;
  if (size < Limits::min() && least_size < Limits::min()) return kWrong;
  if (PYNN_ISA_SCALAR && distance < Limits::min()) return 0;
  // The largest finite number's successor stands for infinity on both sides.
  const R beyond = std::ldexp(R(1), Limits::max_exponent);
  const R limited = std::copysign(size < beyond ? size : beyond, exact);
  const R wide = std::isinf(y) ? std::copysign(beyond, R(y)) : R(y);
  int exponent;
  std::frexp(size < least_size ? least_size : limited, &exponent);
  if (size >= beyond) --exponent;
  return static_cast<double>(std::fabs(std::ldexp(wide - limited, Limits::digits - exponent)));
}

// Compares every function with its reference, with denormals as they are and flushed to zero, and
// keeps the worst errors.
template <class T>
class Sweep {
 public:
  Sweep() {
    for (const Function<T>& function : functions<T>()) worst_.push_back({function, 0, 0});
  }

  void add(T x) {
    x_[filled_++] = x;
    if (filled_ == kRun) run();
  }

  // Evaluates what has been added so far.
  void finish() {
    while (filled_ != 0) add(T(1));
  }

  // Takes over what another sweep has found and finished.
  void merge(const Sweep& part) {
    hash_.merge(part.hash_);
    for (std::size_t i = 0; i < worst_.size(); ++i) {
      if (part.worst_[i].ulp > worst_[i].ulp) worst_[i] = part.worst_[i];
    }
  }

  // Prints the worst errors and counts those beyond the limits as failures.
  void report() const {
    for (const Worst& worst : worst_) {
      const double limit =
          (PYNN_ISA_SCALAR ? worst.function.max_ulp_scalar : worst.function.max_ulp) +
          Wide<T>::kMaxUlpOfReference;
      const bool failed = !(worst.ulp <= limit);
      failures += failed;
      std::printf("%-8s %-6s %7.3f ULP at %.17g%s\n", worst.function.name, Wide<T>::kName,
                  worst.ulp, static_cast<double>(worst.x), failed ? " FAILED" : "");
    }
  }

  const Hash& hash() const { return hash_; }

 private:
  using R = typename Wide<T>::Reference;
  struct Worst {
    Function<T> function;
    double ulp;
    T x;
  };

  void run() {
    for (Worst& worst : worst_) {
      worst.function.evaluate(x_, gradual_);
      {
        const FlushDenormals scope;
        worst.function.evaluate(x_, flushed_);
      }
      for (int i = 0; i < kRun; ++i) {
        hash_.add(gradual_[i]);
        hash_.add(flushed_[i]);
        const R exact = worst.function.reference(x_[i]);
        compare(worst, x_[i], gradual_[i], exact);
        if (!same(gradual_[i], flushed_[i])) compare(worst, x_[i], flushed_[i], exact);
      }
    }
    filled_ = 0;
  }

  static void compare(Worst& worst, T x, T y, R exact) {
    // A unit in the last place is at least 2^-digits of the size: most results need no closer look.
    const R unit = std::ldexp(R(1), -std::numeric_limits<T>::digits);
    if (std::fabs(R(y) - exact) < R(worst.ulp) * unit * std::fabs(exact)) return;
    const R half = worst.function.is_product ? std::fabs(R(x)) / 2 : 0;
    double ulp = ulp_between(y, exact, half);
    if (std::fpclassify(x) == FP_SUBNORMAL) {
      const double of_zero = ulp_between(y, worst.function.reference(std::copysign(T(0), x)));
      ulp = ulp < of_zero ? ulp : of_zero;
    }
    if (ulp > worst.ulp) {
      worst.ulp = ulp;
      worst.x = x;
    }
  }

  Hash hash_;
  int filled_ = 0;
  std::vector<Worst> worst_;
  alignas(64) T x_[kRun];
  alignas(64) T gradual_[kRun];
  alignas(64) T flushed_[kRun];
};

// Both sides of every point where a function changes its course, and of what is special.
template <class T>
void add_borders(Sweep<T>& sweep) {
  using C = MathConstants<T>;
  for (T x : {T(0),
              C::kInfinity,
              C::kNan,
              std::numeric_limits<T>::max(),
              C::kLeastNormal,
              std::numeric_limits<T>::denorm_min(),
              C::kTiny,
              -C::kExpMin,
              C::kExpMax,
              -C::kExpm1Min,
              C::kExpm1Max,
              C::kTanhMax,
              C::kErfMax,
              T(1),
              T(0.5),
              T(0.34657359027997265471),
              T(0.41421356237309504880),
              T(0.70710678118654752440),
              T(0.88137358701954302523),
              T(1.41421356237309504880),
              T(0.29289321881345247560)}) {
    for (int step = -200; step <= 200; ++step) {
      const auto bits = bits_of(x) + static_cast<typename Wide<T>::Bits>(step);
      sweep.add(from_bits<T>(bits));
      sweep.add(-from_bits<T>(bits));
    }
  }
}

// In pieces, each by whichever processor is free.
Hash sweep_floats(std::uint64_t stride) {
  constexpr int kPieces = 64;
  Sweep<float> sweep;
  add_borders(sweep);
  sweep.finish();
  std::atomic<int> next{0};
  std::mutex merging;
  const auto work = [&] {
    for (int piece = next++; piece < kPieces; piece = next++) {
      const std::uint64_t size = (std::uint64_t{1} << 32) / kPieces;
      const std::uint64_t begin = static_cast<std::uint64_t>(piece) * size, end = begin + size;
      Sweep<float> part;
      for (std::uint64_t bits = (begin + stride - 1) / stride * stride; bits < end;
           bits += stride) {
        part.add(from_bits<float>(static_cast<std::uint32_t>(bits)));
      }
      part.finish();
      const std::scoped_lock lock(merging);
      sweep.merge(part);
    }
  };
  std::vector<std::thread> others(std::thread::hardware_concurrency() - 1);
  for (std::thread& other : others) other = std::thread(work);
  work();
  for (std::thread& other : others) other.join();
  sweep.report();
  return sweep.hash();
}

Hash sweep_doubles(std::uint32_t count) {
  Sweep<double> sweep;
  add_borders(sweep);
  random_state = 2;  // the same numbers for every vector width
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t bits = random_bits();
    const double uniform = static_cast<double>(static_cast<std::int64_t>(bits)) * 0x1p-63;
    sweep.add(from_bits<double>(bits));
    sweep.add(uniform);
    sweep.add(8 * uniform);
    sweep.add(750 * uniform);
    sweep.add(std::ldexp(uniform, -static_cast<int>(bits % 64)));
  }
  sweep.finish();
  sweep.report();
  return sweep.hash();
}

}  // namespace

static int run(std::uint32_t stride) {
  check_words<float>();
  check_words<double>();
  check_integers();
  Hash hash = sweep_floats(stride);
  hash.merge(sweep_doubles((std::uint32_t{1} << 30) / (stride > 256 ? stride : 256)));
  std::printf("hash %016llx\n", static_cast<unsigned long long>(hash.value()));
  return failures == 0 ? 0 : 1;
}

}  // namespace PYNN_ISA
}  // namespace pynn

int main(int argc, char** argv) {
  const long stride = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 9973;
  if (stride < 1) {
    std::fprintf(stderr, "stride must be a positive integer. Received: %s\n", argv[1]);
    return 2;
  }
  return pynn::PYNN_ISA::run(static_cast<std::uint32_t>(stride));
}
