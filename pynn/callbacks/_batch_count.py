"""Counting batches over epochs, for what is saved every few of them."""

from __future__ import annotations

from typing import Any

from pynn._number_checks import is_integer


def check_save_freq(save_freq: Any) -> str | int:
    """Return `save_freq`.

    Raises
    ------
    ValueError
        If it is neither ``"epoch"`` nor a positive integer.
    """
    if save_freq == "epoch":
        return "epoch"
    if not is_integer(save_freq) or save_freq < 1:
        raise ValueError(
            f"save_freq must be 'epoch' or a positive integer. Received: save_freq={save_freq!r}"
        )
    return int(save_freq)


class BatchCount:
    """How many batches were seen since something was last done.

    Parameters
    ----------
    every : "epoch" or int
        After how many batches it is due; with ``"epoch"`` it never is.
    """

    def __init__(self, every: str | int) -> None:
        self._every = every
        self._seen = 0
        self._last: int | None = None

    def is_due(self, batch: int) -> bool:
        """Count up to batch number `batch` of its epoch, and tell whether it is time."""
        if not isinstance(self._every, int):
            return False
        new_epoch = self._last is None or batch <= self._last
        self._seen += batch + 1 if new_epoch else batch - (self._last or 0)
        self._last = batch
        if self._seen < self._every:
            return False
        self._seen = 0
        return True
