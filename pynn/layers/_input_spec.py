"""`InputSpec`: what a layer of somebody's own says of its inputs, and the check of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pynn import ops, tree
from pynn._dtypes import dtype_name

__all__ = ["InputSpec"]


class InputSpec:
    """What an input of a layer must be like, for the layer's attribute ``input_spec``.

    It is looked at whenever the layer is called. One for each input goes into a list.

    Parameters
    ----------
    dtype : dtype, default=None
        None allows every type, as it does with the others.
    shape : tuple of int or None, default=None
        None for axes of any size, the batch's among them.
    ndim, max_ndim, min_ndim : int, default=None
        Number of axes, of the batch too, or its limits.
    axes : dict of int to int, default=None
        Sizes of single axes; negative ones count from the end.
    allow_last_axis_squeeze : bool, default=False
        Whether a last axis of size 1 may be missing or be one too many in `shape`.
    name : str, default=None
    optional : bool, default=False
        Whether None may be given in its place.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layer = layers.Identity()
    >>> layer.input_spec = layers.InputSpec(ndim=2, axes={-1: 3})
    >>> layer(np.zeros((1, 3))).shape
    (1, 3)
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else dtype_name(dtype)
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name, self.optional = name, optional

    def problem(self, value: Any) -> str | None:
        """Return what is wrong with an input, None if nothing is."""
        if value is None and self.optional:
            return None
        shape: tuple[int | None, ...] = tuple(ops.shape(value))
        expected = self.shape
        if expected is not None and self.allow_last_axis_squeeze:
            if expected[-1:] == (1,) and len(shape) == len(expected) - 1:
                shape = (*shape, 1)
            elif shape[-1:] == (1,) and len(shape) == len(expected) + 1:
                shape = shape[:-1]
        ndim = len(shape)
        sizes = dict(enumerate(expected or ())) | self.axes
        if self.ndim not in (None, ndim):
            return f"must have {self.ndim} axes"
        if self.max_ndim is not None and ndim > self.max_ndim:
            return f"must have {self.max_ndim} axes at most"
        if self.min_ndim is not None and ndim < self.min_ndim:
            return f"must have {self.min_ndim} axes at least"
        for axis, size in sizes.items():
            known = -ndim <= axis < ndim
            if size is not None and not (known and shape[axis] in (size, None)):
                return f"must have the size {size} along axis {axis}"
        if self.dtype not in (None, ops.dtype(value)):
            return f"must be of type {self.dtype}"
        return None


def check_inputs(specs: Any, inputs: Any, layer: str) -> None:
    """Raise ValueError if the inputs of a layer are not as its `input_spec` says."""
    listed = tree.flatten(specs)
    given = tree.flatten(inputs)
    if isinstance(inputs, Mapping) and all(getattr(s, "name", None) in inputs for s in listed):
        given = [inputs[spec.name] for spec in listed]
    if len(given) != len(listed):
        raise ValueError(f"layer {layer!r} takes {len(listed)} inputs. Received: {len(given)}")
    for spec, value in zip(listed, given, strict=True):
        problem = None if spec is None else spec.problem(value)
        if problem:
            raise ValueError(
                f"an input of layer {layer!r} {problem}. Received: shape={ops.shape(value)}, "
                f"dtype={ops.dtype(value)}"
            )
