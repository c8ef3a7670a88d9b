"""A fully connected network trained with plain float64 NumPy, by the book.

Backpropagation (Rumelhart, Hinton and Williams 1986) written out layer by layer. Weights are
(fan_in, fan_out) arrays, as scikit-learn's ``coefs_``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

# Value of an activation, and its derivative from input and value.
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "identity": (lambda z: z, lambda z, a: np.ones_like(z)),
    "logistic": (lambda z: 1 / (1 + np.exp(-z)), lambda z, a: a * (1 - a)),
    "tanh": (np.tanh, lambda z, a: 1 - a**2),
    "relu": (lambda z: np.maximum(z, 0), lambda z, a: (z > 0).astype(float)),
}


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


OUTPUTS: dict[str, Callable] = {
    "identity": lambda z: z,
    "exp": np.exp,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "softmax": softmax,
}


def _t_log_ratio(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    """t log(t / p), and 0 where t is 0."""
    return np.where(t > 0, t * np.log(np.where(t > 0, t, 1) / p), 0.0)


# Loss of each row. With its output activation each has the gradient p - t; only the squared error
# is reported as a mean over the outputs while its gradient is that of the sum, as in scikit-learn.
LOSSES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "identity": lambda t, p: 0.5 * ((p - t) ** 2).mean(axis=1),
    "exp": lambda t, p: (_t_log_ratio(t, p) - t + p).sum(axis=1),
    "logistic": lambda t, p: -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(axis=1),
    "softmax": lambda t, p: -(t * np.log(p)).sum(axis=1),
}


@dataclass
class Network:
    """Weights, biases and the names of the activations."""

    coefs: list[np.ndarray]
    intercepts: list[np.ndarray]
    activation: str
    out_activation: str

    def __post_init__(self) -> None:
        self.coefs = [np.array(c, np.float64) for c in self.coefs]
        self.intercepts = [np.array(b, np.float64) for b in self.intercepts]

    @property
    def parameters(self) -> list[np.ndarray]:
        return [*self.coefs, *self.intercepts]

    def forward(self, x: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the inputs of all activations and their values, ``values[0]`` being x."""
        inputs, values = [], [x]
        for i, (w, b) in enumerate(zip(self.coefs, self.intercepts, strict=True)):
            inputs.append(values[-1] @ w + b)
            last = i == len(self.coefs) - 1
            act = OUTPUTS[self.out_activation] if last else ACTIVATIONS[self.activation][0]
            values.append(act(inputs[-1]))
        return inputs, values

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.forward(x)[1][-1]

    def gradients(
        self, x: np.ndarray, t: np.ndarray, alpha: float = 0.0, weight: np.ndarray | None = None
    ) -> tuple[float, list[np.ndarray]]:
        """Mean loss of a batch and its gradients, in the order of `parameters`.

        The penalty alpha / 2 sum w^2 is divided by the batch's weight, as scikit-learn does.
        """
        weight = np.ones(len(x)) if weight is None else weight
        total = weight.sum()
        inputs, values = self.forward(x)
        loss = (LOSSES[self.out_activation](t, values[-1]) * weight).sum() / total
        loss += 0.5 * alpha * sum((w**2).sum() for w in self.coefs) / total
        delta = (values[-1] - t) * weight[:, None] / total
        grad_coefs, grad_intercepts = [], []
        for i in reversed(range(len(self.coefs))):
            grad_coefs.append(values[i].T @ delta + alpha * self.coefs[i] / total)
            grad_intercepts.append(delta.sum(axis=0))
            if i:
                slope = ACTIVATIONS[self.activation][1](inputs[i - 1], values[i])
                delta = delta @ self.coefs[i].T * slope
        return loss, grad_coefs[::-1] + grad_intercepts[::-1]


@dataclass
class Sgd:
    """Gradient descent with classical or Nesterov momentum (Sutskever et al. 2013)."""

    momentum: float = 0.9
    nesterov: bool = True
    velocities: list[np.ndarray] | None = None

    def step(self, parameters: Sequence[np.ndarray], grads: Sequence[np.ndarray], rate: float):
        if self.velocities is None:
            self.velocities = [np.zeros_like(p) for p in parameters]
        for p, v, g in zip(parameters, self.velocities, grads, strict=True):
            v[...] = self.momentum * v - rate * g
            p += self.momentum * v - rate * g if self.nesterov else v


@dataclass
class Adam:
    """Adam (Kingma and Ba 2015) with the bias corrections folded into the rate."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    steps: int = 0
    moments: list[list[np.ndarray]] = field(default_factory=list)

    def step(self, parameters: Sequence[np.ndarray], grads: Sequence[np.ndarray], rate: float):
        if not self.moments:
            self.moments = [[np.zeros_like(p) for p in parameters] for _ in range(2)]
        self.steps += 1
        rate *= np.sqrt(1 - self.beta_2**self.steps) / (1 - self.beta_1**self.steps)
        for p, m, v, g in zip(parameters, *self.moments, grads, strict=True):
            m[...] = self.beta_1 * m + (1 - self.beta_1) * g
            v[...] = self.beta_2 * v + (1 - self.beta_2) * g**2
            p -= rate * m / (np.sqrt(v) + self.epsilon)


def train(
    network: Network,
    optimizer: Sgd | Adam,
    x: np.ndarray,
    t: np.ndarray,
    *,
    epochs: int,
    batch_size: int,
    rate: float,
    alpha: float = 0.0,
    weight: np.ndarray | None = None,
) -> list[float]:
    """Train without shuffling; return each epoch's mean loss over its rows."""
    curve = []
    for _ in range(epochs):
        total = 0.0
        for start in range(0, len(x), batch_size):
            rows = slice(start, start + batch_size)
            batch_weight = None if weight is None else weight[rows]
            loss, grads = network.gradients(x[rows], t[rows], alpha, batch_weight)
            optimizer.step(network.parameters, grads, rate)
            total += loss * len(x[rows])
        curve.append(total / len(x))
    return curve
