"""The layers that act at random in training: dropout in its forms, and noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pynn import ops
from pynn._alpha_dropout import alpha_affine
from pynn._number_checks import checked_rate, is_integer, is_number
from pynn._tracing import TrainingFlag
from pynn.layers._config import registry
from pynn.layers._layer import Layer
from pynn.optimizers import schedules

__all__ = ["AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise"]


def random_arguments(training: Any) -> dict[str, bool] | None:
    """Return the keywords of a random op for a layer's ``training``; None to leave it out."""
    if training is None or isinstance(training, TrainingFlag):
        return {}
    return {"training": True, "always": True} if training else None


class RateLayer(Layer):
    """Base of the layers that silence or scale units at random, at a rate."""

    _op: Callable[..., Any]  # of the inputs, the rate and `random_arguments`

    _checked_rate: Callable[[Any], Any] = staticmethod(checked_rate)

    def __init__(self, rate: Any, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = self._checked_rate(rate)
        self.seed = seed
        self._build_at_init()

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return `inputs`, in training with noise.

        Parameters
        ----------
        inputs : tensor or array
        training : bool, default=None
            None leaves it to the model; True acts at inference too.
        """
        arguments = random_arguments(training)
        if self.rate == 0 or arguments is None:
            return inputs
        return type(self)._op(inputs, self.rate, **arguments)


class SharedNoiseLayer(RateLayer):
    """Base of the layers whose entries may share a draw along some axes, by `noise_shape`."""

    def __init__(
        self, rate: Any, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed, **kwargs)
        given = noise_shape if isinstance(noise_shape, (list, tuple)) else ()
        sizes = all(n is None or (is_integer(n) and n > 0) for n in given)
        if noise_shape is not None and not (given and sizes):
            raise ValueError(
                "noise_shape must be None, or a tuple of positive integers and None. "
                f"Received: noise_shape={noise_shape!r}"
            )
        self.noise_shape = tuple(given) or None

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return `inputs`, in training with noise; see `RateLayer`."""
        if self.noise_shape is None:
            return super().call(inputs, training)
        shape = ops.shape(inputs)
        sizes = list(zip(self.noise_shape, shape, strict=False))
        if len(shape) != len(self.noise_shape) or any(n not in (None, 1, m) for n, m in sizes[1:]):
            raise ValueError(
                f"the noise_shape of layer {self.name!r}, {self.noise_shape}, must fit its input. "
                f"Received: shape={shape}"
            )
        key = tuple(slice(0, 1) if n == 1 and m != 1 else slice(None) for n, m in sizes)
        return self._with_shared_noise(inputs, inputs[key], training)

    def _with_shared_noise(self, inputs: Any, some: Any, training: Any) -> Any:
        """Return `inputs` with a draw for each entry of `some`, their part along shared axes."""
        raise NotImplementedError


@registry.add()
class Dropout(SharedNoiseLayer):
    """Set inputs to 0 at random in training, and scale up the others.

    Parameters
    ----------
    rate : float or LearningRateSchedule
        Probability of 0, in [0, 1]. A schedule gives that of each training step of ``fit`` and
        ``train_on_batch``, less than 1; elsewhere the rate of the first step counts.
    noise_shape : tuple, default=None
        Shape of what is drawn, the batch's axis included: along an axis of size 1 all entries of
        the input share the draw. None stands for the input's size.
    seed : int, default=None
        Accepted for Keras's sake; the masks follow from the seed of the whole training.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If `rate` is outside [0, 1], or `noise_shape` holds anything but positive integers and
        None; when called, if it does not fit the input.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, 2014, "Dropout: a simple way to
    prevent neural networks from overfitting", in its inverted form.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Dropout(0.5)(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    _op = staticmethod(ops.dropout)

    @staticmethod
    def _checked_rate(rate: Any) -> Any:
        if isinstance(rate, Mapping):
            rate = schedules.deserialize(rate)
        schedule = isinstance(rate, schedules.LearningRateSchedule)
        return rate if schedule else checked_rate(rate, one=True)

    def _with_shared_noise(self, inputs: Any, some: Any, training: Any) -> Any:
        return inputs * RateLayer.call(self, ops.ones_like(some), training)


@registry.add()
class AlphaDropout(SharedNoiseLayer):
    """Silence units at random in training, and keep mean 0 and variance 1.

    A silenced unit gets the least value that SELU has.

    Parameters
    ----------
    rate : float
        In [0, 1).
    noise_shape : tuple, default=None
        As in `Dropout`.
    seed : int, default=None
        Accepted for Keras's sake; the noise follows from the seed of the whole training.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If `rate` is outside [0, 1), or `noise_shape` holds anything but positive integers and
        None; when called, if it does not fit the input.

    References
    ----------
    Klambauer, Unterthiner, Mayr and Hochreiter, 2017, "Self-normalizing neural networks".

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.AlphaDropout(0.5)(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    _op = staticmethod(ops.alpha_dropout)

    def _with_shared_noise(self, inputs: Any, some: Any, training: Any) -> Any:
        # What becomes of a zero: the offset, positive, if it is kept, less than 0 if not, and 0
        # at inference.
        drawn = RateLayer.call(self, ops.zeros_like(some), training)
        kept = ops.where(drawn > 0, inputs * alpha_affine(self.rate)[0] + drawn, inputs)
        return ops.where(drawn < 0, drawn, kept)


@registry.add()
class GaussianDropout(RateLayer):
    """Multiply inputs by normal noise of mean 1 and variance ``rate / (1 - rate)`` in training.

    Parameters
    ----------
    rate : float
        In [0, 1).
    seed : int, default=None
        Accepted for Keras's sake; the noise follows from the seed of the whole training.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If `rate` is outside [0, 1).

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, 2014, "Dropout: a simple way to
    prevent neural networks from overfitting", section 10.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.GaussianDropout(0.5)(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    _op = staticmethod(ops.gaussian_dropout)


@registry.add()
class GaussianNoise(Layer):
    """Add normal noise of mean 0 in training.

    Parameters
    ----------
    stddev : float
        Standard deviation of the noise, not negative.
    seed : int, default=None
        Accepted for Keras's sake; the noise follows from the seed of the whole training.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If `stddev` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.GaussianNoise(0.5)(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not is_number(stddev) or stddev < 0:
            raise ValueError(f"stddev must not be negative. Received: stddev={stddev!r}")
        self.stddev = float(stddev)
        self.seed = seed
        self._build_at_init()

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return `inputs`, in training with noise.

        Parameters
        ----------
        inputs : tensor or array
        training : bool, default=None
            None leaves it to the model; True adds noise at inference too.
        """
        arguments = random_arguments(training)
        if arguments is None:
            return inputs
        return ops.gaussian_noise(inputs, self.stddev, **arguments)
