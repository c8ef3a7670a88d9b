"""`MLP`: a `Sequential` of dense layers in one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pynn import activations, layers
from pynn.models._functional_config import CLASSES
from pynn.models._sequential import Sequential


class MLP(Sequential):
    """A multilayer perceptron: dense layers of given sizes, one after the other.

    Parameters
    ----------
    hidden : int or sequence of int
        Units of each hidden layer; ``()`` for none.
    outputs : int
        Units of the output layer.
    activation : str or callable, default="relu"
        Of the hidden layers.
    output_activation : str or callable, default=None
        Of the output layer: ``"softmax"`` for classes that exclude each other, ``"sigmoid"`` for
        those that do not, None for numbers.
    input_shape : int or tuple of int, default=None
        Shape of one row, flattened first if it has several axes. None leaves the model to be built
        when it first meets data.
    kernel_initializer : initializer, default=None
        None stands for He's normal one for rectifiers and Glorot's uniform one otherwise.
    kernel_regularizer : regularizer, default=None
        Of the hidden layers and the output layer.
    dropout : float, default=0.0
        Rate of a `Dropout` after each hidden layer.
    batch_normalization : bool, default=False
        Whether a `BatchNormalization` precedes the activation of each hidden layer.
    dtype : {"float32", "float64"}, default=None
    name : str, default=None

    Raises
    ------
    ValueError
        If a size is not a positive integer or a name is unknown.

    Examples
    --------
    >>> import pynn
    >>> model = pynn.MLP((300, 100), 10, output_activation="softmax", input_shape=(28, 28))
    >>> model.count_params()
    266610
    """

    def __init__(
        self,
        hidden: int | Sequence[int],
        outputs: int,
        activation: Any = "relu",
        output_activation: Any = None,
        *,
        input_shape: Any = None,
        kernel_initializer: Any = None,
        kernel_regularizer: Any = None,
        dropout: float = 0.0,
        batch_normalization: bool = False,
        dtype: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        sizes = list(hidden) if hasattr(hidden, "__iter__") else [hidden]
        found = activations.get(activation)
        if kernel_initializer is None:
            rectifiers = (activations.relu, activations.leaky_relu, activations.elu)
            kernel_initializer = "he_normal" if found in rectifiers else "glorot_uniform"
        dense: dict[str, Any] = {
            "kernel_initializer": kernel_initializer,
            "kernel_regularizer": kernel_regularizer,
            "dtype": dtype,
        }
        stack: list[Any] = []
        if input_shape is not None:
            inputs = layers.InputLayer(input_shape, dtype=dtype)
            stack.append(inputs)
            if len(inputs.shape) > 1:
                stack.append(layers.Flatten())
        for units in sizes:
            if batch_normalization:
                stack.append(layers.Dense(units, use_bias=False, **dense))
                stack.append(layers.BatchNormalization(dtype=dtype))
                stack.append(layers.Activation(found, dtype=dtype))
            else:
                stack.append(layers.Dense(units, activation=found, **dense))
            if dropout:
                stack.append(layers.Dropout(dropout, dtype=dtype))
        output = {**dense, "kernel_initializer": "glorot_uniform"}
        stack.append(layers.Dense(outputs, activation=output_activation, **output))
        super().__init__(stack, name=name, trainable=trainable)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Build the model as a `Sequential` of the layers in the config."""
        return Sequential.from_config(config, custom_objects)


CLASSES["MLP"] = MLP
