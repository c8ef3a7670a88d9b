"""NumPy: forward and backward by hand, as a careful reader of the textbook writes them.

It trains and nothing more: neither the loss nor the accuracy of an epoch is added up.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from measuring import data
from measuring.work import Prediction, Product, Training


def set_threads(threads: int) -> None:
    threadpool_limits(threads, user_api="blas")


class Network:
    """Weights, and what Adam remembers of them."""

    def __init__(self, case: Training | Prediction) -> None:
        self.case = case
        self.rng = np.random.default_rng(0)
        pairs = list(zip(case.sizes, case.sizes[1:], strict=False))
        self.w = [
            (self.rng.uniform(-1, 1, pair) * np.sqrt(6 / sum(pair))).astype(case.dtype)
            for pair in pairs
        ]
        self.b = [np.zeros(fan_out, case.dtype) for _, fan_out in pairs]
        self.first = [np.zeros_like(p) for p in (*self.w, *self.b)]
        self.second = [np.zeros_like(p) for p in (*self.w, *self.b)]
        self.steps = 0

    def activations(self, x: np.ndarray) -> list[np.ndarray]:
        found = [x]
        for i, (w, b) in enumerate(zip(self.w, self.b, strict=True)):
            z = found[-1] @ w
            z += b
            if i < len(self.w) - 1:
                np.maximum(z, 0, out=z)
            found.append(z)
        return found

    def outputs(self, x: np.ndarray) -> np.ndarray:
        z = self.activations(x)[-1]
        return softmax(z) if self.case.classifies else z

    def loss_gradient(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        rows = z.dtype.type(len(y))
        if not self.case.classifies:
            return (z - y[:, None]) * (2 / rows)
        z = softmax(z)
        z[np.arange(len(y)), y] -= 1
        return z / rows

    def sgd(self, i: int, parameter: np.ndarray, gradient: np.ndarray) -> None:
        gradient *= self.case.rate
        parameter -= gradient

    def adam(self, i: int, parameter: np.ndarray, gradient: np.ndarray) -> None:
        m, v = self.first[i], self.second[i]
        m *= 0.9
        m += 0.1 * gradient
        v *= 0.999
        gradient *= gradient
        gradient *= 0.001
        v += gradient
        rate = self.case.rate / (1 - 0.9**self.steps)
        parameter -= rate * m / (np.sqrt(v / (1 - 0.999**self.steps)) + 1e-7)

    def step(self, x: np.ndarray, y: np.ndarray) -> None:
        update = self.sgd if self.case.optimizer == "sgd" else self.adam
        self.steps += 1
        a = self.activations(x)
        grad = self.loss_gradient(a[-1], y)
        for i in reversed(range(len(self.w))):
            grad_w, grad_b = a[i].T @ grad, grad.sum(axis=0)
            if i > 0:
                grad = (grad @ self.w[i].T) * (a[i] > 0)
            update(i, self.w[i], grad_w)
            update(len(self.w) + i, self.b[i], grad_b)


def softmax(z: np.ndarray) -> np.ndarray:
    z = np.exp(z - z.max(axis=1, keepdims=True))
    z /= z.sum(axis=1, keepdims=True)
    return z


def train(case: Training) -> Callable[[], object]:
    x, y = data.load(case.data, case.dtype)
    x, y = x[: case.rows], y[: case.rows]
    network = Network(case)

    def fit() -> None:
        for _ in range(case.epochs):
            order = network.rng.permutation(len(x))
            for start in range(0, len(x), case.batch):
                rows = order[start : start + case.batch]
                network.step(x[rows], y[rows])

    return fit


def predict(case: Prediction) -> Callable[[], object]:
    x = np.ascontiguousarray(data.load(case.data, case.dtype)[0][: case.rows])
    network = Network(case)
    return lambda: network.outputs(x)


def multiply(case: Product) -> Callable[[], object]:
    """Time as pynn's side does: one call to warm up, then the best of five runs."""
    rng = np.random.default_rng(0)
    x, grad_y = rng.standard_normal((2, case.batch, case.width)).astype(case.dtype)
    w, grad_w = rng.standard_normal((2, case.width, case.width)).astype(case.dtype)
    out = np.empty_like(x)
    rate = w.dtype.type(1e-30)

    def step() -> None:
        np.matmul(x.T, grad_y, out=grad_w)
        np.multiply(grad_w, rate, out=grad_w)
        np.subtract(w, grad_w, out=w)

    products: dict[str, Callable[[], object]] = {
        "forward": lambda: np.matmul(x, w, out=out),
        "grad_input": lambda: np.matmul(grad_y, w.T, out=out),
        "grad_weights": step,
    }
    product = products[case.kind]

    def best_of_five() -> float:
        product()
        best = float("inf")
        for _ in range(5):
            begin = time.perf_counter()
            for _ in range(case.repeats):
                product()
            best = min(best, (time.perf_counter() - begin) / case.repeats)
        return best

    return best_of_five
