// The kernels on lanes by themselves.
#include <pybind11/stl.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/arena.hpp"
#include "bindings/names.hpp"
#include "testing/padded.hpp"
#include "testing/testing.hpp"

namespace py = pybind11;

namespace pynn {

namespace {

// rows -> lanes -> rows, with the padding that the second transpose writes. NaN stands in the
// lanes' padding.
template <class T>
py::array transpose_twice(const Array<T>& x) {
  const Lanes<T> lanes(x);
  const std::ptrdiff_t data_end = static_cast<std::ptrdiff_t>(lanes.features()) * kLanes;
  for (int block = 0; block < block_count(lanes.count()); ++block) {
    T* padding = lanes.data() + block * lanes.stride() + data_end;
    std::fill_n(padding, lanes.stride() - data_end, static_cast<T>(__builtin_nan("")));
  }
  const PaddedRows<T> rows(lanes.count(), static_cast<int>(lanes.stride()) / kLanes);
  tested_kernels<T>().lanes_to_rows(lanes.data(), lanes.stride(), 0, lanes.features(),
                                    lanes.count(), rows.data(), rows.ld());
  return rows.to_array();
}

template <class T>
Array<T> sums_by_blocks(const Lanes<T>& in) {
  const int n = in.features();
  Lanes<T> partial(1, n);
  Array<T> sums(n);
  for (int block = 0; block < block_count(in.count()); ++block) {
    tested_kernels<T>().add_partial_sums(in.data() + block * in.stride(), n,
                                         in.count() - block * kLanes, partial.data(), block > 0);
  }
  tested_kernels<T>().lane_sums(partial.data(), 0, 0, n, kPartialSums, sums.mutable_data());
  return sums;
}

template <class T>
py::dict batch_statistics(const Array<T>& x, double epsilon) {
  const Lanes<T> in(x);
  const int n = in.features();
  std::vector<Array<T>> out(4, Array<T>(0));
  for (Array<T>& a : out) a = Array<T>(n);
  tested_kernels<T>().lane_sums(in.data(), in.stride(), 0, n, in.count(), out[0].mutable_data());
  BatchNormArgs<T> args{};
  args.x = in.data();
  args.block_stride = in.stride();
  args.row_end = n;
  args.count = in.count();
  args.mean = out[1].mutable_data();
  args.variance = out[2].mutable_data();
  args.inverse_deviation = out[3].mutable_data();
  args.epsilon = static_cast<T>(epsilon);
  tested_kernels<T>().batch_moments(args);
  py::dict result;
  result["sums"] = out[0];
  result["sums_by_blocks"] = sums_by_blocks(in);
  result["mean"] = out[1];
  result["variance"] = out[2];
  result["inverse_deviation"] = out[3];
  return result;
}

// y, grad_x, grad_gamma, grad_beta of a batch normalization; constants: mean and deviation are held
// fixed.
template <class T>
std::vector<py::array> batch_normalization(const Array<T>& x, const Array<T>& gamma,
                                           const Array<T>& beta, const Array<T>& grad_y,
                                           double epsilon, bool constants) {
  const Lanes<T> in(x), grads(grad_y);
  Lanes<T> y(in.count(), in.features()), grad_x(in.count(), in.features());
  const auto n = static_cast<std::size_t>(in.features());
  std::vector<T> mean(n), variance(n), inverse(n);
  Array<T> grad_gamma(in.features()), grad_beta(in.features());
  BatchNormArgs<T> args{};
  args.x = in.data();
  args.y = y.data();
  args.block_stride = in.stride();
  args.row_end = in.features();
  args.count = in.count();
  args.gamma = gamma.data();
  args.beta = beta.data();
  args.mean = mean.data();
  args.variance = variance.data();
  args.inverse_deviation = inverse.data();
  args.epsilon = static_cast<T>(epsilon);
  args.grad_y = grads.data();
  args.grad_x = grad_x.data();
  args.grad_gamma = grad_gamma.mutable_data();
  args.grad_beta = grad_beta.mutable_data();
  tested_kernels<T>().batch_moments(args);
  tested_kernels<T>().batch_normalize(args);
  if (constants) args.variance = nullptr;
  tested_kernels<T>().batch_normalize_backward(args);
  return {y.to_array(), grad_x.to_array(), grad_gamma, grad_beta};
}

template <class T>
Array<T> per_row(const Lanes<T>& x, void (*kernel)(const T*, int, T*)) {
  Array<T> out(x.count());
  alignas(64) T values[kLanes];
  for (int block = 0; block < block_count(x.count()); ++block) {
    kernel(x.data() + block * x.stride(), x.features(), values);
    std::copy_n(values, lanes_in_block(x.count(), block), out.mutable_data() + block * kLanes);
  }
  return out;
}

template <class T>
py::array argmax(const Array<T>& x) {
  return per_row(Lanes<T>(x), tested_kernels<T>().argmax);
}

template <class T>
py::array threshold_hits(const Array<T>& target, const Array<T>& prediction, double threshold) {
  const Lanes<T> t(target), p(prediction);
  Array<T> out(p.count());
  alignas(64) T values[kLanes];
  for (int block = 0; block < block_count(p.count()); ++block) {
    tested_kernels<T>().threshold_hits(t.data() + block * t.stride(), p.data() + block * p.stride(),
                                       p.features(), static_cast<T>(threshold), values);
    std::copy_n(values, lanes_in_block(p.count(), block), out.mutable_data() + block * kLanes);
  }
  return out;
}

template <class T>
std::pair<double, double> row_norms(const Array<T>& x) {
  Array<T> row = x;
  row.resize({py::ssize_t{1}, x.size()});
  const PaddedRows<T> padded(row);
  return {tested_kernels<T>().sum_squares(padded.data(), padded.ld()),
          tested_kernels<T>().sum_magnitudes(padded.data(), padded.ld())};
}

// ---- gradients that are added to what is there

template <class T>
py::array accumulated_activation(const std::string& name, double alpha, const Array<T>& x,
                                 const Array<T>& grad_y, const Array<T>& start) {
  const ActivationKernel<T>& kernel =
      tested_kernels<T>().activation[index_of(kActivationList, name, "name")];
  const PaddedRows<T> in(x), grads(grad_y), out(start);
  const std::ptrdiff_t n = in.rows() * in.ld();
  const PaddedRows<T> y(in.rows(), in.cols());
  const auto a = static_cast<T>(alpha);
  kernel.forward(in.data(), y.data(), n, a);
  kernel.backward(grads.data(), kernel.needs_input ? in.data() : y.data(), out.data(), n, a, true);
  return out.to_array();
}

// The backward kernel of a row activation, from its result y.
template <class T>
py::array accumulated_softmax(bool logarithm, const Array<T>& y, const Array<T>& grad_y,
                              const Array<T>& start) {
  const KernelTable<T>& table = tested_kernels<T>();
  const auto backward = logarithm ? table.log_softmax_backward : table.softmax_backward;
  const Lanes<T> result(y), grads(grad_y), out(start);
  for (int block = 0; block < block_count(out.count()); ++block) {
    const std::ptrdiff_t offset = block * out.stride();
    backward(grads.data() + offset, result.data() + offset, out.data() + offset, out.features(),
             true);
  }
  return out.to_array();
}

// start + scale[row] * gradient of the row's loss.
template <class T>
py::array accumulated_loss(const std::string& name, const std::vector<double>& params,
                           const Array<T>& y_true, const Array<T>& y_pred, const Array<T>& scale,
                           const Array<T>& start) {
  const auto kernel = tested_kernels<T>().loss[index_of(kLossList, name, "name")];
  const Lanes<T> target(y_true), prediction(y_pred), out(start);
  alignas(64) T losses[kLanes];
  alignas(64) T scales[kLanes];
  LossArgs<T> args{};
  args.features = prediction.features();
  for (std::size_t i = 0; i < params.size(); ++i) args.parameters[i] = static_cast<T>(params[i]);
  args.losses = losses;
  args.scale = scales;
  args.accumulate = true;
  for (int block = 0; block < block_count(out.count()); ++block) {
    args.target = target.data() + block * target.stride();
    args.prediction = prediction.data() + block * prediction.stride();
    args.grad = out.data() + block * out.stride();
    std::copy_n(scale.data() + block * kLanes, lanes_in_block(out.count(), block), scales);
    kernel(args);
  }
  return out.to_array();
}

// ---- arithmetic

template <class T>
struct BinaryEntry {
  const char* name;
  void (*KernelTable<T>::*kernel)(const T*, const T*, T*, std::ptrdiff_t) noexcept;
};

// y is what multiply_add adds to, and is overwritten by the others.
template <class T>
py::array arithmetic(const std::string& name, const Array<T>& a, const Array<T>& b,
                     const Array<T>& y) {
  static constexpr BinaryEntry<T> kBinary[] = {
      {"add", &KernelTable<T>::add},
      {"subtract", &KernelTable<T>::subtract},
      {"multiply", &KernelTable<T>::multiply},
      {"multiply_add", &KernelTable<T>::multiply_add},
      {"select_larger", &KernelTable<T>::select_larger},
      {"select_smaller", &KernelTable<T>::select_smaller},
  };
  const PaddedRows<T> left(a), right(b), out(y);
  const auto kernel = kBinary[index_of(kBinary, name, "name")].kernel;
  (tested_kernels<T>().*kernel)(left.data(), right.data(), out.data(), out.rows() * out.ld());
  return out.to_array();
}

template <class T>
py::array scale_add(const Array<T>& x, double scale, const Array<T>& y) {
  const PaddedRows<T> in(x), out(y);
  tested_kernels<T>().scale_add(in.data(), static_cast<T>(scale), out.data(),
                                out.rows() * out.ld());
  return out.to_array();
}

// What scale_kept makes of x, with the bits of draw_kept, or adds of it to `start`.
template <class T>
py::array dropout(const Array<T>& x, double rate, double scale, std::uint64_t key,
                  std::uint64_t first, const Array<T>& start, bool accumulate) {
  const std::ptrdiff_t features = x.size() / kLanes;
  std::vector<std::uint32_t> kept(static_cast<std::size_t>(features));
  Array<T> out(x.size());
  std::copy_n(start.data(), x.size(), out.mutable_data());
  const KernelTable<T>& kernels = tested_kernels<T>();
  kernels.draw_kept(kept.data(), features, rate, key, first);
  kernels.scale_kept(x.data(), kept.data(), static_cast<T>(scale), out.mutable_data(), features,
                     accumulate);
  return out;
}

template <class T>
py::array normal_noise(const Array<T>& like, double mean, double deviation, std::uint64_t key,
                       std::uint64_t first) {
  Array<T> out(round_up(like.size(), kRowAlign));
  const AlignedBuffer buffer(static_cast<std::size_t>(out.size()) * sizeof(T));
  T* aligned = static_cast<T*>(buffer.data());
  tested_kernels<T>().normal_noise(aligned, out.size(), static_cast<T>(mean),
                                   static_cast<T>(deviation), key, first);
  std::copy_n(aligned, out.size(), out.mutable_data());
  return out;
}

template <class T>
void bind_kernels(py::module_& m) {
  const auto noconvert = [](const char* name) { return py::arg(name).noconvert(); };
  m.def("transpose_twice", &transpose_twice<T>, noconvert("x"));
  m.def("batch_statistics", &batch_statistics<T>, noconvert("x"), py::arg("epsilon"));
  m.def("batch_normalization", &batch_normalization<T>, noconvert("x"), noconvert("gamma"),
        noconvert("beta"), noconvert("grad_y"), py::arg("epsilon"), py::arg("constants"));
  m.def("argmax", &argmax<T>, noconvert("x"));
  m.def("threshold_hits", &threshold_hits<T>, noconvert("target"), noconvert("prediction"),
        py::arg("threshold"));
  m.def("row_norms", &row_norms<T>, noconvert("x"));
  m.def("accumulated_activation", &accumulated_activation<T>, py::arg("name"), py::arg("alpha"),
        noconvert("x"), noconvert("grad_y"), noconvert("start"));
  m.def("accumulated_softmax", &accumulated_softmax<T>, py::arg("logarithm"), noconvert("y"),
        noconvert("grad_y"), noconvert("start"));
  m.def("accumulated_loss", &accumulated_loss<T>, py::arg("name"), py::arg("params"),
        noconvert("y_true"), noconvert("y_pred"), noconvert("scale"), noconvert("start"));
  m.def("arithmetic", &arithmetic<T>, py::arg("name"), noconvert("a"), noconvert("b"),
        noconvert("y"));
  m.def("scale_add", &scale_add<T>, noconvert("x"), py::arg("scale"), noconvert("y"));
  m.def("dropout", &dropout<T>, noconvert("x"), py::arg("rate"), py::arg("scale"), py::arg("key"),
        py::arg("first"), noconvert("start"), py::arg("accumulate"));
  m.def("normal_noise", &normal_noise<T>, noconvert("like"), py::arg("mean"), py::arg("deviation"),
        py::arg("key"), py::arg("first"));
}

}  // namespace

void bind_lanes(py::module_& m) {
  bind_kernels<float>(m);
  bind_kernels<double>(m);
}

}  // namespace pynn
