"""A network that solves an equation: the damped oscillator u'' + 0.4 u' + 4 u = 0.

There is no data. The loss is what the network's derivatives leave of the equation at random times.
They are taken with tapes in the call of a layer, become part of the model, and are trained in the
engine. ``--quick`` trains for fewer epochs.
"""

import sys

import numpy as np

import pynn as keras
from pynn import ops

epochs = 2000 if "--quick" in sys.argv[1:] else 4000
friction, stiffness = 0.4, 4.0


class Equation(keras.layers.Layer):
    """What a function of time leaves of the equation."""

    def __init__(self, network, **kwargs):
        super().__init__(**kwargs)
        self.network = network

    def position(self, t):
        """Return u(t), which is 1 and at rest at the start, whatever the network says."""
        return 1.0 + ops.square(t) * self.network(t)

    def call(self, t):
        with keras.Tape() as outer:
            outer.watch(t)
            with keras.Tape() as inner:
                inner.watch(t)
                u = self.position(t)
            velocity = inner.gradient(u, t)
        acceleration = outer.gradient(velocity, t)
        return acceleration + friction * velocity + stiffness * u


keras.utils.set_random_seed(0)
network = keras.Sequential(
    [
        keras.Input((1,)),
        keras.layers.Dense(32, activation="tanh"),
        keras.layers.Dense(32, activation="tanh"),
        keras.layers.Dense(1),
    ]
)
times = keras.Input((1,))
equation = Equation(network)
model = keras.Model(times, equation(times))
rate = keras.optimizers.schedules.CosineDecay(0.01, decay_steps=8 * epochs)
model.compile(loss="mse", optimizer=keras.optimizers.Adam(rate))
t = np.random.default_rng(0).uniform(0, 4, (256, 1))
model.fit(t, np.zeros_like(t), epochs=epochs, batch_size=32, verbose=0)

t = np.linspace(0, 4, 9)[:, None]
frequency = np.sqrt(stiffness - friction**2 / 4)
exact = np.cos(frequency * t) + friction / (2 * frequency) * np.sin(frequency * t)
exact *= np.exp(-friction / 2 * t)
found = equation.position(t.astype("float32"))
for moment, u, truth in zip(t[:, 0], found[:, 0], exact[:, 0], strict=True):
    print(f"u({moment:.1f}) = {u:+.4f}, exactly {truth:+.4f}")
print(f"largest error {np.abs(found - exact).max():.4f}")
