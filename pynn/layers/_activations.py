"""Activations as layers: any function, and those with arguments of their own."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from pynn import activations, constraints, initializers, ops, regularizers
from pynn._number_checks import is_integer, is_number
from pynn._shape_rules import normalize_axes
from pynn._user_warning import warn_user
from pynn.layers._config import registry
from pynn.layers._layer import Layer
from pynn.layers._moved_axes import with_axes_last

__all__ = ["Activation", "ELU", "LeakyReLU", "PReLU", "ParametricActivation", "ReLU", "Softmax"]


@registry.add()
class Activation(Layer):
    """Apply an activation function.

    Parameters
    ----------
    activation : str or callable
        A name that `pynn.activations.get` knows, or a function of a tensor.
    **kwargs
        ``name``, ``dtype`` and ``input_shape`` of `Layer`.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.Activation("relu")([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the activation of `inputs`."""
        return self.activation(inputs)


@registry.add()
class ReLU(Layer):
    """Return ``max(x, 0)``, or one of its variants.

    Parameters
    ----------
    max_value : float, default=None
        Ceiling of the output.
    negative_slope : float, default=0.0
        Slope below the threshold.
    threshold : float, default=0.0
        What is not above it counts as below.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If one of the three is negative.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.ReLU(max_value=3.0)([[-1.0, 2.0, 5.0]])
    array([[0., 2., 3.]], dtype=float32)
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (
            ("max_value", max_value),
            ("negative_slope", negative_slope),
            ("threshold", threshold),
        ):
            if (value is None and name != "max_value") or (value is not None and not value >= 0):
                raise ValueError(f"{name} must not be negative. Received: {name}={value!r}")
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the rectified inputs."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


@registry.add()
class LeakyReLU(Layer):
    """Return `x` where it is positive and ``negative_slope * x`` elsewhere.

    Parameters
    ----------
    negative_slope : float, default=0.3
        Called ``alpha`` in older code, which is accepted with a warning.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If the slope is negative or None.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.LeakyReLU(negative_slope=0.5)([[-2.0, 1.0]])
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
            warn_user(
                "LeakyReLU's argument alpha is now called negative_slope",
                FutureWarning,
            )
        super().__init__(**kwargs)
        if not is_number(negative_slope) or not negative_slope >= 0:
            raise ValueError(
                f"negative_slope must not be negative. Received: negative_slope={negative_slope!r}"
            )
        self.negative_slope = float(negative_slope)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the activation of `inputs`."""
        return ops.apply_activation("leaky_relu", inputs, alpha=self.negative_slope)


@registry.add()
class PReLU(Layer):
    """Return `x` where it is positive and ``alpha * x`` elsewhere; `alpha` is learned.

    Parameters
    ----------
    alpha_initializer : initializer, default="zeros"
    alpha_regularizer : regularizer, default=None
    alpha_constraint : constraint, default=None
    shared_axes : list of int, default=None
        Axes along which slopes are the same.
    **kwargs
        ``name``, ``trainable``, ``dtype`` and ``input_shape`` of `Layer`.

    References
    ----------
    He, Zhang, Ren and Sun, 2015, "Delving deep into rectifiers".

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.PReLU(alpha_initializer="ones")(np.array([[-2.0, 1.0]]))
    array([[-2.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        shared = [shared_axes] if is_integer(shared_axes) else shared_axes
        self.shared_axes = None if shared is None else [int(axis) for axis in shared]
        self.alpha: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the slopes for inputs of that shape."""
        size = list(input_shape[1:])
        for axis in self.shared_axes or ():
            size[axis - 1] = 1
        self.alpha = self.add_weight(
            shape=tuple(size),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the activation of `inputs`."""
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)


@registry.add()
class ELU(Layer):
    """Return `x` where it is positive and ``alpha * (exp(x) - 1)`` elsewhere.

    Parameters
    ----------
    alpha : float, default=1.0
        What the output tends to on the negative side, with its sign changed.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    References
    ----------
    Clevert, Unterthiner and Hochreiter, 2016, "Fast and accurate deep network learning by
    exponential linear units (ELUs)".

    Examples
    --------
    >>> from pynn import layers
    >>> layers.ELU()([[0.0, 1.0]])
    array([[0., 1.]], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = float(alpha)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the activation of `inputs`."""
        return ops.apply_activation("elu", inputs, alpha=self.alpha)


# Far below what any input is, and within float32.
_MASKED = -1e30


@registry.add()
class Softmax(Layer):
    """Return ``exp(x)`` divided by its sum along an axis, or along several together.

    Parameters
    ----------
    axis : int or list of int, default=-1
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.Softmax()([[1.0, 1.0]])
    array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = list(axis) if isinstance(axis, Sequence) else operator.index(axis)
        self._build_at_init()

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Return the probabilities.

        Parameters
        ----------
        inputs : tensor or array
        mask : tensor or array, default=None
            Broadcast to the shape of `inputs`: what is 0 there gets the probability 0.
        """
        if mask is None:
            return self._softmax(inputs)
        shape, given = ops.shape(inputs), ops.shape(mask)
        sizes = zip(reversed(given), reversed(shape), strict=False)
        if len(given) > len(shape) or any(n not in (1, m) for n, m in sizes):
            raise ValueError(
                f"the mask of layer {self.name!r} must be broadcastable to its inputs. "
                f"Received: mask.shape={given}, inputs.shape={shape}"
            )
        kept = ops.cast(mask, self.dtype)
        # What is masked vanishes beside the rest; where all is, the product is 0.
        masked = ops.multiply(ops.subtract(1.0, kept), _MASKED)
        return self._softmax(ops.cast(inputs, self.dtype) + masked) * kept

    def _softmax(self, inputs: Any) -> Any:
        rank = ops.ndim(inputs)
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        axes = list(normalize_axes(axes, rank))
        if len(axes) > 1:
            inputs = ops.cast(inputs, self.dtype)
            return ops.exp(inputs - ops.logsumexp(inputs, axis=tuple(axes), keepdims=True))
        return with_axes_last(ops.softmax, inputs, axes)


@registry.add(example={"activation": "selu"}, keras=False)
class ParametricActivation(Layer):
    """Apply an activation to a degree that each feature learns: ``x + (f(x) - x) * degree``.

    Parameters
    ----------
    activation : str or callable
        The ``f``: a name that `pynn.activations.get` knows, or a function of a tensor.
    degree_initializer : initializer, default="ones"
        Zeros leave inputs as they are, ones apply the activation in full.
    **kwargs
        ``name``, ``dtype``, ``input_shape`` and ``learning_rate_factors`` of `Layer`.

    Attributes
    ----------
    degree : Weight, shape (features,)

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, 2024, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data".

    Examples
    --------
    >>> from pynn import layers
    >>> layers.ParametricActivation("relu")([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    >>> layers.ParametricActivation("relu", degree_initializer="zeros")([[-1.0, 2.0]])
    array([[-1.,  2.]], dtype=float32)
    """

    def __init__(self, activation: Any, degree_initializer: Any = "ones", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.degree_initializer = initializers.get(degree_initializer)
        self.degree: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the degrees for inputs of that shape."""
        self.degree = self.add_weight(
            shape=(input_shape[-1],), initializer=self.degree_initializer, name="degree"
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs, activated to their degrees."""
        return ops.lerp(inputs, self.activation(inputs), self.degree)
