"""A penalty on the gradient with respect to the inputs, against overfitting.

A wide network follows the noise of 16 points. With the squared slope at random inputs added to its
loss it does not. The slope is taken with a tape in the call of a layer, becomes part of the model,
and is trained in the engine. ``--quick`` trains for fewer epochs.
"""

import sys

import numpy as np

import pynn as keras
from pynn import ops

epochs = 1000 if "--quick" in sys.argv[1:] else 3000


class SlopePenalty(keras.layers.Layer):
    """A network that adds the mean square of its slope to the loss."""

    def __init__(self, network, weight, **kwargs):
        super().__init__(**kwargs)
        self.network = network
        self.weight = weight

    def call(self, inputs):
        x, anywhere = inputs
        with keras.Tape() as tape:
            tape.watch(anywhere)
            y = self.network(anywhere)
        slope = tape.gradient(y, anywhere)
        self.add_loss(self.weight * ops.mean(ops.square(slope)))
        return self.network(x)


rng = np.random.default_rng(3)
x = rng.uniform(-1, 1, (16, 1))
y = np.sin(3 * x) + 0.4 * rng.standard_normal(x.shape)
anywhere = rng.uniform(-1, 1, x.shape)
x_test = np.linspace(-1, 1, 201)[:, None]

for weight in (0.0, 0.02):
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(100, activation="tanh", kernel_initializer="he_normal"),
            keras.layers.Dense(100, activation="tanh"),
            keras.layers.Dense(1),
        ]
    )
    inputs = [keras.Input((1,)), keras.Input((1,))]
    model = keras.Model(inputs, SlopePenalty(network, weight)(inputs))
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(0.005))
    model.fit([x, anywhere], y, epochs=epochs, batch_size=16, verbose=0)
    error = np.square(network.predict(x_test, verbose=0) - np.sin(3 * x_test)).mean()
    print(f"penalty {weight}: test MSE {error:.3f}")
