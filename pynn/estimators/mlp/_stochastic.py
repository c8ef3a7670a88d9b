"""Training an MLP in mini-batches, for one epoch or until it no longer improves.

The epochs themselves are those of `pynn.training`; the rules by which they end are in `_stopping`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from pynn._user_warning import warn_user
from pynn.estimators.mlp._fit import (
    FitCall,
    keeps_best,
    start_comparison,
    start_curves,
)
from pynn.estimators.mlp._progress import FitTask, Progress
from pynn.estimators.mlp._solver import LearningRateRule, SolverSettings
from pynn.estimators.mlp._stopping import StoppingRule, WeightAverage
from pynn.optimizers import Optimizer
from pynn.training import Listener, Totals, TrainingLoop, warn_of_divergence

# What an epoch changes, beside the curves.
_COUNTED = ("n_iter_", "t_", "loss_", "best_loss_", "_no_improvement_count")


class BatchTraining(Listener):
    """A training in mini-batches; it sets what scikit-learn's MLPs have after it.

    These are ``n_iter_``, ``t_``, ``loss_``, ``loss_curve_``, ``history_`` and what belongs to
    early stopping. The epoch loop notifies it of epochs and steps.

    Parameters
    ----------
    call : FitCall

    Raises
    ------
    ValueError
        If early stopping is asked for in a single epoch, or has too few rows.
    """

    def __init__(self, call: FitCall) -> None:
        estimator, state = call.estimator, call.state
        if call.incremental and estimator.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        compares_scores = getattr(estimator, "validation_scores_", None) is not None
        if not hasattr(estimator, "loss_curve_"):
            start_curves(estimator, state, call.network)
        elif compares_scores != estimator.early_stopping:
            start_comparison(estimator, state, call.network)
        self._call = call
        self._estimator = estimator
        self._settings = SolverSettings.of(estimator)
        self._keeps_best = keeps_best(estimator)
        self._stopping = self._stopping_rule()
        # After a call that reached max_iter, fit carries on where that stopped; after one that
        # ended by itself, it starts with a fresh optimizer.
        self._continues = call.incremental or not state.finished
        self._rows = call.make_rows(call, self._continues)
        self._figures = self._rows.figures
        self._prepare_optimizer(self._rows.weighted)
        self._rate = estimator._optimizer
        self._average = self._weight_average()

    def _stopping_rule(self) -> StoppingRule:
        """Return the rule, as far as the estimator's attributes say that training has come."""
        estimator = self._estimator
        early = estimator.early_stopping
        best = estimator.best_validation_score_ if early else -cast(float, estimator.best_loss_)
        assert best is not None
        return StoppingRule(
            estimator.tol, estimator.n_iter_no_change, best, estimator._no_improvement_count
        )

    def _prepare_optimizer(self, weighted: bool) -> None:
        """Set up optimizer and learning rate, or carry on with those of the last call."""
        call, network, settings = self._call, self._call.network, self._settings
        estimator = call.estimator
        steps = self._rows.steps * estimator.max_iter
        key = settings.rate_key(steps)
        prepared = (settings, key, estimator.alpha, weighted, self._figures.losses)
        if self._continues and network.prepared_for == prepared and not estimator.metrics:
            optimizer = estimator._optimizer.optimizer
        else:
            optimizer = self._new_optimizer(steps, key, weighted)
            if isinstance(settings.solver, str):
                network.prepared_for = prepared
        network.set_optimizer(optimizer)
        optimizer._set_iterations(network.trainer.iterations)
        if settings.spans_training and network.trainer.iterations >= steps:
            warn_user(
                f"The learning rate {settings.learning_rate!r} has come to its end: it spans "
                f"max_iter={estimator.max_iter} epochs of training, earlier calls included. For a "
                "training in several calls give a schedule of pynn.optimizers.schedules, which has "
                "its own number of steps.",
            )
        if any(network.architecture.dropout):
            if call.state.dropout_seed is None:  # drawn once for each initialization
                # From a copy, so that the orders of the rows are the same without dropout.
                call.state.dropout_seed = int(call.random.copy().uniform(0.0, 2.0**53, (1,))[0])
            network.trainer.seed = call.state.dropout_seed

    def _new_optimizer(self, steps: int, key: tuple[Any, ...], weighted: bool) -> Optimizer:
        estimator, state, network = self._call.estimator, self._call.state, self._call.network
        settings = self._settings
        optimizer = settings.make_optimizer(steps)
        rule = LearningRateRule(optimizer, settings.kind_of_rate, settings.power_t)
        if not self._continues:
            network.forget_training()
        elif state.rate_settings == key:
            optimizer._learning_rate = estimator._optimizer.optimizer._learning_rate
        estimator._optimizer, state.rate_settings = rule, key
        network.prepare_trainer(
            self._figures.losses,
            optimizer,
            l2=estimator.alpha / 2,
            weighted=weighted,
            metrics=self._figures.native_metrics,
        )
        return optimizer

    def _weight_average(self) -> WeightAverage | None:
        """Return the average of the weights, and let training go on from the last ones."""
        state, network = self._call.state, self._call.network
        last, state.last_weights = state.last_weights, None
        if self._continues and last is not None:
            own, shown = last
            if all(map(np.array_equal, network.weights, shown)):
                network.assign(own)
        momentum = self._settings.average_momentum
        if momentum is None:
            state.average = None
            return None
        return WeightAverage(network, momentum, state.average if self._continues else None)

    def run(self, task: FitTask | None = None) -> None:
        """Train until it no longer improves, or for `max_iter` epochs.

        An interrupt ends the training with a warning; the weights are then those of the last step.

        Parameters
        ----------
        task : FitTask, default=None
            Is notified of the epochs.
        """
        call, state, network = self._call, self._call.state, self._call.network
        estimator = call.estimator
        first = len(estimator.loss_curve_)
        last = first + (1 if call.incremental else estimator.max_iter - call.done)
        self._progress = Progress(estimator, network, task, last, self._rows.steps)
        loop = self._rows.loop(self._rate.rates)
        self._listen_to(loop)
        estimator.n_iter_ = call.done
        state.finished = False
        try:
            state.finished = loop.run(first, last, self._rows.orders())
            if not (state.finished or call.incremental):
                warn_user(
                    f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) "
                    "reached and the optimization hasn't converged yet.",
                    ConvergenceWarning,
                )
        except KeyboardInterrupt:
            state.finished = True
            warn_user("Training interrupted by user.")
        self._show_chosen_weights()
        self._progress.ends()
        if not (call.incremental or estimator.warm_start):
            self._rows.release()

    def _listen_to(self, loop: TrainingLoop) -> None:
        """Become the loop's listener; find out about what, and whether epochs may run ahead."""
        figures, progress, settings = self._figures, self._progress, self._settings
        objectives = figures.objectives
        self._objectives = objectives if objectives and objectives.python_metrics else None
        notified = progress.callbacks
        self._callbacks = notified if notified and notified.wants_train_batches else None
        self.wants_steps = bool(self._average or self._objectives or self._callbacks)
        loop.listener = self
        # Whether no code of the user's runs between epochs, nothing is printed, evaluated or
        # copied, and the learning rates follow from the number of steps.
        self._runs_ahead = (
            loop.can_run_ahead
            and not progress.has_callbacks
            and not self._estimator.verbose
            and not figures.validates
            and not self._keeps_best
            and settings.are_names
            and settings.kind_of_rate != "invscaling"
        )

    def _show_chosen_weights(self) -> None:
        """Let the network end with its best weights, or their average, if so asked.

        The last ones are kept for a call that carries on.
        """
        call, state, network = self._call, self._call.state, self._call.network
        shown = None
        if self._average is not None:
            shown = state.average = self._average.values
        if self._keeps_best and not call.incremental:
            shown = state.best_weights
        if shown is None:
            return
        if call.incremental or call.estimator.warm_start:
            state.last_weights = (network.copy_weights(), [np.array(w) for w in shown])
        network.assign(shown)

    # What the epoch loop notifies of.

    def epochs_ahead(self, most: int) -> int:
        """Return how many epochs pass before the first that training may end with."""
        return self._stopping.epochs_ahead(most) if self._runs_ahead else 0

    @property
    def epochs_noted(self) -> int:
        """The epochs in the loss curve."""
        return len(self._estimator.loss_curve_)

    def on_epoch_begin(self, epoch: int) -> None:
        """Set the metrics to their beginnings, and notify callbacks."""
        self._figures.begin_epoch()
        self._progress.epoch_begins(epoch)

    def on_step_begin(self, step: int) -> None:
        """Notify callbacks."""
        if self._callbacks is not None:
            self._callbacks.on_train_batch_begin(step)

    def on_step_end(self, step: int, loop: TrainingLoop) -> None:
        """Update average and metrics, and notify callbacks."""
        if self._average is not None:
            self._average.update()
        if self._objectives is not None:
            assert loop.current is not None
            rows, predictions = loop.trainer.last_batch()
            self._objectives.update(loop.current, rows, predictions)
        if self._callbacks is not None:
            logs = self._figures.of_training(loop.totals())
            self._callbacks.on_train_batch_end(step, logs)
            self.stop = bool(self._callbacks.model.stop_training)

    on_divergence = staticmethod(warn_of_divergence)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Let an interrupt leave nothing of the epochs that are noted in this context."""
        estimator, rate = self._estimator, self._rate
        attributes = estimator.__dict__
        before = {name: attributes[name] for name in _COUNTED if name in attributes}
        count = len(estimator.loss_curve_)
        counts = {name: len(curve) for name, curve in estimator.history_.items()}
        learning_rate = rate.learning_rate if rate.kind == "adaptive" else None
        try:
            yield
        except BaseException:
            attributes.update(before)
            self._stopping = self._stopping_rule()
            del estimator.loss_curve_[count:]
            for name in [*estimator.history_]:
                del estimator.history_[name][counts.get(name, 0) :]
                if name not in counts:
                    del estimator.history_[name]
            if learning_rate is not None:
                rate.optimizer.learning_rate = learning_rate
            raise

    def on_epoch_end(self, epoch: int, steps: int, totals: Totals) -> bool:
        """Note how an epoch went; return whether training ends with it."""
        estimator, rate = self._estimator, self._rate
        logs = self._figures.of_training(totals)
        estimator.n_iter_ += 1
        estimator.t_ += self._rows.n_rows
        estimator.loss_ = logs["loss"]
        estimator.loss_curve_.append(estimator.loss_)
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
        if self._average is None:
            self._validate(logs)
        else:
            with self._average.in_place():
                self._validate(logs)
        rate.optimizer._set_iterations(self._call.network.trainer.iterations)
        rate.end_epoch(estimator.t_)
        stops = self._stops()
        return self._progress.epoch_ends(epoch, logs) or stops

    def _validate(self, logs: dict[str, Any]) -> None:
        """Add the figures of the validation rows, and compare the epoch with those before."""
        logs.update(self._figures.of_validation())
        score = logs.get("val_score")
        if self._estimator.verbose and score is not None:
            print(f"Validation score: {score:f}")
        self._compare(self._estimator.loss_, score)

    def _compare(self, loss: float, score: float | None) -> None:
        """Compare an epoch with those before; keep its weights if it is the best."""
        estimator, state, stopping = self._estimator, self._call.state, self._stopping
        if estimator.early_stopping:
            assert score is not None and estimator.validation_scores_ is not None
            stopping.update(score)
            estimator.validation_scores_.append(score)
            estimator.best_validation_score_ = stopping.best
        else:
            stopping.update(-loss)
            estimator.best_loss_ = -stopping.best
        estimator._no_improvement_count = stopping.waited
        if self._keeps_best:
            figure = -loss if score is None else score
            if figure > state.best_figure or state.best_weights is None:
                state.best_figure = figure
                state.best_weights = self._call.network.copy_weights()

    def _stops(self) -> bool:
        """Return whether training ends, or else goes on with a smaller learning rate."""
        estimator, rate = self._estimator, self._rate
        if not self._stopping.should_stop:
            return False
        can_fall = rate.can_fall
        if can_fall:
            rate.fall()
            self._stopping.waited = estimator._no_improvement_count = 0
        if estimator.verbose:
            subject = "Validation score" if estimator.early_stopping else "Training loss"
            reason = (
                f"{subject} did not improve more than tol={estimator.tol:f} for "
                f"{estimator.n_iter_no_change} consecutive epochs."
            )
            if can_fall:
                print(f"{reason} Setting learning rate to {rate.learning_rate:f}")
            else:
                too_small = "Learning rate too small. " if rate.kind == "adaptive" else ""
                print(f"{reason} {too_small}Stopping.")
        return not can_fall
