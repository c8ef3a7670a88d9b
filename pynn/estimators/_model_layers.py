"""Reading a `pynn.Model` as the parameters of an MLP estimator."""

from __future__ import annotations

from typing import Any, NamedTuple

from pynn import activations, layers, models
from pynn._structure import leaves

_SCIKIT_LEARN_NAMES = {"linear": "identity", "sigmoid": "logistic", "exponential": "exp"}
_PASSED_OVER = (layers.InputLayer, layers.Identity)


class ModelLayers(NamedTuple):
    """What a chain of layers is, in an estimator's terms.

    Attributes
    ----------
    n_features, n_outputs : int
    out_activation : str
    parameters : dict
        ``hidden_layer_sizes``, ``activation``, ``dropout``, ``batch_norm`` and ``dtype``.
    """

    n_features: int
    n_outputs: int
    out_activation: str
    parameters: dict[str, Any]


class _Block:
    """A dense layer, and what follows it up to the next one."""

    def __init__(self, dense: layers.Dense) -> None:
        self.units = dense.units
        self.activation = dense.activation
        self.normalized = False
        self.dropout = 0.0

    def add(self, layer: Any) -> bool:
        """Take up a layer; return whether it can stand here."""
        plain = self.activation is activations.linear and not self.dropout
        if isinstance(layer, layers.Activation) and plain:
            self.activation = layer.activation
            return True
        if isinstance(layer, layers.BatchNormalization) and plain and not self.normalized:
            self.normalized = True
            return bool(layer.scale and layer.center and layer.trainable)
        if type(layer) is layers.Dropout and not self.dropout:
            self.dropout = layer.rate
            return True
        return False


def read_layers(model: Any) -> ModelLayers:
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
    _check_chain(model)
    blocks: list[_Block] = []
    for layer in model.layers:
        if isinstance(layer, _PASSED_OVER):
            continue
        if type(layer) is layers.Dense and layer.use_bias:
            blocks.append(_Block(layer))
        elif not blocks or not blocks[-1].add(layer):
            raise ValueError(
                f"layer {layer.name!r} ({type(layer).__name__}) has no place in an MLP estimator: "
                "dense layers with biases may be followed by a BatchNormalization, an Activation "
                "and a Dropout, in this order"
            )
    hidden, output = blocks[:-1], blocks[-1]
    if output.normalized or output.dropout:
        raise ValueError("the output layer of an MLP estimator is neither normalized nor dropped")
    if len({block.normalized for block in hidden}) > 1:
        raise ValueError("either all hidden layers of an MLP estimator are normalized, or none is")
    return ModelLayers(
        n_features=int(model.inputs[0].shape[1]),
        n_outputs=output.units,
        out_activation=str(_name_of(output.activation)),
        parameters={
            "hidden_layer_sizes": tuple(block.units for block in hidden),
            "activation": _common([_name_of(block.activation) for block in hidden], "relu"),
            "dropout": _common([block.dropout for block in hidden], 0.0),
            "batch_norm": bool(hidden) and hidden[0].normalized,
            "dtype": model.dtype,
        },
    )


def _check_chain(model: Any) -> None:
    network = model._call_graph
    fits = network is not None and len(model.inputs) == len(model.outputs) == 1
    fits = fits and len(model.inputs[0].shape) == 2
    if fits:
        tensor = model.inputs[0]
        calls = [call for call in network.calls if call.inputs]
        fits = len({id(call.layer) for call in calls}) == len(calls)
        for call in calls:
            fits = fits and len(call.inputs) == 1 and call.inputs[0] is tensor
            tensor = next(leaves(call.outputs))
    if not fits:
        raise ValueError(
            f"model {model.name!r} must be a chain of layers, from one input of rows to one "
            "output, to become an MLP estimator"
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
