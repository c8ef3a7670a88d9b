"""pynn's Sequential on all threads that it may use, whatever it measures."""

from measuring.peers.pynn_sequential import predict, set_threads, train
from pynn import _core

__all__ = ["predict", "set_threads", "train"]

_core._set_worker_tuning(False)
