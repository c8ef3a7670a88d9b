#include "training/row_predictor.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "base/check.hpp"
#include "base/denormals.hpp"
#include "training/forward_workspace.hpp"

namespace pynn {

namespace {

// The threads of a process, in the order in which they came here.
std::size_t thread_number() {
  static std::atomic<std::size_t> threads{0};
  thread_local std::size_t number = 0;
  if (number == 0) number = threads.fetch_add(1, std::memory_order_relaxed) + 1;
  return number;
}

template <class T>
class RowPredictorOf final : public RowPredictor {
 public:
  RowPredictorOf(const Graph& graph, int input, int output, std::optional<std::uint64_t> seed)
      : graph_(graph.with_copied_variables()),
        is_random_(seed.has_value()),
        seed_(seed.value_or(0)) {
    request_.inputs = {input};
    request_.outputs = {output};
    request_.max_batch = kPieceRows;
    inputs_ = graph_.node(input).features;
    outputs_ = graph_.node(output).features;
    dtype_ = dtype_of<T>();
    std::unique_ptr<Workspace> workspace = make();
    require(!workspace->plan.always_depends_on_batch(),
            "rows are predicted one by one, and an op looks at all rows of a batch");
    give_back(std::move(workspace));
  }

  ~RowPredictorOf() override {
    for (Place& place : places_) delete place.free.load(std::memory_order_acquire);
  }

  void predict(const Rows& x, float* y, std::ptrdiff_t y_ld) override { predict_as(x, y, y_ld); }
  void predict(const Rows& x, double* y, std::ptrdiff_t y_ld) override { predict_as(x, y, y_ld); }

  void reserve(int threads) override {
    const int wanted = std::min(threads, kMostThreads);
    int made = made_.load(std::memory_order_relaxed);
    for (; made < wanted; made = made_.load(std::memory_order_relaxed)) give_back(make());
  }

 private:
  struct Workspace : ForwardWorkspace<T> {
    using ForwardWorkspace<T>::ForwardWorkspace;
    std::vector<Rows> sources{1};
  };

  // A cache line each, so that threads with places of their own do not meet.
  struct alignas(64) Place {
    std::atomic<Workspace*> free{nullptr};
  };

  // A workspace for as long as a call takes.
  struct Borrowed {
    explicit Borrowed(RowPredictorOf& from) : owner(from), workspace(from.take()) {}
    ~Borrowed() { owner.give_back(std::move(workspace)); }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    RowPredictorOf& owner;
    std::unique_ptr<Workspace> workspace;
  };

  template <class To>
  void predict_as(const Rows& x, To* y, std::ptrdiff_t y_ld) {
    const FlushDenormals flush;
    const Borrowed borrowed(*this);
    Workspace& workspace = *borrowed.workspace;
    workspace.sources[0] = x;
    workspace.gather.set_sources(workspace.sources);
    Pass pass;
    if (is_random_) pass.seed = seed_.fetch_add(1, std::memory_order_relaxed);
    for (; pass.first_row < x.rows; pass.first_row += kPieceRows) {
      pass.count = static_cast<int>(std::min<std::int64_t>(kPieceRows, x.rows - pass.first_row));
      workspace.run(pass);
      workspace.write_output(0, pass.count, y + pass.first_row * y_ld, y_ld);
    }
  }

  // A thread finds its last workspace where it left it, unless another one has none.
  std::unique_ptr<Workspace> take() {
    const std::size_t own = thread_number();
    for (std::size_t i = 0; i < places_.size(); ++i) {
      std::atomic<Workspace*>& free = places_[(own + i) % places_.size()].free;
      if (free.load(std::memory_order_relaxed) == nullptr) continue;
      if (Workspace* found = free.exchange(nullptr, std::memory_order_acquire)) {
        return std::unique_ptr<Workspace>(found);
      }
    }
    return make();
  }

  std::unique_ptr<Workspace> make() {
    auto workspace = std::make_unique<Workspace>(graph_, request_);
    made_.fetch_add(1, std::memory_order_relaxed);
    return workspace;
  }

  // Where there is no place it is one too many.
  void give_back(std::unique_ptr<Workspace> workspace) noexcept {
    const std::size_t own = thread_number();
    for (std::size_t i = 0; i < places_.size(); ++i) {
      std::atomic<Workspace*>& free = places_[(own + i) % places_.size()].free;
      Workspace* none = nullptr;
      if (free.compare_exchange_strong(none, workspace.get(), std::memory_order_release,
                                       std::memory_order_relaxed)) {
        workspace.release();
        return;
      }
    }
    made_.fetch_sub(1, std::memory_order_relaxed);
  }

  const Graph graph_;
  PlanRequest request_;
  const bool is_random_;
  std::atomic<std::uint64_t> seed_;
  std::atomic<int> made_{0};
  std::array<Place, kMostThreads> places_;
};

}  // namespace

std::unique_ptr<RowPredictor> make_row_predictor(const Graph& graph, int input, int output,
                                                 std::optional<std::uint64_t> seed) {
  if (graph.dtype() == DType::float32) {
    return std::make_unique<RowPredictorOf<float>>(graph, input, output, seed);
  }
  return std::make_unique<RowPredictorOf<double>>(graph, input, output, seed);
}

}  // namespace pynn
