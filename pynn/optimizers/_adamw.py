"""Adam with weight decay."""

from __future__ import annotations

from typing import Unpack

from pynn.optimizers._adam import Adam
from pynn.optimizers._common import OptionsBesidesDecay
from pynn.optimizers._learning_rate import LearningRate


class AdamW(Adam):
    """Adam, with weights that shrink apart from the gradient's step.

    Source: Loshchilov and Hutter, 2019, "Decoupled weight decay regularization".

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default=0.001
    weight_decay : float, default=0.004
        Weights shrink by ``learning_rate * weight_decay`` of themselves at each step.
    beta_1, beta_2 : float in [0, 1), default=0.9, 0.999
    epsilon : float, default=1e-7
    amsgrad : bool, default=False
        See `Adam`.
    **common
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an argument is out of its range, or `weight_decay` is None.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import optimizers
    >>> w, optimizer = np.array([1.0]), optimizers.AdamW(0.1, weight_decay=0.5)
    >>> _ = optimizer.apply_gradients([(np.array([5.0]), w)])
    >>> w.round(6)
    array([0.85])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Unpack[OptionsBesidesDecay],
    ) -> None:
        if weight_decay is None:
            raise ValueError("weight_decay must be a number. Received: None. Use Adam for none")
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **common
        )
