"""scikit-learn's callback protocol, where the installed version has it (since 1.9).

Elsewhere `CallbackSupportMixin` and `callback_management_context` do nothing.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin, callback_management_context

    HAS_CALLBACKS = True
except ImportError:
    HAS_CALLBACKS = False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands for scikit-learn's mixin of this name."""

    def callback_management_context(estimator: Any) -> AbstractContextManager[None]:
        """Return a context that does nothing."""
        return nullcontext()


class FitTask:
    """The fit of an estimator, and its epochs, as tasks that scikit-learn's callbacks hear of.

    Parameters
    ----------
    estimator : BaseEstimator
    max_epochs : int
    x, y, sample_weight
        What was given to ``fit``.
    """

    def __init__(self, estimator: Any, max_epochs: int, x: Any, y: Any, sample_weight: Any) -> None:
        self._estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"X": x, "y": y, "metadata": metadata}
        self._context = estimator._init_callback_context(max_subtasks=max_epochs)
        self._context.call_on_fit_task_begin(estimator=estimator, **self._data)
        self._epoch: Any = None

    def epoch_begins(self) -> None:
        """Tell of the begin of an epoch."""
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def epoch_ends(self) -> bool:
        """Tell of the end of an epoch; return whether a callback wants training to stop."""
        # A copy holds the weights of now, so nothing has to be added to make it predict.
        stop: bool = self._epoch.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes=dict
        )
        return stop

    def ends(self) -> None:
        """Tell of the end of the fit."""
        self._context.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes=dict
        )


def begin_fit_task(
    estimator: Any, max_epochs: int, x: Any, y: Any, sample_weight: Any
) -> FitTask | None:
    """Return the task of a fit, or None if there is no callback that would hear of it."""
    if "_skl_callbacks" not in vars(estimator):
        return None
    return FitTask(estimator, max_epochs, x, y, sample_weight)
