"""Who can be measured: one module each, with a function per piece of work that it can do.

Each module also has ``set_threads``. Those whose pool cannot be resized (JAX, TensorFlow) leave it
as it is, with a thread for every processor that the report may use.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass, field
from types import ModuleType


@dataclass(frozen=True)
class PeerInfo:
    """Where a peer's code is, which packages it needs, and the environment of its process."""

    module: str
    packages: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    resizable: bool = True
    alone: bool = False  # its module changes what others in the process would do

    @property
    def missing(self) -> list[str]:
        return [name for name in self.packages if importlib.util.find_spec(name) is None]


PEERS: dict[str, PeerInfo] = {
    "pynn Sequential": PeerInfo("pynn_sequential"),
    "pynn estimator": PeerInfo("pynn_estimator"),
    "every worker": PeerInfo("pynn_every_worker", alone=True),
    "NumPy by hand": PeerInfo("numpy_by_hand"),
    "scikit-learn": PeerInfo("scikit_learn"),
    "JAX scan": PeerInfo("jax_scan", ("jax",), resizable=False),
    "PyTorch eager": PeerInfo("pytorch_eager", ("torch",)),
    "Keras on JAX": PeerInfo(
        "keras_fit", ("keras", "jax"), {"KERAS_BACKEND": "jax"}, resizable=False
    ),
    "Keras on TensorFlow": PeerInfo(
        "keras_fit", ("keras", "tensorflow"), {"KERAS_BACKEND": "tensorflow"}, resizable=False
    ),
    "ONNX Runtime": PeerInfo("onnx_runtime", ("onnx", "onnxruntime")),
}
PYNN = tuple(name for name in PEERS if name.startswith("pynn"))
# Those that pynn's own dependencies bring.
ALWAYS = tuple(name for name, peer in PEERS.items() if not (peer.packages or peer.alone))


def load(peer: str) -> ModuleType:
    """Import the module of a peer; what it needs must be installed."""
    return importlib.import_module(f"measuring.peers.{PEERS[peer].module}")
