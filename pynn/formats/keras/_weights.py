"""Where Keras's HDF5 files keep the weights of a layer, in the newer and in the older layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._registry import to_snake_case
from pynn._structure import leaves
from pynn.formats.keras._models import is_recorded_model, keras_class
from pynn.layers import NO_LAYERS, Layer, Normalization
from pynn.ops import Weight

if TYPE_CHECKING:
    from pynn.formats.keras._arrays import Hdf5Arrays
    from pynn.models import Model

_ROOTS = ("layers", "_layer_checkpoint_dependencies")


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
    pairs = []
    counts = Counter(key.rpartition("/")[0] for key in arrays.shapes)
    for layer, path in groups(model, config, arrays):
        own = own_weights(layer)
        found = counts[f"{path}vars"]
        if found != len(own):
            raise ValueError(
                f"layer {layer.name!r} has {len(own)} weights of its own, and the file has "
                f"{found} for it, at {f'{path}vars/'!r}"
            )
        pairs += [(weight, f"{path}vars/{i}") for i, weight in enumerate(own)]
    return pairs


def groups(
    layer: Layer, config: Any = None, arrays: Hdf5Arrays | None = None
) -> Iterator[tuple[Layer, str]]:
    """Yield a model and all layers in it, with the paths of their groups in the layout of Keras 3.

    Parameters
    ----------
    layer : Layer
    config : dict, default=None
        The model's config in the file, which tells the order of its layers.
    arrays : Hdf5Arrays, default=None
        The file, if there is one: some name a group otherwise.
    """
    seen: set[int] = set()

    def visit(layer: Any, config: Any, path: str) -> Iterator[tuple[Layer, str]]:
        if id(layer) in seen:
            return
        seen.add(id(layer))
        yield layer, path
        if is_recorded_model(layer):
            known = (root for root in _ROOTS if arrays and arrays.has_group(f"{path}{root}"))
            root = next(known, _ROOTS[0])
            entries: dict[str, Any] = {}
            if config is not None:
                entries = {entry["config"]["name"]: entry for entry in config["config"]["layers"]}
            rank = {name: i for i, name in enumerate(entries)}
            inner = sorted(layer.layers, key=lambda layer: rank.get(layer.name, -1))
            for group, sublayer in _numbered(inner):
                entry = entries.get(sublayer.name) if is_recorded_model(sublayer) else None
                yield from visit(sublayer, entry, f"{path}{root}/{group}/")
            return
        attributes = {key: value for key, value in vars(layer).items() if key not in NO_LAYERS}
        if hasattr(layer, "_keras_class"):
            attributes["layers"] = layer.layers
        # Keras goes by the alphabet, and comes to "layers" itself on the way.
        for name in sorted(attributes, key=lambda key: f"~{key}" if key.startswith("_") else key):
            value = attributes[name]
            if isinstance(value, Layer):
                yield from visit(value, None, f"{path}{name}/")
            elif isinstance(value, (list, tuple, dict)):
                inner = [x for x in leaves(value) if isinstance(x, Layer)]
                for group, sublayer in _numbered(inner):
                    yield from visit(sublayer, None, f"{path}{name}/{group}/")

    return visit(layer, config, "")


def _numbered(layers: Sequence[Layer]) -> Iterator[tuple[str, Layer]]:
    """Yield the name of each layer's group: its class's name, counted."""
    counts: Counter[str] = Counter()
    for layer in layers:
        base = to_snake_case(keras_class(layer))
        yield (f"{base}_{counts[base]}" if counts[base] else base), layer
        counts[base] += 1


def trained_weights(model: Model, pairs: Sequence[tuple[Weight, str]]) -> list[Weight]:
    """Return the weights that training changes, in the order in which Keras's optimizers keep them.

    Parameters
    ----------
    model : Model
    pairs : sequence of (Weight, str)
        From `new_layout`.
    """
    trained = model.trainable_weights
    if not is_recorded_model(model):
        return trained
    known = {id(weight) for weight in trained}
    return [weight for weight, _ in pairs if id(weight) in known]


def old_layout(
    arrays: Hdf5Arrays, model: Model, root: str, by_name: bool = False
) -> list[tuple[Weight, str]]:
    """Return (weight, path of its array) for all weights in the layout of Keras 2.

    Parameters
    ----------
    arrays : Hdf5Arrays
    model : Model
    root : str
        Path of the group with the layers, empty for the file itself.
    by_name : bool, default=False
        Whether only layers count whose names the file has too.

    Raises
    ------
    ValueError
        If the file's layers are not those of the model.
    """
    prefix = f"{root}/" if root else ""
    listed = _listed(arrays, root)
    layers = [layer for layer in model.layers if by_name or _all_weights(layer)]
    known = {layer.name: layer for layer in layers}
    if by_name:
        listed = [(name, names) for name, names in listed if name in known]
    else:
        if not all(name in known for name, _ in listed):
            known = {name: layer for (name, _), layer in zip(listed, layers, strict=False)}
        if len(listed) != len(layers) or len(known) != len(layers):
            raise ValueError(
                f"the file has {len(listed)} layers with weights, and model {model.name!r} has "
                f"{len(layers)}"
            )
    return [
        pair
        for name, names in listed
        for pair in _pairs_of(known[name], [f"{prefix}{name}/{key}" for key in names])
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
