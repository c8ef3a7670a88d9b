"""Where Keras's HDF5 files keep the weights of a layer, in the newer and in the older layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._registry import to_snake_case
from pynn._structure import leaves
from pynn.layers import NO_LAYERS, InputLayer, Layer, Normalization
from pynn.models import Model, Sequential
from pynn.ops import Weight

if TYPE_CHECKING:
    from pynn.saving._keras_hdf5_arrays import Hdf5Arrays

_ROOTS = ("layers", "_layer_checkpoint_dependencies")


def keras_class_name(layer: Layer) -> str:
    """Return what Keras calls the class of a layer or model."""
    if isinstance(layer, Sequential):
        return "Sequential"
    if isinstance(layer, Model) and layer._network is not None and layer._is_functional_class():
        return "Functional"
    return type(layer).__name__


def numbered_groups(layers: Sequence[Layer]) -> Iterator[tuple[str, Layer]]:
    """Yield the name of each layer's group: its class's name, counted."""
    counts: dict[str, int] = {}
    for layer in layers:
        base = to_snake_case(keras_class_name(layer))
        count = counts[base] = counts.get(base, -1) + 1
        yield (f"{base}_{count}" if count else base), layer


def keras_layers(model: Model) -> list[Layer]:
    """Return the layers that Keras counts in a model's groups."""
    if isinstance(model, Sequential):
        return [layer for layer in model.layers if not isinstance(layer, InputLayer)]
    return model.layers


def own_weights(layer: Layer) -> list[Weight]:
    """Return a layer's own weights in Keras's order, trainable ones first."""
    if isinstance(layer, Normalization) and layer._given is not None:
        return []  # Keras makes constants of them
    own = layer._own_weights
    return [w for w in own if w.trainable] + [w for w in own if not w.trainable]


def new_layout(arrays: Hdf5Arrays, model: Model, config: Any) -> list[tuple[Weight, str]]:
    """Return (weight, path of its array) for all weights in the layout of Keras 3.

    Parameters
    ----------
    arrays : Hdf5Arrays
    model : Model
    config : dict or None
        The model's config in the file, which tells the order of its layers.

    Raises
    ------
    ValueError
        If the file has another number of weights for a layer.
    """
    return [*_new_layout(arrays, model, config, "", set())]


def trained_weights(model: Model, pairs: Sequence[tuple[Weight, str]]) -> list[Weight]:
    """Return the weights that training changes, in the order in which Keras's optimizers keep them.

    Parameters
    ----------
    model : Model
    pairs : sequence of (Weight, str)
        From `new_layout`.
    """
    trained = model.trainable_weights
    if keras_class_name(model) not in ("Sequential", "Functional"):
        return trained
    known = {id(weight) for weight in trained}
    return [weight for weight, _ in pairs if id(weight) in known]


def _new_layout(
    arrays: Hdf5Arrays, layer: Layer, config: Any, path: str, seen: set[int]
) -> Iterator[tuple[Weight, str]]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    prefix = f"{path}vars/"
    own = own_weights(layer)
    found = [key for key in arrays.shapes if key.startswith(prefix)]
    if len(found) != len(own):
        raise ValueError(
            f"layer {layer.name!r} has {len(own)} weights of its own, and the file has "
            f"{len(found)} for it, at {prefix!r}"
        )
    for i, weight in enumerate(own):
        yield weight, f"{prefix}{i}"
    if isinstance(layer, Model) and keras_class_name(layer) in ("Sequential", "Functional"):
        yield from _model_layers(arrays, layer, config, path, seen)
        return
    attributes = {key: value for key, value in vars(layer).items() if key not in NO_LAYERS}
    if isinstance(layer, Model):
        attributes["layers"] = layer.layers
    # Keras goes by the alphabet, and comes to "layers" itself on the way.
    for name in sorted(attributes, key=lambda key: f"~{key}" if key.startswith("_") else key):
        value = attributes[name]
        if isinstance(value, Layer):
            yield from _new_layout(arrays, value, None, f"{path}{name}/", seen)
        elif isinstance(value, (list, tuple, dict)):
            inner = [x for x in leaves(value) if isinstance(x, Layer)]
            for group, sublayer in numbered_groups(inner):
                yield from _new_layout(arrays, sublayer, None, f"{path}{name}/{group}/", seen)


def _model_layers(
    arrays: Hdf5Arrays, model: Model, config: Any, path: str, seen: set[int]
) -> Iterator[tuple[Weight, str]]:
    root = next((r for r in _ROOTS if arrays.has_group(f"{path}{r}")), _ROOTS[0])
    layers = keras_layers(model)
    entries: dict[str, Any] = {}
    if config is not None:
        entries = {entry["config"]["name"]: entry for entry in config["config"]["layers"]}
        rank = {name: i for i, name in enumerate(entries)}
        layers = sorted(layers, key=lambda layer: rank.get(layer.name, -1))
    for group, inner in numbered_groups(layers):
        entry = entries.get(inner.name) if isinstance(inner, Model) else None
        yield from _new_layout(arrays, inner, entry, f"{path}{root}/{group}/", seen)


def old_layout(arrays: Hdf5Arrays, model: Model, root: str) -> list[tuple[Weight, str]]:
    """Return (weight, path of its array) for all weights in the layout of Keras 2.

    Parameters
    ----------
    arrays : Hdf5Arrays
    model : Model
    root : str
        Path of the group with the layers, empty for the file itself.

    Raises
    ------
    ValueError
        If the file's layers are not those of the model.
    """
    prefix = f"{root}/" if root else ""
    listed = _listed(arrays, root)
    layers = [layer for layer in model.layers if _all_weights(layer)]
    by_name = {layer.name: layer for layer in layers}
    if not all(name in by_name for name, _ in listed):
        by_name = {name: layer for (name, _), layer in zip(listed, layers, strict=False)}
    if len(listed) != len(layers) or len(by_name) != len(layers):
        raise ValueError(
            f"the file has {len(listed)} layers with weights, and model {model.name!r} has "
            f"{len(layers)}"
        )
    return [
        pair
        for name, names in listed
        for pair in _pairs_of(by_name[name], [f"{prefix}{name}/{key}" for key in names])
    ]


def named_layout(arrays: Hdf5Arrays, model: Model, root: str) -> list[tuple[Weight, str]]:
    """Return (weight, path of its array) for the layers whose names the file has too.

    Parameters and errors are those of `old_layout`.
    """
    prefix = f"{root}/" if root else ""
    by_name = {layer.name: layer for layer in model.layers}
    return [
        pair
        for name, names in _listed(arrays, root)
        if name in by_name
        for pair in _pairs_of(by_name[name], [f"{prefix}{name}/{key}" for key in names])
    ]


def _listed(arrays: Hdf5Arrays, root: str) -> list[tuple[str, list[str]]]:
    """Return the names of the layers with weights in the layout of Keras 2, and of the weights."""
    prefix = f"{root}/" if root else ""
    names = arrays.texts(root, "layer_names") or []
    listed = [(name, arrays.texts(f"{prefix}{name}", "weight_names") or []) for name in names]
    return [(name, weights) for name, weights in listed if weights]


def _pairs_of(layer: Layer, paths: list[str]) -> list[tuple[Weight, str]]:
    weights = _all_weights(layer)
    if len(paths) != len(weights):
        raise ValueError(
            f"layer {layer.name!r} has {len(weights)} weights, and the file has {len(paths)} for it"
        )
    return list(zip(weights, paths, strict=True))


def _all_weights(layer: Layer) -> list[Weight]:
    if isinstance(layer, Normalization) and layer._given is not None:
        return []
    return layer.trainable_weights + layer.non_trainable_weights


def assign(arrays: Hdf5Arrays, pairs: Sequence[tuple[Weight, str]], skip: bool = False) -> None:
    """Give weights the values of arrays.

    Raises
    ------
    ValueError
        If an array is missing or of another shape; nothing is changed then.
    """
    values: list[tuple[Weight, np.ndarray]] = []
    for weight, path in pairs:
        if path not in arrays.shapes:
            raise ValueError(f"the file has no array {path!r} for weight {weight.path!r}")
        shape = arrays.shapes[path]
        if shape == weight.shape or tuple(n for n in shape if n != 1) == weight.shape:
            values.append((weight, arrays.read(path).reshape(weight.shape)))
        elif not skip:
            raise ValueError(
                f"weight {weight.path!r} has the shape {weight.shape}, and the file's has {shape}"
            )
    for weight, value in values:
        weight.assign(value)
