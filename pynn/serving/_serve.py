"""`app`, which makes an ASGI application of a model, and `run`, which serves it by uvicorn."""

from __future__ import annotations

import gc
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pynn._number_checks import checked_size, is_number
from pynn._optional import needed
from pynn._threads import set_num_threads
from pynn.estimators import load
from pynn.serving._served import served

if TYPE_CHECKING:
    from starlette.applications import Starlette

_PACKAGES = "starlette, uvicorn, orjson and prometheus-client"
_needed = partial(needed, "pynn.serving", _PACKAGES, '"pynn-mlp[serve]"')
_SETTINGS = "PYNN_SERVE"  # what a process that is started for the same model reads
_GRACE = 30  # seconds for requests to be answered after SIGTERM


def app(
    model: Any,
    *,
    name: str | None = None,
    max_body: int = 8 * 2**20,
    max_rows: int = 10_000,
    max_waiting: int = 512,
    max_seconds: float = 30.0,
    max_batch: int = 1024,
    custom_objects: Mapping[str, Any] | None = None,
) -> Starlette:
    """Return an ASGI application that predicts with a model.

    A file is read as by `pynn.load`: nothing in it is run, and no path comes from a request. The
    model is loaded and has predicted once when this returns.

    Parameters
    ----------
    model : path-like, Model or fitted estimator
        A file that `save` wrote, or what is served itself; estimators are copied.
    name : str, default=None
        What the paths of KServe's protocol call it; None stands for the file's name without its
        ending, or "model".
    max_body : int, default=8 MiB
        Bytes of a request. What is longer is answered by 413.
    max_rows : int, default=10000
        Rows of a request. More are answered by 413.
    max_waiting : int, default=512
        Requests at a time. Further ones are answered by 503 with ``Retry-After``.
    max_seconds : float, default=30.0
        For how long a body may take to arrive (else 408), and rows may wait for their turn
        (else 503).
    max_batch : int, default=1024
        Rows of different requests that are predicted together, where predictions for a row do not
        depend on the others.
    custom_objects : mapping of str to object, default=None
        Functions and classes of one's own that the file names.

    Returns
    -------
    starlette.applications.Starlette

    Raises
    ------
    ImportError
        If a package is missing.
    FileNotFoundError
        If there is no such file.
    pynn.saving.FileError
        If it cannot be read.
    TypeError, ValueError
        If the model is no model of pynn's, or has not been fitted, or a limit is not positive.

    Examples
    --------
    >>> import pynn
    >>> from pynn import serving
    >>> model = pynn.MLP(8, 3, output_activation="softmax", input_shape=4)
    >>> application = serving.app(model, name="flowers")  # for uvicorn, Hypercorn, Granian, ...
    """
    with _needed():
        from pynn.serving._http import Limits, application
    if not is_number(max_seconds) or max_seconds <= 0:
        raise ValueError(f"max_seconds must be positive. Received: max_seconds={max_seconds!r}")
    limits = Limits(
        checked_size("max_body", max_body),
        checked_size("max_rows", max_rows),
        checked_size("max_waiting", max_waiting),
        float(max_seconds),
        checked_size("max_batch", max_batch),
    )
    if isinstance(model, (str, os.PathLike)):
        name = name or Path(model).stem
        model = load(model, custom_objects)
    found = served(model)
    with suppress(ValueError):  # a model may have no use for zeros
        found.predict(found.example())
    return application(found, name or "model", limits)


def run(
    path: str | os.PathLike[str],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    threads: int | None = None,
    **settings: Any,
) -> None:
    """Serve a file by uvicorn until SIGTERM or Ctrl-C; then what waits is answered first.

    Parameters
    ----------
    path : path-like
    host : str, default="127.0.0.1"
    port : int, default=8000
    workers : int, default=1
        Processes.
    threads : int, default=None
        Of the engine, in each process; None leaves it to the engine.
    **settings
        Further arguments of `app`.

    Raises
    ------
    ImportError
        If a package is missing.
    FileNotFoundError
        If there is no such file.
    pynn.saving.FileError
        If it cannot be read.
    """
    with _needed():
        import uvicorn
    if threads is not None:
        set_num_threads(threads)
    application: Any = app(path, **settings)  # for several workers, too: errors come here
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "access_log": False,
        "server_header": False,
        "ws": "none",
        "timeout_graceful_shutdown": _GRACE,
    }
    if workers == 1:
        gc.freeze()  # what stays is not to be looked through while requests wait
        uvicorn.run(application, **options)
        return
    with tempfile.TemporaryDirectory(prefix="pynn-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        os.environ[_SETTINGS] = json.dumps([os.fspath(path), threads, settings])
        try:
            place = "pynn.serving._serve:app_of_worker"
            uvicorn.run(place, factory=True, workers=workers, **options)
        finally:
            del os.environ["PROMETHEUS_MULTIPROC_DIR"], os.environ[_SETTINGS]


def app_of_worker() -> Starlette:
    """Return the application of a process that `run` has started."""
    path, threads, settings = json.loads(os.environ[_SETTINGS])
    if threads is not None:
        set_num_threads(threads)
    made = app(path, **settings)
    gc.freeze()
    return made
