"""`BatchNormalization`: inputs of zero mean and unit variance, batch by batch."""

from __future__ import annotations

from typing import Any

from pynn import constraints, initializers, ops, regularizers
from pynn._number_checks import is_integer, is_number
from pynn._tracing import TrainingFlag
from pynn.layers._config import registry
from pynn.layers._layer import Layer
from pynn.layers._moved_axes import with_axes_last

__all__ = ["BatchNormalization"]


@registry.add()
class BatchNormalization(Layer):
    """Normalize each feature over the batch in training, by moving averages at inference.

    A frozen layer (``trainable = False``) uses the moving averages in training too.

    Parameters
    ----------
    axis : int, default=-1
        The axis of the features.
    momentum : float, default=0.99
        How much of the moving averages a step keeps.
    epsilon : float, default=1e-3
        Added to the variance.
    center, scale : bool, default=True
        Whether to add `beta`, and to multiply by `gamma`.
    beta_initializer, gamma_initializer : initializer, default="zeros", "ones"
    moving_mean_initializer, moving_variance_initializer : initializer, default="zeros", "ones"
    beta_regularizer, gamma_regularizer : regularizer, default=None
    beta_constraint, gamma_constraint : constraint, default=None
    **kwargs
        ``name``, ``trainable``, ``dtype`` and ``input_shape`` of `Layer`.

    Attributes
    ----------
    gamma, beta : Weight, shape (features,), or None
    moving_mean, moving_variance : Weight, shape (features,)
        Not trainable.

    References
    ----------
    Ioffe and Szegedy, 2015, "Batch normalization: accelerating deep network training by reducing
    internal covariate shift". The moving variance is of the biased kind, as in Keras.

    Examples
    --------
    >>> from pynn import layers
    >>> layer = layers.BatchNormalization()
    >>> layer.build((None, 3))
    >>> [weight.name for weight in layer.weights]
    ['gamma', 'beta', 'moving_mean', 'moving_variance']
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(axis, (list, tuple)) and len(axis) == 1:
            axis = axis[0]
        if not is_number(momentum) or not 0 <= momentum <= 1:
            raise ValueError(f"momentum must be in [0, 1]. Received: momentum={momentum!r}")
        if not is_number(epsilon) or not epsilon >= 0:
            raise ValueError(f"epsilon must not be negative. Received: epsilon={epsilon!r}")
        self.axis = int(axis) if is_integer(axis) else axis
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.gamma: Any = None
        self.beta: Any = None
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of that shape."""
        rank = len(input_shape)
        axis = self.axis
        usable = is_integer(axis) and -rank <= axis < rank and axis % rank != 0
        if not usable or input_shape[axis] is None:
            raise ValueError(
                f"the axis of layer {self.name!r} must be one of known size other than the batch. "
                f"Received: axis={axis} for input_shape={input_shape}"
            )
        names = ["gamma"] * self.scale + ["beta"] * self.center + ["moving_mean", "moving_variance"]
        for name in names:
            weight = self.add_weight(
                shape=(input_shape[axis],),
                initializer=getattr(self, f"{name}_initializer"),
                trainable=not name.startswith("moving"),
                regularizer=getattr(self, f"{name}_regularizer", None),
                constraint=getattr(self, f"{name}_constraint", None),
                name=name,
            )
            setattr(self, name, weight)
        self.built = True

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return the normalized inputs.

        Parameters
        ----------
        inputs : tensor or array, shape (batch, ..., features)
        training : bool, default=None
            None leaves it to the model.
        """
        undecided = training is None or isinstance(training, TrainingFlag)
        inference_only = training is not None and not undecided and not training

        def normalize(x: Any) -> Any:
            return ops.normalize_batch(
                x,
                self.moving_mean,
                self.moving_variance,
                self.gamma,
                self.beta,
                momentum=self.momentum,
                epsilon=self.epsilon,
                frozen=lambda: inference_only or not self.trainable,
                training=not undecided and bool(training),
            )

        return with_axes_last(normalize, inputs, [self.axis % ops.ndim(inputs)])
