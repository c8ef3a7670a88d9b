"""`StringLookup` and `IntegerLookup`, which stand before a model, written as ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import graph, layers, ops
from pynn.export._tables import write_places
from pynn.formats import OnnxGraph, write_network

LOOKUPS = (layers.StringLookup, layers.IntegerLookup)


def declare_tokens(w: OnnxGraph, layer: Any, name: str, shape: tuple[int | None, ...]) -> str:
    """Declare an input for what a layer looks up, and return its name.

    `shape` is that of the places that the layer returns; vectors have a shape of their own.

    Raises
    ------
    TypeError
        If the layer is no lookup.
    """
    if not isinstance(layer, LOOKUPS):
        raise TypeError(
            "what stands before a model must be a StringLookup or an IntegerLookup. "
            f"Received: {layer!r:.80}"
        )
    if layer.output_mode != "int":
        shape = (None, 1 if layer.output_mode == "one_hot" else None)
    texts = isinstance(layer, layers.StringLookup) and not layer.invert
    return w.declare_input(name, "str" if texts else "int64", shape)


def lookup_dtype(layer: Any) -> str:
    """Return the type of what a layer returns."""
    if layer.output_mode != "int":
        return "float32"
    return "str" if layer.invert and isinstance(layer, layers.StringLookup) else "int64"


def write_lookup(w: OnnxGraph, layer: Any, x: str) -> str:
    """Write what a layer returns.

    Without a place for what is unknown, which pynn refuses, ONNX gives it the place behind all.

    Raises
    ------
    ValueError
        If the layer has no vocabulary.
    NotImplementedError
        If it hashes what is unknown, as ONNX does not.
    """
    tokens = layer.get_vocabulary(include_special_tokens=False)
    if not tokens:
        raise ValueError(f"layer {layer.name!r} has no vocabulary. Call adapt() on data before")
    if layer.invert:
        return _inverted(w, layer, x)
    start, buckets = layer._start, layer.num_oov_indices
    known, places = list(tokens), list(range(start, start + len(tokens)))
    if layer.mask_token is not None:
        known.append(layer.mask_token)
        places.append(layer._place(layer.mask_token))
    other = start - 1 if buckets else layer.vocabulary_size()
    if buckets < 2:
        found = write_places(w, x, known, places, other)
    else:
        if isinstance(layer, layers.StringLookup) or layer.oov_method != "floormod":
            raise NotImplementedError(
                f"layer {layer.name!r} hashes what is unknown, which ONNX does not. Its "
                "num_oov_indices must be 1"
            )
        missed = -2
        found = write_places(w, x, known, places, missed)
        rest = w.node("Mod", x, w.integers(buckets))
        bucket = w.node("Add", rest, w.integers(start - buckets))
        unknown = w.node("Equal", found, w.integers(missed))
        found = w.node("Where", unknown, bucket, found)
    if layer.output_mode == "int":
        return found
    depth = layer.max_tokens if layer.pad_to_max_tokens else layer.vocabulary_size()
    numbers = ops.Tensor((None, 1 if layer.output_mode == "one_hot" else None), "int64")
    vectors = layers.CategoryEncoding(depth, output_mode=layer.output_mode)(numbers)
    return write_network(w, graph.Plan([numbers], [vectors]), [w.cast(found)])[0]


def _inverted(w: OnnxGraph, layer: Any, places: str) -> str:
    known = [*layer.get_vocabulary(), layer.oov_token]
    kind = object if isinstance(layer, layers.StringLookup) else np.int64
    table = w.constant(np.asarray(["" if token is None else token for token in known], kind))
    last = w.integers(len(known) - 1)
    below, above = w.node("Less", places, w.integers(0)), w.node("Greater", places, last)
    places = w.node("Where", w.node("Or", below, above), last, places)
    return w.node("Gather", table, places)
