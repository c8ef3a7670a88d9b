// libFuzzer: bytes as NumPy's arrays of any shape, strides, type and place in memory, and as parts
// of sparse matrices, given to what the module takes arrays for. It is to refuse what does not fit
// with an exception, and to read and write nothing outside.
//
// A Python is in the program; PYTHONPATH must lead to NumPy, and PYTHONMALLOC=malloc puts what is
// outside of arrays where AddressSanitizer sees it.
#include <pybind11/embed.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "input.hpp"

extern "C" PyObject* PyInit__core();

namespace py = pybind11;

namespace {

using fuzz::Input;

// Modules and objects that are made once, and never freed: the interpreter goes on to the end.
struct World {
  py::module_ core = py::module_::import("_core");
  py::module_ numpy = py::module_::import("numpy");
  py::object ndarray = numpy.attr("ndarray");
  std::vector<py::object> executors, trainers;
  std::vector<int> widths{1, 2, 3, 4, 5, 8, 16, 100};

  World() {
    core.attr("set_num_threads")(1);
    for (const int width : widths) {
      for (const char* dtype : {"float32", "float64"}) make_model(width, dtype);
    }
  }

  void make_model(int width, const char* dtype) {
    py::object graph = core.attr("Graph")(dtype);
    py::dict features;
    features["features"] = width;
    graph.attr("add")("input", py::list(), py::list(), features);
    const py::object kernel = core.attr("Variable")(3, width, dtype, width == 100);
    graph.attr("add")("dense", py::make_tuple(0), py::make_tuple(kernel));
    executors.push_back(core.attr("Executor")(graph, py::make_tuple(0), py::make_tuple(1)));
    const py::tuple loss = py::make_tuple("mean_squared_error", py::list());
    trainers.push_back(core.attr("Trainer")(
        graph, py::make_tuple(0), py::make_tuple(1), py::make_tuple(loss), py::make_tuple(1.0),
        py::make_tuple(py::list()), py::make_tuple(kernel), py::make_tuple(0.0),
        py::make_tuple(0.0), py::make_tuple("sgd", py::list())));
  }
};

World& world() {
  static World* made = new World;
  return *made;
}

const char* const kTypes[] = {"float32", "float64", "float16", "int8",       "uint8",     "int16",
                              "uint16",  "int32",   "uint32",  "int64",      "uint64",    "bool",
                              ">f4",     ">f8",     ">i4",     "longdouble", "complex64", "S3",
                              "U2",      "M8[s]",   "V5"};
const char* const kIndexTypes[] = {"int32", "int64", "int16", "uint64", "float64", ">i8"};

int small(Input& in) {
  static const int kOdd[] = {0, 1, -1, 100, 1 << 16};
  return in.seldom(16) ? kOdd[in.below(5)] : in.below(12);
}

// An array of an owner of exactly as many bytes as are needed, if NumPy takes it for one.
py::array any_array(Input& in, const char* type, int most_axes = 3, int axes = -1) {
  const py::dtype dtype(type);
  const py::ssize_t item = dtype.itemsize();
  if (axes < 0 || in.seldom(16)) axes = in.below(most_axes + 1);
  py::list shape, strides;
  std::vector<py::ssize_t> lengths;
  for (int i = 0; i < axes; ++i) {
    static const int kWidths[] = {1, 2, 3, 4, 5, 8, 16, 100};
    lengths.push_back(in.flag() ? kWidths[in.below(8)] : small(in));
  }
  py::ssize_t step = item, low = 0, high = 0;
  std::vector<py::ssize_t> steps(lengths.size());
  for (std::size_t i = lengths.size(); i-- > 0;) {
    steps[i] = step;
    step *= std::max<py::ssize_t>(lengths[i], 1);
    switch (in.seldom(4) ? in.below(5) : 0) {
      case 1:
        steps[i] = -steps[i];
        break;
      case 2:
        steps[i] = 0;
        break;
      case 3:
        steps[i] += in.below(9);
        step += in.below(64);
        break;
      case 4:
        steps[i] = in.byte() - 128;
        break;
      default:
        break;
    }
    const py::ssize_t reach = steps[i] * std::max<py::ssize_t>(lengths[i] - 1, 0);
    (reach < 0 ? low : high) += reach;
  }
  const py::ssize_t offset = in.seldom(8) ? in.below(8) : 0;
  const std::vector<char> content =
      in.memory(static_cast<std::size_t>(std::min<py::ssize_t>(high - low + item, 1 << 16)));
  py::object owner = py::bytes(std::string(static_cast<std::size_t>(offset), 'x') +
                               std::string(content.begin(), content.end()));
  if (!in.seldom(16))
    owner = py::reinterpret_steal<py::object>(PyByteArray_FromObject(owner.ptr()));
  for (const py::ssize_t each : lengths) shape.append(each);
  for (const py::ssize_t each : steps) strides.append(each);
  return world().ndarray(py::tuple(shape), dtype, owner, offset - low, py::tuple(strides));
}

py::array numbers(Input& in, int axes = 2) {
  const int type = in.flag() ? in.below(2) : in.below(static_cast<int>(std::size(kTypes)));
  return any_array(in, kTypes[type], 3, axes);
}

// Small numbers, of which some are no good.
py::array integers(Input& in, const char* type, int count, int bound, bool ascending) {
  py::list values;
  int last = 0;
  for (int i = 0; i < count; ++i) {
    if (in.seldom(32)) {
      static const long kOdd[] = {-1, 2147483647, -2147483648L, 1L << 62, 1000};
      const long odd = kOdd[in.below(5)];
      values.append(std::string(type) == "int64" ? odd : static_cast<int>(odd) % 30000);
      continue;
    }
    last = ascending ? last + in.below(4) : in.below(bound);
    values.append(last);
  }
  return world().numpy.attr("array")(values, type);
}

struct Compressed {
  py::object data, indices, indptr;
  int rows, cols;
};

Compressed compressed(Input& in) {
  Compressed made;
  made.rows = in.below(8);
  made.cols = in.seldom(16) ? small(in) : in.flag() ? 100 : 1 + in.below(8);
  const char* type = kIndexTypes[in.seldom(8) ? in.below(6) : in.below(2)];
  const char* other = in.seldom(32) ? kIndexTypes[in.below(6)] : type;
  const py::array indptr =
      integers(in, type, made.rows + (in.seldom(16) ? in.below(3) : 1), 20, true);
  int stored = in.seldom(16) ? in.below(30) : 0;
  if (stored == 0 && indptr.size() > 0)
    stored = py::cast<int>(indptr[py::int_(-1)].attr("__mod__")(40));
  made.indices = integers(in, other, stored, made.cols, in.flag());
  made.indptr = indptr;
  made.data = in.seldom(8) ? py::object(numbers(in, 1))
                           : py::object(world().numpy.attr("ones")(
                                 in.seldom(32) ? in.below(20) : stored,
                                 kTypes[in.seldom(16) ? in.below(16) : in.below(2)]));
  if (in.seldom(16)) made.indices = any_array(in, other, 2, 1);
  if (in.seldom(16)) made.indptr = any_array(in, type, 2, 1);
  return made;
}

int model_number(Input& in, const py::object& rows) {
  const int width = py::cast<int>(rows.attr("cols"));
  const auto& widths = world().widths;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] == width) return static_cast<int>(2 * i) + (in.flag() ? 1 : 0);
  }
  return in.below(static_cast<int>(2 * widths.size()));
}

void use_rows(Input& in, const py::object& rows) {
  World& w = world();
  const auto model = static_cast<std::size_t>(model_number(in, rows));
  w.executors[model].attr("predict")(py::make_tuple(rows));
  if (in.flag()) return;
  const py::object y = w.core.attr("Rows")(
      w.numpy.attr("zeros")(py::make_tuple(rows.attr("rows"), in.seldom(16) ? 2 : 3)));
  py::object weights = py::none(), order = py::none();
  if (in.seldom(4)) weights = w.core.attr("Rows")(numbers(in));
  if (in.seldom(4)) order = integers(in, "int64", 1 + in.below(6), 6, false);
  w.trainers[model].attr("start")(py::make_tuple(rows), py::make_tuple(y), py::make_tuple(weights),
                                  1 + in.below(9), order);
  w.trainers[model].attr("run")(w.numpy.attr("full")(3, 0.1), 1e9);
}

py::object perceptron_rows(Input& in) {
  if (in.flag()) return numbers(in);
  const Compressed m = compressed(in);
  return py::make_tuple(m.data, m.indices, m.indptr, in.seldom(16) ? small(in) : m.cols);
}

void perceptron(Input& in) {
  World& w = world();
  const char* dtype = in.flag() ? "float32" : "float64";
  py::object x = perceptron_rows(in);
  int rows = 5, width = 5;
  if (py::isinstance<py::array>(x)) {
    const auto array = py::cast<py::array>(x);
    rows = array.ndim() > 0 ? static_cast<int>(array.shape(0)) : 1;
    width = array.ndim() > 1 ? static_cast<int>(array.shape(1)) : 1;
  } else {
    const auto parts = py::cast<py::tuple>(x);
    rows = static_cast<int>(py::cast<py::array>(parts[2]).size()) - 1;
    width = py::cast<int>(parts[3]);
  }
  if (width > 200 || rows > 200 || width < 0 || rows < 0) width = rows = 3;
  if (in.seldom(16)) width = small(in) % 100;
  if (in.seldom(4)) x = w.core.attr("PerceptronRows")(x, py::dtype(dtype));
  const auto zeros = [&](int n) { return w.numpy.attr("zeros")(n, dtype); };
  py::dict options;
  if (in.seldom(4)) options["sample_weight"] = numbers(in, 1);
  if (in.seldom(4)) options["linear_unit"] = true;
  if (in.seldom(4)) {
    options["l1"] = 0.1;
    options["l2"] = in.number();
    options["l1_applied"] = in.seldom(8) ? py::object(numbers(in, 1)) : py::object(zeros(width));
  }
  const py::object order = in.seldom(8)
                               ? py::object(any_array(in, kIndexTypes[in.below(6)], 2, 1))
                               : py::object(integers(in, in.flag() ? "int64" : "int32",
                                                     in.below(12), std::max(rows, 1), false));
  const py::object weights =
      in.seldom(8) ? py::object(any_array(in, dtype, 2, 1)) : py::object(zeros(std::abs(width)));
  const py::object targets =
      in.seldom(8) ? py::object(numbers(in, 1)) : py::object(w.numpy.attr("ones")(rows, dtype));
  w.core.attr("perceptron_epoch")(x, order, targets, weights, zeros(1), **options);
}

void call(Input& in) {
  World& w = world();
  switch (in.below(10)) {
    case 0:
    case 1:
      return use_rows(in, w.core.attr("Rows")(numbers(in)));
    case 2:
    case 3: {
      const Compressed m = compressed(in);
      return use_rows(in, w.core.attr("Rows").attr("csr")(m.data, m.indices, m.indptr, m.cols));
    }
    case 4: {
      const Compressed m = compressed(in);
      w.core.attr("check_compressed")(m.data, m.indices, m.indptr, m.rows, m.cols);
      return;
    }
    case 5:
    case 6:
      return perceptron(in);
    case 7: {
      const py::array x = numbers(in);
      const auto model = static_cast<std::size_t>(
          in.flag() ? in.below(static_cast<int>(w.executors.size())) : 4 + in.below(2));
      w.executors[model].attr("predict_array")(x, in.seldom(8) ? in.below(5) : 1000);
      w.core.attr("is_plain_matrix")(x, in.below(9));
      w.core.attr("all_finite")(x);
      return;
    }
    case 8: {
      const char* dtype = in.flag() ? "float32" : "float64";
      py::list state;
      for (int i = in.below(3); i > 0; --i) state.append(any_array(in, dtype, 2, 1));
      static const char* const kNames[] = {"sgd", "sgd_momentum", "adagrad", "adam"};
      py::list hyper;
      const int name = in.below(4);
      for (int i = name; i > 0; --i) hyper.append(in.number());
      py::dict options;
      if (in.flag()) options["clipnorm"] = in.number();
      if (in.flag()) options["lazy"] = py::make_tuple(in.flag());
      w.core.attr("optimizer_steps")(kNames[name], hyper, in.number(), 1 + in.below(4),
                                     py::make_tuple(any_array(in, dtype, 2, 1)),
                                     py::make_tuple(state),
                                     py::make_tuple(any_array(in, dtype, 2, 1)), options);
      return;
    }
    default: {
      const py::array key = in.flag() ? py::array(w.core.attr("seed_as_numpy")(in.byte()))
                                      : any_array(in, "uint32", 2, 1);
      w.core.attr("shuffle_as_numpy")(key, in.seldom(4) ? small(in) : 624,
                                      any_array(in, "int64", 2, 1));
      w.core.attr("shuffle_as_linear_models")(any_array(in, "int64", 2, 1), in.byte());
      return;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  PyImport_AppendInittab("_core", &PyInit__core);
  py::initialize_interpreter();
  py::module_::import("warnings").attr("simplefilter")("ignore");
  world();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  try {
    call(in);
  } catch (py::error_already_set& error) {
    const bool in_words = error.matches(PyExc_ValueError) || error.matches(PyExc_TypeError) ||
                          error.matches(PyExc_MemoryError) || error.matches(PyExc_OverflowError);
    if (!in_words) {
      PySys_WriteStderr("%s\n", error.what());
      std::abort();
    }
  } catch (const py::cast_error&) {
  }
  return 0;
}
