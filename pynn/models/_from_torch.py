"""`from_torch`: a model from a module of PyTorch's, which is not imported here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from pynn import activations, layers, ops
from pynn.models._model import Model

# For a module and the tensor that comes: a class of layers, its arguments, and the layer's weights.
_Made = tuple[type[layers.Layer], dict[str, Any], list[Any]]


def from_torch(module: Any, input_shape: Sequence[int] | None = None) -> Model:
    """Make a model of a ``torch.nn.Sequential``, or of one of PyTorch's modules alone.

    These are read: ``Linear``, ``Embedding``, ``BatchNorm1d``, ``LayerNorm``, ``RMSNorm``,
    ``Dropout``, ``AlphaDropout``, ``Flatten``, ``Unflatten``, ``Identity``, all of PyTorch's
    activations of one tensor that are not random, and ``Sequential`` within ``Sequential``.

    Parameters
    ----------
    module : torch.nn.Module
        In either mode: the model does in `predict` what the module does after ``eval()``.
    input_shape : sequence of int, default=None
        Of a row. None takes it from the first module with weights, and a flat row before
        ``Flatten``; an ``Embedding`` does not know it.

    Returns
    -------
    Model
        With weights of its own, in float64 if the module has any in that, else in float32.

    Raises
    ------
    TypeError
        If it is no such module, or has a ``forward()`` or hooks of its own. What has can be written
        by ``torch.onnx.export`` and be read by `from_onnx`.
    ValueError
        If `input_shape` is missing, or a module has a setting that is not read.

    Examples
    --------
    >>> import pynn
    >>> from torch import nn  # doctest: +SKIP
    >>> net = nn.Sequential(nn.Linear(8, 30), nn.ReLU(), nn.Linear(30, 1))  # doctest: +SKIP
    >>> model = pynn.models.from_torch(net)  # doctest: +SKIP
    """
    parts = list(_parts_of(module))
    weights = module.state_dict().values()
    dtype = "float64" if any(str(w.dtype) == "torch.float64" for w in weights) else "float32"
    row = _row_of(parts) if input_shape is None else tuple(input_shape)
    first = next((kind for kind, _ in parts if kind in _LAYERS), None)
    inputs = layers.Input(row, dtype="int64" if first == "Embedding" else dtype)
    known: dict[int, layers.Layer] = {}  # of modules that stand at several places
    x = inputs
    for kind, part in parts:
        if kind in _FUNCTIONS:
            x = _FUNCTIONS[kind](part, x)
        elif id(part) in known:
            x = known[id(part)](x)
        else:
            cls, arguments, arrays = _LAYERS[kind](part, x)
            known[id(part)] = layer = cls(**arguments, dtype=dtype)
            x = layer(x)
            given = [_array(each) for each in arrays if each is not None]
            if given:
                layer.set_weights(given)
    return Model(inputs, x)


def _parts_of(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield what is computed one after the other, with the names of PyTorch's classes.

    Raises
    ------
    TypeError
        If something is of another kind.
    """
    kind = _kind_of(module)
    if kind == "Sequential":
        for child in module:
            yield from _parts_of(child)
    elif kind in _LAYERS or kind in _FUNCTIONS:
        yield kind, module
    else:
        raise TypeError(
            "from_torch takes a torch.nn.Sequential of "
            f"{', '.join(sorted([*_LAYERS, *_FUNCTIONS]))}, without a forward() or hooks of their "
            "own; write other modules with torch.onnx.export and read them with from_onnx. "
            f"Received: {type(module).__name__}"
        )


def _kind_of(module: Any) -> str:
    """Return the name of the class of PyTorch's that computes a module, "" if there is none."""
    own: Any = type(module)
    hooks = ("_forward_hooks", "_forward_pre_hooks")
    for base in own.__mro__:
        if base.__module__.startswith("torch.nn.modules."):
            if own.forward is base.forward and not any(getattr(module, each) for each in hooks):
                return base.__name__
            break
    return ""


def _row_of(parts: Sequence[tuple[str, Any]]) -> tuple[int, ...]:
    for kind, part in parts:
        if kind == "Linear":
            return (part.in_features,)
        if kind == "BatchNorm1d":
            return (part.num_features,)
        if kind in ("LayerNorm", "RMSNorm"):
            return tuple(part.normalized_shape)
        if kind in ("Embedding", "GLU", "Unflatten"):
            break
    raise ValueError("input_shape, of a row, must be given: the module does not say it")


def _array(tensor: Any) -> np.ndarray:
    """Return a tensor's numbers; NumPy has no bfloat16."""
    return tensor.detach().cpu().double().numpy()


# ---- what has weights, or is random in training


def _linear(module: Any, x: Any) -> _Made:
    arguments = {"units": module.out_features, "use_bias": module.bias is not None}
    return layers.Dense, arguments, [module.weight.T, module.bias]


def _embedding(module: Any, x: Any) -> _Made:
    if module.max_norm is not None:
        raise ValueError(f"an Embedding with max_norm cannot be read. Received: {module.max_norm}")
    arguments = {"input_dim": module.num_embeddings, "output_dim": module.embedding_dim}
    return layers.Embedding, arguments, [module.weight]


def _batch_norm(module: Any, x: Any) -> _Made:
    if module.running_mean is None:
        raise ValueError("a BatchNorm1d without running statistics depends on the batch")
    momentum = 1.0 - (0.1 if module.momentum is None else module.momentum)
    arguments = {"axis": 1, "momentum": momentum, **_affine(module)}
    arrays = [module.weight, module.bias, module.running_mean, module.running_var]
    return layers.BatchNormalization, arguments, arrays


def _layer_norm(module: Any, x: Any) -> _Made:
    arguments = {"axis": _last_axes(module), **_affine(module)}
    return layers.LayerNormalization, arguments, [module.weight, module.bias]


def _affine(module: Any) -> dict[str, Any]:
    return {
        "epsilon": module.eps,
        "scale": module.weight is not None,
        "center": module.bias is not None,
    }


def _last_axes(module: Any) -> list[int]:
    return list(range(-len(module.normalized_shape), 0))


def _rms_norm(module: Any, x: Any) -> _Made:
    epsilon = float(np.finfo(x.dtype).eps) if module.eps is None else module.eps
    # The layer has a scale in any case: without one in the module it stays as it begins, at 1.
    arguments = {"axis": _last_axes(module), "epsilon": epsilon}
    return layers.RMSNormalization, arguments, [module.weight]


def _prelu(module: Any, x: Any) -> _Made:
    # One slope for each channel, the first axis of a row, or one for all.
    axes = list(range(2 if module.num_parameters > 1 else 1, len(x.shape)))
    slopes = module.weight.reshape(-1, *[1] * (len(x.shape) - 2))
    return layers.PReLU, {"shared_axes": axes or None}, [slopes]


_LAYERS: dict[str, Callable[[Any, Any], _Made]] = {
    "Linear": _linear,
    "Embedding": _embedding,
    "BatchNorm1d": _batch_norm,
    "LayerNorm": _layer_norm,
    "RMSNorm": _rms_norm,
    "PReLU": _prelu,
    "Dropout": lambda module, x: (layers.Dropout, {"rate": module.p}, []),
    "AlphaDropout": lambda module, x: (layers.AlphaDropout, {"rate": module.p}, []),
}


# ---- what has none


def _flatten(module: Any, x: Any) -> Any:
    rank, row = len(x.shape), list(x.shape[1:])
    start, end = module.start_dim % rank - 1, module.end_dim % rank
    if start < 0:
        raise ValueError("a Flatten that joins rows of the batch cannot be read")
    return _reshaped(x, [*row[:start], math.prod(row[start:end]), *row[end:]])


def _unflatten(module: Any, x: Any) -> Any:
    row = list(x.shape[1:])
    place = module.dim % len(x.shape) - 1 if isinstance(module.dim, int) else -1
    if place < 0:
        raise ValueError(f"Unflatten must take apart an axis of rows. Received: dim={module.dim!r}")
    return _reshaped(x, [*row[:place], *module.unflattened_size, *row[place + 1 :]])


def _reshaped(x: Any, row: Sequence[int]) -> Any:
    if list(x.shape[1:]) == list(row):
        return x
    return layers.Flatten()(x) if len(row) == 1 else layers.Reshape(tuple(row))(x)


def _axis(module: Any, x: Any) -> int:
    """Return the axis of a Softmax; PyTorch's own choice for None is that of matrices."""
    axis = 1 if module.dim is None and len(x.shape) == 2 else module.dim
    if axis is None or axis % len(x.shape) == 0:
        raise ValueError(
            f"{type(module).__name__} must be along an axis of rows. Received: dim={module.dim}"
        )
    return int(axis)


def _hardtanh(module: Any, x: Any) -> Any:
    return ops.clip(x, module.min_val, module.max_val)


def _softplus(module: Any, x: Any) -> Any:
    if module.beta == 1:
        return _plain("softplus")(module, x)
    return activations.softplus(x * module.beta) / module.beta


def _plain(name: str) -> Callable[[Any, Any], Any]:
    return lambda module, x: layers.Activation(name)(x)


_FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "Identity": lambda module, x: x,
    "Flatten": _flatten,
    "Unflatten": _unflatten,
    "ReLU": _plain("relu"),
    "ReLU6": _plain("relu6"),
    "SELU": _plain("selu"),
    "SiLU": _plain("silu"),
    "Mish": _plain("mish"),
    "Tanh": _plain("tanh"),
    "Sigmoid": _plain("sigmoid"),
    "Softsign": _plain("softsign"),
    "LogSigmoid": _plain("log_sigmoid"),
    "Hardsigmoid": _plain("hard_sigmoid"),
    "Hardswish": _plain("hard_silu"),
    "Tanhshrink": _plain("tanh_shrink"),
    "Hardtanh": _hardtanh,
    "Softplus": _softplus,
    "ELU": lambda module, x: layers.ELU(module.alpha)(x),
    "LeakyReLU": lambda module, x: layers.LeakyReLU(module.negative_slope)(x),
    "CELU": lambda module, x: activations.celu(x, module.alpha),
    "GELU": lambda module, x: activations.gelu(x, module.approximate == "tanh"),
    "Hardshrink": lambda module, x: activations.hard_shrink(x, module.lambd),
    "Softshrink": lambda module, x: activations.soft_shrink(x, module.lambd),
    "Threshold": lambda module, x: activations.threshold(x, module.threshold, module.value),
    "Softmax": lambda module, x: layers.Softmax(_axis(module, x))(x),
    "Softmin": lambda module, x: layers.Softmax(_axis(module, x))(-x),
    "LogSoftmax": lambda module, x: activations.log_softmax(x, _axis(module, x)),
    "GLU": lambda module, x: activations.glu(x, _axis(module, x)),
}
