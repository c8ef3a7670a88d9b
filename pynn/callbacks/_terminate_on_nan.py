"""`TerminateOnNaN`: the end of a training whose loss is no number any more."""

from __future__ import annotations

import math

from pynn.callbacks._callback import Callback, Logs, now_and_then


class TerminateOnNaN(Callback):
    """Stop when the loss is NaN or infinite.

    The mean loss over the epoch so far is looked at about twenty times a second and after the
    epoch's last batch, so that the engine need not stop after each batch: once one batch's loss is
    no number, the mean stays none.

    Parameters
    ----------
    raise_error : bool, default=False
        Whether to raise `RuntimeError` in place of stopping.

    Examples
    --------
    >>> from pynn import callbacks
    >>> guard = callbacks.TerminateOnNaN()
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    @now_and_then
    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Look at the loss.

        Raises
        ------
        RuntimeError
            If the loss is no finite number and an error was asked for.
        """
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"the loss became {float(loss)} at batch {batch}")
        print(f"Batch {batch}: invalid loss, terminating training")
        self.model.stop_training = True
