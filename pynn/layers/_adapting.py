"""What layers that learn from data beforehand share: `adapt`, over arrays or batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any


def batches_of(data: Any, steps: int | None) -> Iterator[Any]:
    """Yield the inputs of each batch.

    Parameters
    ----------
    data : array-like, DataFrame, list of arrays, generator or PyDataset
        The first two are one batch, and so are lists of what has no two axes. Of a batch that is a
        tuple only the first entry counts, which are the inputs.
    steps : int or None
        How many batches to take; None takes all.
    """
    batched = _is_batched(data)
    for batch in itertools.islice(data if batched else [data], steps):
        yield batch[0] if batched and isinstance(batch, tuple) and batch else batch


def _is_batched(data: Any) -> bool:
    """Whether `data` hands out batches, rather than being an array or a list of rows."""
    if isinstance(data, (list, tuple)):
        first = data[0] if data else None
        first = first[0] if isinstance(first, tuple) and first else first
        return len(getattr(first, "shape", ())) > 1
    return hasattr(data, "__iter__") and not any(
        hasattr(data, name) for name in ("shape", "__array__", "__dataframe__")
    )


class Adapting:
    """Base of layers with a state that `adapt` fills, beside their weights."""

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn from data, in place of what an earlier call has learned.

        Parameters
        ----------
        data : array-like, DataFrame, list of arrays, generator or PyDataset
            All of it, or batch by batch.
        steps : int, default=None
            How many batches to take; None takes all.

        Raises
        ------
        ValueError
            If the layer was given what it would learn.
        """
        self.reset_state()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forget what was counted in the batches of an unfinished `adapt`."""
        raise NotImplementedError

    def update_state(self, data: Any) -> None:
        """Take a batch into account."""
        raise NotImplementedError

    def finalize_state(self) -> None:
        """Make what the layer uses of all batches."""
        raise NotImplementedError
