"""Keeping BLAS to one thread while SciPy's optimizer works on short vectors.

L-BFGS solves systems of a dozen unknowns; several BLAS threads then wait for each other longer
than they compute, a hundred times longer on a busy machine.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import threadpool_limits

_lock = threading.Lock()
_users = 0
_limits: Any = None


@contextmanager
def single_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread in this process; nested and concurrent uses end with the last."""
    global _limits, _users
    with _lock:
        if _users == 0:
            _limits = threadpool_limits(1, user_api="blas")
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _limits.restore_original_limits()
