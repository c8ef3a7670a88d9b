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
from pynn.training import ArrayData, rows_per_call


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
        # In slices, for Ctrl-C to get its turn; backward is twice the work of forward.
        self._slices = []
        rows = rows_per_call(3 * network.n_weights)
        for start in range(0, data.n_rows, rows):
            part = data.take(slice(start, start + rows))
            arrays = ArrayData(x=[part.x], y=[part.targets], weights=[part.row_weight])
            share = part.n_rows if part.row_weight is None else float(part.row_weight.sum())
            if share > 0:
                self._slices.append((arrays, share / self.total))
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
        trainer = self.network.trainer
        loss = 0.0
        gradient = np.zeros(len(values))
        for arrays, share in self._slices:
            part, grads = trainer.gradients(arrays.x, arrays.y, arrays.weights)
            loss += share * part
            gradient += share * np.concatenate([g.ravel() for g in grads])
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
    path: list[np.ndarray] = [objective.vector]

    def note(intermediate_result: Any) -> None:
        path[0] = intermediate_result.x.copy()
        estimator.n_iter_ += 1
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {intermediate_result.fun:.8f}")

    estimator.n_iter_ = 0
    try:
        with single_blas_thread():
            result = minimize(
                objective,
                path[0],
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
        path[0] = result.x
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=5)
    loss, _ = objective(path[0])
    loss_weight = estimator._native_loss()[2]
    estimator.loss_ = estimator._reported_loss(loss, objective.data_loss / loss_weight)
    network.assign(exact.coefs, exact.intercepts)
