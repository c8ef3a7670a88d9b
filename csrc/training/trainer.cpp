#include "training/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <span>
#include <string>

#include "base/check.hpp"
#include "base/denormals.hpp"
#include "dispatch/dispatch.hpp"
#include "training/pace.hpp"
#include "training/pipeline.hpp"
#include "training/row_order.hpp"

namespace pynn {

namespace {

// Rows judged at once by evaluate() and gradients(): enough to divide by blocks, few enough to stay
// in the second-level cache. Part of the definition of their sums, so it must not depend on the
// machine.
constexpr int kEvaluationBatch = 256;
// Weights of which there may be so many.
constexpr std::size_t kEarlyPrefetchBytes = 128 << 10;
// Between two looks at the clock.
constexpr double kChunkSeconds = 4e-3;
// Shorter chunks say more about waking a thread than about the steps.
constexpr double kMeasurableSeconds = 1e-3;

double now() {
  using clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(clock::now().time_since_epoch()).count();
}

template <class T>
class TrainerOf : public Trainer {
 public:
  TrainerOf(std::shared_ptr<const Graph> graph, const TrainerSpec& spec)
      : graph_(std::move(graph)),
        spec_(spec),
        updater_(spec.update),
        gradient_updater_(spec.update) {
    const std::size_t outputs = spec.outputs.size();
    require(!spec.inputs.empty() && outputs > 0, "a model needs at least one input and one output");
    require(spec.objective.losses.size() >= outputs &&
                spec.objective.loss_weights.size() == outputs &&
                spec.objective.metrics.size() == outputs,
            "one loss, one loss weight and one list of metrics are needed per output");
    fused_spec_ = spec.objective;
    inputs_ = spec.inputs;
    for (std::size_t i = 0; i < spec.objective.losses.size(); ++i) {
      const LossChoice& loss = spec.objective.losses[i];
      loss_nodes_.push_back(loss.node);
      has_loss_.push_back(loss.present);
      if (loss.in_graph()) {
        require(graph_->node(loss.node).features == 1, "a loss needs a node of one feature");
      } else {
        require(i < outputs,
                "one loss, one loss weight and one list of metrics are needed per output");
      }
    }
    require(spec.targets.empty() || spec.targets.size() == outputs,
            "one target is needed per output, or none");
    for (std::size_t i = 0; i < spec.targets.size(); ++i) {
      if (spec.targets[i] < 0) continue;
      targets_.push_back(i);
      inputs_.push_back(spec.targets[i]);
    }
    for (const auto& metrics : spec.objective.metrics) {
      for (const MetricChoice& metric : metrics) {
        if (metric.kind != MetricKind::node) continue;
        require(graph_->node(metric.node).features == 1, "a metric needs a node of one feature");
        metric_nodes_.push_back(metric.node);
      }
    }
    for (std::size_t i = 0; i < outputs; ++i) {
      features_.push_back(graph_->node(spec.outputs[i]).features);
      shapes_.targets.push_back(target_columns(spec.objective, i, features_[i]));
      const int node = spec.targets.empty() ? -1 : spec.targets[i];
      shapes_.target_nodes.push_back(node < 0 ? 0 : graph_->node(node).features);
      fused_.push_back(fused_loss(*graph_, spec.outputs, i, fused_spec_.losses[i]));
    }
    for (int input : spec.inputs) shapes_.inputs.push_back(graph_->node(input).features);
    gradient_updater_.keep_gradients();
    // Wrong graphs fail here, not in the first step.
    training_ = make_pipeline(true, kLanes, expected_entries(*graph_, inputs_, roots()), updater_);
    add_training_tasks(*training_);
  }

  bool start(const Data& data, int batch_size, std::span<const std::int64_t> order, bool shuffle,
             std::uint64_t shuffle_seed, std::int64_t skip, bool waits) override {
    const std::unique_lock lock = locked(waits);
    if (!lock) return false;
    check(data);
    require(batch_size >= 1, "batch_size must be a positive integer. Received: batch_size=" +
                                 std::to_string(batch_size));
    require(skip >= 0, "skip must not be negative. Received: skip=" + std::to_string(skip));
    const std::int64_t rows = data.rows();
    for (std::int64_t row : order) {
      if (row < 0 || row >= rows) {
        require(false, "order names row " + std::to_string(row) + " of " + std::to_string(rows));
      }
    }
    const bool any_sparse =
        std::any_of(data.x.begin(), data.x.end(), [](const Rows& source) { return source.sparse; });
    const bool repeats = any_sparse && names_a_row_twice(order, rows);
    const std::int64_t count = order.empty() ? rows : static_cast<std::int64_t>(order.size());
    batch_size = static_cast<int>(std::min<std::int64_t>(batch_size, count));
    order_.reserve(count);
    const std::vector<double> entries = entries_of(data);
    if (!training_->serves(batch_size, entries)) {
      training_ = make_pipeline(true, batch_size, entries, updater_);
      add_training_tasks(*training_);
    }
    order_.assign(order, rows);
    if (shuffle) order_.shuffle(shuffle_seed);
    data_rows_ = rows;
    if (batch_size != batch_size_) chunk_ = 1;
    batch_size_ = batch_size;
    const std::int64_t steps = (count + batch_size - 1) / batch_size;
    position_ = std::min(skip, steps) * batch_size;
    last_pass_ = {};
    training_->gather.set_sources(sources(data), repeats);
    training_->objective.set_sources(data.y, data.weights);
    training_->prefetch.set_sources({data.x, data.y, data.weights});
    training_->objective.clear_sums();
    return true;
  }

  std::int64_t run(const double* rates, std::int64_t n, double seconds) override {
    std::lock_guard lock(mutex_);
    return advance(rates, n, seconds);
  }

  std::int64_t run_epochs(const double* rates, std::int64_t n, double seconds, std::int64_t epochs,
                          const Reorder& reorder, std::vector<Results>& ended) override {
    std::lock_guard lock(mutex_);
    const std::int64_t rows = order_.size();
    require(position_ < rows && epochs >= 1, "no epoch has begun, or another thread has ended it");
    const std::int64_t wanted =
        reorder.rows == Trainer::Reorder::kAllRows ? data_rows_ : reorder.rows;
    require(!reorder.shuffle || wanted == rows, "order must be that of the epoch that has begun");
    const double start = now();
    std::int64_t done = advance(rates, n, seconds);
    while (position_ >= rows) {
      ended.push_back(training_->objective.results());
      if (--epochs == 0) break;
      if (reorder.shuffle) reorder.shuffle(order_.data(), rows);
      position_ = 0;
      last_pass_ = {};
      training_->objective.clear_sums();
      const double left = seconds - (now() - start);
      if (left > 0) done += advance(rates + done, n - done, left);
    }
    return done;
  }

  std::optional<Results> results(bool waits) const override {
    const std::unique_lock lock = locked(waits);
    if (!lock) return {};
    return training_->objective.results();
  }

  Results evaluate(const Data& data, int batch_size) override {
    std::lock_guard lock(mutex_);
    check(data);
    FlushDenormals flush;
    const bool depends =
        depends_on_batches(spec_.objective) || training_->plan.always_depends_on_batch();
    const bool by_batches = depends && batch_size > 0;
    const int piece = by_batches ? batch_size : kEvaluationBatch;
    const std::vector<double> entries = entries_of(data);
    if (evaluation_ == nullptr || !evaluation_->serves(piece, entries)) {
      evaluation_ = make_pipeline(false, piece, entries, updater_);
      std::vector<Task>& tasks = evaluation_->tasks;
      evaluation_->gather.append_tasks(tasks);
      evaluation_->plan.append_forward(tasks);
      evaluation_->objective.append_tasks(tasks);
      evaluation_->plan.append_late(tasks);
      evaluation_->objective.append_late_metrics(tasks);
      evaluation_->objective.append_tally(tasks, &evaluation_penalty_, spec_.update.l2_per_batch);
    }
    evaluation_penalty_ = updater_.compute_penalty();
    evaluation_->gather.set_sources(sources(data));
    evaluation_->objective.set_sources(data.y, data.weights);
    evaluation_->objective.clear_sums();
    Pass pass;
    for_each_piece(*evaluation_, pass, data.rows(), piece, 1);
    return evaluation_->objective.results();
  }

  double gradients(const Data& data, const std::vector<VariablePtr>& into,
                   const Poll& poll) override {
    std::lock_guard lock(mutex_);
    check(data);
    FlushDenormals flush;
    const bool whole = training_->plan.depends_on_batch();
    require(!whole || data.rows() < 1 << 24,
            "too many rows for one batch whose rows depend on one another");
    const int piece = whole ? static_cast<int>(data.rows()) : kEvaluationBatch;
    const std::vector<double> entries = entries_of(data);
    if (gradients_ == nullptr || !gradients_->serves(piece, entries)) {
      gradients_ = make_pipeline(true, piece, entries, gradient_updater_);
      gradient_updater_.serve(gradients_->plan);
      std::vector<Task>& tasks = gradients_->tasks;
      gradients_->gather.append_tasks(tasks);
      gradients_->plan.append_forward(tasks);
      gradients_->objective.append_tasks(tasks);
      gradients_->plan.append_backward(tasks);
      gradients_->plan.append_update(tasks);
      gradients_->objective.append_tally(tasks, nullptr, false);
    }
    gradients_->gather.set_sources(sources(data));
    gradients_->objective.set_sources(data.y, data.weights);
    gradients_->objective.clear_sums();
    std::vector<double> divisors;
    for (std::size_t i = 0; i < spec_.objective.losses.size(); ++i)
      divisors.push_back(total_divisor(data, i, spec_.objective));
    gradients_->objective.set_divisors(divisors);
    gradient_updater_.set_adding(false);
    for (std::size_t i = 0; i < into.size(); ++i) gradient_updater_.clear_gradient(i);
    Pass pass;
    pass.training = true;
    pass.moves_statistics = false;
    pass.seed = seed;
    pass.step = iterations;
    double loss = 0;
    double last_poll = now();
    const std::int64_t rows = data.rows();
    for (std::int64_t first = 0; first < rows; first += piece) {
      pass.first_row = first;
      pass.count = static_cast<int>(std::min<std::int64_t>(piece, rows - first));
      gradients_->objective.clear_sums();
      gradients_->run_once(pass, workers_for(*gradients_, pass.count, 3));
      const Results results = gradients_->objective.results();
      loss += results.loss.mean();
      gradient_updater_.set_adding(true);
      if (now() - last_poll < kPollSeconds) continue;
      poll();
      last_poll = now();
    }
    const double penalty_divisor = spec_.update.l2_per_batch ? divisors[0] : 1;
    gradient_updater_.add_penalty_gradients(penalty_divisor);
    loss += gradient_updater_.compute_penalty() / penalty_divisor;
    for (std::size_t i = 0; i < into.size(); ++i) {
      const T* grad = gradient_updater_.gradient(i);
      std::copy(grad, grad + into[i]->padded_size(), into[i]->template data<T>());
    }
    return loss;
  }

  LastBatch last_batch() override {
    std::lock_guard lock(mutex_);
    require(last_pass_.count > 0, "no step has been run yet");
    LastBatch batch;
    batch.features = features_;
    for (int i = 0; i < last_pass_.count; ++i) batch.rows.push_back(last_pass_.row(i));
    const Share everything{{0, block_count(last_pass_.count)}};
    for (std::size_t o = 0; o < features_.size(); ++o) {
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

  std::vector<double> entries_of(const Data& data) const {
    return entries_per_row(*graph_, inputs_, roots(), sources(data));
  }

  // The nodes that everything else is computed for.
  std::vector<int> roots() const {
    std::vector<int> nodes = spec_.outputs;
    for (int node : loss_nodes_) {
      if (node >= 0) nodes.push_back(node);
    }
    nodes.insert(nodes.end(), metric_nodes_.begin(), metric_nodes_.end());
    return nodes;
  }

  std::unique_ptr<Pipeline<T>> make_pipeline(bool training, int max_batch,
                                             const std::vector<double>& entries,
                                             Updater<T>& updater) {
    PlanRequest request;
    request.inputs = inputs_;
    request.outputs = spec_.outputs;
    request.max_batch = max_batch;
    request.training = training;
    request.has_loss = has_loss_;
    request.fused = fused_;
    request.loss_nodes = loss_nodes_;
    request.late_nodes = metric_nodes_;
    request.entries_per_row = entries;
    return std::make_unique<Pipeline<T>>(*graph_, request, fused_spec_, features_, updater);
  }

  void add_training_tasks(Pipeline<T>& pipeline) {
    updater_.serve(pipeline.plan);
    std::vector<Task>& tasks = pipeline.tasks;
    // The next batch's rows come while this one is worked on, unless so many weights go by until
    // then that they would push the rows out again.
    std::size_t weights = 0;
    for (const auto& entry : updater_.parameters())
      weights += static_cast<std::size_t>(entry.first->padded_size());
    const bool early = weights * sizeof(T) <= kEarlyPrefetchBytes;
    double features = 0;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const double entries = pipeline.entries_per_row[i];
      features += entries == PlanRequest::kDense ? graph_->node(inputs_[i]).features : entries;
    }
    pipeline.gather.append_tasks(tasks);
    if (early) pipeline.prefetch.append_task(tasks, features);
    updater_.append_penalty(tasks);
    pipeline.plan.append_forward(tasks);
    pipeline.objective.append_tasks(tasks);
    pipeline.plan.append_late(tasks);
    pipeline.objective.append_late_metrics(tasks);
    Evaluator<T>* objective = &pipeline.objective;
    Task prepare{[this, objective](const Pass& pass, const Share&) {
                   updater_.prepare(pass, objective->batch_divisor(pass, 0));
                 },
                 kRowwise,
                 1,
                 {pipeline.plan.loss_slot(0).value},
                 {this}};
    prepare.always_serial = true;
    tasks.push_back(std::move(prepare));
    pipeline.plan.append_backward(tasks);
    const std::size_t first_update = tasks.size();
    pipeline.plan.append_update(tasks);
    updater_.append_finish(tasks);
    for (std::size_t i = first_update; i < tasks.size(); ++i) tasks[i].reads.push_back(this);
    pipeline.objective.append_tally(tasks, updater_.penalty(), spec_.update.l2_per_batch);
    if (!early) pipeline.prefetch.append_task(tasks, features);
  }

  Pass make_pass(std::int64_t steps_from_now, double rate) const {
    const std::int64_t rows = order_.size();
    const std::int64_t first = position_ + steps_from_now * batch_size_;
    Pass pass;
    pass.count = static_cast<int>(std::min<std::int64_t>(batch_size_, rows - first));
    pass.training = true;
    pass.seed = seed;
    pass.step = iterations + static_cast<std::uint64_t>(steps_from_now);
    pass.rate = rate;
    pass.rows = order_.data() + first;
    const std::int64_t next = first + batch_size_;
    if (next < rows) {
      pass.next_rows = order_.data() + next;
      pass.next_count = static_cast<int>(std::min<std::int64_t>(batch_size_, rows - next));
    }
    return pass;
  }

  // run(), for whoever holds the lock.
  std::int64_t advance(const double* rates, std::int64_t n, double seconds) {
    FlushDenormals flush;
    const std::int64_t rows = order_.size();
    if (position_ >= rows || n <= 0) return 0;
    const std::int64_t left = (rows - position_ + batch_size_ - 1) / batch_size_;
    n = std::min(n, left);
    Pipeline<T>& pipeline = *training_;
    // Forward, and twice as much backward.
    const double operations = 3 * pipeline.plan.forward_cost() * batch_size_;
    pace_.set_limit(worthwhile_workers(operations, thread_limit()));
    for (int count : {batch_size_, static_cast<int>((rows - 1) % batch_size_ + 1)}) {
      for (int workers : pace_.candidates()) pipeline.schedule(count, workers);
    }
    const double start = now();
    std::int64_t done = 0;
    std::int64_t chunk = seconds < kChunkSeconds ? 1 : chunk_;
    while (done < n) {
      const double chunk_start = now();
      chunk = std::min(chunk, n - done);
      const int workers = pace_.next();
      ThreadPool::instance().run(workers, [&](int worker, int actual) {
        const Schedule* schedule = nullptr;
        int count = 0;
        for (std::int64_t i = 0; i < chunk; ++i) {
          const Pass pass = make_pass(done + i, rates[done + i]);
          if (pass.count != count) {
            count = pass.count;
            schedule = pipeline.schedules.at({count, actual}).get();
          }
          schedule->run(pass, worker, pipeline.barrier);
        }
      });
      done += chunk;
      const double time = now();
      const double per_step = (time - chunk_start) / static_cast<double>(chunk);
      if (time - chunk_start >= kMeasurableSeconds || chunk == n)
        pace_.record(workers, per_step, time - chunk_start);
      if (time - start >= seconds) break;
      chunk_ = std::clamp<std::int64_t>(
          static_cast<std::int64_t>(kChunkSeconds / std::max(per_step, 1e-7)), 1, 4 * chunk_);
      const double left_seconds = seconds - (time - start);
      chunk = std::clamp<std::int64_t>(
          static_cast<std::int64_t>(left_seconds / std::max(per_step, 1e-7)), 1, chunk_);
    }
    last_pass_ = make_pass(done - 1, 0);
    last_pass_.next_rows = nullptr;
    position_ += done * batch_size_;
    iterations += static_cast<std::uint64_t>(done);
    return done;
  }

  int workers_for(Pipeline<T>& pipeline, int count, int passes) const {
    return worthwhile_workers(passes * pipeline.plan.forward_cost() * count, thread_limit());
  }

  void for_each_piece(Pipeline<T>& pipeline, Pass pass, std::int64_t rows, int piece, int passes) {
    for (std::int64_t first = 0; first < rows; first += piece) {
      pass.first_row = first;
      pass.count = static_cast<int>(std::min<std::int64_t>(piece, rows - first));
      pipeline.run_once(pass, workers_for(pipeline, pass.count, passes));
    }
  }

  // The rows of everything that a batch is gathered from: inputs, and targets that the graph reads.
  std::vector<Rows> sources(const Data& data) const {
    std::vector<Rows> rows = data.x;
    for (std::size_t output : targets_) rows.push_back(data.y[output]);
    return rows;
  }

  void check(const Data& data) const { check_data(data, shapes_); }

  std::shared_ptr<const Graph> graph_;
  TrainerSpec spec_;
  EvaluationSpec fused_spec_;
  std::vector<int> inputs_;           // the model's, and then the targets that the graph reads
  std::vector<std::size_t> targets_;  // whose they are: numbers of outputs
  std::vector<int> loss_nodes_;
  std::vector<int> metric_nodes_;
  std::vector<int> features_;
  DataShapes shapes_;
  std::vector<char> fused_;
  std::vector<char> has_loss_;
  Updater<T> updater_;
  Updater<T> gradient_updater_;
  std::unique_ptr<Pipeline<T>> training_;
  std::unique_ptr<Pipeline<T>> evaluation_;
  std::unique_ptr<Pipeline<T>> gradients_;
  double evaluation_penalty_ = 0;
  RowOrder order_;
  std::int64_t data_rows_ = 0;
  int batch_size_ = 1;
  std::int64_t position_ = 0;
  Pace pace_;
  std::int64_t chunk_ = 1;  // steps between two looks at the clock
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
