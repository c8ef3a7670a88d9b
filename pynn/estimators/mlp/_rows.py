"""The rows of one call to fit: which ones train, in what batches and orders, and their figures."""

from __future__ import annotations

import numpy as np

from pynn._user_warning import warn_user
from pynn.estimators.mlp._figures import Figures
from pynn.estimators.mlp._fit import FitCall, check_weights
from pynn.estimators.mlp._random import RowOrder, RowOrders
from pynn.training import Rates, TrainingLoop


class LocalRows:
    """Rows in this process; `pynn.dask` has a class of the same interface for rows elsewhere.

    Parameters
    ----------
    call : FitCall
    continues : bool
        Whether the call carries on where the last one stopped.

    Attributes
    ----------
    n_rows : int
        Of those to train on.
    batch_size, steps : int
        Rows in a batch, and batches in an epoch.
    weighted : bool
        Whether the rows have weights in training.
    figures : Figures

    Raises
    ------
    ValueError
        If early stopping has too few rows, or all weights are 0.
    """

    def __init__(self, call: FitCall, continues: bool) -> None:
        self._call = call
        estimator, state, data = call.estimator, call.state, call.data
        # The rows to train on, before any shuffle; None stands for all.
        self.chosen: np.ndarray | None = None
        validation = call.validation
        if estimator.early_stopping and validation is None:
            self.chosen, held_out = self._split(continues)
            validation = data.take(held_out)
        self.n_rows = data.n_rows if self.chosen is None else len(self.chosen)
        if not estimator.shuffle:
            self._order = None
        elif state.row_order is not None and state.row_order.n_rows == self.n_rows:
            self._order = state.row_order  # short calls shuffle as one long call does
        else:
            self._order = state.row_order = RowOrder(self.n_rows, call.random)
        self.batch_size = batch_size_for(estimator.batch_size, self.n_rows)
        self.steps = -(-self.n_rows // self.batch_size)
        row_weight = data.training_weight
        self.weighted = row_weight is not None
        if row_weight is not None:
            trained = row_weight if self.chosen is None else row_weight[self.chosen]
            check_weights(trained, "the samples to train on")
        if validation is not None:
            check_weights(validation.row_weight, "the validation samples")
        self.figures = Figures(call, validation)

    def _split(self, continues: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of the rows to train on, and of those held out.

        A call that carries on splits as the call before it did.
        """
        call, state = self._call, self._call.state
        fraction = call.estimator.validation_fraction
        if continues and state.split_random is not None:
            return call.data.split(fraction, state.split_random.as_random_state())
        random_state = call.random.as_random_state()
        state.row_order = None
        if call.estimator.warm_start:
            state.split_random = call.random.copy()
        parts = call.data.split(fraction, random_state)
        call.random.follow(random_state)
        return parts

    def loop(self, rates: Rates) -> TrainingLoop:
        """Return what goes through the rows with the network's trainer."""
        rows = self.figures.training_rows()
        return TrainingLoop(self._call.network.trainer, rows, self.batch_size, rates)

    def orders(self) -> RowOrders:
        """Return the orders of the epochs."""
        return RowOrders(self._order, self._call.random, self.chosen)

    def release(self) -> None:
        """Keep no array of rows until the next call."""
        self._call.network.release_data()
        if self._order is not None:
            self._order.forget_rows()


def batch_size_for(batch_size: int | str, n_rows: int) -> int:
    """Return how many rows a batch has, for an estimator's `batch_size`."""
    if isinstance(batch_size, str):
        return min(200, n_rows)
    if batch_size > n_rows:
        warn_user(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
        )
    return int(min(max(batch_size, 1), n_rows))
