"""Training an MLP on all rows at once with SciPy's L-BFGS-B.

The engine gives loss and gradient in float64, SciPy walks. The weights of a float32 network are
rounded at the end only, because the line search needs the digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.utils.optimize import _check_optimize_result

from pynn._task_threads import single_blas_thread
from pynn.estimators.mlp._figures import Figures
from pynn.estimators.mlp._fit import FitCall, check_weights
from pynn.estimators.mlp._network import Network
from pynn.estimators.mlp._progress import FitTask, Progress
from pynn.optimizers import SGD
from pynn.training import ArrayData


class VectorObjective:
    """Loss and gradient of a float64 network as functions of one long vector.

    The vector holds the kernels as the engine stores them, (outputs, inputs), then the biases.

    Parameters
    ----------
    network : Network
        Its trainer gives the gradients.
    rows : ArrayData
    alpha : float
        The penalty ``alpha / 2`` times the sum of the kernels' squares, over the total weight.
    """

    def __init__(self, network: Network, rows: ArrayData, alpha: float) -> None:
        self.network = network
        self.alpha = alpha
        self._views = [c.T for c in network.coefs] + network.intercepts
        weight = rows.weight_arrays[0]
        self.total = float(rows.n_rows if weight is None else weight.sum())
        self._sources = rows.sources(network.trainer)
        self.data_loss = np.inf

    @property
    def vector(self) -> np.ndarray:
        """The weights, float64."""
        return np.concatenate([view.ravel() for view in self._views]).astype(np.float64)

    @vector.setter
    def vector(self, values: np.ndarray) -> None:
        start = 0
        for view in self._views:
            view[...] = values[start : start + view.size].reshape(view.shape)
            start += view.size

    def __call__(self, values: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the loss and its gradient."""
        self.vector = values
        loss, grads = self.network.trainer.gradients(*self._sources)
        gradient = np.concatenate([g.ravel() for g in grads]).astype(np.float64)
        self.data_loss = loss
        squares = 0.0
        start = 0
        for kernel in self.network.coefs:
            part = values[start : start + kernel.size]
            squares += float(part @ part)
            gradient[start : start + kernel.size] += self.alpha / self.total * part
            start += kernel.size
        return loss + 0.5 * self.alpha * squares / self.total, gradient


class _Stopped(Exception):
    """A callback has ended the training."""


def check_trainable(call: FitCall) -> None:
    """Check what a call is to train with.

    Raises
    ------
    ValueError
        If the network has layers that behave in another way in training, or all weights are 0.
    """
    architecture = call.network.architecture
    if any(architecture.dropout) or architecture.batch_norm:
        raise ValueError(
            "solver='lbfgs' follows one loss of all rows, and so takes neither dropout nor "
            "batch_norm. Use a stochastic solver"
        )
    if call.data.training_weight is not call.data.row_weight:
        check_weights(call.data.training_weight, "all samples, by class_weight,")


def train_at_once(call: FitCall, task: FitTask | None) -> None:
    """Train the estimator's network; set ``n_iter_``, ``loss_`` and ``history_``.

    An interrupt is raised, as by scikit-learn; the weights are then those of the last iteration.

    Parameters
    ----------
    call : FitCall
    task : FitTask or None
        Is notified of the iterations.
    """
    estimator, network = call.estimator, call.network
    exact = Network(network.architecture._replace(dtype="float64"))
    exact.assign(network.copy_weights())
    figures = Figures(call)
    exact.prepare_trainer(figures.losses, SGD(), weighted=call.data.training_weight is not None)
    objective = VectorObjective(exact, figures.training_rows(), estimator.alpha)
    # The last iteration's weights and losses: with the penalty, and without.
    last: tuple[np.ndarray, float, float] = (objective.vector, np.inf, np.inf)
    estimator.n_iter_ = 0
    estimator.history_ = {}
    progress = Progress(estimator, network, task, estimator.max_iter, 1)

    def note(intermediate_result: Any) -> None:
        nonlocal last
        found = intermediate_result
        last = (found.x.copy(), float(found.fun), objective.data_loss)
        estimator.n_iter_ += 1
        loss = figures.reported(*last[1:])
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")
        progress.epoch_begins(estimator.n_iter_ - 1)
        if progress.has_callbacks:
            network.assign(exact.copy_weights())
        if progress.epoch_ends(estimator.n_iter_ - 1, {"loss": loss}):
            raise _Stopped

    try:
        with single_blas_thread():
            result = minimize(
                objective,
                last[0],
                method="L-BFGS-B",
                jac=True,
                callback=note,
                options={
                    "maxfun": estimator.max_fun,
                    "maxiter": estimator.max_iter,
                    "gtol": estimator.tol,
                },
            )
        estimator.n_iter_ = _check_optimize_result("lbfgs", result, estimator.max_iter)
        loss, _ = objective(result.x)
        last = (result.x, loss, objective.data_loss)
    except _Stopped:
        pass
    finally:
        objective.vector, *losses = last
        estimator.loss_ = figures.reported(*losses)
        network.assign(exact.copy_weights())
    progress.ends()
