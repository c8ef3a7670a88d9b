"""A server on a thread of the test's own process, and what asks it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import uvicorn


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)


class Client:
    """Asks a server on this machine; each thread has a connection of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._own = threading.local()
        self._connections: list[http.client.HTTPConnection] = []

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            self._own.connection = connection
            self._connections.append(connection)
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, content: Any, path: str = "/predict", **headers: str) -> Answer:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.ask("POST", path, body, **({"Content_Type": "application/json"} | headers))


@contextmanager
def running(app: Any) -> Iterator[Client]:
    """Serve an application by uvicorn."""
    config = uvicorn.Config(app, port=0, log_level="critical", ws="none", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        client = Client(server.servers[0].sockets[0].getsockname()[1])
        try:
            yield client
        finally:
            client.close()
    finally:
        server.should_exit = True
        thread.join()
