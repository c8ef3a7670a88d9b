"""Ops that differ between training and inference: dropout, noise and batch normalization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pynn import _state
from pynn._alpha_dropout import SELU_FLOOR, alpha_affine
from pynn._number_checks import checked_rate
from pynn._onnx import OnnxWriter
from pynn._shape_rules import normalize_axis, same, unbroadcast
from pynn._tensor import Mode, Op, is_recorded, shape_of, value_of
from pynn._tensor import apply as _apply
from pynn.ops._elementwise import add, multiply, rsqrt, subtract
from pynn.ops._shapes import ones_like, reshape

__all__ = [
    "alpha_dropout",
    "batch_normalization",
    "dropout",
    "gaussian_dropout",
    "gaussian_noise",
    "normalize_batch",
]


def _noise_in_onnx(w: OnnxWriter, x: str, *, always: bool = False, **params: Any) -> str:
    if always:
        raise NotImplementedError("a layer that drops out at inference too has no ONNX twin here")
    return x


def _random_op(
    name: str, forward: Callable[..., np.ndarray], slope: Callable[..., np.ndarray] | None
) -> Op:
    """Return an op that is random in training, and does nothing at inference or for an amount of 0.

    `forward` and `slope` take x, the amount (a rate or a standard deviation) and a generator, which
    gives both the same numbers; without `slope` it is 1.
    """

    def run(x: Any, *, always: bool, mode: Mode, **params: float) -> np.ndarray:
        x, amount = np.asarray(x), _amount(params, mode)
        return forward(x, amount, mode.generator()) if _acts(amount, always, mode) else x

    def run_back(
        grad: Any, out: Any, x: Any, *, always: bool, mode: Mode, **params: float
    ) -> tuple[np.ndarray]:
        amount = _amount(params, mode)
        if slope is None or not _acts(amount, always, mode):
            return (grad,)
        return (grad * slope(x, amount, mode.generator()),)

    return Op(name, run, run_back, same, modal=True, onnx=_noise_in_onnx)


def _amount(params: dict[str, Any], mode: Mode) -> float:
    (amount,) = params.values()
    return checked_rate(float(amount(mode.step))) if callable(amount) else amount


def _acts(amount: float, always: bool, mode: Mode) -> bool:
    return bool(mode.training or always) and amount != 0.0


def _kept(x: np.ndarray, rate: float, random: np.random.Generator) -> np.ndarray:
    keep = random.random(x.shape) >= rate
    return keep * x.dtype.type(1.0 / (1.0 - rate))


DROPOUT = _random_op("dropout", lambda x, rate, random: x * _kept(x, rate, random), _kept)


def _normal(x: np.ndarray, mean: float, stddev: float, random: np.random.Generator) -> np.ndarray:
    return random.normal(mean, stddev, x.shape).astype(x.dtype)


NOISE = _random_op(
    "gaussian_noise", lambda x, stddev, random: x + _normal(x, 0.0, stddev, random), None
)
GAUSSIAN_DROPOUT = _random_op(
    "gaussian_dropout",
    lambda x, stddev, random: x * _normal(x, 1.0, stddev, random),
    lambda x, stddev, random: _normal(x, 1.0, stddev, random),
)


def _alpha_forward(x: np.ndarray, rate: float, random: np.random.Generator) -> np.ndarray:
    keep = random.random(x.shape) >= rate
    a, b = alpha_affine(rate)
    return x.dtype.type(a) * np.where(keep, x, x.dtype.type(SELU_FLOOR)) + x.dtype.type(b)


def _alpha_slope(x: np.ndarray, rate: float, random: np.random.Generator) -> np.ndarray:
    keep = random.random(x.shape) >= rate
    return keep * x.dtype.type(alpha_affine(rate)[0])


ALPHA_DROPOUT = _random_op("alpha_dropout", _alpha_forward, _alpha_slope)


class NormalizationOptions(NamedTuple):
    """How a batch is normalized; see `normalize_batch`."""

    momentum: float
    epsilon: float
    scale: bool
    center: bool
    frozen: Callable[[], bool]


def _normalize_forward(
    x: Any,
    moving_mean: Any,
    moving_variance: Any,
    *terms: Any,
    how: NormalizationOptions,
    mode: Mode,
) -> np.ndarray:
    x = np.asarray(x, moving_mean.dtype)
    mean, variance = moving_mean, moving_variance
    if mode.training and not how.frozen():
        axes = tuple(range(x.ndim - 1))
        mean, variance = x.mean(axis=axes), x.var(axis=axes)
        moving_mean += (1.0 - how.momentum) * (mean - moving_mean)
        moving_variance += (1.0 - how.momentum) * (variance - moving_variance)
    gain = 1.0 / np.sqrt(variance + moving_mean.dtype.type(how.epsilon))
    if how.scale:
        gain = gain * terms[0]
    out = (x - mean) * gain
    return out + terms[-1] if how.center else out


def _normalize_backward(
    grad: Any,
    out: Any,
    x: Any,
    moving_mean: Any,
    moving_variance: Any,
    *terms: Any,
    how: NormalizationOptions,
    mode: Mode,
) -> tuple[Any, ...]:
    x = x if x.dtype == moving_mean.dtype else x.astype(moving_mean.dtype)
    axes = tuple(range(x.ndim - 1))
    batch = mode.training and not how.frozen()
    mean, variance = moving_mean, moving_variance
    if batch:
        mean, variance = x.mean(axis=axes), x.var(axis=axes)
    inverse = 1.0 / np.sqrt(variance + moving_mean.dtype.type(how.epsilon))
    unit = (x - mean) * inverse
    grad_unit = grad * terms[0] if how.scale else grad
    grads = []
    if how.scale:
        grads.append(unbroadcast(grad * unit, moving_mean))
    if how.center:
        grads.append(unbroadcast(grad, moving_mean))
    if batch:
        centered = grad_unit - grad_unit.mean(axis=axes)
        grad_x = inverse * (centered - unit * (grad_unit * unit).mean(axis=axes))
    else:
        grad_x = grad_unit * inverse
    return (grad_x, None, None, *grads)


def _normalization_in_onnx(
    w: OnnxWriter, x: str, mean: Any, variance: Any, *terms: Any, how: NormalizationOptions
) -> str:
    gain = 1.0 / np.sqrt(variance + mean.dtype.type(how.epsilon))
    if how.scale:
        gain = gain * terms[0]
    out = w.node("Mul", w.node("Sub", x, mean), gain)
    return w.node("Add", out, terms[-1]) if how.center else out


BATCH_NORMALIZATION = Op(
    "batch_normalization",
    _normalize_forward,
    _normalize_backward,
    same,
    "float",
    modal=True,
    onnx=_normalization_in_onnx,
)


def apply_modal(op: Op, *inputs: Any, training: bool, **params: Any) -> Any:
    """Record a modal op, or compute it at once in training or inference mode."""
    if is_recorded(*inputs):
        return _apply(op, *inputs, **params)
    mode = Mode(training, _state.next_seed() if training or params.get("always") else 0)
    return op.forward(*[value_of(value) for value in inputs], mode=mode, **params)


def dropout(x: Any, rate: Any, training: bool = False, always: bool = False) -> Any:
    """Set entries to 0 with probability `rate`, and scale up the others.

    Parameters
    ----------
    x : tensor or array
    rate : float or LearningRateSchedule
        In [0, 1]. A schedule gives the rate of each training step, in [0, 1), or, outside of
        these, that of the first.
    training : bool, default=False
        Whether an array is dropped from; for a tensor the model decides, pass by pass.
    always : bool, default=False
        Whether to drop at inference too.
    """
    rate = rate if callable(rate) else float(rate)
    if rate == 1.0:  # without a factor for what is kept: half leaves 0 or 2, and 1 at inference
        half = dropout(ones_like(x), 0.5, training, always)
        return multiply(x, multiply(half, subtract(2.0, half)))
    return apply_modal(DROPOUT, x, training=training, rate=rate, always=always)


def gaussian_noise(x: Any, stddev: float, training: bool = False, always: bool = False) -> Any:
    """Add normal noise of that standard deviation; the other parameters are those of `dropout`."""
    return apply_modal(NOISE, x, training=training, stddev=float(stddev), always=always)


def gaussian_dropout(x: Any, rate: float, training: bool = False, always: bool = False) -> Any:
    """Multiply by normal noise of mean 1 and variance ``rate / (1 - rate)``; see `dropout`."""
    stddev = (rate / (1.0 - rate)) ** 0.5
    return apply_modal(GAUSSIAN_DROPOUT, x, training=training, stddev=stddev, always=always)


def alpha_dropout(x: Any, rate: float, training: bool = False, always: bool = False) -> Any:
    """Set entries to the floor of SELU and keep mean and variance; see `dropout`."""
    return apply_modal(ALPHA_DROPOUT, x, training=training, rate=float(rate), always=always)


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    axis: int,
    offset: Any = None,
    scale: Any = None,
    epsilon: float = 1e-3,
) -> Any:
    """Return ``(x - mean) / sqrt(variance + epsilon) * scale + offset``, along `axis`.

    Parameters
    ----------
    x : tensor or array
    mean, variance : array, shape (features,)
    axis : int
        Where the features are.
    offset, scale : array, shape (features,), default=None
    epsilon : float, default=1e-3
    """
    ndim = len(shape_of(x))
    axis = normalize_axis(axis, ndim)
    along = tuple(-1 if i == axis else 1 for i in range(ndim))

    def aligned(value: Any) -> Any:
        return value if axis == ndim - 1 else reshape(value, along)

    out = multiply(subtract(x, aligned(mean)), rsqrt(add(aligned(variance), epsilon)))
    if scale is not None:
        out = multiply(out, aligned(scale))
    return out if offset is None else add(out, aligned(offset))


def normalize_batch(
    x: Any,
    moving_mean: Any,
    moving_variance: Any,
    gamma: Any = None,
    beta: Any = None,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
    frozen: Callable[[], bool] = lambda: False,
    training: bool = False,
) -> Any:
    """Normalize the last axis with the batch's own moments in training, moving ones otherwise.

    Parameters
    ----------
    x : tensor or array, shape (..., features)
    moving_mean, moving_variance : weight, shape (features,)
        In training they move towards the batch's moments by ``1 - momentum``.
    gamma, beta : weight, shape (features,), default=None
        Factor and offset of the result.
    momentum, epsilon : float
    frozen : callable, default=never
        Asked before each pass whether training uses the moving moments too, unchanged.
    training : bool, default=False
        Which moments arrays are normalized with; for a tensor the model decides, pass by pass.
    """
    inputs = [x, moving_mean, moving_variance]
    inputs += [weight for weight in (gamma, beta) if weight is not None]
    scale, center = gamma is not None, beta is not None
    how = NormalizationOptions(float(momentum), float(epsilon), scale, center, frozen)
    return apply_modal(BATCH_NORMALIZATION, *inputs, training=training, how=how)
