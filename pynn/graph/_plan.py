"""`Plan` and `EagerPlan`: a network between given tensors, ready to predict with and to train."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from pynn import _core, _state
from pynn._tensor import Mode, ValueTensor, computing
from pynn.graph._features import reduces_batch
from pynn.graph._interpreter import Pass, Update, Values, predict_in_batches, run_forward
from pynn.graph._interpreting_trainer import InterpretingTrainer
from pynn.graph._lowering import NativeGraph, lower_to_engine, schedules_of
from pynn.graph._penalties import penalties_of
from pynn.graph._per_row import row_loss_of, row_loss_of_term, row_metric_of, target_shape
from pynn.graph._rows import to_rows
from pynn.graph._walk import topological, weights_of
from pynn.ops import Tensor, Weight


class _WithLosses(NamedTuple):
    """A graph that computes losses and metrics, and these as the engine's trainer takes them.

    `targets` are the graph's inputs that the targets of the outputs go to, -1 where there is none.
    """

    native: NativeGraph
    losses: list[Any]
    metrics: list[list[Any]]
    targets: list[int]


# Takes tensors with values and the mode; returns the outputs and what was added to the loss.
Compute = Callable[[list[ValueTensor], bool], "tuple[list[Tensor], list[Any]]"]
PREDICT_ROWS = 1024  # rows that pass through the engine at once, unless a caller says otherwise


class Plan:
    """What runs between input tensors and output tensors.

    Parameters
    ----------
    inputs, outputs : sequence of Tensor
    weights : sequence of Weight, default=None
        In the order to be kept; None stands for all in order of use.
    losses : sequence of Tensor, default=()
        Further terms of the training loss, each averaged to one number.
    updates : sequence of (Weight, Tensor), default=()
        What weights become with each batch, in training and at inference.

    Attributes
    ----------
    inputs, outputs, losses : list of Tensor
    nodes : list of Node
        In topological order.
    output_nodes : list of Node
        Those of them that the outputs depend on.
    weights : list of Weight
    dtype : str
        The type in which everything is computed.
    schedules : list of callable
        What gives nodes a number for each training step.
    reason : str or None
        The op that the engine cannot compute, if the plan is interpreted for its sake.
    batch_op : str or None
        The op that looks at all rows of a batch, if there is one. For its sake the plan predicts in
        NumPy even if the engine trains it, as the engine predicts by pieces of its own.
    depends_on_batch : bool
        Whether predictions depend on which rows are predicted together.

    Raises
    ------
    ValueError
        If an output depends on another input, or weights are of different types.
    """

    def __init__(
        self,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        weights: Sequence[Weight] | None = None,
        losses: Sequence[Tensor] = (),
        updates: Sequence[Update] = (),
    ) -> None:
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.losses = list(losses)
        self.updates = list(updates)
        self.output_nodes = topological(self.outputs, self.inputs)
        updated = [tensor for _, tensor in self.updates]
        self._predicting = self.nodes = self.output_nodes
        if updated:
            self._predicting = topological([*self.outputs, *updated], self.inputs)
        if self.losses or updated:
            self.nodes = topological([*self.outputs, *self.losses, *updated], self.inputs)
        used = weights_of(self.nodes)
        self.weights = used if weights is None else list(weights)
        self.dtype = self._common_dtype(used)
        self.schedules = schedules_of(self.nodes)
        self._native: NativeGraph | None = None
        self._frozen: tuple[bool, ...] = ()
        self.reason: str | None = None
        reducing = (node.op.name for node in self.output_nodes if reduces_batch(node))
        self.batch_op = next(reducing, None)
        self.depends_on_batch = self.batch_op is not None or bool(self.updates)
        self._lower()

    def _common_dtype(self, weights: list[Weight]) -> str:
        types = {weight.dtype for weight in weights if weight.dtype.startswith("float")}
        if not types:
            types = {t.dtype for t in self.outputs if t.dtype.startswith("float")} or {"float32"}
        if len(types) > 1:
            raise ValueError(
                "all layers of a model must have the same dtype. Received: "
                f"{', '.join(sorted(types))}"
            )
        return types.pop()

    def _lower(self) -> None:
        lowered = lower_to_engine(
            self._predicting,
            self.inputs,
            self.outputs,
            self.dtype,
            updates=self.updates,
            schedules=self.schedules,
        )
        if isinstance(lowered, str):
            self.reason = lowered
        else:
            self._native = lowered
        self._frozen = self.frozen()

    def _lower_with_losses(
        self,
        losses: Sequence[Any],
        metrics: Sequence[Sequence[Any]],
        target_rows: Sequence[tuple[int, ...] | None],
        weighted: bool,
    ) -> _WithLosses | str:
        """Return a graph that computes losses and metrics too, for those that are no names.

        Where the engine cannot, the name of the loss or the op that it cannot compute.
        """
        targets = [
            Tensor(target_shape(output.shape, row), self.dtype)
            for output, row in zip(self.outputs, target_rows, strict=True)
        ]
        wanted: list[Tensor] = []
        divisors: list[str] = []
        read: set[int] = set()  # the outputs whose targets the graph reads
        for i, loss in enumerate(losses):
            if loss is None or isinstance(loss, tuple):
                continue
            row = row_loss_of(loss, targets[i], self.outputs[i], weighted)
            if row is None:
                return str(loss.name)
            wanted.append(row.tensor)
            divisors.append(row.divisor)
            read.add(i)
        for term in self.losses:
            row = row_loss_of_term(term)
            if row is None:
                return "add_loss"
            wanted.append(row.tensor)
            divisors.append(row.divisor)
        for i, group in enumerate(metrics):
            for metric in group:
                if isinstance(metric, str):
                    continue
                tensor = row_metric_of(metric, targets[i], self.outputs[i])
                if tensor is None:
                    return str(metric.name)
                wanted.append(tensor)
                read.add(i)
        inputs = [*self.inputs, *(targets[i] for i in sorted(read))]
        updated = [tensor for _, tensor in self.updates]
        nodes = topological([*self.outputs, *wanted, *updated], inputs)
        lowered = lower_to_engine(
            nodes, inputs, self.outputs, self.dtype, wanted, self.updates, self.schedules
        )
        if isinstance(lowered, str):
            return lowered
        made = iter(lowered.losses)
        divided = iter(divisors)
        native_losses = [
            loss if loss is None or isinstance(loss, tuple) else (next(made), next(divided))
            for loss in losses
        ]
        native_losses += [(next(made), next(divided)) for _ in self.losses]
        native_metrics = [
            [metric if isinstance(metric, str) else next(made) for metric in group]
            for group in metrics
        ]
        target_ids = dict(zip(sorted(read), lowered.inputs[len(self.inputs) :], strict=True))
        return _WithLosses(
            lowered._replace(inputs=lowered.inputs[: len(self.inputs)]),
            native_losses,
            native_metrics,
            [target_ids.get(i, -1) for i in range(len(self.outputs))],
        )

    def frozen(self) -> tuple[bool, ...]:
        """Return which batch normalizations use their moving moments in training too."""
        nodes = (node for node in self.nodes if node.op.name == "batch_normalization")
        return tuple(bool(node.params["how"].frozen()) for node in nodes)

    @cached_property
    def n_parameters(self) -> int:
        """Numbers in all weights."""
        return sum(weight.size for weight in self.weights)

    @property
    def is_native(self) -> bool:
        """Whether the engine predicts, and not NumPy."""
        return self._native is not None and not self.depends_on_batch

    @cached_property
    def is_random(self) -> bool:
        """Whether predictions are drawn anew at each call."""
        return any(node.params.get("always", False) for node in self.output_nodes)

    @property
    def changing_weights(self) -> list[Weight]:
        """What predictions may change."""
        return [weight for weight, _ in self.updates]

    @contextmanager
    def without_changes(self) -> Iterator[None]:
        """Give the weights that predictions change back what they held before."""
        before = [(weight, weight.view.copy()) for weight in self.changing_weights]
        try:
            yield
        finally:
            for weight, value in before:
                weight.view[...] = value

    @cached_property
    def executor(self) -> Any:
        """The engine's ``Executor``, which predicts; None if the plan predicts in NumPy."""
        if self._native is None or self.depends_on_batch:
            return None
        return _core.Executor(self._native.graph, self._native.inputs, self._native.outputs)

    def row_predictor(self, threads: int) -> tuple[Any, int, int]:
        """Return what predicts rows without Python, with a copy of the weights.

        Parameters
        ----------
        threads : int
            How many may predict at the same time before one has to allocate.

        Returns
        -------
        (capsule, int, int)
            As `pynn.cython_predict.Predictor` has it, and the numbers in a row of the input and of
            the output.

        Raises
        ------
        ValueError
            If the plan has several inputs or outputs, or predicts in NumPy.
        """
        for name, tensors in (("input", self.inputs), ("output", self.outputs)):
            if len(tensors) != 1:
                raise ValueError(f"the model must have one {name}. Received: {len(tensors)}")
        if self._native is None:
            raise ValueError(f"the model must run in the engine, which does not have {self.reason}")
        if self.depends_on_batch:
            raise ValueError(
                "predictions of a row must not depend on other rows, as they do by "
                f"{self.batch_op or 'assign'}"
            )
        graph, (x,), (y,) = self._native[:3]
        seed = _state.next_seed() if self.is_random else None
        return _core.row_predictor(graph, x, y, threads, seed), graph.width(x), graph.width(y)

    def run(self, x: Sequence[np.ndarray], mode: Mode, all_nodes: bool = True) -> Pass:
        """Compute all nodes for a batch in NumPy, or those that outputs and updates need."""
        values: Values = {id(t): v for t, v in zip(self.inputs, x, strict=True)}
        mode.rows = len(x[0]) if x else None
        nodes = self.nodes if all_nodes else self._predicting
        run_forward(nodes, values, mode)
        losses = self.losses if all_nodes else ()
        return Pass(nodes, self.outputs, losses, values, self.updates)

    def predict(self, x: Sequence[Any], batch_size: int | None = None) -> list[np.ndarray]:
        """Return the outputs for the rows of `x`, in inference mode.

        Parameters
        ----------
        x : sequence of array-like, sparse matrix or Rows
            One entry for each input.
        batch_size : int, default=None
            Rows computed at once; the results only depend on it if the plan `depends_on_batch`.

        Returns
        -------
        list of ndarray, shape (n, width)
            One for each output, its further axes flattened.
        """
        if self.executor is None:
            return predict_in_batches(self, x, batch_size or PREDICT_ROWS)
        sources = [to_rows(value) for value in x]
        seed = _state.next_seed() if self.is_random else 0
        return self.executor.predict(sources, batch_size or PREDICT_ROWS, seed)

    def trainer(
        self,
        losses: Sequence[Any],
        optimizer: Any,
        options: dict[str, Any] | None = None,
        loss_weights: Sequence[float] | None = None,
        metrics: Sequence[Sequence[Any]] | None = None,
        parameters: Sequence[Weight] | None = None,
        l1: Sequence[float] | None = None,
        l2: Sequence[float] | None = None,
        target_rows: Sequence[tuple[int, ...] | None] | None = None,
        weighted: bool = False,
    ) -> _core.Trainer | InterpretingTrainer:
        """Return what trains: a ``Trainer`` of the engine, or an `InterpretingTrainer`.

        Parameters
        ----------
        losses : sequence
            For each output a pair (engine's name, parameters), a `pynn.losses.Loss` that the engine
            does not know, or None.
        optimizer : (str, sequence of float) or Optimizer
            The engine's name and its hyperparameters, or an optimizer whose `apply` is to make
            each step.
        options : dict, default=None
            Options of the engine's trainer.
        loss_weights : sequence of float, default=None
            None stands for 1 each.
        metrics : sequence of sequences, default=None
            For each output, metrics to be kept: the engine's names, and `MeanMetricWrapper` that
            `averages_rows` is true of.
        parameters : sequence of Weight, default=None
            What is trained; None stands for the trainable weights.
        l1, l2 : sequence of float, default=None
            Penalties for each parameter; None stands for those of the weights' regularizers.
        target_rows : sequence of tuple, default=None
            Shape of a row of each output's target; None stands for that of the output's.
        weighted : bool, default=False
            Whether there will be sample weights.
        """
        if parameters is None:
            parameters = [weight for weight in self.weights if weight.trainable]
        l1, l2, known = penalties_of(parameters, l1, l2)
        loss_weights = [1.0] * len(self.outputs) if loss_weights is None else list(loss_weights)
        metrics = [()] * len(self.outputs) if metrics is None else metrics
        if self._native is not None and self._frozen != self.frozen():
            self._lower()
        native = self._native
        reason = self.reason
        if not known:
            reason = "a regularizer"
        elif not isinstance(optimizer, tuple):
            reason = "an optimizer"
        elif any(self._frozen) and self._trains_frozen(parameters):
            reason = "a frozen normalization"
        elif self.updates and not {*map(id, self.changing_weights)}.isdisjoint(map(id, parameters)):
            reason = "assign"
        targets: list[int] = []
        named = all(x is None or isinstance(x, tuple) for x in losses)
        named = named and all(isinstance(x, str) for group in metrics for x in group)
        if reason is None and (self.losses or not named):
            rows = [None] * len(losses) if target_rows is None else target_rows
            lowered = self._lower_with_losses(losses, metrics, rows, weighted)
            if isinstance(lowered, str):
                reason = lowered
            else:
                native, losses, metrics, targets = lowered
        if native is None or reason is not None:
            return InterpretingTrainer(
                self,
                losses,
                loss_weights,
                metrics,
                list(parameters),
                l1,
                l2,
                optimizer,
                options,
                reason,
            )
        return _core.Trainer(
            native.graph,
            native.inputs,
            native.outputs,
            list(losses),
            loss_weights,
            [list(names) for names in metrics],
            [weight._variable for weight in parameters],
            l1,
            l2,
            optimizer,
            options or {},
            targets,
            native.assignments,
        )

    def _trains_frozen(self, parameters: Sequence[Weight]) -> bool:
        """Whether gamma or beta of a normalization in inference mode is to be trained."""
        trained = {id(weight) for weight in parameters}
        return any(
            node.op.name == "batch_normalization"
            and node.params["how"].frozen()
            and any(id(weight) in trained for weight in node.inputs[1:])
            for node in self.nodes
        )


class EagerPlan(Plan):
    """A plan of code that looks at values, and so cannot be recorded once: it runs for each batch.

    The gradients come from what was recorded on the way.

    Parameters
    ----------
    compute : callable
        ``compute(inputs, training)`` returns outputs and losses.
    inputs, outputs : sequence of Tensor
        Of which only shapes and names matter.
    weights : sequence of Weight
    dtype : str
    """

    def __init__(
        self,
        compute: Compute,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        weights: Sequence[Weight],
        dtype: str,
    ) -> None:
        # Nothing is recorded, and nothing lowered.
        self.inputs, self.outputs = list(inputs), list(outputs)
        self.losses, self.updates, self.nodes, self.output_nodes = [], [], [], []
        self.schedules = []
        self.weights, self.dtype = list(weights), dtype
        self.reason, self.batch_op = "code that looks at values", None
        self.depends_on_batch = True  # for all that is known
        self._native, self._frozen = None, ()
        self._compute = compute

    @property
    def changing_weights(self) -> list[Weight]:
        """What predictions may change: anything that is not trained, for all that is known."""
        return [weight for weight in self.weights if not weight.trainable]

    def run(self, x: Sequence[np.ndarray], mode: Mode, all_nodes: bool = True) -> Pass:
        """Run the code on a batch."""
        inputs = [ValueTensor(value) for value in x]
        with computing(mode) as tape:
            outputs, losses = self._compute(inputs, mode.training)
        values: dict[int, Any] = {id(tensor): tensor.value for tensor in inputs}
        values.update(tape.values_before())
        for node in tape.nodes:
            output = node.output
            assert isinstance(output, ValueTensor)
            values[id(output)] = output.value
        return Pass(tape.nodes, outputs, losses if all_nodes else (), values)
