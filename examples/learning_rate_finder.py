"""Finding a learning rate: let it grow with each step, and see where the loss is smallest.

Then train with a third of that rate, and keep the best weights. ``--quick`` trains for few epochs.
"""

import sys

import numpy as np
from sklearn.datasets import load_digits

import pynn as keras

epochs = 5 if "--quick" in sys.argv[1:] else 50


class GrowingRate(keras.callbacks.Callback):
    def __init__(self, factor):
        self.factor = factor
        self.rates, self.losses, self.sum = [], [], 0.0

    def on_train_batch_end(self, batch, logs=None):
        new_sum = logs["loss"] * (batch + 1)  # the loss in logs is the epoch's mean so far
        self.losses.append(new_sum - self.sum)
        self.sum = new_sum
        rate = self.model.optimizer.learning_rate
        self.rates.append(float(rate))
        self.model.optimizer.learning_rate = rate * self.factor


x, y = load_digits(return_X_y=True)
x_train, x_valid, y_train, y_valid = x[:1400] / 16, x[1400:] / 16, y[:1400], y[1400:]


def build(rate):
    keras.utils.set_random_seed(42)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(100, activation="relu", kernel_initializer="he_normal"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.SGD(learning_rate=rate, momentum=0.9)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model


steps = -(-len(x_train) // 16)
finder = GrowingRate(factor=(10 / 1e-4) ** (1 / steps))
build(1e-4).fit(x_train, y_train, batch_size=16, verbose=0, callbacks=[finder])
smooth = np.convolve(finder.losses, np.ones(5) / 5, mode="same")
rate = finder.rates[int(smooth[2:-2].argmin()) + 2] / 3
print(f"learning rate {rate:.3f}")

model = build(rate)
stopping = keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True)
history = model.fit(
    x_train,
    y_train,
    epochs=epochs,
    validation_data=(x_valid, y_valid),
    callbacks=[stopping],
    verbose=0,
)
accuracy = model.evaluate(x_valid, y_valid, verbose=0)[1]
print(f"{len(history.epoch)} epochs, validation accuracy {accuracy:.3f}")
