"""How many threads the engine may use: `pynn.num_threads` and `pynn.set_num_threads`."""

from __future__ import annotations

from pynn import _core
from pynn._number_checks import is_integer


def num_threads() -> int:
    """Return how many threads native calls from this thread may use.

    At first that is what ``PYNN_NUM_THREADS`` says, else ``OMP_NUM_THREADS``, else the number of
    processors that affinity and the cgroup's quota leave to this process. What is small runs on
    fewer.

    Returns
    -------
    int

    Examples
    --------
    >>> import pynn
    >>> pynn.num_threads() >= 1
    True
    """
    return _core.num_threads()


def set_num_threads(threads: int) -> None:
    """Set how many threads native calls in this process may use. Results do not depend on it.

    Parameters
    ----------
    threads : int
        From 1 to 256; there may be more of them than processors, which is slower.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> import pynn
    >>> before = pynn.num_threads()
    >>> pynn.set_num_threads(1)
    >>> pynn.num_threads()
    1
    >>> pynn.set_num_threads(before)
    """
    if not is_integer(threads) or not 1 <= threads <= _core.max_threads:
        raise ValueError(
            f"threads must be an integer between 1 and {_core.max_threads}. "
            f"Received: threads={threads!r}"
        )
    _core.set_num_threads(int(threads))
