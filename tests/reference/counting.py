"""A layer that assigns to its weight when it is called, for what cannot write that down."""

from __future__ import annotations

from typing import Any

from pynn import layers


class Counts(layers.Layer):
    """Multiplies its inputs by how often it has been called."""

    def build(self, input_shape: Any) -> None:
        self.n = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, inputs: Any) -> Any:
        self.n.assign_add(1.0)
        return inputs * self.n
