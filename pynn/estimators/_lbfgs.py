"""Training an MLP on all rows at once with SciPy's L-BFGS-B.

The engine gives loss and gradient in float64, SciPy walks. The weights of a float32 network are
rounded at the end only, because the line search needs the digits.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.utils.optimize import _check_optimize_result

from pynn.estimators._blas_threads import single_blas_thread
from pynn.estimators._network import Network
from pynn.estimators._stochastic import TrainingData
from pynn.training import ArrayData


class Objective:
    """Loss and gradient of a float64 network as functions of one long vector.

    The vector holds the kernels as the engine stores them, (outputs, inputs), then the biases.

    Parameters
    ----------
    network : Network
        Its trainer gives the gradients.
    data : TrainingData
    alpha : float
        The penalty ``alpha / 2`` times the sum of the kernels' squares, over the total weight.
    """

    def __init__(self, network: Network, data: TrainingData, alpha: float) -> None:
        self.network = network
        self.alpha = alpha
        self._views = [c.T for c in network.coefs] + network.intercepts
        weight = data.row_weight
        self.total = float(data.n_rows if weight is None else weight.sum())
        self._rows = ArrayData(x=[data.x], y=[data.targets], weights=[weight])
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
        rows = self._rows
        loss, grads = self.network.trainer.gradients(rows.x, rows.y, rows.weights)
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


def train_at_once(estimator: Any, data: TrainingData) -> None:
    """Train the estimator's network; set ``n_iter_`` and ``loss_``.

    An interrupt ends the training with a warning; the weights are then those of the last
    iteration.
    """
    network = estimator._network
    exact = Network.from_weights(
        [c.astype(np.float64) for c in network.coefs],
        network.intercepts,
        network.activation,
        network.out_activation,
    )
    options = {"normalize_by_weights": data.row_weight is not None}
    exact.prepare_trainer(estimator._native_loss(), ("sgd", []), 0.0, options)
    objective = Objective(exact, data, estimator.alpha)
    # The last iteration's weights and losses: with the penalty, and without.
    last: tuple[np.ndarray, float, float] = (objective.vector, np.inf, np.inf)

    def note(intermediate_result: Any) -> None:
        nonlocal last
        found = intermediate_result
        last = (found.x.copy(), float(found.fun), objective.data_loss)
        estimator.n_iter_ += 1
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {found.fun:.8f}")

    estimator.n_iter_ = 0
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
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=5)
    objective.vector, loss, data_loss = last
    estimator.loss_ = estimator._reported_loss(loss, data_loss / estimator._native_loss()[2])
    network.assign(exact.coefs, exact.intercepts)
