"""Training an MLP in mini-batches, for one epoch or until it has converged.

The epochs themselves are those of `pynn.training`; when they end is decided in `_stopping`.
"""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from pynn.estimators._figures import Figures
from pynn.estimators._holdout import split_rows
from pynn.estimators._legacy_random import LegacyRandom
from pynn.estimators._progress import Progress
from pynn.estimators._row_order import RowOrder
from pynn.estimators._sklearn_callbacks import FitTask
from pynn.estimators._solver import (
    SOLVER_NUMBERS,
    average_momentum,
    kind_of_rate,
    make_optimizer,
    rate_settings,
    spans_training,
)
from pynn.estimators._step_size import StepSize
from pynn.estimators._stopping import compare, has_converged, keeps_best, start_comparison
from pynn.estimators._training_data import TrainingData, check_weights
from pynn.estimators._weight_average import WeightAverage
from pynn.training import EpochOrder, Listener, Totals, TrainingLoop

# What an epoch changes, beside the curves.
_COUNTED = ("n_iter_", "t_", "loss_", "best_loss_", "_no_improvement_count")


def start_curves(estimator: Any) -> None:
    """Set the attributes that record a training from its first epoch on."""
    estimator.loss_curve_ = []
    estimator.history_ = {}
    estimator._no_improvement_count = 0
    start_comparison(estimator)


class BatchTraining:
    """A training in mini-batches; it sets what scikit-learn's MLPs have after it.

    These are ``n_iter_``, ``t_``, ``loss_``, ``loss_curve_``, ``history_`` and what belongs to
    early stopping.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
    data : TrainingData
    incremental : bool
        Whether this is one epoch that follows those before, as ``partial_fit`` has it.
    validation : TrainingData, default=None
        Rows to score the network on. Without them early stopping holds out some of `data`.
    class_factors : ndarray of shape (n,), default=None
        Factors of the sample weights in training.

    Raises
    ------
    ValueError
        If early stopping is asked for in a single epoch, or has too few rows.
    """

    def __init__(
        self,
        estimator: Any,
        data: TrainingData,
        *,
        incremental: bool,
        validation: TrainingData | None = None,
        class_factors: np.ndarray | None = None,
    ) -> None:
        if incremental and estimator.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        compares_scores = getattr(estimator, "validation_scores_", None) is not None
        if not hasattr(estimator, "loss_curve_"):
            start_curves(estimator)
        elif compares_scores != estimator.early_stopping:
            start_comparison(estimator)
        self._estimator = estimator
        self._incremental = incremental
        # After a call that reached max_iter, fit carries on where that stopped; after one that had
        # converged, it starts with a fresh optimizer.
        self._continues = incremental or not getattr(estimator, "_finished", True)
        # The rows to train on, before any shuffle; None stands for all.
        self._rows: np.ndarray | None = None
        if estimator.early_stopping and validation is None:
            self._rows, held_out = self._split(data)
            validation = data.take(held_out)
        self._n_rows = data.n_rows if self._rows is None else len(self._rows)
        self._order = self._row_order()
        batch_size = _batch_size(estimator.batch_size, self._n_rows)
        self._steps = -(-self._n_rows // batch_size)
        row_weight = data.row_weight
        if class_factors is not None:
            row_weight = class_factors if row_weight is None else row_weight * class_factors
        if row_weight is not None:
            trained = row_weight if self._rows is None else row_weight[self._rows]
            check_weights(trained, "the samples to train on")
        if validation is not None:
            check_weights(validation.row_weight, "the validation samples")
        self._figures = Figures(estimator, data, validation)
        self._prepare_optimizer(row_weight is not None)
        self._average = self._weight_average()
        self._loop = TrainingLoop(
            estimator._network.trainer,
            self._figures.training_rows(row_weight),
            batch_size=batch_size,
            rates=estimator._optimizer.rates,
        )

    def _split(self, data: TrainingData) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of the rows to train on, and of those held out.

        A call that carries on splits as the call before it did.
        """
        estimator = self._estimator
        known: LegacyRandom | None = None
        if self._continues:
            known = getattr(estimator, "_split_random", None)
        random_state = (known or estimator._random).as_random_state()
        if known is None:
            vars(estimator).pop("_row_order", None)
            if estimator.warm_start:
                estimator._split_random = estimator._random.copy()
        stratify = data.targets if estimator._stratifies() else None
        fraction = estimator.validation_fraction
        parts = split_rows(data.n_rows, fraction, random_state, stratify)
        if known is None:
            estimator._random.follow(random_state)
        return parts

    def _row_order(self) -> RowOrder | None:
        """Return the order of the rows, None without shuffling.

        It goes on over several calls, so that short ones shuffle as one long call does.
        """
        estimator = self._estimator
        if not estimator.shuffle:
            return None
        order: RowOrder | None = getattr(estimator, "_row_order", None)
        if order is None or order.n_rows != self._n_rows:
            order = estimator._row_order = RowOrder(self._n_rows, estimator._random)
        return order

    def _prepare_optimizer(self, weighted: bool) -> None:
        """Set up optimizer and learning rate, or carry on with those of the last call."""
        estimator, network = self._estimator, self._estimator._network
        steps = self._steps * estimator.max_iter
        settings = rate_settings(estimator, steps)
        prepared = (settings, *_numbers(estimator), weighted, self._figures.losses)
        if self._continues and network.prepared_for == prepared and not estimator.metrics:
            optimizer = estimator._optimizer.optimizer
        else:
            optimizer = self._new_optimizer(settings, steps, weighted)
            if isinstance(estimator.solver, str):
                network.prepared_for = prepared
        network.optimizer = optimizer
        optimizer._set_iterations(network.trainer.iterations)
        if spans_training(estimator) and network.trainer.iterations >= steps:
            warnings.warn(
                f"The learning rate {estimator.learning_rate!r} has come to its end: it spans "
                f"max_iter={estimator.max_iter} epochs of training, earlier calls included. For a "
                "training in several calls give a schedule of pynn.optimizers.schedules, which has "
                "its own number of steps.",
                stacklevel=6,
            )
        if any(network.architecture.dropout):
            network.trainer.seed = self._dropout_seed()

    def _new_optimizer(self, settings: tuple[Any, ...], steps: int, weighted: bool) -> Any:
        estimator, network = self._estimator, self._estimator._network
        optimizer = make_optimizer(estimator, steps)
        rule = StepSize(optimizer, kind_of_rate(estimator), estimator.power_t)
        if not self._continues:
            network.forget_training()
        elif getattr(estimator, "_rate_settings", None) == settings:
            optimizer._learning_rate = estimator._optimizer.optimizer._learning_rate
        estimator._optimizer, estimator._rate_settings = rule, settings
        network.prepare_trainer(
            self._figures.losses,
            optimizer if optimizer._stepwise else optimizer._native(),
            estimator.alpha / 2,
            {
                **optimizer._options(network.trained),
                "l2_per_batch": True,
                "normalize_by_weights": weighted,
            },
            self._figures.native_metrics,
        )
        return optimizer

    def _dropout_seed(self) -> int:
        """Return the seed of the masks, drawn once for each initialization."""
        estimator = self._estimator
        if not hasattr(estimator, "_dropout_seed"):
            # From a copy, so that the orders of the rows are the same without dropout.
            drawn = estimator._random.copy().uniform(0.0, 2.0**53, (1,))
            estimator._dropout_seed = int(drawn[0])
        return int(estimator._dropout_seed)

    def _weight_average(self) -> WeightAverage | None:
        """Return the average of the weights, and let training go on from the last ones."""
        estimator, network = self._estimator, self._estimator._network
        last = vars(estimator).pop("_last_weights", None)
        if self._continues and last is not None:
            own, shown = last
            now = network.copy_weights()
            if all(np.array_equal(a, b) for a, b in zip(now, shown, strict=True)):
                network.assign(own)
        momentum = average_momentum(estimator)
        if momentum is None:
            vars(estimator).pop("_average", None)
            return None
        values = getattr(estimator, "_average", None) if self._continues else None
        return WeightAverage(network, momentum, values)

    def run(self, task: FitTask | None = None) -> None:
        """Train until it has converged, or for `max_iter` epochs.

        An interrupt ends the training with a warning; the weights are then those of the last step.

        Parameters
        ----------
        task : FitTask, default=None
            Is notified of the epochs.
        """
        estimator = self._estimator
        first = len(estimator.loss_curve_)
        last = first + (1 if self._incremental else estimator.max_iter)
        progress = Progress(estimator, task, last, self._steps)
        FitListener(estimator, self._loop, self._figures, progress, self._average, self._n_rows)
        order = _ScikitLearnOrder(self._order, estimator._random, self._rows)
        estimator.n_iter_ = 0
        estimator._finished = False
        try:
            estimator._finished = self._loop.run(first, last, order)
            if not (estimator._finished or self._incremental):
                warnings.warn(
                    f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) "
                    "reached and the optimization hasn't converged yet.",
                    ConvergenceWarning,
                    stacklevel=5,
                )
        except KeyboardInterrupt:
            estimator._finished = True
            warnings.warn("Training interrupted by user.", stacklevel=5)
        self._show_chosen_weights()
        progress.ends()
        if not (self._incremental or estimator.warm_start):
            estimator._network.release_data()
            if self._order is not None:
                self._order.forget_rows()

    def _show_chosen_weights(self) -> None:
        """Let the network end with its best weights, or their average, if so asked.

        The last ones are kept for a call that carries on.
        """
        estimator, network = self._estimator, self._estimator._network
        shown = None
        if self._average is not None:
            shown = estimator._average = self._average.values
        if keeps_best(estimator) and not self._incremental:
            shown = estimator._best_weights
        if shown is None:
            return
        if self._incremental or estimator.warm_start:
            estimator._last_weights = (network.copy_weights(), [np.array(w) for w in shown])
        network.assign(shown)


class FitListener(Listener):
    """What is to be done at epochs and steps of a training: figures, callbacks, the average.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
    loop : TrainingLoop
        Which is given this listener.
    figures : Figures
    progress : Progress
    average : WeightAverage or None
    n_rows : int
        In an epoch.
    """

    def __init__(
        self,
        estimator: Any,
        loop: TrainingLoop,
        figures: Figures,
        progress: Progress,
        average: WeightAverage | None,
        n_rows: int,
    ) -> None:
        self._estimator = estimator
        self._figures = figures
        self._progress = progress
        self._average = average
        self._n_rows = n_rows
        objectives = figures.objectives
        self._objectives = objectives if objectives and objectives.python_metrics else None
        notified = progress.callbacks
        self._callbacks = notified if notified and notified.wants_train_batches else None
        self.wants_steps = bool(average or self._objectives or self._callbacks)
        loop.listener = self
        # Whether no code of the user's runs between epochs, nothing is printed, evaluated or
        # copied, and the learning rates follow from the number of steps.
        self._runs_ahead = (
            loop.can_run_ahead
            and not progress.has_callbacks
            and not estimator.verbose
            and not figures.validates
            and not (objectives and objectives.has_own_resets)
            and not keeps_best(estimator)
            and isinstance(estimator.solver, str)
            and isinstance(estimator.learning_rate, str)
            and kind_of_rate(estimator) != "invscaling"
        )

    def epochs_ahead(self, most: int) -> int:
        """Return how many epochs pass before the first that training may end with, that included.

        Every epoch adds at most one to those without improvement.
        """
        estimator = self._estimator
        if not self._runs_ahead:
            return 0
        patience = estimator.n_iter_no_change - estimator._no_improvement_count
        return max(int(min(patience + 1, most)), 1)

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

    def on_epoch_end(self, epoch: int, steps: int, totals: Totals) -> bool:
        """Note how an epoch went; return whether training ends with it.

        Of epochs that run ahead, an interrupt leaves nothing of the one that was being noted.
        """
        if not self._runs_ahead:
            return self._note(epoch, totals)  # users' code is notified once, whatever it raises
        estimator = self._estimator
        attributes = vars(estimator)
        rate = estimator._optimizer
        before = {name: attributes[name] for name in _COUNTED if name in attributes}
        curves = (estimator.loss_curve_, *estimator.history_.values())
        lengths = [len(curve) for curve in curves]
        learning_rate = rate.learning_rate if rate.kind == "adaptive" else None
        try:
            return self._note(epoch, totals)
        except BaseException:
            attributes.update(before)
            for curve, length in zip(curves, lengths, strict=True):
                del curve[length:]
            if not lengths[0]:
                estimator.history_.clear()
            if learning_rate is not None:
                rate.optimizer.learning_rate = learning_rate
            raise

    def _note(self, epoch: int, totals: Totals) -> bool:
        estimator, figures = self._estimator, self._figures
        logs = figures.of_training(totals)
        estimator.n_iter_ += 1
        estimator.t_ += self._n_rows
        estimator.loss_ = logs["loss"]
        estimator.loss_curve_.append(estimator.loss_)
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
        with self._average.in_place() if self._average else nullcontext():
            logs.update(figures.of_validation())
            score = logs.get("val_score")
            if estimator.verbose and score is not None:
                print(f"Validation score: {score:f}")
            compare(estimator, estimator.loss_, score)
        optimizer = estimator._optimizer.optimizer
        optimizer._set_iterations(estimator._network.trainer.iterations)
        estimator._optimizer.epoch_ends(estimator.t_)
        converged = has_converged(estimator)
        return self._progress.epoch_ends(epoch, logs) or converged


class _ScikitLearnOrder(EpochOrder):
    """The order of the rows as `RowOrder` makes it; None leaves them as they stand."""

    def __init__(self, order: RowOrder | None, random: Any, rows: np.ndarray | None) -> None:
        super().__init__()
        self._order = order
        self._random = random
        self._first = self._rows = rows

    def begin(self, epoch: int) -> tuple[np.ndarray | None, int | None]:
        if self._order is not None:
            self._rows = self._order.next(self._random, self._first)
        return self._rows, None

    def ahead(self, epochs: range) -> dict[str, Any]:
        return {} if self._order is None else {"order": self._rows, "random": self._random}

    def went_on(self, epochs: int) -> None:
        if self._order is not None:
            self._order.went_on(epochs)


def _numbers(estimator: Any) -> tuple[Any, ...]:
    """Return the parameters, beside those of the learning rate, that an optimizer follows from."""
    return tuple(getattr(estimator, name) for name in (*SOLVER_NUMBERS, "alpha"))


def _batch_size(batch_size: int | str, n_rows: int) -> int:
    if isinstance(batch_size, str):
        return min(200, n_rows)
    if batch_size > n_rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
            stacklevel=6,
        )
    return int(min(max(batch_size, 1), n_rows))
