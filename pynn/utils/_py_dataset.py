"""`PyDataset`, also called `Sequence`: data that a class hands out batch by batch.

Only what users subclass; reading the batches in the background is the training loop's business.
"""

from __future__ import annotations

import itertools
from typing import Any


class PyDataset:
    """A dataset written in Python, one batch an index.

    Subclasses define ``__getitem__(index)``, which returns ``(inputs, targets)`` or
    ``(inputs, targets, sample_weights)`` for a whole batch, and ``__len__()``, the number of
    batches. A subclass need not call ``super().__init__()``.

    Parameters
    ----------
    workers : int, default=1
        How many threads may fetch batches.
    use_multiprocessing : bool, default=False
        Whether these may be processes.
    max_queue_size : int, default=10
        How many batches may wait to be used.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn.utils import PyDataset
    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...
    ...     def __getitem__(self, index):
    ...         x = np.arange(4.0).reshape(-1, 1) + 4 * index
    ...         return x, x**2
    >>> [x.shape for x, _ in Squares()]
    [(4, 1), (4, 1)]
    """

    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Return the batch at position `index`."""
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(index)")

    def __len__(self) -> int:
        """Return the number of batches."""
        raise NotImplementedError(f"{type(self).__name__} must define __len__()")

    def __iter__(self) -> Any:
        """Go through the batches once, in order; through those of an endless dataset for ever."""
        count = self.num_batches
        return (self[index] for index in (itertools.count() if count is None else range(count)))

    @property
    def num_batches(self) -> int | None:
        """Number of batches; a subclass may return None for an endless dataset."""
        return len(self)

    def on_epoch_begin(self) -> None:
        """Do something before each epoch."""

    def on_epoch_end(self) -> None:
        """Do something after each epoch, for instance shuffle."""


Sequence = PyDataset
