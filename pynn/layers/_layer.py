"""`Layer`: the base of all layers and of models. What a particular layer computes is not here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from pynn import _signatures, ops, regularizers
from pynn._array_result import as_result
from pynn._call import Call
from pynn._namespace import is_tensor
from pynn._other_values import holding
from pynn._shape_rules import checked_row_shape
from pynn._structure import is_nested, leaves, map_leaves, pack
from pynn._tensor import ValueTensor, is_taped
from pynn._tracing import current, entered, recording, tracing
from pynn.layers._arguments import (
    as_arrays,
    batch_shape,
    checked_dtype,
    checked_factors,
    checked_name,
)
from pynn.layers._config import with_objects, written
from pynn.layers._input_spec import check_inputs
from pynn.layers._weight_holder import WeightHolder
from pynn.metrics import Metric
from pynn.ops import Tensor


class _LayerType(_signatures.SignatureOfInit):
    """Puts a layer's class in front of what its constructor complains about."""

    if not TYPE_CHECKING:  # to which the constructor says what there is to say

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            try:
                return super().__call__(*args, **kwargs)
            except ValueError as error:
                _add_prefix(error, cls.__name__, cls.__name__)
                raise


def _add_prefix(error: ValueError, named: str, shown: str) -> None:
    """Say in `error` whom it is about, unless it says so."""
    if type(error) is ValueError and named not in str(error):
        error.args = (f"{shown}: {error}",)


class NotBuiltError(AttributeError, ValueError):
    """Raised for what a layer has as soon as it is used; to ``hasattr`` it is not there."""


class _SetByInit:
    """What `Layer.__init__` makes an attribute of the layer, and asks to be called for."""

    def __get__(self, layer: Any, cls: type) -> Any:
        if layer is None:
            return self
        raise RuntimeError(
            f"{cls.__name__}.__init__() has not called super().__init__(), which must come first"
        )


class Layer(WeightHolder, metaclass=_LayerType):
    """A piece of a network: weights, and a function of tensors that uses them.

    A subclass makes its weights in ``build(input_shape)`` by means of `add_weight` and computes in
    ``call(inputs)`` by means of `pynn.ops`, operators and other layers. `call` is recorded when the
    layer is called on a tensor, and runs as it stands when the layer is called on arrays. What it
    assigns to weights (``self.n.assign_add(1.0)``) is recorded with the rest: each pass does it.

    Parameters
    ----------
    name : str, default=None
        None stands for the class's name in snake case, numbered.
    trainable : bool, default=True
        Whether training changes the weights.
    dtype : {"float32", "float64"}, default=None
        Type of the weights; None stands for `pynn.backend.floatx()`.
    activity_regularizer : regularizer, default=None
        A penalty on the output, per row of a batch.
    input_shape : tuple of int, default=None
        Shape of one row, for the first layer of a `Sequential`; ``input_dim=n`` is ``(n,)``.
    learning_rate_factors, weight_decay_factors : dict of str to float, default=None
        What the optimizer's learning rate and weight decay are multiplied by for single weights,
        by their names, as ``{"bias": 0.1}``.

    Attributes
    ----------
    name : str
    built : bool
        Whether the weights exist.
    input_spec : InputSpec, or structure of them, or None
        What inputs must be like; a subclass may set it.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers, ops
    >>> class Scale(layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
    ...
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()(np.array([[1.0, 2.0]], dtype="float32"))
    array([[1., 2.]], dtype=float32)
    """

    _init_call: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})
    _config_names: tuple[str, ...] = ()  # set where a layer is declared
    input_spec: Any = None
    name: Any = _SetByInit()
    dtype: Any = _SetByInit()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        layer = super().__new__(cls)
        layer._init_call = (args, kwargs)
        layer._own_weights = []
        layer._trainable = True
        layer._calls = []
        layer._penalties = []
        layer.built = False
        return layer

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        activity_regularizer: Any = None,
        input_shape: Any = None,
        input_dim: int | None = None,
        batch_input_shape: Any = None,
        learning_rate_factors: Mapping[str, float] | None = None,
        weight_decay_factors: Mapping[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise TypeError(
                f"{type(self).__name__} takes no argument {next(iter(kwargs))!r}. "
                f"Received: {', '.join(f'{k}={v!r}' for k, v in kwargs.items())}"
            )
        self._calls: list[Call]
        self._penalties: list[Any]
        self.name = checked_name(name, type(self))
        self.dtype = checked_dtype(dtype)
        if not isinstance(trainable, (bool, np.bool_)):
            raise ValueError(f"trainable must be True or False. Received: trainable={trainable!r}")
        self._trainable = bool(trainable)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        if learning_rate_factors:
            self._rate_factors = checked_factors("learning_rate_factors", learning_rate_factors)
        if weight_decay_factors:
            self._decay_factors = checked_factors("weight_decay_factors", weight_decay_factors)
        self._row_shape: tuple[int, ...] | None = None
        if batch_input_shape is not None:
            input_shape = tuple(batch_input_shape)[1:]
        if input_dim is not None:
            input_shape = (input_dim,)
        if input_shape is not None:
            self._row_shape = checked_row_shape(input_shape, type(self).__name__)

    # Building and calling

    def build(self, input_shape: Any) -> None:
        """Make the weights. The base class has none.

        Parameters
        ----------
        input_shape : tuple, or a list or dict of tuples
            Shape of what the layer is called on; the batch's size is None.
        """
        self.built = True

    def _build_at_init(self) -> None:
        """Say that there is nothing to build, unless a subclass has something to."""
        self.built = type(self).build is Layer.build

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. Subclasses define it.

        Raises
        ------
        NotImplementedError
            If the subclass does not.
        """
        raise NotImplementedError(f"class {type(self).__name__} must define call(inputs)")

    def add_loss(self, loss: Any) -> None:
        """Add a term to the loss of the model that the layer is part of.

        Parameters
        ----------
        loss : tensor, or callable without arguments
            Computed with `pynn.ops` from the tensors that `call` got; its mean is added.
        """
        current().losses.extend(loss if isinstance(loss, (list, tuple)) else [loss])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Record the layer on tensors, or compute it on arrays; see `call` for the arguments.

        A ``training`` that is given holds for the layers that this one calls, too; so does the
        default of `call` where nobody has given one.
        """
        trace = current()
        training = _signatures.given_training(type(self).call, args, kwargs)
        if training is None and trace.training is None and "training" not in kwargs:
            training = _signatures.usual_training(type(self).call)
        if training is None:
            return self._on_tensors_or_arrays(args, kwargs)
        before = trace.training
        trace.training = training
        try:
            return self._on_tensors_or_arrays(args, kwargs)
        finally:
            trace.training = before

    def stateless_call(
        self,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Return what the layer computes with other weights; its own stay as they are.

        Parameters
        ----------
        trainable_variables, non_trainable_variables : sequence of array-like
            In the order of the layer's attributes of these names.
        *args, **kwargs
            What the layer is called with.
        return_losses : bool, default=False

        Returns
        -------
        outputs, non_trainable_variables
            The latter as the call leaves them; and the `losses`, if they are asked for.

        Raises
        ------
        ValueError
            If the layer is not built, or there are not as many values as weights.
        """
        if not self.built:
            raise ValueError(f"stateless_call() needs a layer that is built. Received: {self!r}")
        with holding(
            self,
            trainable_variables=(self.trainable_weights, trainable_variables),
            non_trainable_variables=(self.non_trainable_weights, non_trainable_variables),
        ):
            outputs = self(*args, **kwargs)
            left = [weight.numpy() for weight in self.non_trainable_weights]
            return (outputs, left, self.losses) if return_losses else (outputs, left)

    def _on_tensors_or_arrays(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.input_spec is not None and args:
            check_inputs(self.input_spec, args[0], self.name)
        if not any(is_tensor(value) for value in leaves([list(args), kwargs])):
            if not is_taped():
                return self._call_on_arrays(args, kwargs)
            first = map_leaves(_as_tensor, as_arrays(args[0], self.dtype)) if args else ()
            return self._on_tensors_or_arrays((first, *args[1:]), kwargs)
        if not self.built:
            self._build_for(args, kwargs)
        trace = current()
        known = len(trace.losses)
        trace.depth += 1
        try:
            with recording():
                outputs = self._called(args, kwargs)
            if self.activity_regularizer is not None:
                for output in leaves(outputs):
                    penalty = self.activity_regularizer(output)
                    trace.losses.append(ops.divide(penalty, ops.batch_size(output)))
        finally:
            trace.depth -= 1
            if not trace.depth:  # another call begins with the weights as they are
                updates, trace.updates = trace.updates, {}
        if trace.depth:
            return outputs
        call = Call(self, args, kwargs)
        call.losses = trace.losses[known:]
        call.assigns = bool(updates)
        if not trace.collects:
            del trace.losses[known:]
        return self._record(call, outputs)

    def _record(self, call: Call, outputs: Any) -> Any:
        """Keep a call, and return the tensors that it makes of the layer's outputs."""
        given = {id(tensor) for tensor in call.inputs}
        flat: list[Tensor] = []
        for output in leaves(outputs):
            if not isinstance(output, Tensor):
                raise ValueError(
                    f"call() of layer {self.name!r} must return tensors. Received: {output!r}"
                )
            if output.node is None or output.source is not None or id(output) in given:
                output = ops.identity(output)
            output.source = (call, len(flat))
            output.name = self.name
            flat.append(output)
        call.outputs = pack(outputs, flat) if is_nested(outputs) else flat[0]
        self._calls.append(call)
        return call.outputs

    def _call_on_arrays(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        args = (*[as_arrays(arg, self.dtype) for arg in args[:1]], *args[1:])
        if not self.built:
            self._build_for(args, kwargs)
        trace = current()
        known = len(trace.losses)
        trace.depth += 1
        try:
            with recording(False):
                outputs = self._called(args, kwargs)
            if self.activity_regularizer is not None:
                for output in leaves(outputs):
                    penalty = self.activity_regularizer(output)
                    trace.losses.append(penalty / max(len(output), 1))
        finally:
            trace.depth -= 1
        self._penalties = trace.losses[known:]
        if not (trace.depth or trace.collects):
            del trace.losses[known:]
        return map_leaves(as_result, outputs)

    def _called(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        trace = current()
        around = trace.layers
        trace.layers = (*around, self)
        try:
            return self.call(*args, **self._with_training(args, kwargs))
        except ValueError as error:
            _add_prefix(error, repr(self.name), f"layer {self.name!r}")
            raise
        finally:
            trace.layers = around

    def _build_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not args and not kwargs:
            raise TypeError(f"layer {self.name!r} must be called on inputs. Received: none")
        first = args[0] if args else next(iter(kwargs.values()))
        named = _signatures.inputs_of_build(self.build, self.call, args, kwargs)
        shapes = {name: map_leaves(batch_shape, value) for name, value in named.items()}
        with tracing(), recording(False), entered(self):
            if shapes:
                self.build(**shapes)
            else:
                self.build(map_leaves(batch_shape, first))
        self.built = True
        known = {weight.name for weight in self._own_weights}
        unknown = [
            name for name in (*self._rate_factors, *self._decay_factors) if name not in known
        ]
        if unknown:
            raise ValueError(
                f"layer {self.name!r} has factors for a weight that it has not. Its weights: "
                f"{', '.join(sorted(known)) or 'none'}. Received: {unknown[0]!r}"
            )

    def _with_training(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Add the mode of the pass for a `call` that takes `training` and was not given it.

        A `call` that does not take it need not be given it either.
        """
        position = _signatures.training_position(type(self).call)
        if position is None:
            return _signatures.without_training(type(self).call, kwargs)
        if len(args) >= position or kwargs.get("training") is not None:
            return kwargs
        return {**kwargs, "training": current().training}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output for an input of `input_shape`, batch included."""
        if type(self).call is Layer.call:
            self.call(input_shape)
        if isinstance(input_shape, tuple) or (
            isinstance(input_shape, list) and not any(map(is_nested, input_shape))
        ):
            inputs: Any = Tensor(tuple(input_shape), self.dtype)
        elif isinstance(input_shape, Mapping):
            inputs = {k: Tensor(tuple(s), self.dtype) for k, s in input_shape.items()}
        else:
            inputs = [Tensor(tuple(shape), self.dtype) for shape in input_shape]
        with tracing():
            current().depth += 1  # leave no record
            return map_leaves(lambda tensor: tensor.shape, self(inputs))

    @property
    def losses(self) -> list[Any]:
        """The penalties, one number each: of activities and `add_loss`, and of trainable weights.

        The former are those of the layer's last call on arrays; while a `Tape` is open, of all
        that was called so far. Training and prediction in the engine leave none.
        """
        penalties = current().losses if is_taped() else self._penalties
        return [ops.mean(term() if callable(term) else term) for term in penalties] + [
            weight.regularizer(ops.identity(weight) if is_taped() else weight.numpy())
            for weight in self.trainable_weights
            if weight.regularizer is not None
        ]

    @property
    def metrics(self) -> list[Metric]:
        """The metrics in attributes of the layer and of the layers in it, each once."""
        held = [m for layer in self._with_sublayers() for m in layer._own_metrics()]
        return list({id(metric): metric for metric in held}.values())

    def _own_metrics(self) -> list[Metric]:
        return [value for value in vars(self).values() if isinstance(value, Metric)]

    @property
    def metrics_variables(self) -> list[Any]:
        """The weights of all `metrics`; they are none of the layer's `weights`."""
        return [weight for metric in self.metrics for weight in metric.variables]

    # What a layer was called on

    @property
    def input(self) -> Any:
        """The tensor, or tensors, that the layer was called on first."""
        call = self._first_call()
        inputs = call.inputs
        return inputs[0] if len(inputs) == 1 else inputs

    @property
    def output(self) -> Any:
        """What the layer returned when it was first called on tensors."""
        return self._first_call().outputs

    def _first_call(self) -> Call:
        if not self._calls:
            raise NotBuiltError(f"layer {self.name!r} has not been called on a tensor yet")
        return self._calls[0]

    # Configuration

    @property
    def path(self) -> str:
        """The name, which Keras puts those of models around in front of."""
        return self.name

    @property
    def compute_dtype(self) -> str:
        """The same as `dtype`: layers compute in the type of their weights."""
        return self.dtype

    @property
    def variable_dtype(self) -> str:
        """The same as `dtype`."""
        return self.dtype

    @property
    def input_dtype(self) -> str:
        """The same as `dtype`."""
        return self.dtype

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer, without its weights.

        A subclass that does not define it is described by the arguments that it was made with.
        """
        plain = not self._config_names and type(self).get_config is Layer.get_config
        if plain and type(self).__init__ is not Layer.__init__:
            return _signatures.from_init(self, *self._init_call)
        config = {"name": self.name, "trainable": self._trainable, "dtype": self.dtype}
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        for name in self._config_names:
            if name != "activity_regularizer":
                config[name] = written(name, getattr(self, name))
        return {**config, **self._factors()}

    def _factors(self) -> dict[str, dict[str, float]]:
        """Return the arguments for the factors that weights have now and 1 is not."""
        if not self.built:
            factors = [dict(self._rate_factors), dict(self._decay_factors)]
        else:
            own = self._own_weights
            factors = [
                {w.name: w.learning_rate_factor for w in own if w.learning_rate_factor != 1.0},
                {w.name: w.weight_decay_factor for w in own if w.weight_decay_factor != 1.0},
            ]
        names = ("learning_rate_factors", "weight_decay_factors")
        return {name: given for name, given in zip(names, factors, strict=True) if given}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Build a layer from the output of `get_config`.

        Parameters
        ----------
        config : dict
        custom_objects : dict of str to object, default=None
            Classes and functions that are not pynn's own.
        """
        return cls(**with_objects(config, custom_objects))

    def __getstate__(self) -> dict[str, Any]:
        # A copy has the weights; the models that the layer is part of are not its own.
        return {**vars(self), "_calls": [], "_penalties": []}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else ValueTensor(value)
