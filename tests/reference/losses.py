"""Every loss of a row and its gradient in plain float64 NumPy: the truth for the kernels.

Each entry is (values(y_true, y_pred, *params) -> (n,), gradient(...) -> (n, features)), with the
formulas of Keras 3 (epsilon 1e-7). Sparse targets are (n, 1) arrays of labels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

EPSILON = 1e-7


def mean_over_features(value: Callable, slope: Callable) -> tuple[Callable, Callable]:
    """A loss that is the mean of an elementwise formula."""
    return (
        lambda t, p, *params: value(t, p, *params).mean(axis=1),
        lambda t, p, *params: slope(t, p, *params) / p.shape[1],
    )


def sum_over_features(value: Callable, slope: Callable) -> tuple[Callable, Callable]:
    return (
        lambda t, p, *params: value(t, p, *params).sum(axis=1),
        lambda t, p, *params: slope(t, p, *params),
    )


def percentage_scale(t: np.ndarray) -> np.ndarray:
    return 100 / np.maximum(np.abs(t), EPSILON)


def log_difference(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(p, EPSILON) + 1) - np.log(np.maximum(t, EPSILON) + 1)


def log_difference_slope(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.where(p > EPSILON, 2 * log_difference(t, p) / (p + 1), 0)


def huber(t: np.ndarray, p: np.ndarray, delta: float) -> np.ndarray:
    e = np.abs(p - t)
    return np.where(e <= delta, e**2 / 2, delta * e - delta**2 / 2)


def half_poisson_deviance(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    positive = np.where(t > 0, t, 1)
    return np.where(t > 0, t * np.log(positive / p), 0) - t + p


def signed(t: np.ndarray) -> np.ndarray:
    return np.where(t == 0, -1, t)


def margin(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.maximum(1 - signed(t) * p, 0)


def kl_divergence(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    t, p = np.clip(t, EPSILON, 1), np.clip(p, EPSILON, 1)
    return t * np.log(t / p)


def kl_divergence_slope(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.where((p > EPSILON) & (p < 1), -np.clip(t, EPSILON, 1) / p, 0)


def clipped(p: np.ndarray) -> np.ndarray:
    return np.clip(p, EPSILON, 1 - EPSILON)


def unclipped(p: np.ndarray) -> np.ndarray:
    return (p > EPSILON) & (p < 1 - EPSILON)


def smooth_binary(t: np.ndarray, smoothing: float) -> np.ndarray:
    return t * (1 - smoothing) + 0.5 * smoothing


def binary_crossentropy(t: np.ndarray, p: np.ndarray, smoothing: float) -> np.ndarray:
    t, p = smooth_binary(t, smoothing), clipped(p)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


def binary_crossentropy_slope(t: np.ndarray, p: np.ndarray, smoothing: float) -> np.ndarray:
    t = smooth_binary(t, smoothing)
    q = clipped(p)
    return np.where(unclipped(p), (1 - t) / (1 - q) - t / q, 0)


def binary_crossentropy_logits(t: np.ndarray, z: np.ndarray, smoothing: float) -> np.ndarray:
    t = smooth_binary(t, smoothing)
    return t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z)


def binary_crossentropy_logits_slope(t: np.ndarray, z: np.ndarray, smoothing: float) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -z)) - smooth_binary(t, smoothing)


def focal_parts(
    t: np.ndarray, p: np.ndarray, smoothing: float, alpha: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The smoothed target, the probability of the true class and the weight of the class."""
    t, p = smooth_binary(t, smoothing), clipped(p)
    weight = np.ones_like(t) if alpha < 0 else t * alpha + (1 - t) * (1 - alpha)
    return t, t * p + (1 - t) * (1 - p), weight


def binary_focal_crossentropy(
    t: np.ndarray, p: np.ndarray, smoothing: float, gamma: float, alpha: float
) -> np.ndarray:
    _, of_truth, weight = focal_parts(t, p, smoothing, alpha)
    return weight * (1 - of_truth) ** gamma * binary_crossentropy(t, p, smoothing)


def binary_focal_crossentropy_slope(
    t: np.ndarray, p: np.ndarray, smoothing: float, gamma: float, alpha: float
) -> np.ndarray:
    smooth, of_truth, weight = focal_parts(t, p, smoothing, alpha)
    factor_slope = -gamma * (1 - of_truth) ** (gamma - 1) * (2 * smooth - 1)
    slope = factor_slope * binary_crossentropy(t, p, smoothing)
    slope += (1 - of_truth) ** gamma * binary_crossentropy_slope(t, p, smoothing)
    return np.where(unclipped(p), weight * slope, 0)


def smooth_classes(t: np.ndarray, smoothing: float) -> np.ndarray:
    return t * (1 - smoothing) + smoothing / t.shape[1]


def one_hot(labels: np.ndarray, classes: int, ignore_class: float) -> np.ndarray:
    """A row of zeros for the ignored label and for labels that are no class."""
    hot = (labels == np.arange(classes)) * 1.0
    return np.where(labels == ignore_class, 0, hot)


def of_probabilities(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    q = clipped(p / p.sum(axis=1, keepdims=True))
    return -(t * np.log(q)).sum(axis=1)


def of_probabilities_slope(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    total = p.sum(axis=1, keepdims=True)
    q = p / total
    of_normalized = np.where(unclipped(q), -t / clipped(q), 0)
    return (of_normalized - (of_normalized * q).sum(axis=1, keepdims=True)) / total


def log_softmax(z: np.ndarray) -> np.ndarray:
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def of_logits(t: np.ndarray, z: np.ndarray) -> np.ndarray:
    return -(t * log_softmax(z)).sum(axis=1)


def of_logits_slope(t: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.exp(log_softmax(z)) * t.sum(axis=1, keepdims=True) - t


def dense(function: Callable) -> Callable:
    return lambda t, p, smoothing: function(smooth_classes(t, smoothing), p)


def sparse(function: Callable) -> Callable:
    return lambda t, p, ignore: function(one_hot(t, p.shape[1], ignore), p)


LOSSES: dict[str, tuple[Callable, Callable]] = {
    "mean_squared_error": mean_over_features(lambda t, p: (p - t) ** 2, lambda t, p: 2 * (p - t)),
    "mean_absolute_error": mean_over_features(
        lambda t, p: np.abs(p - t), lambda t, p: np.sign(p - t)
    ),
    "mean_absolute_percentage_error": mean_over_features(
        lambda t, p: percentage_scale(t) * np.abs(t - p),
        lambda t, p: percentage_scale(t) * np.sign(p - t),
    ),
    "mean_squared_logarithmic_error": mean_over_features(
        lambda t, p: log_difference(t, p) ** 2, log_difference_slope
    ),
    "huber": mean_over_features(huber, lambda t, p, delta: np.clip(p - t, -delta, delta)),
    "log_cosh": mean_over_features(
        lambda t, p: np.logaddexp(p - t, t - p) - np.log(2), lambda t, p: np.tanh(p - t)
    ),
    "poisson": mean_over_features(
        lambda t, p: p - t * np.log(p + EPSILON), lambda t, p: 1 - t / (p + EPSILON)
    ),
    "half_gamma_deviance": mean_over_features(
        lambda t, p: np.log(p / t) + t / p - 1, lambda t, p: 1 / p - t / p**2
    ),
    "half_poisson_deviance": mean_over_features(half_poisson_deviance, lambda t, p: 1 - t / p),
    "hinge": mean_over_features(margin, lambda t, p: np.where(margin(t, p) > 0, -signed(t), 0)),
    "squared_hinge": mean_over_features(
        lambda t, p: margin(t, p) ** 2, lambda t, p: -2 * signed(t) * margin(t, p)
    ),
    "quantile": mean_over_features(
        lambda t, p, tau: np.where(p <= t, tau * (t - p), (1 - tau) * (p - t)),
        lambda t, p, tau: np.where(p < t, -tau, np.where(p > t, 1 - tau, 0)),
    ),
    "kl_divergence": sum_over_features(kl_divergence, kl_divergence_slope),
    "binary_crossentropy": mean_over_features(binary_crossentropy, binary_crossentropy_slope),
    "binary_crossentropy_logits": mean_over_features(
        binary_crossentropy_logits, binary_crossentropy_logits_slope
    ),
    "binary_focal_crossentropy": mean_over_features(
        binary_focal_crossentropy, binary_focal_crossentropy_slope
    ),
    "categorical_crossentropy": (dense(of_probabilities), dense(of_probabilities_slope)),
    "categorical_crossentropy_logits": (dense(of_logits), dense(of_logits_slope)),
    "sparse_categorical_crossentropy": (sparse(of_probabilities), sparse(of_probabilities_slope)),
    "sparse_categorical_crossentropy_logits": (sparse(of_logits), sparse(of_logits_slope)),
}
