"""What is said where Dask is missing, and the client that is used where none is given."""

from __future__ import annotations

from functools import partial
from typing import Any

from pynn import _optional

needed = partial(_optional.needed, "pynn.dask", "Dask", '"pynn-mlp[dask]"')


def client_or_current(client: Any) -> Any:
    """Return `client`, or for None the one that was made last in this process.

    Raises
    ------
    ValueError
        If there is none.
    """
    if client is not None:
        return client
    with needed():
        from distributed import get_client
    try:
        return get_client()
    except ValueError as error:
        raise ValueError(
            "there is no Dask client to train with: make one, client = distributed.Client(...), "
            "before"
        ) from error
