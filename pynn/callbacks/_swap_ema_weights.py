"""`SwapEMAWeights`: evaluating and saving the moving average of the weights during training."""

from __future__ import annotations

from typing import Any

from pynn.callbacks._callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Put the optimizer's moving average in the place of the weights for each evaluation.

    The optimizer has to be made with ``use_ema=True``. At the end of training it leaves the average
    in the model by itself.

    Parameters
    ----------
    swap_on_epoch : bool, default=False
        Whether the average is also in the model from the end of an epoch to the beginning of the
        next, so that a `ModelCheckpoint` after this callback saves it.

    Raises
    ------
    ValueError
        At the beginning of training, if the optimizer keeps no average.

    Examples
    --------
    >>> from pynn import callbacks
    >>> swapping = callbacks.SwapEMAWeights()
    """

    _prints = False

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._own: list[Any] | None = None  # the weights, while their averages are in the model

    def on_train_begin(self, logs: Logs = None) -> None:
        """See whether there is an average."""
        self._own = None
        if not self.model.optimizer.use_ema:
            raise ValueError(
                "SwapEMAWeights needs an optimizer that keeps an average of the weights: make it "
                "with use_ema=True"
            )

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Give the model its own weights back."""
        self._swap_out()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Put the average in, if asked to."""
        if self.swap_on_epoch:
            self._swap_in()

    def on_test_begin(self, logs: Logs = None) -> None:
        """Put the average in."""
        self._swap_in()

    def on_test_end(self, logs: Logs = None) -> None:
        """Give the model its own weights back."""
        self._swap_out()

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Put the average in."""
        self._swap_in()

    def on_predict_end(self, logs: Logs = None) -> None:
        """Give the model its own weights back."""
        self._swap_out()

    def on_train_end(self, logs: Logs = None) -> None:
        """Forget the weights: the optimizer has left the average in the model."""
        self._own = None

    def _swap_in(self) -> None:
        if self._own is None:
            weights = self.model.trainable_weights
            own = [weight.numpy().copy() for weight in weights]
            self.model.optimizer.finalize_variable_values(weights)
            self._own = own

    def _swap_out(self) -> None:
        if self._own is not None:
            for weight, value in zip(self.model.trainable_weights, self._own, strict=True):
                weight.assign(value)
        self._own = None
