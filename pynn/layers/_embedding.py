"""`Embedding`: a vector for each of some whole numbers."""

from __future__ import annotations

from typing import Any

from pynn import constraints, initializers, ops, regularizers
from pynn._number_checks import checked_size
from pynn._user_warning import warn_user
from pynn.layers._config import registry
from pynn.layers._layer import Layer

__all__ = ["Embedding"]


@registry.add()
class Embedding(Layer):
    """Look up a vector, which is learned, for each whole number.

    A step of plain SGD or Adagrad, or of an optimizer with ``lazy=True``, costs what the batch's
    numbers do, however many vectors there are. Other optimizers change all of them at each step,
    as their means go on, and so do a regularizer and weight decay; for a constraint, for clipping
    by norm, and where several calls share the layer, all are read, too. A model computes in
    float32, where `input_dim` may be up to 2**24, or in float64.

    Parameters
    ----------
    input_dim : int
        How many numbers there are: they go from 0 to ``input_dim - 1``.
    output_dim : int
        Length of a vector.
    embeddings_initializer : initializer, default="uniform"
    embeddings_regularizer : regularizer, default=None
    embeddings_constraint : constraint, default=None
    mask_zero : bool, default=False
        Whether 0 stands for no entry, of which `compute_mask` says where it does. Nothing else uses
        that, and a warning says so: losses and metrics count such entries as any others.
    weights : array-like, shape (input_dim, output_dim), default=None
        The vectors to begin with, in place of the initializer's; also a list with that array.
    input_length : int, default=None
        Accepted for Keras's sake.
    **kwargs
        ``name``, ``trainable``, ``dtype`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If a size is not a positive integer.
    IndexError
        When computed, if a number is out of range, or no whole number. Training with one in its
        data ends before the epoch has changed anything.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Embedding(10, 3)(np.array([[1, 2]])).shape
    (1, 2, 3)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "random_uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        input_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        if input_length is not None:
            kwargs.setdefault("input_shape", (input_length,))
        super().__init__(**kwargs)
        self.input_dim = checked_size("input_dim", input_dim)
        self.output_dim = checked_size("output_dim", output_dim)
        if embeddings_initializer == "uniform":
            embeddings_initializer = "random_uniform"
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = bool(mask_zero)
        if self.mask_zero:
            warn_user(
                f"layer {self.name!r} is to mask 0, and pynn's layers, losses and metrics use no "
                "masks: they count what is 0 as any other entry"
            )
        self.embeddings: Any = None
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) else [weights])

    def build(self, input_shape: Any = None) -> None:
        """Make the vectors."""
        self.embeddings = self.add_weight(
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            name="embeddings",
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the vectors, along a new last axis."""
        return ops.take(self.embeddings, inputs, axis=0, wraps=False)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return where `inputs` are not 0, with `mask_zero`, or else None."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
        }
