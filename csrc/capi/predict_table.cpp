#include "capi/predict_table.hpp"

#include <atomic>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <utility>

struct pynn_predictor {
  explicit pynn_predictor(std::unique_ptr<pynn::RowPredictor> made) : rows(std::move(made)) {}

  std::unique_ptr<pynn::RowPredictor> rows;
  mutable std::atomic<std::int64_t> owners{1};
};

namespace pynn {

namespace {

template <class Work>
int status_of(const Work& work) noexcept {
  try {
    work();
    return PYNN_OK;
  } catch (const std::bad_alloc&) {
    return PYNN_ERROR_MEMORY;
  } catch (const std::out_of_range&) {
    return PYNN_ERROR_VALUE;
  } catch (...) {
    return PYNN_ERROR_OTHER;
  }
}

template <class T>
int predict_rows(const pynn_predictor* predictor, std::int64_t rows, const T* x,
                 std::int64_t x_stride, T* y, std::int64_t y_stride) noexcept {
  if (rows == 0 && predictor != nullptr) return PYNN_OK;
  if (predictor == nullptr || x == nullptr || y == nullptr || rows < 0) return PYNN_ERROR_ARGUMENT;
  return status_of([&] {
    Rows source;
    source.rows = rows;
    source.cols = predictor->rows->inputs();
    source.type = sizeof(T) == 4 ? RowType::f32 : RowType::f64;
    source.data = x;
    source.row_bytes = x_stride * static_cast<std::ptrdiff_t>(sizeof(T));
    predictor->rows->predict(source, y, y_stride);
  });
}

template <class T>
int predict_row(const pynn_predictor* predictor, const T* x, T* y) noexcept {
  return predict_rows<T>(predictor, 1, x, 0, y, 0);
}

int n_inputs(const pynn_predictor* predictor) noexcept {
  return predictor->rows->inputs();
}

int n_outputs(const pynn_predictor* predictor) noexcept {
  return predictor->rows->outputs();
}

int is_float64(const pynn_predictor* predictor) noexcept {
  return predictor->rows->dtype() == DType::float64 ? 1 : 0;
}

int reserve(const pynn_predictor* predictor, int threads) noexcept {
  if (predictor == nullptr || threads < 0) return PYNN_ERROR_ARGUMENT;
  return status_of([&] { predictor->rows->reserve(threads); });
}

void retain(const pynn_predictor* predictor) noexcept {
  predictor->owners.fetch_add(1, std::memory_order_relaxed);
}

void release(const pynn_predictor* predictor) noexcept {
  if (predictor != nullptr && predictor->owners.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete predictor;
}

const char* message(int status) noexcept {
  switch (status) {
    case PYNN_OK:
      return "no error";
    case PYNN_ERROR_ARGUMENT:
      return "a pointer is null, or the number of rows is negative";
    case PYNN_ERROR_VALUE:
      return "a number in x is none of an Embedding's rows";
    case PYNN_ERROR_MEMORY:
      return "there is no memory for the work of one more thread";
    default:
      return "an error of another kind";
  }
}

}  // namespace

const pynn_predict_table& predict_table() noexcept {
  static constexpr pynn_predict_table kTable{
      PYNN_PREDICT_VERSION,
      n_inputs,
      n_outputs,
      is_float64,
      predict_row<float>,
      predict_row<double>,
      predict_rows<float>,
      predict_rows<double>,
      reserve,
      retain,
      release,
      message,
  };
  return kTable;
}

const pynn_predictor* new_handle(std::unique_ptr<RowPredictor> predictor) {
  return new pynn_predictor(std::move(predictor));
}

}  // namespace pynn
