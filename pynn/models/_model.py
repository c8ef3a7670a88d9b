"""`Model`: layers between inputs and outputs, with training and prediction.

Functional (from tensors) or subclassed (with a `call` of its own). How data is taken apart, how
losses and metrics are resolved and how epochs run is in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pynn import formats, graph
from pynn._array_result import ArrayResult, as_result
from pynn._namespace import is_tensor
from pynn._number_checks import is_integer
from pynn._signatures import from_init, training_position
from pynn._structure import is_nested, leaves, map_leaves, pack
from pynn._tensor import is_taped, suspended
from pynn._tracing import current, tracing
from pynn.layers import Layer, with_objects
from pynn.models import _compiling, _custom_steps, _evaluation, _fitting, _functional_config
from pynn.models._compiled import Compiled
from pynn.models._diagram import diagram_of
from pynn.models._interface import Interface, interface_of_call, interface_of_values
from pynn.models._network import Network
from pynn.models._not_compiled import NotCompiledError
from pynn.models._pickling import reduce_model
from pynn.models._planning import plans_of
from pynn.models._source import as_structure, example
from pynn.models._summary import html_of, summary
from pynn.models._trainer_cache import TrainerCache
from pynn.ops import SymbolicValueError, Tensor
from pynn.training import Signature, rows_per_call, shaped


class Model(Layer):
    """A network that can be trained.

    ``Model(inputs, outputs)`` is made from tensors: what lies between them becomes the model. A
    subclass makes layers in ``__init__`` and uses them in ``call(inputs)``; it is recorded when it
    first meets data.

    Parameters
    ----------
    inputs, outputs : Tensor, or list, tuple or dict of tensors
    name : str, default=None
    trainable : bool, default=True

    Attributes
    ----------
    inputs, outputs : list of Tensor
    layers : list of Layer
    optimizer : Optimizer
        Set by `compile`.
    history : History
        Of the last call to `fit`.
    stop_training : bool
        A callback sets it to True to end training after the current epoch.

    Raises
    ------
    ValueError
        If an output does not depend on the inputs alone, or two layers have the same name.

    Examples
    --------
    >>> import numpy as np
    >>> import pynn
    >>> inputs = pynn.Input(shape=(2,))
    >>> hidden = pynn.layers.Dense(4, activation="relu")(inputs)
    >>> model = pynn.Model(inputs, pynn.layers.Dense(1)(hidden))
    >>> model.compile(loss="mse", optimizer="sgd")
    >>> model.predict(np.zeros((3, 2)), verbose=0).shape
    (3, 1)
    """

    _network: Network | None
    _interface: Interface | None
    _compile_arguments: dict[str, Any]
    optimizer: Any

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        model = super().__new__(cls, *args, **kwargs)
        model._network = None
        model._interface = None
        model._plans = {}
        model._compiled = None
        model._loss_tracker = None
        model._trainers = TrainerCache()
        model._fast = None
        model._fast_rows = 0
        model._is_building = False
        model._looks_at_values = False
        model.optimizer = None
        model.stop_training = False
        return model

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
        **kwargs: Any,
    ) -> None:
        self._plans: dict[bool, graph.Plan]
        self._compiled: Compiled | None
        self._loss_tracker: Any
        self._trainers: TrainerCache
        self._fast: Any
        self._fast_rows: int
        self._is_building: bool
        self._looks_at_values: bool
        self.history: Any
        self.stop_training: bool
        super().__init__(name=name, trainable=trainable, **kwargs)
        if (inputs is None) != (outputs is None):
            raise ValueError("a functional model needs both inputs and outputs")
        if inputs is not None:
            self._set_network(Network(inputs, outputs))

    def _set_network(self, network: Network) -> None:
        self._network = network
        self._interface = Interface(
            network.inputs, network.outputs, network.input_names, network.output_names
        )
        self.built = True
        self._forget_plans()
        types = {weight.dtype for weight in self.weights}
        if len(types) == 1:
            self.dtype = types.pop()

    def _forget_plans(self) -> None:
        self._plans.clear()
        self._trainers = TrainerCache()
        self._fast = None

    # ---- structure

    def _sublayers(self) -> Iterator[Layer]:
        if self._network is not None:
            yield from self._network.layers
        known = set() if self._network is None else {id(x) for x in self._network.layers}
        for layer in super()._sublayers():
            if id(layer) not in known:
                yield layer

    @property
    def layers(self) -> list[Layer]:
        """The layers, from the inputs to the outputs; of a subclass, as its attributes stand."""
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

    def _interface_or_fail(self) -> Interface:
        if self._interface is None:
            raise ValueError(
                f"model {self.name!r} has no inputs and outputs before it is built. Call it on "
                "data, fit it, or begin it with an Input"
            )
        return self._interface

    @property
    def inputs(self) -> list[Any]:
        """The input tensors."""
        return list(self._interface_or_fail().flat_inputs)

    @property
    def outputs(self) -> list[Any]:
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
        self._trace(examples)

    def _build_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if args:
            self._trace(args[0])

    def _trace(self, data: Any) -> None:
        """Call the model on tensors like `data`, which gives its layers their weights."""
        if type(self).build is not Model.build:
            self._is_building = True  # so that super().build() does nothing
            try:
                self.build(map_leaves(lambda value: (None, *value.shape[1:]), data))
            finally:
                self._is_building = False
        try:
            self._interface = interface_of_call(self._call_undecided, data, self.dtype)
        except SymbolicValueError:
            if any(is_tensor(value) for value in leaves(data)):
                raise
            # The code of `call` depends on values: it has to run for each batch.
            self._interface = interface_of_values(self._call_undecided, data, self.dtype)
            self._looks_at_values = True
        self.built = True
        self._forget_plans()

    def _call_undecided(self, inputs: Any) -> Any:
        if training_position(type(self).call) is None:
            return self.call(inputs)
        return self.call(inputs, training=current().training)

    def _ensure_built(self, x: Any) -> None:
        """Build a subclassed model for the data it is about to be used on."""
        if self._interface is None:
            self._trace(as_structure(x))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Compute the outputs. A subclass defines it; the base walks the model's own layers."""
        if self._network is None:
            raise ValueError(
                f"class {type(self).__name__} must define call(inputs), or be made from inputs and "
                "outputs"
            )
        if isinstance(training, bool):
            outer = current()
            with tracing(training) as trace:
                trace.depth = outer.depth
                outputs = self._network.run(inputs)
            outer.losses.extend(trace.losses)
            return outputs
        return self._network.run(inputs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the model's output: tensors for tensors, for arrays arrays that have ``.numpy()``.

        Parameters
        ----------
        inputs : tensors or array-likes
        training : bool, default=None
            True computes as in a training step, with dropout and the batch's own moments.
        """
        taped = is_taped()
        if self._fast is not None and len(args) == 1 and not (taped or kwargs):
            found = self._fast(args[0], self._fast_rows, ArrayResult)
            if found is not None:
                return found
        tensors = any(is_tensor(value) for value in leaves([list(args), kwargs]))
        if not args or (tensors and not taped):
            return super().__call__(*args, **kwargs)
        with suspended():
            self._ensure_built(args[0])
        training = kwargs.pop("training", args[1] if len(args) > 1 else None)
        if training is not True and not taped:
            return map_leaves(as_result, self.predict_on_batch(args[0]))
        return self._call_with_values(args[0], training, kwargs)

    def _call_with_values(self, inputs: Any, training: Any, kwargs: dict[str, Any]) -> Any:
        """Run the model's own code on arrays, or on tensors with values."""
        outer = current()
        if training_position(type(self).call) is not None:
            kwargs = {**kwargs, "training": training}
        with tracing(outer.training if training is None else bool(training)) as trace:
            trace.depth = outer.depth + 1
            outputs = super().__call__(inputs, **kwargs)
        if is_taped():
            outer.losses.extend(trace.losses)
        return outputs

    # ---- plans

    def _plan(self, training: bool = False) -> graph.Plan:
        """Return the plan that predicts, or the one that is trained."""
        if training not in self._plans:
            self._plans[True], self._plans[False] = plans_of(self)
        return self._plans[training]

    def _signature(self) -> Signature:
        interface = self._interface_or_fail()
        return Signature(
            interface.input_names,
            [tensor.shape for tensor in interface.flat_inputs],
            interface.output_names,
            [tensor.shape for tensor in interface.flat_outputs],
        )

    def _prepare_fast(self) -> None:
        """Set `_fast`, if the model is as simple as that, to what predicts from few plain rows.

        It returns None for what it does not take; then the checks tell what it is.
        """
        plan = self._plan()
        shapes = [tensor.shape for tensor in (*plan.inputs, *plan.outputs)]
        plain = isinstance(self._interface_or_fail().outputs, Tensor)
        if plan.is_native and plain and len(shapes) == 2 and all(len(s) == 2 for s in shapes):
            self._fast_rows = self._rows_per_call()
            self._fast = plan.executor().predict_array

    def _rows_per_call(self) -> int:
        return rows_per_call(sum(weight.size for weight in self._plan().weights))

    def _in_form(self, outputs: list[np.ndarray]) -> Any:
        """Give flat outputs their shapes, and the form in which the model returns them."""
        interface = self._interface_or_fail()
        shapes = [tensor.shape for tensor in interface.flat_outputs]
        return pack(interface.outputs, list(map(shaped, outputs, shapes)))

    # ---- training and prediction

    @property
    def compiled(self) -> bool:
        """Whether `compile` has been called."""
        return self._compiled is not None

    @property
    def loss(self) -> Any:
        """The loss as it was given to `compile`."""
        return self._compile_arguments["loss"] if self._compiled else None

    @property
    def metrics_names(self) -> list[str]:
        """What the numbers that `evaluate` returns are called."""
        return self._compiled_or_fail("metrics_names").names()

    @property
    def metrics(self) -> list[Any]:
        """The metrics, as far as they are known before data was seen."""
        known = [] if self._compiled is None else self._compiled.metric_objects()
        if any(_custom_steps.has_own(self, step) for step in ("train_step", "test_step")):
            return [*_custom_steps.own_metrics(self), *known]
        return known

    def _compiled_or_fail(self, method: str) -> Compiled:
        if self._compiled is None:
            raise NotCompiledError(f"call compile() before {method}(): the model needs a loss")
        return self._compiled

    compile = _compiling.compile
    train_step = _custom_steps.train_step
    test_step = _custom_steps.test_step
    predict_step = _custom_steps.predict_step
    compute_loss = _custom_steps.compute_loss
    compute_metrics = _custom_steps.compute_metrics
    fit = _fitting.fit
    evaluate = _evaluation.evaluate
    predict = _evaluation.predict
    predict_on_batch = _evaluation.predict_on_batch
    train_on_batch = _fitting.train_on_batch
    test_on_batch = _evaluation.test_on_batch

    def reset_metrics(self) -> None:
        """Set the metrics to their beginnings."""
        for metric in (*self.metrics, *_custom_steps.own_metrics(self)):
            metric.reset_state()

    # ---- files

    save = formats.save_model
    save_weights = formats.save_weights
    load_weights = formats.load_weights
    _resume_training = formats.resume_training

    # ---- description

    summary = summary
    _repr_html_ = html_of
    _diagram = diagram_of

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` makes the same model from, without its weights."""
        if self._network is not None and type(self)._is_functional_class():
            return _functional_config.to_config(self, self._network)
        if type(self).get_config is Model.get_config and type(self).__init__ is not Model.__init__:
            return from_init(self, *self._init_call)
        return super().get_config()

    @property
    def _keras_class(self) -> str:
        """What Keras calls the model's class."""
        functional = self._network is not None and type(self)._is_functional_class()
        return "Functional" if functional else type(self).__name__

    @classmethod
    def _is_functional_class(cls) -> bool:
        return cls.__init__ is Model.__init__

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
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

    def __reduce__(self) -> Any:
        return reduce_model(self)

    def to_json(self, **kwargs: Any) -> str:
        """Return the model's class and config as JSON, for `pynn.models.model_from_json`."""
        import json

        return json.dumps(
            {"class_name": type(self).__name__, "config": self.get_config()}, **kwargs
        )


_functional_config.CLASSES.update(Model=Model, Functional=Model)
