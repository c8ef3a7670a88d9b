"""Muon: matrices take steps that are made almost orthogonal, other weights those of Adam."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Unpack

import numpy as np

from pynn._number_checks import checked_number
from pynn.optimizers._adam import adam
from pynn.optimizers._common import OptionsBesidesDecay, check_count, check_positive, check_range
from pynn.optimizers._declaration import optimizer
from pynn.optimizers._learning_rate import LearningRate
from pynn.optimizers._numpy_optimizer import NumpyOptimizer
from pynn.optimizers._variables import Tracked, read, write

__all__ = ["Muon"]


@optimizer()
class Muon(NumpyOptimizer):
    """Steps along a momentum that is made almost orthogonal; for what is no matrix, Adam's.

    The last layer's kernel should be left to Adam, too: ``exclude_layers=["its_name"]``. Matrices
    are multiplied in each step, so they are computed in NumPy, batch by batch. Sources: Jordan,
    2024, "Muon: an optimizer for hidden layers in neural networks"; for `rms_rate` Liu et al.,
    2025, "Muon is scalable for LLM training".

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
    adam_beta_1, adam_beta_2 : float in [0, 1), default=0.9, 0.999
        See `Adam`.
    adam_weight_decay : float or None, default=0.004
        Of what Adam changes; `weight_decay` is that of the matrices.
    epsilon : float, default=1e-7
        See `Adam`.
    weight_decay : float or None, default=0.004
    exclude_layers : sequence of str, default=None
        Patterns: matrices in whose path one is found are left to Adam.
    exclude_embeddings : bool, default=True
        Whether those with "embedding" in their path are left to Adam.
    muon_a, muon_b, muon_c : float, default=3.4445, -4.775, 2.0315
        Coefficients of the polynomial ``a x + b x^3 + c x^5`` that brings singular values near 1.
    adam_lr_ratio : float, default=1
        What the learning rate is multiplied by for Adam.
    momentum : float in [0, 1], default=0.95
    ns_steps : int, default=5
        How often the polynomial is applied.
    nesterov : bool, default=True
        Whether the gradient is looked up ahead of the momentum.
    rms_rate : float or None, default=0.2
        Steps are multiplied by it and the root of the longer side, so that the rate may be Adam's.
    **common
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import optimizers
    >>> w, optimizer = np.eye(2), optimizers.Muon(0.1, weight_decay=None, rms_rate=None)
    >>> _ = optimizer.apply_gradients([(np.array([[5.0, 0.0], [0.0, 3.0]]), w)])
    >>> w.round(2)
    array([[0.9 , 0.  ],
           [0.  , 0.93]])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: LearningRate | None = 0.004,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **common: Unpack[OptionsBesidesDecay],
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **common)
        self.adam_beta_1 = check_range("adam_beta_1", adam_beta_1, 0.0, 1.0, open_end=True)
        self.adam_beta_2 = check_range("adam_beta_2", adam_beta_2, 0.0, 1.0, open_end=True)
        if adam_weight_decay is not None:
            check_range("adam_weight_decay", adam_weight_decay, 0.0)
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = check_range("epsilon", epsilon, 0.0)
        self.exclude_layers = list(exclude_layers or [])
        self.exclude_embeddings = bool(exclude_embeddings)
        self.muon_a = checked_number("muon_a", muon_a)
        self.muon_b = checked_number("muon_b", muon_b)
        self.muon_c = checked_number("muon_c", muon_c)
        self.adam_lr_ratio = check_range("adam_lr_ratio", adam_lr_ratio, 0.0)
        self.momentum = check_range("momentum", momentum, 0.0, 1.0)
        self.ns_steps = check_count("ns_steps", ns_steps, 0) or 0
        self.nesterov = bool(nesterov)
        self.rms_rate = check_positive("rms_rate", rms_rate)

    def _should_use_adamw(self, variable: Any) -> bool:
        path = getattr(variable, "path", "")
        return (
            len(variable.shape) != 2
            or (self.exclude_embeddings and "embedding" in path.lower())
            or any(re.search(pattern, path) for pattern in self.exclude_layers)
        )

    def _decay_factor(self, variable: Any) -> float:
        return 0.0 if self._should_use_adamw(variable) else super()._decay_factor(variable)

    def _step(self, grads: list[np.ndarray], variables: list[Any], kept: list[Tracked]) -> None:
        if self.adam_weight_decay:
            decay = self._step_rate() * self.adam_weight_decay
            for variable in variables:
                factor = getattr(variable, "learning_rate_factor", 1.0)
                factor *= super()._decay_factor(variable)
                if self._should_use_adamw(variable) and factor:
                    write(variable, read(variable) * (1.0 - decay * factor))
        super()._step(grads, variables, kept)

    def _first_state(self, w: np.ndarray, variable: Any) -> list[np.ndarray]:
        return [np.zeros_like(w) for _ in range(1 + self._should_use_adamw(variable))]

    def _stepped(
        self, w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], rate: float, step: int
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        if len(slots) == 2:
            h = SimpleNamespace(
                rate=rate * self.adam_lr_ratio,
                step=step,
                beta_1=self.adam_beta_1,
                beta_2=self.adam_beta_2,
                epsilon=self.epsilon,
            )
            return adam(w, g, slots, h)
        momentum = self.momentum * slots[0] + g
        update = self._orthogonal(g + self.momentum * momentum if self.nesterov else momentum)
        if self.rms_rate is not None:
            update = update * (math.sqrt(max(w.shape)) * self.rms_rate)
        return w - rate * update, [momentum]

    def _orthogonal(self, x: np.ndarray) -> np.ndarray:
        """Return a matrix with the singular vectors of `x`, and singular values near 1."""
        upright = x.shape[0] > x.shape[1]
        x = x.T if upright else x
        x = x / (np.linalg.norm(x) + x.dtype.type(1e-7))
        for _ in range(self.ns_steps):
            square = x @ x.T
            x = self.muon_a * x + (self.muon_b * square + self.muon_c * square @ square) @ x
        return x.T if upright else x
