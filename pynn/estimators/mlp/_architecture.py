"""Layers of an MLP estimator: from its parameters to layers and a `pynn.Model`, and back.

Weights and training do not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from pynn import activations, initializers, layers, models
from pynn._structure import leaves
from pynn._tracing import recording, tracing
from pynn.estimators._activation_names import ACTIVATION_NAMES
from pynn.ops import Tensor

# scikit-learn's names of activations that pynn calls otherwise.
_PYNN_NAMES = {"identity": "linear", "logistic": "sigmoid", "exp": "exponential"}
_SCIKIT_LEARN_NAMES = {name: given for given, name in _PYNN_NAMES.items()}
KNOWN_ACTIVATIONS = {*_PYNN_NAMES, *ACTIVATION_NAMES} - {"exp"}

_ZEROS = initializers.get("zeros")  # the estimator draws the weights itself

_PASSED_OVER = (layers.InputLayer, layers.Identity)

# How much of a batch normalization's moving moments stays at each step, and what is added to
# variances. An estimator takes fewer steps than Keras's 0.99 is made for: a few per epoch.
NORMALIZATION = (0.9, 1e-3)


class Architecture(NamedTuple):
    """Layers from the features to the outputs.

    Attributes
    ----------
    sizes : tuple of int
        Number of features, then the units of each hidden layer.
    heads : tuple of (int, str)
        Units and activation of each output layer; all of them follow the last hidden layer.
    activations : tuple of str or callable
        Of each hidden layer, in scikit-learn's or pynn's names.
    dropout : tuple of float
        Share of each hidden layer's outputs that is set to 0 in training.
    batch_norm : bool
        Whether a batch normalization precedes each hidden activation.
    dtype : {"float32", "float64"}
    normalization : tuple of float
        Momentum and epsilon of the batch normalizations.
    """

    sizes: tuple[int, ...]
    heads: tuple[tuple[int, str], ...]
    activations: tuple[Any, ...]
    dropout: tuple[float, ...]
    batch_norm: bool
    dtype: str
    normalization: tuple[float, float] = NORMALIZATION

    @property
    def weight_shapes(self) -> list[tuple[int, int]]:
        """Shapes (fan_in, fan_out) of the hidden layers, then of the heads."""
        hidden = list(pairwise(self.sizes))
        return hidden + [(self.sizes[-1], units) for units, _ in self.heads]


def activation_of(given: Any) -> Any:
    """Return pynn's function for a name of scikit-learn's or pynn's, or for a function.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    return activations.get(_PYNN_NAMES.get(given, given) if isinstance(given, str) else given)


def per_layer(name: str, given: Any, n_hidden: int) -> tuple[Any, ...]:
    """Return one value per hidden layer; a single one is for all.

    Raises
    ------
    ValueError
        If a list has not as many entries as there are hidden layers.
    """
    if not isinstance(given, (list, tuple, np.ndarray)):
        return (given,) * n_hidden
    if len(given) != n_hidden:
        raise ValueError(
            f"{name} must be a single value or have one for each of the {n_hidden} hidden layers. "
            f"Got {len(given)} values."
        )
    return tuple(given)


def check_chain(coefs: Sequence[Any], intercepts: Sequence[Any], n_heads: int) -> None:
    """Check that weights belong to layers of which each takes what the one before gives.

    The last `n_heads` of them all take what the last hidden layer gives.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the numbers of arrays differ.
    """
    shapes = [np.shape(c) for c in coefs]
    lengths = [np.shape(b) for b in intercepts]
    fits = len(shapes) >= n_heads and all(len(shape) == 2 for shape in shapes)
    fits = fits and lengths == [shape[1:] for shape in shapes]
    hidden = len(shapes) - n_heads
    fits = fits and all(left[1] == right[0] for left, right in pairwise(shapes[: hidden + 1]))
    fits = fits and len({shape[0] for shape in shapes[hidden:]}) == 1
    if not fits:
        raise ValueError(
            "coefs_ must be matrices of shapes (a, b), (b, c), ... and intercepts_ vectors of "
            f"shapes (b,), (c,), .... Received: coefs_ of shapes {shapes} and intercepts_ of "
            f"shapes {lengths}"
        )


class Stack(NamedTuple):
    """The layers of an architecture: the hidden ones, each fed by the one before, and the heads."""

    hidden: list[layers.Layer]
    heads: list[layers.Layer]

    @property
    def dense(self) -> list[layers.Dense]:
        """The layers that have kernels, those of the heads last."""
        return [layer for layer in (*self.hidden, *self.heads) if isinstance(layer, layers.Dense)]


def make_layers(architecture: Architecture) -> Stack:
    """Return the layers, which have no weights yet; kernels will begin with 0."""
    dtype = architecture.dtype
    hidden: list[layers.Layer] = []
    for i, units in enumerate(architecture.sizes[1:]):
        hidden += _hidden_layers(architecture, i, units)
    alone = len(architecture.heads) == 1
    heads: list[layers.Layer] = [
        _dense(units, activation_of(activation), dtype, "output" if alone else f"output_{i + 1}")
        for i, (units, activation) in enumerate(architecture.heads)
    ]
    return Stack(hidden, heads)


def connect(architecture: Architecture, stack: Stack) -> tuple[Tensor, list[Tensor]]:
    """Give the layers their weights; return the tensors of the features and of the outputs.

    The layers keep no record of it: such records are for models.

    Raises
    ------
    ValueError
        If an activation returns anything but a tensor of its input's shape.
    """
    features = x = Tensor((None, architecture.sizes[0]), architecture.dtype)
    width: int | None = None

    def apply(layer: layers.Layer, x: Tensor) -> Any:
        if not layer.built:
            layer.build(x.shape)
        return layer.call(x)

    with tracing(), recording():
        for layer in stack.hidden:
            x = apply(layer, x)
            width = layer.units if isinstance(layer, layers.Dense) else width
            if not isinstance(x, Tensor) or x.shape != (None, width):
                raise ValueError(
                    f"activation must return a tensor of its input's shape, {(None, width)}. "
                    f"Received: {x!r}"
                )
        return features, [apply(head, x) for head in stack.heads]


def build(architecture: Architecture, stack: Stack) -> models.Model:
    """Return a model of these layers."""
    hidden, heads = stack
    inputs = layers.Input((architecture.sizes[0],), dtype=architecture.dtype)
    if len(heads) == 1:
        return models.Sequential([inputs, *hidden, *heads], name="mlp")
    x = inputs
    for layer in hidden:
        x = layer(x)
    return models.Model(inputs, [head(x) for head in heads], name="mlp")


def _hidden_layers(architecture: Architecture, i: int, units: int) -> list[layers.Layer]:
    activation = activation_of(architecture.activations[i])
    dtype, name = architecture.dtype, f"hidden_{i + 1}"
    if architecture.batch_norm:
        momentum, epsilon = architecture.normalization
        stack = [
            _dense(units, None, dtype, name),
            layers.BatchNormalization(
                momentum=momentum, epsilon=epsilon, dtype=dtype, name=f"{name}_normalization"
            ),
            layers.Activation(activation, dtype=dtype, name=f"{name}_activation"),
        ]
    else:
        stack = [_dense(units, activation, dtype, name)]
    rate = float(architecture.dropout[i])
    if rate:
        stack.append(layers.Dropout(rate, dtype=dtype, name=f"{name}_dropout"))
    return stack


def _dense(units: int, activation: Any, dtype: str, name: str) -> layers.Dense:
    return layers.Dense(
        int(units),
        activation=activation,
        kernel_initializer=_ZEROS,
        bias_initializer=_ZEROS,
        dtype=dtype,
        name=name,
    )


# From a model to parameters.


_ANY_MODEL = (
    "pynn.wrappers.SKLearnClassifier.from_model and SKLearnRegressor.from_model take any model of "
    "one input and one output"
)


class ModelLayers(NamedTuple):
    """What a chain of layers is, in an estimator's terms.

    Attributes
    ----------
    n_features, n_outputs : int
    out_activation : str
    parameters : dict
        ``hidden_layer_sizes``, ``activation``, ``dropout``, ``batch_norm`` and ``dtype``.
    normalization : tuple of float
        Momentum and epsilon of the batch normalizations.
    """

    n_features: int
    n_outputs: int
    out_activation: str
    parameters: dict[str, Any]
    normalization: tuple[float, float]


class _Block:
    """A dense layer, and what follows it up to the next one."""

    def __init__(self, dense: layers.Dense) -> None:
        self.units = dense.units
        self.activation = dense.activation
        self.normalization: tuple[float, float] | None = None
        self.dropout = 0.0

    def add(self, layer: layers.Layer) -> bool:
        """Take up a layer; return whether it can stand here."""
        plain = self.activation is activations.linear and not self.dropout
        if isinstance(layer, layers.Activation) and plain:
            self.activation = layer.activation
            return True
        if isinstance(layer, layers.BatchNormalization) and plain and not self.normalization:
            self.normalization = (float(layer.momentum), float(layer.epsilon))
            return bool(layer.scale and layer.center) and _is_free(layer)
        if type(layer) is layers.Dropout and not self.dropout:
            self.dropout = layer.rate
            return True
        return False


def read_layers(model: models.Model) -> ModelLayers:
    """Return what a model's layers come to.

    Parameters
    ----------
    model : pynn.Model
        Built, of one input and one output; dense layers with biases one after the other, each
        followed by at most a `BatchNormalization`, an `Activation` and a `Dropout`, in this order.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if not isinstance(model, models.Model) or model._interface is None:
        raise ValueError(f"from_model takes a pynn.Model that has been built. Received: {model!r}")
    _check_is_chain(model)
    blocks: list[_Block] = []
    for layer in model.operations:
        if isinstance(layer, _PASSED_OVER):
            continue
        if type(layer) is layers.Dense and layer.use_bias and _is_free(layer):
            blocks.append(_Block(layer))
        elif not blocks or not blocks[-1].add(layer):
            raise ValueError(
                f"layer {layer.name!r} ({type(layer).__name__}) has no place in an MLP estimator: "
                "dense layers with biases may be followed by a BatchNormalization, an Activation "
                "and a Dropout, in this order; none is frozen, regularized or constrained. "
                f"{_ANY_MODEL}"
            )
    hidden, output = blocks[:-1], blocks[-1]
    if output.normalization or output.dropout:
        raise ValueError(
            f"the output layer of an MLP estimator is neither normalized nor dropped. {_ANY_MODEL}"
        )
    normalizations = {block.normalization for block in hidden}
    if len(normalizations) > 1:
        raise ValueError(
            "either all hidden layers of an MLP estimator are normalized, and alike, or none is. "
            f"{_ANY_MODEL}"
        )
    normalization = normalizations.pop() if hidden else None
    return ModelLayers(
        n_features=int(model.input_shape[1]),
        n_outputs=output.units,
        out_activation=str(_name_of(output.activation)),
        parameters={
            "hidden_layer_sizes": tuple(block.units for block in hidden),
            "activation": _common([_name_of(block.activation) for block in hidden], "relu"),
            "dropout": _common([block.dropout for block in hidden], 0.0),
            "batch_norm": normalization is not None,
            "dtype": model.dtype,
        },
        normalization=normalization or NORMALIZATION,
    )


def _is_free(layer: layers.Layer) -> bool:
    """Whether a layer's weights are trained, and by the loss alone."""
    weights = (*layer.trainable_weights, *layer.non_trainable_weights)
    held = [getattr(w, part) for w in weights for part in ("regularizer", "constraint")]
    return layer.trainable and not any([layer.activity_regularizer, *held])


def _check_is_chain(model: models.Model) -> None:
    network = model._call_graph
    fits = len(model.inputs) == len(model.outputs) == 1 and len(model.inputs[0].shape) == 2
    if network is None:
        fits = False
    elif fits:
        tensor = model.inputs[0]
        calls = [call for call in network.calls if call.inputs]
        fits = len({id(call.layer) for call in calls}) == len(calls)
        for call in calls:
            fits = fits and len(call.inputs) == 1 and call.inputs[0] is tensor
            tensor = leaves(call.outputs)[0]
    if not fits:
        raise ValueError(
            f"model {model.name!r} must be a chain of layers, from one input of rows to one "
            f"output, to become an MLP estimator. {_ANY_MODEL}"
        )


def _name_of(activation: Any) -> Any:
    """Return scikit-learn's or pynn's name of an activation; a function of the user's as it is."""
    name = getattr(activation, "__name__", None)
    if name is None or getattr(activations, name, None) is not activation:
        return activation
    return _SCIKIT_LEARN_NAMES.get(name, name)


def _common(values: list[Any], default: Any) -> Any:
    """Return the value that all have, or else the list of them."""
    if not values:
        return default
    return values[0] if all(value == values[0] for value in values) else values
