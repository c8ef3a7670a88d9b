#include "training/trainer.hpp"

#include <algorithm>
#include <mutex>
#include <span>
#include <string>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/denormals.hpp"
#include "training/epoch.hpp"
#include "training/pipeline.hpp"
#include "training/trained_graph.hpp"
#include "training/worker_tuner.hpp"

namespace pynn {

namespace {

// Rows of a batch of evaluate() and gradients(): enough to divide by blocks, few enough to stay
// in the second-level cache. Part of the definition of their sums, so it must not depend on the
// machine.
constexpr int kEvaluationBatch = 256;
// Weights of which there may be so many.
constexpr std::size_t kEarlyPrefetchBytes = 128 << 10;
// Between two readings of the clock.
constexpr double kChunkSeconds = 4e-3;
// If a machine that has become busy makes a chunk longer than that, it ends here.
constexpr double kLongestChunkSeconds = 2 * kChunkSeconds;
// Shorter chunks say more about waking a thread than about the steps.
constexpr double kMeasurableSeconds = 1e-3;

template <class T>
class TrainerOf : public Trainer {
 public:
  TrainerOf(std::shared_ptr<const Graph> graph, const TrainerSpec& spec)
      : graph_(std::move(graph), spec.use),
        columns_(spec.update.options.scheduled_decay ? 2 : 1),
        l2_per_batch_(spec.update.l2_per_batch),
        updater_(spec.update),
        gradient_updater_(spec.update, true) {
    for (const NumberColumn& taken : graph_.columns())
      columns_ = std::max<std::int64_t>(columns_, taken.column + 1);
    // Wrong graphs fail here, not in the first step.
    make_training_pipeline(kLanes, graph_.expected_entries());
  }

  bool start(const Data& data, int batch_size, std::span<const std::int64_t> order, bool shuffle,
             std::uint64_t shuffle_seed, std::int64_t skip, bool drop_remainder,
             bool waits) override {
    const std::unique_lock lock = locked(waits);
    if (!lock) return false;
    graph_.check(data);
    check_epoch(order, data.rows(), batch_size, skip);
    graph_.check_numbers(data, order);
    const std::int64_t count =
        order.empty() ? data.rows() : static_cast<std::int64_t>(order.size());
    batch_size = static_cast<int>(std::min<std::int64_t>(batch_size, count));
    const bool repeats = data.has_sparse_inputs() && names_a_row_twice(order, data.rows());
    epoch_.reserve(count);
    const std::vector<double> entries = graph_.entries_per_row(data);
    if (!training_->serves(batch_size, entries)) make_training_pipeline(batch_size, entries);
    if (batch_size != epoch_.batch_size()) {
      chunk_ = 1;
      tuner_.forget();
    }
    epoch_.end();  // if there is no memory for the next one, none has begun
    last_pass_ = {};
    set_sources(*training_, data, repeats);
    training_->prefetch.set_sources({data.x, data.y, data.weights});
    epoch_.begin(order, data.rows(), batch_size, skip, drop_remainder);
    if (shuffle) shuffle_rows(epoch_.order(), count, shuffle_seed);
    return true;
  }

  std::int64_t run(const StepNumbers& numbers, double seconds) override {
    std::lock_guard lock(mutex_);
    check_numbers(numbers);
    return advance(numbers, seconds);
  }

  std::int64_t run_epochs(const StepNumbers& numbers, double seconds, std::int64_t epochs,
                          const Reorder& reorder, std::vector<Results>& ended) override {
    std::lock_guard lock(mutex_);
    check_numbers(numbers);
    const std::int64_t rows = epoch_.rows();
    require(!epoch_.is_over() && epochs >= 1, "no epoch has begun, or another thread has ended it");
    const std::int64_t wanted =
        reorder.rows == Trainer::Reorder::kAllRows ? epoch_.data_rows() : reorder.rows;
    require(!reorder.shuffle || wanted == rows, "order must be that of the epoch that has begun");
    const double start = now();
    std::int64_t done = advance(numbers, seconds);
    while (epoch_.is_over()) {
      ended.push_back(training_->evaluator.results());
      if (--epochs == 0) break;
      if (reorder.shuffle) reorder.shuffle(epoch_.order(), rows);
      epoch_.begin_again();
      last_pass_ = {};
      training_->evaluator.clear_sums();
      const double left = seconds - (now() - start);
      if (left > 0) done += advance(numbers.after(done), left);
    }
    return done;
  }

  std::optional<Results> results(bool waits) const override {
    const std::unique_lock lock = locked(waits);
    if (!lock) return {};
    return training_->evaluator.results();
  }

  Results evaluate(const Data& data, int batch_size, const Poll& poll) override {
    std::lock_guard lock(mutex_);
    graph_.check(data);
    FlushDenormals flush;
    const bool depends =
        depends_on_batches(graph_.evaluation()) || training_->plan.always_depends_on_batch();
    const bool by_batches = depends && batch_size > 0;
    const int piece = by_batches ? batch_size : kEvaluationBatch;
    const std::vector<double> entries = graph_.entries_per_row(data);
    if (evaluation_ == nullptr || !evaluation_->serves(piece, entries))
      make_evaluation_pipeline(piece, entries);
    evaluation_penalty_ = updater_.compute_penalty();
    set_sources(*evaluation_, data, false);
    const std::int64_t rows = data.rows();
    const std::int64_t pieces = (rows + piece - 1) / piece;
    std::int64_t done = 0;
    const std::uint64_t number = ~evaluations_++;  // which no step has
    const auto pass_of = [&](std::int64_t i) {
      Pass pass;
      pass.seed = seed;
      pass.step = number;
      pass.first_row = (done + i) * piece;
      pass.count = static_cast<int>(std::min<std::int64_t>(piece, rows - pass.first_row));
      return pass;
    };
    while (done < pieces) {
      if (done > 0) poll();
      const double end = now() + kPollSeconds;
      Team team(workers_for(*evaluation_, pass_of(0).count, 1));
      done += evaluation_->run(team, pieces - done, pass_of, [&] { return now() >= end; });
    }
    return evaluation_->evaluator.results();
  }

  double gradients(const Data& data, const std::vector<void*>& into, const Poll& poll) override {
    std::lock_guard lock(mutex_);
    graph_.check(data);
    FlushDenormals flush;
    const bool whole = training_->plan.depends_on_batch();
    require(!whole || data.rows() < 1 << 24,
            "too many rows for one batch whose rows depend on one another");
    const int piece = whole ? static_cast<int>(data.rows()) : kEvaluationBatch;
    const std::vector<double> entries = graph_.entries_per_row(data);
    if (gradients_ == nullptr || !gradients_->serves(piece, entries))
      make_gradient_pipeline(piece, entries);
    set_sources(*gradients_, data, false);
    const std::vector<double> divisors = total_divisors(data, graph_.evaluation());
    gradients_->evaluator.set_divisors(divisors);
    double loss = sum_gradients(data.rows(), piece, poll);
    const double penalty_divisor = l2_per_batch_ ? divisors[0] : 1;
    gradient_updater_.add_penalty_gradients(penalty_divisor);
    loss += gradient_updater_.compute_penalty() / penalty_divisor;
    for (std::size_t i = 0; i < into.size(); ++i)
      gradient_updater_.copy_gradient(i, static_cast<T*>(into[i]));
    return loss;
  }

  LastBatch last_batch() override {
    std::lock_guard lock(mutex_);
    require(last_pass_.count > 0, "no step has been run yet");
    LastBatch batch;
    batch.features = graph_.features();
    for (int i = 0; i < last_pass_.count; ++i) batch.rows.push_back(last_pass_.row(i));
    const Share everything{{0, block_count(last_pass_.count)}};
    for (std::size_t o = 0; o < batch.features.size(); ++o) {
      training_->plan.finish_output(o, last_pass_, everything);
      const Slot<T>& slot = training_->plan.output_slot(o);
      std::vector<double> values;
      for (int i = 0; i < last_pass_.count; ++i) {
        for (int f = 0; f < slot.features; ++f) {
          values.push_back(static_cast<double>(slot.value_at(i / kLanes, f)[i % kLanes]));
        }
      }
      batch.outputs.push_back(std::move(values));
    }
    return batch;
  }

  std::vector<std::vector<VariablePtr>> state() const override { return updater_.state(); }

 private:
  std::unique_lock<std::mutex> locked(bool waits) const {
    return waits ? std::unique_lock(mutex_) : std::unique_lock(mutex_, std::try_to_lock);
  }

  static void check_epoch(std::span<const std::int64_t> order, std::int64_t rows, int batch_size,
                          std::int64_t skip) {
    require(batch_size >= 1, [&] {
      return "batch_size must be a positive integer. Received: batch_size=" +
             std::to_string(batch_size);
    });
    require(skip >= 0,
            [&] { return "skip must not be negative. Received: skip=" + std::to_string(skip); });
    require_below("order", "row numbers", order.data(), std::ssize(order), rows);
  }

  std::unique_ptr<Pipeline<T>> make_pipeline(bool training, int max_batch,
                                             const std::vector<double>& entries,
                                             Updater<T>& updater) const {
    return std::make_unique<Pipeline<T>>(graph_.graph(),
                                         graph_.request(training, max_batch, entries),
                                         graph_.evaluation(), graph_.features(), updater);
  }

  // A pipeline takes its place when it is whole.
  void make_training_pipeline(int max_batch, const std::vector<double>& entries) {
    std::unique_ptr<Pipeline<T>> made = make_pipeline(true, max_batch, entries, updater_);
    Pipeline<T>& pipeline = *made;
    updater_.serve(pipeline.plan);
    pipeline.stepping_cost = pipeline.plan.stepping_cost();
    std::vector<Task>& tasks = pipeline.tasks;
    // The next batch's rows come while this one is worked on, unless so many weights go by until
    // then that they would push the rows out again.
    const bool early = updater_.padded_size() * sizeof(T) <= kEarlyPrefetchBytes;
    pipeline.gather.append_tasks(tasks);
    if (early) append_prefetch(pipeline);
    updater_.append_penalty(tasks);
    append_evaluation(pipeline);
    append_prepare(pipeline);
    pipeline.plan.append_backward(tasks);
    const std::size_t first_update = tasks.size();
    pipeline.plan.append_update(tasks);
    updater_.append_finish(tasks);
    for (std::size_t i = first_update; i < tasks.size(); ++i) tasks[i].reads.push_back(this);
    pipeline.evaluator.append_tally(tasks, updater_.penalty(), l2_per_batch_);
    if (!early) append_prefetch(pipeline);
    training_ = std::move(made);
  }

  void make_evaluation_pipeline(int max_batch, const std::vector<double>& entries) {
    std::unique_ptr<Pipeline<T>> made = make_pipeline(false, max_batch, entries, updater_);
    made->gather.append_tasks(made->tasks);
    append_evaluation(*made);
    made->evaluator.append_tally(made->tasks, &evaluation_penalty_, l2_per_batch_);
    evaluation_ = std::move(made);
  }

  void make_gradient_pipeline(int max_batch, const std::vector<double>& entries) {
    std::unique_ptr<Pipeline<T>> made = make_pipeline(true, max_batch, entries, gradient_updater_);
    gradient_updater_.serve(made->plan);
    std::vector<Task>& tasks = made->tasks;
    made->gather.append_tasks(tasks);
    made->plan.append_forward(tasks);
    made->evaluator.append_tasks(tasks);
    made->plan.append_backward(tasks);
    made->plan.append_update(tasks);
    made->evaluator.append_tally(tasks, nullptr, false);
    gradients_ = std::move(made);
  }

  static void append_prefetch(Pipeline<T>& pipeline) {
    pipeline.prefetch.append_task(pipeline.tasks, pipeline.gather.elements_per_row());
  }

  // Forward, losses and metrics.
  static void append_evaluation(Pipeline<T>& pipeline) {
    pipeline.plan.append_forward(pipeline.tasks);
    pipeline.evaluator.append_tasks(pipeline.tasks);
    pipeline.plan.append_late(pipeline.tasks);
    pipeline.evaluator.append_late_metrics(pipeline.tasks);
  }

  // The numbers of the step to come, which all updates read.
  void append_prepare(Pipeline<T>& pipeline) {
    Evaluator<T>* evaluator = &pipeline.evaluator;
    Task prepare{[this, evaluator](const Pass& pass, const Share&) {
                   updater_.prepare(pass, evaluator->batch_divisor(pass, 0));
                 },
                 kRowwise,
                 1,
                 {pipeline.plan.loss_slot(0).value},
                 {this}};
    prepare.always_serial = true;
    pipeline.tasks.push_back(std::move(prepare));
  }

  void set_sources(Pipeline<T>& pipeline, const Data& data, bool may_repeat) const {
    pipeline.gather.set_sources(graph_.sources(data), may_repeat);
    pipeline.evaluator.set_sources(data.y, data.weights);
    pipeline.evaluator.clear_sums();
  }

  void check_numbers(const StepNumbers& numbers) const {
    require(numbers.columns >= columns_, [&] {
      return "rates must have " + std::to_string(columns_) +
             " columns. Received: " + std::to_string(numbers.columns);
    });
    for (std::int64_t step = 0; step < numbers.steps; ++step) {
      for (const NumberColumn& taken : graph_.columns())
        taken.check(numbers.row(step)[taken.column]);
    }
  }

  // `numbers`: a row of StepNumbers.
  Pass make_pass(std::int64_t steps_from_now, const double* numbers, bool scheduled) const {
    Pass pass = epoch_.batch(steps_from_now);
    pass.training = true;
    pass.seed = seed;
    pass.step = iterations + static_cast<std::uint64_t>(steps_from_now);
    pass.rate = numbers[0];
    if (scheduled) pass.numbers = numbers;
    return pass;
  }

  // Adds up the gradients of all rows, and returns the sum of their losses.
  double sum_gradients(std::int64_t rows, int piece, const Poll& poll) {
    gradient_updater_.clear_gradients();
    Pass pass;
    pass.training = true;
    pass.moves_statistics = false;
    pass.seed = seed;
    pass.step = iterations;
    double loss = 0;
    double last_poll = now();
    for (std::int64_t first = 0; first < rows; first += piece) {
      pass.first_row = first;
      pass.count = static_cast<int>(std::min<std::int64_t>(piece, rows - first));
      gradients_->evaluator.clear_sums();
      Team team(workers_for(*gradients_, pass.count, 3));
      gradients_->run(team, 1, [&](std::int64_t) { return pass; }, [] { return false; });
      loss += gradients_->evaluator.results().loss.mean();
      gradient_updater_.set_adding(true);
      if (now() - last_poll < kPollSeconds) continue;
      poll();
      last_poll = now();
    }
    return loss;
  }

  // run(), while the lock is held.
  std::int64_t advance(const StepNumbers& numbers, double seconds) {
    FlushDenormals flush;
    const std::int64_t n = std::min(numbers.steps, epoch_.batches_left());
    const bool scheduled = numbers.columns > 1;
    if (n <= 0) return 0;
    Pipeline<T>& pipeline = *training_;
    // Forward, and twice as much backward.
    tuner_.set_limit(workers_for(pipeline, epoch_.batch_size(), 3));
    const double start = now();
    std::int64_t done = 0;
    std::int64_t chunk = seconds < kChunkSeconds ? 1 : chunk_;
    while (done < n) {
      const double chunk_start = now();
      chunk = std::min(chunk, n - done);
      Team team(tuner_.next());
      const double chunk_end = chunk_start + kLongestChunkSeconds;
      const std::int64_t steps = pipeline.run(
          team, chunk,
          [&](std::int64_t i) { return make_pass(i, numbers.row(done + i), scheduled); },
          [&] { return team.workers() > 1 && now() >= chunk_end; });
      last_pass_ = make_pass(steps - 1, numbers.row(done + steps - 1), false);
      last_pass_.next_rows = nullptr;
      epoch_.advance(steps);
      iterations += static_cast<std::uint64_t>(steps);
      done += steps;
      const double time = now();
      const double taken = time - chunk_start;
      const double per_step = taken / static_cast<double>(steps);
      if (taken >= kMeasurableSeconds || steps == n)
        tuner_.record(team.workers(), static_cast<double>(steps), taken);
      if (time - start >= seconds) break;
      chunk_ = std::clamp<std::int64_t>(
          static_cast<std::int64_t>(kChunkSeconds / std::max(per_step, 1e-7)), 1, 4 * chunk_);
      const double left_seconds = seconds - (time - start);
      chunk = std::clamp<std::int64_t>(
          static_cast<std::int64_t>(left_seconds / std::max(per_step, 1e-7)), 1, chunk_);
    }
    return done;
  }

  int workers_for(Pipeline<T>& pipeline, int count, int passes) const {
    const double cost = passes * pipeline.plan.forward_cost() * count + pipeline.stepping_cost;
    return worthwhile_workers(cost, thread_limit());
  }

  TrainedGraph graph_;
  std::int64_t columns_;  // that a step's numbers must have
  bool l2_per_batch_;
  Updater<T> updater_;
  Updater<T> gradient_updater_;
  std::unique_ptr<Pipeline<T>> training_;
  std::unique_ptr<Pipeline<T>> evaluation_;
  std::unique_ptr<Pipeline<T>> gradients_;
  double evaluation_penalty_ = 0;
  std::uint64_t evaluations_ = 0;
  Epoch epoch_;
  WorkerTuner tuner_;
  std::int64_t chunk_ = 1;  // steps between two readings of the clock
  Pass last_pass_;
  mutable std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Trainer> make_trainer(std::shared_ptr<const Graph> graph, const TrainerSpec& spec) {
  if (graph->dtype() == DType::float32)
    return std::make_unique<TrainerOf<float>>(std::move(graph), spec);
  return std::make_unique<TrainerOf<double>>(std::move(graph), spec);
}

}  // namespace pynn
