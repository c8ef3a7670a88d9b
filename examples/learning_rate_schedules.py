"""Learning rates that change: by the step, by the epoch, when nothing gets better, in one cycle.

``--quick`` trains for few epochs.
"""

import sys

from sklearn.datasets import load_digits

import pynn as keras

epochs = 5 if "--quick" in sys.argv[1:] else 30
batch_size = 32

x, y = load_digits(return_X_y=True)
x_train, x_valid, y_train, y_valid = x[:1400] / 16, x[1400:] / 16, y[:1400], y[1400:]
steps = epochs * -(-len(x_train) // batch_size)
schedules = keras.optimizers.schedules


class OneCycle(keras.callbacks.Callback):
    """Up to the largest rate in the first half of the steps, and down again in the second."""

    def __init__(self, max_rate):
        self.max_rate = max_rate
        self.step = 0

    def on_train_batch_begin(self, batch, logs=None):
        half = steps / 2
        share = 1 - abs(self.step - half) / half
        self.model.optimizer.learning_rate = self.max_rate * (0.1 + 0.9 * share)
        self.step += 1


callbacks = keras.callbacks
plateau = callbacks.ReduceLROnPlateau(factor=0.5, patience=2)
ways = {
    "constant": (0.1, []),
    "exponential, by the step": (schedules.ExponentialDecay(0.1, steps, 0.1), []),
    "piecewise constant": (schedules.PiecewiseConstantDecay([steps // 2], [0.1, 0.01]), []),
    "cosine with a warm-up": (
        schedules.CosineDecay(0.0, steps, warmup_target=0.1, warmup_steps=steps // 10),
        [],
    ),
    "exponential, by the epoch": (
        0.1,
        [callbacks.LearningRateScheduler(lambda epoch: 0.1 * 0.1 ** (epoch / epochs))],
    ),
    "halved on a plateau": (0.1, [plateau]),
    "one cycle": (0.1, [OneCycle(0.2)]),
}

for name, (rate, listeners) in ways.items():
    keras.utils.set_random_seed(42)
    model = keras.Sequential(
        [
            keras.layers.Dense(50, activation="relu", input_shape=[64]),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate=rate, momentum=0.9),
        metrics=["accuracy"],
    )
    model.fit(
        x_train,
        y_train,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=(x_valid, y_valid),
        callbacks=listeners,
        verbose=0,
    )
    loss, accuracy = model.evaluate(x_valid, y_valid, verbose=0)
    last = float(model.optimizer.learning_rate)
    print(f"{name:26s} last rate {last:.4f}, validation loss {loss:.3f}, accuracy {accuracy:.3f}")
