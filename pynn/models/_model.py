"""`Model`: what is done with layers between inputs and outputs: calling, training, prediction.

What a model is made of is in _base_model.py, what it is compiled with in _compiled_model.py; how
data is resolved, and what happens at epochs and steps, in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from pynn import formats
from pynn._array_result import ArrayResult, as_result
from pynn._custom_objects import known_objects
from pynn._namespace import is_tensor, to_array
from pynn._signatures import training_position
from pynn._structure import leaves, map_leaves
from pynn._tensor import Tensor, is_taped, suspended
from pynn._tracing import current, tracing
from pynn.callbacks import CallbackList, History
from pynn.graph import Tape
from pynn.models import _functional_config
from pynn.models._arguments import checked_count, checked_verbose, figures
from pynn.models._compiled_model import CompiledModel
from pynn.models._custom_steps import unpack
from pynn.models._evaluation import evaluation_of, size_of_all
from pynn.models._fit import (
    FitListener,
    numbers_of,
    run_epochs,
    training_of,
    validation_of,
)
from pynn.models._pickling import reduce_model
from pynn.models._prediction import Prediction
from pynn.models._recording import trains_by_default
from pynn.models._state_tree import get_state_tree, set_state_tree
from pynn.models._taped_call import TapedCall
from pynn.training import (
    ArrayData,
    TrainingLoop,
    progress_shown,
    rows_per_call,
)

# What a subclass may define, by the step that calls it.
_CALLED_BY = {
    "train_step": ("train_step", "compute_loss", "compute_metrics"),
    "test_step": ("test_step", "compute_loss", "compute_metrics"),
    "predict_step": ("predict_step",),
}


class Model(CompiledModel):
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
    run_eagerly, jit_compile : bool
        False; they may be set, and make no difference.
    stop_evaluating, stop_predicting : bool
        A callback sets one to True to end `evaluate` or `predict` after the current batch.

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

    _fast: Any
    _fast_rows: int
    _taped: TapedCall
    _by_layers: tuple[bool, bool] | None
    history: History
    run_eagerly = jit_compile = False
    stop_training: bool
    stop_evaluating: bool
    stop_predicting: bool

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        model = super().__new__(cls, *args, **kwargs)
        model._fast = None
        model._fast_rows = 0
        model._taped = TapedCall()
        model._by_layers = None
        model.stop_training = model.stop_evaluating = model.stop_predicting = False
        return model

    def _forget_plans(self) -> None:
        super()._forget_plans()
        self._fast = self._by_layers = None
        self._taped = TapedCall()

    # ---- calling

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the model's output: tensors for tensors, for arrays arrays that have ``.numpy()``.

        Parameters
        ----------
        inputs : tensors or array-likes
        training : bool, default=None
            True computes as in a training step, with dropout and the batch's own moments.
        """
        taped = is_taped()
        if taped and len(args) == 1 and (not kwargs or [*kwargs] == ["training"]):
            found = self._taped.of(self, args[0])
            if found is not None:
                return found
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
        graph = self._call_graph
        if graph is not None and graph.has_optional:
            if any(value is None for value in graph.match(args[0])):
                with tracing(bool(training)):
                    return graph.run(args[0])
        if training is not True and not taped:
            if not self._runs_by_layers(training is None):
                return map_leaves(as_result, self._predicted_slowly(args[0], None, by_step=False))
        return self._call_with_values(args[0], training, kwargs)

    def _runs_by_layers(self, undecided: bool) -> bool:
        """Whether the layers are called on arrays: for `losses`, or as they train by default."""
        if self._by_layers is None:
            adds_losses = bool(self._plan(training=True).losses)
            self._by_layers = adds_losses, adds_losses or trains_by_default(self)
        return self._by_layers[undecided]

    def _call_with_values(self, inputs: Any, training: Any, kwargs: dict[str, Any]) -> Any:
        """Run the model's own code on arrays, or on tensors with values."""
        outer = current()
        if training_position(type(self).call) is not None:
            kwargs = {**kwargs, "training": training}
        with tracing(outer.training if training is None else bool(training)) as trace:
            trace.depth = outer.depth + 1
            outputs = super().__call__(inputs, **kwargs)
        if outer.depth or is_taped():  # within another layer's call, or a tape that will ask
            outer.losses.extend(trace.losses)
        return outputs

    # ---- training

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[Any, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        drop_remainder: bool = False,
    ) -> History:
        """Train the model.

        Parameters
        ----------
        x : array-like, DataFrame or sparse matrix, or a list, tuple or dict of them
            One entry for each input, nested as they are. Also a generator, a `pynn.utils.PyDataset`
            or an iterable that hands out batches ``(x, y)`` or ``(x, y, sample_weight)``.
        y : the same, default=None
            One entry for each output, or for each that has a loss or metrics.
        batch_size : int, default=None
            Rows per step; None stands for 32.
        epochs : int, default=1
            The number of the last epoch, counted from 1.
        verbose : {"auto", 0, 1, 2}, default="auto"
            0 is silent, 1 (and "auto") shows a bar, or a line per epoch where the output is no
            terminal, 2 shows a line per epoch.
        callbacks : Callback or list of Callback, default=None
        validation_split : float, default=0.0
            The last part of the rows, before any shuffling, that is kept for validation.
        validation_data : (x, y), (x, y, sample_weight), generator or dataset, default=None
            What the model is evaluated on after each epoch. `validation_split` does not count then.
        shuffle : bool, default=True
            Whether each epoch goes through the rows in another order.
        class_weight : dict of int to float, default=None
            Factors for the weights of samples by class; for several outputs also a dict of such
            dicts by name.
        sample_weight : array-like, shape (n,), default=None
            Or a list or dict with one for each output.
        initial_epoch : int, default=0
            Where the numbers of epochs begin, to go on with a training.
        steps_per_epoch : int, default=None
            None stands for all rows once. Otherwise an epoch begins where the last one ended; one
            that comes to the end of the data ends there, with a warning, and the next one begins
            with all rows again.
        validation_steps : int, default=None
            Batches of validation; None stands for all.
        validation_batch_size : int, default=None
            None stands for `batch_size`.
        validation_freq : int or list of int, default=1
            Every how many epochs, or after which ones, to validate.
        drop_remainder : bool, default=False
            Whether rows that fill no batch of `batch_size` at the end of an epoch are left out of
            it. Where all rows are fewer than that, they are one batch.

        Returns
        -------
        History
            With the figures of each epoch in ``history.history``.

        Raises
        ------
        RuntimeError
            If `compile` has not been called.
        ValueError
            If the data does not fit the model.
        """
        self._compiled_or_fail("fit")
        batch_size = checked_count("batch_size", batch_size, 32)
        checked_count("epochs", epochs, 1)
        steps_per_epoch = checked_count("steps_per_epoch", steps_per_epoch, None)
        listed = isinstance(validation_freq, (list, tuple, set, range))
        for frequency in validation_freq if listed else [validation_freq]:
            checked_count("validation_freq", frequency, None)
        verbose = checked_verbose(verbose)
        if x is None:
            raise ValueError("fit() needs data: x is None")
        split = validation_split if validation_data is None else 0.0
        training = training_of(self, (x, y, sample_weight), class_weight, split)
        if drop_remainder:
            if not isinstance(training.data, ArrayData):
                raise ValueError("drop_remainder needs arrays. Received: x that hands out batches")
            training.data.drop_remainder = True
        validation = validation_of(
            self,
            training,
            validation_data,
            checked_count("validation_batch_size", validation_batch_size, batch_size),
            checked_count("validation_steps", validation_steps, None),
        )
        return run_epochs(
            self,
            training.data,
            training.objectives,
            training.trainer,
            validation=validation,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            shuffle=shuffle,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_freq=validation_freq,
        )

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[Any, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Take one training step on one batch.

        Parameters
        ----------
        x, y, sample_weight, class_weight
            See `fit`.
        return_dict : bool, default=False
            Whether to return the figures by name.

        Returns
        -------
        float, list of float or dict
            The batch's loss before the step, and its metrics, as `evaluate` returns them.
        """
        self._compiled_or_fail("train_on_batch")
        training = training_of(self, (x, y, sample_weight), class_weight)
        data = training.data
        rates = numbers_of(self, training.objectives)
        loop = TrainingLoop(training.trainer, data, size_of_all(data), rates)
        listener = FitListener(self, loop, training.objectives, CallbackList(None, model=self))
        lock = self._trainers.hold()
        try:
            loop.run(0, 1)
        finally:
            lock.release()
        return figures(listener.logs, return_dict)

    # ---- evaluation and prediction

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Return the losses and metrics on some data.

        Parameters
        ----------
        x, y, sample_weight
            See `fit`.
        batch_size : int, default=None
            None stands for 32; the result depends on it only where the model looks at all rows of a
            batch at once.
        verbose : {"auto", 0, 1, 2}, default="auto"
        steps : int, default=None
            Batches to use; None stands for all.
        callbacks : Callback or list of Callback, default=None
        return_dict : bool, default=False
            Whether to return the figures by name.

        Returns
        -------
        float, list of float or dict
            The loss, then those of the outputs if there are several, then the metrics; see
            ``metrics_names``.

        Raises
        ------
        RuntimeError
            If `compile` has not been called.
        ValueError
            If the data does not fit the model, or a count is not positive.
        """
        self._compiled_or_fail("evaluate")
        verbose = checked_verbose(verbose)
        batch_size = checked_count("batch_size", batch_size, 32)
        steps = checked_count("steps", steps, None)
        if x is None:
            raise ValueError("evaluate() needs data: x is None")
        evaluation = evaluation_of(self, x, y, sample_weight, batch_size, steps)
        total = evaluation.steps
        notified = CallbackList(callbacks, model=self, verbose=verbose, epochs=1, steps=total)
        progress = progress_shown(verbose)
        bar = progress.begin(total)
        logs = evaluation.run(notified, bar)
        bar.finish(evaluation.steps or 1, logs)
        progress.close()
        return figures(logs, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Return losses and metrics on one batch, as `evaluate` does."""
        self._compiled_or_fail("test_on_batch")
        evaluation = evaluation_of(self, x, y, sample_weight, None, None)
        return figures(evaluation.run(CallbackList(None, model=self)), return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> np.ndarray:
        """Return the model's outputs for some data, in inference mode.

        Parameters
        ----------
        x
            See `fit`.
        batch_size : int, default=None
            None stands for 32; the result depends on it only where the model looks at all rows of a
            batch at once.
        verbose : {"auto", 0, 1, 2}, default="auto"
        steps : int, default=None
            Batches to use; None stands for all.
        callbacks : Callback or list of Callback, default=None

        Returns
        -------
        ndarray, shape (n, ...), or a list, tuple or dict of arrays
            In the form in which the model returns its outputs.

        Raises
        ------
        ValueError
            If the data does not fit the model.
        """
        batch_size = checked_count("batch_size", batch_size, 32)
        if verbose == 0 and callbacks is None and steps is None:
            return self._predicted(x, batch_size)
        verbose = checked_verbose(verbose)
        steps = checked_count("steps", steps, None)
        own = self._has_own("predict_step")
        prediction = Prediction(self, x, batch_size, steps, by_step=own)
        total = prediction.steps
        notified = CallbackList(callbacks, model=self, verbose=verbose, epochs=1, steps=total)
        progress = progress_shown(verbose)
        bar = progress.begin(total)
        outputs = prediction.run(notified, bar)
        bar.finish(prediction.steps or 1, {})
        progress.close()
        return outputs

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """Return the model's outputs for one batch; see `predict`."""
        return self._predicted(x, None)

    def _predicted(self, x: Any, batch_size: int | None) -> Any:
        """Return the outputs by batches of that size, where that makes a difference."""
        found = None if self._fast is None else self._fast(x, self._fast_rows)
        if found is not None:
            return found
        return self._predicted_slowly(x, batch_size, self._has_own("predict_step"))

    def _predicted_slowly(self, x: Any, batch_size: int | None, by_step: bool) -> Any:
        outputs = Prediction(self, x, batch_size, by_step=by_step).run()
        self._prepare_fast()
        return outputs

    def _prepare_fast(self) -> None:
        """Set `_fast`, if the model is as simple as that, to what predicts for small batches.

        It returns None for what it does not take; then the checks tell what it is.
        """
        if self._fast is None and self._is_plain() and not self._has_own("predict_step"):
            self._fast_rows = self._rows_per_call()
            self._fast = self._plan().executor.predict_array

    def _is_plain(self) -> bool:
        """Whether the engine by itself makes one matrix from one matrix."""
        plan = self._plan()
        shapes = [tensor.shape for tensor in (*plan.inputs, *plan.outputs)]
        if len(shapes) != 2 or not all(len(shape) == 2 for shape in shapes) or plan.is_random:
            return False
        one = isinstance(self._interface_or_fail().outputs, Tensor)
        return one and plan.is_native and not self._runs_by_layers(undecided=True)

    def _rows_per_call(self) -> int:
        return rows_per_call(self._plan().n_parameters)

    # ---- steps, which a subclass may call or replace

    def train_step(self, data: Any) -> dict[str, Any]:
        """Take one step on one batch; a subclass may define it, and `fit` then calls it.

        Parameters
        ----------
        data : tuple
            ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, as arrays.

        Returns
        -------
        dict of str to float
            What is shown and recorded.
        """
        x, y, sample_weight = unpack(data)
        with Tape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred, sample_weight)
        weights = self.trainable_weights
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        self._tracker().update_state(loss.numpy(), sample_weight=_rows_of(x))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Evaluate one batch; a subclass may define it, and `evaluate` and `fit` then call it.

        Parameters and result are those of `train_step`.
        """
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=False)
        # Older code defines compute_loss() without the argument.
        takes_training = training_position(type(self).compute_loss) is not None
        mode = {"training": False} if takes_training else {}
        loss = self.compute_loss(x, y, y_pred, sample_weight, **mode)
        self._tracker().update_state(to_array(loss), sample_weight=_rows_of(x))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Return the outputs for one batch; a subclass may define it, and `predict` then calls it.

        Parameters
        ----------
        data : tuple
            ``(x,)``, as arrays.
        """
        return self(unpack(data)[0], training=False)

    def _has_own(self, step: str) -> bool:
        """Whether the model's class defines that step, or what the base's step calls."""
        cls = type(self)
        for name in _CALLED_BY[step]:  # any() would take three times as long
            if getattr(cls, name) is not getattr(Model, name):
                return True
        return False

    # ---- configs, files and state

    def get_compile_config(self) -> dict[str, Any]:
        """Return what `compile` was given, for `compile_from_config`; {} if it was not called."""
        return formats.compile_config(self) or {}

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile the model as one was that gave the config.

        A model whose class has a `compile` of its own is left as it is, with a warning.

        Raises
        ------
        ValueError
            If a class or function is neither pynn's nor registered.
        """
        formats.compile_from(self, config, known_objects(None))

    get_state_tree = get_state_tree
    set_state_tree = set_state_tree
    save = formats.save_model
    save_weights = formats.save_weights
    export = formats.export_model
    load_weights = formats.load_weights
    _resume_training = formats.resume_training

    def __reduce__(self) -> Any:
        return reduce_model(self)


def _rows_of(x: Any) -> int:
    """Return the number of rows of a batch."""
    return len(leaves(x)[0])


_functional_config.CLASSES.update(Model=Model, Functional=Model)
