"""`BaseModel`: layers between inputs and outputs, how they are recorded, and their description.

Functional (from tensors) or subclassed (with a `call` of its own). What is done with a model, as
training and prediction, is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

from pynn import _state, graph
from pynn._number_checks import is_integer
from pynn._signatures import from_init, training_position
from pynn._structure import is_nested, map_leaves
from pynn._tracing import current, entered, tracing
from pynn.layers import OPERATIONS, Layer, NotBuiltError, with_objects
from pynn.models import _functional_config
from pynn.models._call_graph import CallGraph
from pynn.models._interface import Interface
from pynn.models._recording import interface_of, plans_of
from pynn.models._source import as_structure, example
from pynn.models._summary import summary
from pynn.ops import Tensor
from pynn.training import Signature

if TYPE_CHECKING:
    from pynn.models._diagram import Diagram


class BaseModel(Layer):
    """What a model is made of; see `Model`."""

    _interface: Interface | None
    _plans: dict[bool, graph.Plan]
    _is_building: bool

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        model = super().__new__(cls, *args, **kwargs)
        model._interface = None
        model._plans = {}
        model._is_building = False
        return model

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
        **kwargs: Any,
    ) -> None:
        if name is None and inputs is not None and type(self).__name__ == "Model":
            name = _state.unique_name("functional")
        super().__init__(name=name, trainable=trainable, **kwargs)
        if (inputs is None) != (outputs is None):
            raise ValueError("a functional model needs both inputs and outputs")
        if inputs is not None:
            self._set_call_graph(CallGraph(inputs, outputs))

    def _set_call_graph(self, graph: CallGraph) -> None:
        self._interface = graph
        self.built = True
        self._forget_plans()
        types = {weight.dtype for weight in self.weights if weight.dtype.startswith("float")}
        if len(types) == 1:
            self.dtype = types.pop()

    def _forget_plans(self) -> None:
        self._plans.clear()

    # ---- structure

    def _sublayers(self) -> Iterable[Layer]:
        found = [] if self._call_graph is None else self._call_graph.layers
        yield from found
        known = {id(layer) for layer in found}
        for layer in super()._sublayers():
            if id(layer) not in known:
                yield layer

    @property
    def layers(self) -> list[Layer]:
        """The layers, from the inputs to the outputs; of a subclass, as its attributes stand."""
        return [layer for layer in self._sublayers() if not isinstance(layer, OPERATIONS)]

    @property
    def operations(self) -> list[Layer]:
        """The layers, and the operators and functions of `pynn.ops` that stand between them."""
        return list(self._sublayers())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name, or by its position.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        found = self.layers
        if is_integer(name):
            name, index = None, name
        if index is not None:
            if not -len(found) <= index < len(found):
                raise ValueError(
                    f"index must be below the number of layers, {len(found)}. "
                    f"Received: index={index}"
                )
            return found[index]
        for layer in found:
            if layer.name == name:
                return layer
        raise ValueError(
            f"there is no layer named {name!r}. The layers are: "
            f"{', '.join(layer.name for layer in found)}"
        )

    @property
    def _call_graph(self) -> CallGraph | None:
        """The recorded calls of layers, None for a subclassed model."""
        return self._interface if isinstance(self._interface, CallGraph) else None

    @property
    def _is_eager(self) -> bool:
        """Whether the model's `call` looks at values and runs anew for each batch."""
        return self._interface is not None and self._interface.is_eager

    def _interface_or_fail(self) -> Interface:
        if self._interface is None:
            raise NotBuiltError(
                f"model {self.name!r} has no inputs and outputs before it is built. Call it on "
                "data, fit it, or begin it with an Input"
            )
        return self._interface

    @property
    def inputs(self) -> list[Tensor]:
        """The input tensors."""
        return list(self._interface_or_fail().flat_inputs)

    @property
    def outputs(self) -> list[Tensor]:
        """The output tensors."""
        return list(self._interface_or_fail().flat_outputs)

    @property
    def input(self) -> Any:
        """The input tensors in the form in which the model takes them."""
        return self._interface_or_fail().inputs

    @property
    def output(self) -> Any:
        """The output tensors in the form in which the model returns them."""
        return self._interface_or_fail().outputs

    @property
    def input_shape(self) -> Any:
        """Shape of the input, None for the batch; a list or dict for several inputs."""
        return map_leaves(lambda tensor: tensor.shape, self.input)

    @property
    def output_shape(self) -> Any:
        """Shape of the output, None for the batch; a list or dict for several outputs."""
        return map_leaves(lambda tensor: tensor.shape, self.output)

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs, as dicts of data use them."""
        return list(self._interface_or_fail().input_names)

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, as dicts of targets, losses and metrics use them."""
        return list(self._interface_or_fail().output_names)

    # ---- building and calling

    def build(self, input_shape: Any = None) -> None:
        """Make the weights of a subclassed model for inputs of that shape.

        Parameters
        ----------
        input_shape : tuple, or list or dict of tuples
            With the batch's size, which may be None, in front.
        """
        if self._interface is not None or self._is_building or input_shape is None:
            return
        single = isinstance(input_shape, (tuple, list)) and not any(map(is_nested, input_shape))
        shapes: Any = tuple(input_shape) if single else input_shape
        if isinstance(shapes, Mapping):
            examples: Any = {key: example(shape) for key, shape in shapes.items()}
        else:
            examples = example(shapes) if single else [example(shape) for shape in shapes]
        self._is_building = True  # so that a build() that has called this is not called again
        try:
            self._trace(examples)
        finally:
            self._is_building = False

    def get_build_config(self) -> dict[str, Any]:
        """Return what `build_from_config` takes: the shape of the input, None if it is unknown."""
        return {"input_shape": self.input_shape if self._interface is not None else None}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Make the weights for inputs as those of the model that gave the config."""
        self.build(config["input_shape"])

    def _build_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if args:
            self._trace(args[0])

    def _trace(self, data: Any) -> None:
        """Call the model on tensors like `data`, which gives its layers their weights."""
        with entered(self):
            if type(self).build is not BaseModel.build and not self._is_building:
                self._is_building = True  # so that super().build() does nothing
                try:
                    with tracing():  # it may come in the middle of a call
                        self.build(map_leaves(lambda value: (None, *value.shape[1:]), data))
                finally:
                    self._is_building = False
            self._interface = interface_of(self._call_in_mode, data, self.dtype)
        self.built = True
        self._forget_plans()

    def _call_in_mode(self, inputs: Any) -> Any:
        """Call the model in the mode of the pass that is going on."""
        if training_position(type(self).call) is None:
            return self.call(inputs)
        return self.call(inputs, training=current().training)

    def _ensure_built(self, x: Any) -> None:
        """Build a subclassed model for the data it is about to be used on."""
        if self._interface is None:
            self._trace(as_structure(x))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Compute the outputs. A subclass defines it; the base walks the model's own layers."""
        graph = self._call_graph
        if graph is None:
            raise ValueError(
                f"class {type(self).__name__} must define call(inputs), or be made from inputs and "
                "outputs"
            )
        if isinstance(training, bool):
            outer = current()
            with tracing(training) as trace:
                trace.depth, trace.updates = outer.depth, outer.updates
                outputs = graph.run(inputs)
            outer.losses.extend(trace.losses)
            return outputs
        return graph.run(inputs)

    def _signature(self) -> Signature:
        """Return what data is to look like."""
        return self._interface_or_fail().signature

    # ---- plans

    def _plan(self, training: bool = False) -> graph.Plan:
        """Return the plan that predicts, or the one that is trained."""
        if training not in self._plans:
            recorded = self._call_graph
            call = self._call_in_mode if recorded is None else recorded.run
            plans = plans_of(self, self._interface_or_fail(), call, self.weights)
            self._plans[True], self._plans[False] = plans
        return self._plans[training]

    # ---- description

    summary = summary

    def _repr_html_(self) -> str:
        from pynn.models._html import html_of  # these here, as most programs draw nothing

        return html_of(self)  # type: ignore[arg-type]

    def _diagram(self) -> Diagram:
        from pynn.models._diagram import diagram_of

        return diagram_of(self)  # type: ignore[arg-type]

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` makes the same model from, without its weights."""
        is_functional = type(self)._is_functional_class()
        if self._call_graph is not None and is_functional:
            return _functional_config.to_config(self, self._call_graph)
        if type(self).get_config is BaseModel.get_config and not is_functional:
            return from_init(self, *self._init_call)
        return super().get_config()

    @property
    def _keras_class(self) -> str:
        """What Keras calls the model's class."""
        functional = self._call_graph is not None and type(self)._is_functional_class()
        return "Functional" if functional else type(self).__name__

    @classmethod
    def _is_functional_class(cls) -> bool:
        return cls.__init__ is BaseModel.__init__

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Build a model from the output of `get_config`.

        Parameters
        ----------
        config : dict
        custom_objects : dict of str to object, default=None
            Classes and functions that are not pynn's own.
        """
        if cls._is_functional_class() and "layers" in config:
            return _functional_config.from_config(cls, config, custom_objects)
        return cls(**with_objects(config, custom_objects))

    def to_json(self, **kwargs: Any) -> str:
        """Return the model's class and config as JSON, for `pynn.models.model_from_json`."""
        return json.dumps(
            {"class_name": type(self).__name__, "config": self.get_config()}, **kwargs
        )
