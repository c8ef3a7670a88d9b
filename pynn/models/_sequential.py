"""`Sequential`: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from pynn import layers
from pynn._of_keras import of_keras
from pynn._structure import is_nested, map_leaves
from pynn._tracing import entered
from pynn._user_warning import warn_user
from pynn.layers import InputLayer, Layer
from pynn.models._call_graph import CallGraph
from pynn.models._functional_config import CLASSES, layers_from
from pynn.models._model import Model
from pynn.ops import Tensor


class Sequential(Model):
    """Layers, each called on the output of the one before.

    The weights exist from the beginning if the first layer is an `Input` or has an
    ``input_shape``, and from the first data on otherwise.

    Parameters
    ----------
    layers : sequence of Layer, default=None
        An `Input` may come first.
    name : str, default=None
    trainable : bool, default=True

    Raises
    ------
    ValueError
        If something is no layer, or two layers have the same name.

    Examples
    --------
    >>> import pynn
    >>> model = pynn.Sequential(
    ...     [pynn.Input(shape=(8,)), pynn.layers.Dense(30, activation="relu"), pynn.layers.Dense(1)]
    ... )
    >>> model.count_params()
    301
    """

    _keras_class = "Sequential"

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        name: str | None = None,
        trainable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, trainable=trainable, **kwargs)
        self._stack: list[Layer] = []
        self._begins_with: InputLayer | None = None
        self._tensors: list[Any] = []  # the input, or inputs, and the output of each layer
        if layers is not None and not isinstance(layers, (list, tuple)):
            layers = [layers]
        for layer in layers or ():
            self._append(layer)
        self._extend()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end.

        Parameters
        ----------
        layer : Layer, or the Tensor that `Input` returns
        rebuild : bool, default=True
            False leaves the model without inputs and outputs until `build`.
        """
        self._append(layer)
        self._unbuild()
        if rebuild:
            self._extend()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer off and return it.

        Raises
        ------
        IndexError
            If there is none.
        """
        if not self._stack:
            raise IndexError(f"the model {self.name!r} has no layer to pop")
        layer = self._stack.pop()
        del self._tensors[len(self._stack) + 1 :]
        self._unbuild()
        if rebuild:
            self._extend()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, Tensor) and layer.source is not None:
            layer = layer.source[0].layer
        if not isinstance(layer, Layer):
            raise ValueError(
                f"a Sequential holds layers. Received: {layer!r} of type {type(layer).__name__}"
                f"{of_keras(layer)}"
            )
        if isinstance(layer, InputLayer):
            if self._stack or self._begins_with is not None:
                raise ValueError(
                    f"an Input must come first and only once. Sequential {self.name!r} has "
                    f"{len(self._stack)} layers already"
                )
            self._begins_with = layer
            return
        if any(known is layer or known.name == layer.name for known in self._stack):
            raise ValueError(
                "the layers of a model must have different names. Received: "
                f"{layer.name!r} for the second time"
            )
        self._stack.append(layer)

    def _unbuild(self) -> None:
        """Leave the model without inputs and outputs."""
        self._interface = None
        self.built = False
        self._forget_plans()

    def _extend(self) -> None:
        """Call the layers that have not been called, if the shape of the input is known."""
        if self._begins_with is None and self._stack and not self._tensors:
            first = self._stack[0]
            shape = first._row_shape
            if shape is None and first.built and isinstance(first, Model):
                shape = tuple(first.input_shape[1:])
            if shape is not None:
                self._begins_with = InputLayer(shape, dtype=first.dtype)
        if not self._tensors and self._begins_with is not None:
            self._tensors.append(self._begins_with.output)
        if not self._tensors or not self._stack:
            return
        with entered(self):
            for layer in self._stack[len(self._tensors) - 1 :]:
                self._tensors.append(layer(self._tensors[-1]))
        self._set_call_graph(CallGraph(self._tensors[0], self._tensors[-1]))

    def _sublayers(self) -> Iterable[Layer]:
        return self._stack

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of that shape, the batch's size in front.

        A list or dict of shapes is for a first layer that takes several inputs.

        Raises
        ------
        ValueError
            If the model is built for inputs of another shape.
        """
        if self._call_graph is None and (input_shape is None or self._tensors):
            self._extend()
        if input_shape is None:
            return
        several = isinstance(input_shape, Mapping) or any(map(is_nested, input_shape))
        shape = tuple(input_shape)
        if self._call_graph is not None:
            if not several and shape[1:] != self.input_shape[1:]:
                raise ValueError(
                    f"Sequential {self.name!r} is built for inputs of shape {self.input_shape}. "
                    f"Received: input_shape={input_shape}"
                )
            return
        if not self._stack:
            raise ValueError(f"Sequential {self.name!r} has no layers to build")
        if several:
            super().build(input_shape)
            return
        self._begins_with = InputLayer(shape[1:], dtype=self._stack[0].dtype)
        self._extend()

    def _ensure_built(self, x: Any) -> None:
        if self._call_graph is None:
            super()._ensure_built(x)

    def _trace(self, data: Any) -> None:
        # As with an Input, but its shape comes from the data.
        if isinstance(data, (list, tuple)) and len(data) == 1:
            data = data[0]
        if is_nested(data):  # for a first layer that takes several, such as one that adds them
            dtype = self._stack[0].dtype
            self._tensors = [map_leaves(lambda x: InputLayer(x.shape[1:], dtype).output, data)]
            try:
                self._extend()
            except Exception:
                self._tensors = []
                raise
            return
        self.build((None, *data.shape[1:]))

    def predict_classes(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
        """Return class numbers, as older Keras did: ``np.argmax(model.predict(x), axis=-1)``.

        Of a single output it is whether the output is above 0.5.
        """
        warn_user(
            "predict_classes is older; use np.argmax(model.predict(x), axis=-1), or "
            "model.predict(x) > 0.5 for a single output",
            FutureWarning,
        )
        scores = self.predict(x, batch_size, verbose)
        if scores.shape[-1] > 1:
            return scores.argmax(axis=-1)
        return (scores > 0.5).astype("int32")

    def predict_proba(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
        """Return what `predict` returns, as older Keras did."""
        warn_user("predict_proba is older; use predict", FutureWarning)
        return self.predict(x, batch_size, verbose)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` makes the same model from, without its weights."""
        entries = [layers.serialize(layer) for layer in self._stack]
        if self._begins_with is not None:
            entries.insert(0, layers.serialize(self._begins_with))
        return {"name": self.name, "trainable": self.trainable, "layers": entries}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Build a model from the output of `get_config`.

        Parameters
        ----------
        config : dict
        custom_objects : dict of str to object, default=None
            Classes and functions that are not pynn's own.
        """
        made = layers_from(config["layers"], custom_objects)
        model = cls(made, name=config.get("name"))
        model._trainable = bool(config.get("trainable", True))
        return model


CLASSES["Sequential"] = Sequential
