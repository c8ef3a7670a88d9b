"""`Metrics` of a server, in Prometheus's form."""

from __future__ import annotations

import os
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST as MEDIA_TYPE
from prometheus_client.process_collector import ProcessCollector

__all__ = ["MEDIA_TYPE", "Metrics"]

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384)


class Metrics:
    """Counts and histograms of one server; of several processes together where there are several.

    Parameters
    ----------
    waiting : callable
        Returns how many requests wait now.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        self._several = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        self._requests = Counter(
            "pynn_requests", "Requests answered.", ["endpoint", "status"], registry=registry
        )
        self._seconds = Histogram(
            "pynn_request_seconds",
            "Seconds from a request's head to the end of its answer.",
            ["endpoint"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._batch_requests = Histogram(
            "pynn_batch_requests", "Requests predicted together.", buckets=_SIZES, registry=registry
        )
        self._batch_rows = Histogram(
            "pynn_batch_rows", "Rows predicted together.", buckets=_SIZES, registry=registry
        )
        if not self._several:
            Gauge(
                "pynn_requests_waiting", "Requests that have no answer yet.", registry=registry
            ).set_function(waiting)
            ProcessCollector(registry=registry)

    def answered(self, endpoint: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def predicted(self, requests: int, rows: int) -> None:
        """Count a batch."""
        self._batch_requests.observe(requests)
        self._batch_rows.observe(rows)

    def text(self) -> bytes:
        """Return all of them in Prometheus's text form."""
        registry = self._registry
        if self._several:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)
        return generate_latest(registry)
