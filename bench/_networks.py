"""The two textbook networks, their data, and who trains them: pynn twice, NumPy, scikit-learn.

Everybody trains the same layers on the same float32 rows with the same recipe: plain SGD, no
momentum, no penalty, shuffled mini-batches of 32. Nothing is measured here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning

import pynn
from pynn import datasets, layers, optimizers
from pynn.cli import training_flops

BATCH = 32
_SEED = 0


@dataclass(frozen=True)
class Network:
    """Layer sizes and data of one network: ``y`` is class labels or one number per row."""

    name: str
    sizes: tuple[int, ...]
    learning_rate: float
    x: np.ndarray
    y: np.ndarray

    @property
    def classifies(self) -> bool:
        return self.sizes[-1] > 1

    @property
    def steps(self) -> int:
        return -(-len(self.x) // BATCH)

    @property
    def flops_per_epoch(self) -> int:
        pairs = list(zip(self.sizes, self.sizes[1:], strict=False))
        return len(self.x) * training_flops(pairs)


@cache
def fashion() -> Network:
    """784-300-100-10 on 55,000 images of Fashion-MNIST."""
    (images, labels), _ = datasets.fashion_mnist.load_data()
    x = images[5000:].reshape(-1, 784).astype(np.float32) / np.float32(255)
    return Network("Fashion-MNIST", (784, 300, 100, 10), 0.01, x, labels[5000:].astype(np.int64))


@cache
def california() -> Network:
    """8-30-1 on 11,610 standardized districts of California housing."""
    (x, y), _ = datasets.california_housing.load_data()
    x, y = x[:11610], y[:11610]
    return Network("California", (8, 30, 1), 1e-3, (x - x.mean(axis=0)) / x.std(axis=0), y)


NETWORKS: dict[str, Callable[[], Network]] = {"fashion": fashion, "california": california}


class Peer(Protocol):
    """Somebody who trains a network, one epoch a call, and predicts with it."""

    def epoch(self) -> None: ...

    def predict(self, x: np.ndarray) -> np.ndarray: ...


class NumpyPeer:
    """Forward and backward by hand; what a careful reader of the textbook writes."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.rng = np.random.default_rng(_SEED)
        pairs = list(zip(network.sizes, network.sizes[1:], strict=False))
        self.w = [
            self.rng.uniform(-1, 1, pair).astype(np.float32) * np.float32(np.sqrt(6 / sum(pair)))
            for pair in pairs
        ]
        self.b = [np.zeros(fan_out, np.float32) for _, fan_out in pairs]

    def activations(self, x: np.ndarray) -> list[np.ndarray]:
        found = [x]
        for i, (w, b) in enumerate(zip(self.w, self.b, strict=True)):
            z = found[-1] @ w
            z += b
            if i < len(self.w) - 1:
                np.maximum(z, 0, out=z)
            found.append(z)
        return found

    def loss_gradient(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        rows = np.float32(len(y))
        if not self.network.classifies:
            return (z - y[:, None]) * (2 / rows)
        z = np.exp(z - z.max(axis=1, keepdims=True))
        z /= z.sum(axis=1, keepdims=True)
        z[np.arange(len(y)), y] -= 1
        return z / rows

    def step(self, x: np.ndarray, y: np.ndarray) -> None:
        rate = np.float32(self.network.learning_rate)
        a = self.activations(x)
        grad = self.loss_gradient(a[-1], y)
        for i in reversed(range(len(self.w))):
            grad_w, grad_b = a[i].T @ grad, grad.sum(axis=0)
            if i > 0:
                grad = (grad @ self.w[i].T) * (a[i] > 0)
            self.w[i] -= rate * grad_w
            self.b[i] -= rate * grad_b

    def epoch(self) -> None:
        x, y = self.network.x, self.network.y
        order = self.rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            rows = order[start : start + BATCH]
            self.step(x[rows], y[rows])

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.activations(x)[-1]


class SequentialPeer:
    """pynn by way of its Keras-like surface."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.model = pynn.Sequential([pynn.Input(shape=(network.sizes[0],))])
        for units in network.sizes[1:-1]:
            self.model.add(layers.Dense(units, activation="relu"))
        last, loss = (
            ("softmax", "sparse_categorical_crossentropy") if network.classifies else (None, "mse")
        )
        self.model.add(layers.Dense(network.sizes[-1], activation=last))
        self.model.compile(loss=loss, optimizer=optimizers.SGD(network.learning_rate))

    def epoch(self) -> None:
        self.model.fit(self.network.x, self.network.y, batch_size=BATCH, epochs=1, verbose=0)

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(x, verbose=0)


class EstimatorPeer:
    """An estimator with scikit-learn's parameters: scikit-learn's own or pynn's."""

    def __init__(self, network: Network, classifier: type, regressor: type) -> None:
        self.network = network
        self.estimator = (classifier if network.classifies else regressor)(
            hidden_layer_sizes=network.sizes[1:-1],
            solver="sgd",
            momentum=0.0,
            nesterovs_momentum=False,
            alpha=0.0,
            batch_size=BATCH,
            learning_rate_init=network.learning_rate,
            max_iter=1,
            tol=0.0,
            n_iter_no_change=10**6,
            random_state=_SEED,
            warm_start=True,
        )

    def epoch(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one epoch a call is the point
            self.estimator.fit(self.network.x, self.network.y)

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.estimator.predict(x)


def pynn_estimator(network: Network) -> EstimatorPeer:
    return EstimatorPeer(network, pynn.MLPClassifier, pynn.MLPRegressor)


def sklearn_estimator(network: Network) -> EstimatorPeer:
    return EstimatorPeer(network, neural_network.MLPClassifier, neural_network.MLPRegressor)


PEERS: dict[str, Callable[[Network], Peer]] = {
    "pynn Sequential": SequentialPeer,
    "pynn estimator": pynn_estimator,
    "NumPy by hand": NumpyPeer,
    "scikit-learn": sklearn_estimator,
}
