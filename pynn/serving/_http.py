"""The ASGI application: paths, limits, and which status says what.

Starlette finds the handler; what content means, batches and metrics are beside this file.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any, NamedTuple

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from pynn.serving import _arrow, _json
from pynn.serving._batches import Batches
from pynn.serving._content import BadContent
from pynn.serving._metrics import MEDIA_TYPE, Metrics
from pynn.serving._openapi import description
from pynn.serving._served import Served

_NOT_READY = {"Retry-After": "1"}
_CLOSED = 499  # nginx's, for a client that has gone


class Limits(NamedTuple):
    """What a server takes on.

    Attributes
    ----------
    body : int
        Bytes of a request.
    rows : int
        Rows of a request.
    waiting : int
        Requests that have no answer yet, those whose body is being read included.
    seconds : float
        That a body may take to arrive, and that rows may wait for their turn.
    batch : int
        Rows that are predicted together.
    """

    body: int
    rows: int
    waiting: int
    seconds: float
    batch: int


class Service:
    """A served model behind its paths."""

    def __init__(self, served: Served, name: str, limits: Limits) -> None:
        self._served = served
        self._name = name
        self._limits = limits
        self._waiting = 0
        self._is_stopping = False
        self.counts = Metrics(lambda: self._waiting)
        self._batches = Batches(served, limits.batch, self.counts.predicted)
        self._openapi = orjson.dumps(description(served, name, limits.rows))
        page = resources.files("pynn.serving").joinpath("page.html").read_text(encoding="utf-8")
        self._page = page

    def routes(self) -> list[Route]:
        """Return what is found where."""
        return [
            Route("/predict", self.predict, methods=["POST"]),
            Route("/v1/models/{name}:predict", self.predict, methods=["POST"]),
            Route("/v1/models/{name}", self.model),
            Route("/healthz", self.health),
            Route("/readyz", self.ready),
            Route("/metrics", self.metrics),
            Route("/openapi.json", self.openapi),
            Route("/docs", self.page),
        ]

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Stop the thread in the end; the model has been loaded before."""
        yield
        self._is_stopping = True
        self._batches.close()

    async def predict(self, request: Request) -> Response:
        """Answer a request for predictions."""
        self._check_name(request)
        if self._waiting >= self._limits.waiting:
            raise HTTPException(503, "too many requests are waiting", _NOT_READY)
        self._waiting += 1
        try:
            reader, writer = _format_of_request(request), _format_of_answer(request)
            body = await self._body(request)
            rows = self._served.rows(reader.read(body, self._limits.rows))
            try:
                async with asyncio.timeout(self._limits.seconds):
                    outputs = await self._batches.predict(rows)
            except TimeoutError:
                raise HTTPException(503, "waited too long", _NOT_READY) from None
            return Response(writer.write(self._served, outputs), media_type=writer.MEDIA_TYPE)
        except BadContent as error:
            headers = {"Connection": "close"} if error.status == 413 else None
            raise HTTPException(error.status, str(error), headers) from None
        except ClientDisconnect:
            raise HTTPException(_CLOSED, "the connection was closed") from None
        finally:
            self._waiting -= 1

    async def _body(self, request: Request) -> bytes:
        most = self._limits.body
        too_large = HTTPException(413, f"a body may have {most} bytes", {"Connection": "close"})
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > most:
            raise too_large
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._limits.seconds):
                async for part in request.stream():
                    size += len(part)
                    if size > most:
                        raise too_large
                    parts.append(part)
        except TimeoutError:
            raise HTTPException(408, "the body did not arrive", {"Connection": "close"}) from None
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _check_name(self, request: Request) -> None:
        name = request.path_params.get("name", self._name)
        if name != self._name:
            raise HTTPException(404, f"there is no model {name!r:.80}: it is {self._name!r}")

    async def model(self, request: Request) -> Response:
        """Say that the model is there, as KServe asks."""
        self._check_name(request)
        return _answer({"name": self._name, "ready": self._is_ready()})

    async def health(self, request: Request) -> Response:
        """Say that the process lives."""
        return _answer({"status": "alive"})

    def _is_ready(self) -> bool:
        return not self._is_stopping and self._waiting < self._limits.waiting

    async def ready(self, request: Request) -> Response:
        """Say whether requests are taken now."""
        if self._is_ready():
            return _answer({"status": "ready"})
        raise HTTPException(503, "no more requests are taken now", _NOT_READY)

    async def metrics(self, request: Request) -> Response:
        """Return the metrics."""
        return Response(self.counts.text(), headers={"Content-Type": MEDIA_TYPE})

    async def openapi(self, request: Request) -> Response:
        """Return the description of all this."""
        return Response(self._openapi, media_type=_json.MEDIA_TYPE)

    async def page(self, request: Request) -> Response:
        """Return the page that shows the description."""
        policy = "default-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
        return HTMLResponse(self._page, headers={"Content-Security-Policy": policy})


class CountAnswers:
    """Middleware that counts answers by status, and their seconds."""

    def __init__(self, app: Any, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def counted(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            endpoint = scope.get("endpoint")
            name = "unknown" if endpoint is None else endpoint.__name__
            self._metrics.answered(name, status, time.perf_counter() - start)


def application(served: Served, name: str, limits: Limits) -> Starlette:
    """Return the application."""
    service = Service(served, name, limits)
    return Starlette(
        routes=service.routes(),
        middleware=[Middleware(CountAnswers, metrics=service.counts)],
        exception_handlers={HTTPException: _error, Exception: _failure},
        lifespan=service.lifespan,
    )


def _answer(content: Any, status: int = 200, headers: Any = None) -> Response:
    return Response(orjson.dumps(content), status, headers, _json.MEDIA_TYPE)


async def _error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer({"error": error.detail}, error.status_code, error.headers)


async def _failure(request: Request, error: Exception) -> Response:
    return _answer({"error": "the server has failed; its log says how"}, 500)


def _format_of_request(request: Request) -> Any:
    """Return the module that reads the body."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415, "the body must not be encoded. Received: a Content-Encoding")
    kind = request.headers.get("content-type", _json.MEDIA_TYPE).partition(";")[0].strip().lower()
    if kind == _json.MEDIA_TYPE:
        return _json
    if kind == _arrow.MEDIA_TYPE:
        return _arrow_if_installed()
    raise HTTPException(
        415,
        f"Content-Type must be {_json.MEDIA_TYPE} or {_arrow.MEDIA_TYPE}. Received: {kind!r:.80}",
    )


def _format_of_answer(request: Request) -> Any:
    """Return the module that writes the answer."""
    if _arrow.MEDIA_TYPE in request.headers.get("accept", ""):
        return _arrow_if_installed()
    return _json


def _arrow_if_installed() -> Any:
    try:
        _arrow.pyarrow()
    except ImportError:
        raise HTTPException(
            415, 'the server has no Arrow: it needs pip install "pyarrow>=15"'
        ) from None
    return _arrow
