"""The activations that estimators know by name."""

from __future__ import annotations

from pynn import activations
from pynn.activations import registry

# All that need no arguments.
ACTIVATION_NAMES = frozenset(
    name
    for name in set(activations.__all__).intersection(registry.names)
    if not registry.examples[registry.find(name).__name__]
)
