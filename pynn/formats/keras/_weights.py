"""Where Keras's HDF5 files keep the weights of a layer, in the newer and in the older layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._custom_objects import is_pynn
from pynn._registry import to_snake_case
from pynn.formats._weights_file import warn_of_skipped
from pynn.formats.keras._models import is_recorded_model, keras_class, layer_entries
from pynn.formats.keras._optimizer import keras_variables
from pynn.layers import NO_LAYERS, Layer, Normalization
from pynn.ops import Weight

if TYPE_CHECKING:
    from pynn.formats.keras._arrays import Hdf5Arrays
    from pynn.models import Model

VERSION = "3.0.0"  # of Keras, the first with the newer layout
_ROOTS = ("layers", "_layer_checkpoint_dependencies")
_TOP = "top_level_model_weights"  # the older layout's group of weights that are in no layer
_LONGEST_ATTRIBUTE = 64_512  # bytes, as in Keras: a header of HDF5's holds little more


def own_weights(layer: Layer) -> list[Weight]:
    """Return a layer's own weights in Keras's order, trainable ones first."""
    if isinstance(layer, Normalization) and layer._given is not None:
        return []  # Keras makes constants of them
    own: list[Weight] = [*layer._all_own_weights()]
    return [w for w in own if w.trainable] + [w for w in own if not w.trainable]


def new_layout(
    arrays: Hdf5Arrays, model: Model, config: Any, skip: bool = False
) -> list[tuple[Weight, str]]:
    """Return (weight, path of its array) for all weights in the layout of Keras 3.

    Parameters
    ----------
    arrays : Hdf5Arrays
    model : Model
    config : dict or None
        The model's config in the file, which tells the order of its layers.
    skip : bool, default=False
        Whether layers whose weights differ in number or shape are left out, with a warning.

    Raises
    ------
    ValueError
        If the file has another number of weights for a layer.
    """
    pairs: list[tuple[Weight, str]] = []
    skipped: list[str] = []
    counts = Counter(key.rpartition("/")[0] for key in arrays.shapes)
    for layer, path in groups(model, config, arrays):
        own = own_weights(layer)
        found = counts[f"{path}vars"]
        paths = [f"{path}vars/{i}" for i in range(len(own))]
        if found == len(own) and not (skip and not all(map(arrays.fits, paths, own))):
            pairs += zip(own, paths, strict=True)
        elif skip:
            skipped.append(layer.name)
        else:
            raise ValueError(
                f"layer {layer.name!r} has {len(own)} weights of its own, and the file has "
                f"{found} for it, at {f'{path}vars/'!r}"
            )
    warn_of_skipped("layers", skipped)
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
    seen: dict[int, Any] = {}  # which keeps lists of properties, so that none has another's id

    def visit(layer: Any, config: Any, path: str) -> Iterator[tuple[Layer, str]]:
        if id(layer) in seen:
            return
        seen[id(layer)] = layer
        yield layer, path
        if is_recorded_model(layer) or getattr(layer, "_call_graph", None):
            known = (root for root in _ROOTS if arrays and arrays.has_group(f"{path}{root}"))
            root = next(known, _ROOTS[0])
            entries = {entry["config"]["name"]: entry for entry in layer_entries(config)}
            rank = {name: i for i, name in enumerate(entries)}
            inner = sorted(layer.layers, key=lambda layer: rank.get(layer.name, -1))
            for group, sublayer in _numbered(inner):
                entry = entries.get(sublayer.name) if is_recorded_model(sublayer) else None
                yield from visit(sublayer, entry, f"{path}{root}/{group}/")
            if is_pynn(type(layer)):
                return
        for name, value in _attributes(layer):
            yield from found(value, f"{path}{name}")

    def found(value: Any, path: str) -> Iterator[tuple[Layer, str]]:
        """Yield the layers in an attribute or a container within one."""
        if isinstance(value, Layer):
            yield from visit(value, None, f"{path}/")
        elif isinstance(value, (list, tuple, dict)) and id(value) not in seen:
            seen[id(value)] = value
            inner = value.values() if isinstance(value, dict) else value
            for group, item in _numbered(inner):
                yield from found(item, f"{path}/{group}")

    yield from visit(layer, config, "")


def _attributes(layer: Layer) -> list[tuple[str, Any]]:
    """Return what a layer's attributes hold, in the order in which Keras looks through them."""
    names = {name for name in vars(layer) if name not in NO_LAYERS}
    names |= {name for cls in type(layer).__mro__ if not is_pynn(cls) for name in vars(cls)}
    if hasattr(layer, "_keras_class"):
        names.add("layers")  # Keras goes by the alphabet, and comes to it on the way
    found = []
    for name in sorted(names, key=lambda name: f"~{name}" if name.startswith("_") else name):
        if not name.startswith("__"):
            with suppress(Exception):  # of a property of the user's
                found.append((name, getattr(layer, name)))
    return found


def _numbered(values: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the name of the group of each layer or container: its class's name, counted."""
    counts: Counter[str] = Counter()
    for value in values:
        if isinstance(value, Layer):
            base = to_snake_case(keras_class(value))
        elif isinstance(value, (list, tuple, dict)):
            base = "container"
        else:
            continue
        yield (f"{base}_{counts[base]}" if counts[base] else base), value
        counts[base] += 1


def trained_weights(model: Model, pairs: Sequence[tuple[Weight, str]]) -> list[Weight]:
    """Return the weights that training changes, in the order in which Keras's optimizers keep them.

    Parameters
    ----------
    model : Model
    pairs : sequence of (Weight, str)
        From `new_layout`.
    """
    trained: list[Weight] = [*model.trainable_weights]
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
    names = arrays.texts(root, "layer_names") or []
    listed = [(name, arrays.texts(f"{prefix}{name}", "weight_names") or []) for name in names]
    listed = [(name, weights) for name, weights in listed if weights]
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
    found = [(name, _all_weights(known[name]), names) for name, names in listed]
    top = arrays.texts(f"{prefix}{_TOP}", "weight_names")
    if top and not by_name:
        found.append((_TOP, own_weights(model), top))
    pairs: list[tuple[Weight, str]] = []
    for name, weights, keys in found:
        if len(keys) != len(weights):
            raise ValueError(
                f"{name!r} has {len(weights)} weights, and the file has {len(keys)} for it"
            )
        pairs += zip(weights, [f"{prefix}{name}/{key}" for key in keys], strict=True)
    return pairs


def _all_weights(layer: Layer) -> list[Weight]:
    constants = {
        id(weight)
        for inner in layer._with_sublayers()
        if isinstance(inner, Normalization) and not own_weights(inner)
        for weight in inner._all_own_weights()
    }
    found = layer.trainable_weights + layer.non_trainable_weights
    return [weight for weight in found if id(weight) not in constants]


def assign(arrays: Hdf5Arrays, pairs: Sequence[tuple[Weight, str]], skip: bool = False) -> None:
    """Give weights the values of arrays.

    Parameters
    ----------
    arrays : Hdf5Arrays
    pairs : sequence of (Weight, str)
    skip : bool, default=False
        Whether weights of another shape stay as they are, with a warning.

    Raises
    ------
    ValueError
        If an array is missing or of another shape; nothing is changed then.
    """
    values: list[tuple[Weight, np.ndarray]] = []
    skipped: list[str] = []
    for weight, path in pairs:
        if path not in arrays.shapes:
            raise ValueError(f"the file has no array {path!r} for weight {weight.path!r}")
        if arrays.fits(path, weight):
            values.append((weight, arrays.read(path).reshape(weight.shape)))
        elif skip:
            skipped.append(weight.path)
        else:
            raise ValueError(
                f"weight {weight.path!r} has the shape {weight.shape}, and the file's has "
                f"{arrays.shapes[path]}"
            )
    for weight, value in values:
        weight.assign(value)
    warn_of_skipped("weights", skipped)


# ---- writing


def write_new_layout(file: Any, model: Model, with_optimizer: bool) -> None:
    """Write weights, and the optimizer's variables, into an HDF5 file in the layout of Keras 3."""
    for layer, path in groups(model):
        own = file.create_group(f"{path}vars")
        own.attrs["name"] = layer.name
        for i, weight in enumerate(own_weights(layer)):
            is_count = isinstance(layer, Normalization) and weight.name == "count"
            own[str(i)] = weight.numpy().astype(np.int32) if is_count else weight.numpy()
    if with_optimizer:
        own = file.create_group("optimizer/vars")
        for i, variable in enumerate(keras_variables(model)):
            own[str(i)] = variable


def write_old_layout(group: Any, model: Model) -> None:
    """Write weights into a group of an HDF5 file in the layout of Keras 2."""
    inner = model.layers
    write_texts(group, "layer_names", [layer.name for layer in inner])
    group.attrs["backend"], group.attrs["keras_version"] = "numpy", VERSION
    for name, weights in [(x.name, _all_weights(x)) for x in inner] + [(_TOP, own_weights(model))]:
        keys = [weight.path for weight in weights]
        if len({*keys}) < len(keys):
            keys = [f"{i}/{key}" for i, key in enumerate(keys)]
        write_arrays(group.create_group(name), keys, [weight.numpy() for weight in weights])


def write_arrays(group: Any, names: Sequence[str], values: Iterable[np.ndarray]) -> None:
    """Write arrays and the list of their names into a group, as Keras 2 does."""
    write_texts(group, "weight_names", names)
    for name, value in zip(names, values, strict=True):
        group[name] = value


def write_texts(group: Any, name: str, texts: Sequence[str]) -> None:
    """Write texts as an attribute, or as several where HDF5 does not let one be so long."""
    data = np.asarray([text.encode() for text in texts])
    n_parts = max(1, -(-len(data) // max(1, _LONGEST_ATTRIBUTE // data.itemsize)))
    if n_parts == 1:
        group.attrs[name] = data
    else:
        for i, part in enumerate(np.array_split(data, n_parts)):
            group.attrs[f"{name}{i}"] = part
