"""Save the best model while training, stop when it no longer gets better, go on another day.

Files are written to a temporary folder. ``--quick`` trains for few epochs.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

import pynn as keras

epochs = 10 if "--quick" in sys.argv[1:] else 200

x, y = load_diabetes(return_X_y=True)
x, y = scale(x), scale(y)
x_train, x_valid, y_train, y_valid = x[:350], x[350:], y[:350], y[350:]


class PrintValTrainRatio(keras.callbacks.Callback):
    """A callback of one's own: it sees the figures of each epoch."""

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % 5 == 0:
            print(f"epoch {epoch + 1}: val/train = {logs['val_loss'] / logs['loss']:.2f}")


keras.utils.set_random_seed(42)
model = keras.Sequential(
    [
        keras.layers.Dense(30, activation="relu", input_shape=x.shape[1:]),
        keras.layers.Dense(30, activation="relu"),
        keras.layers.Dense(1),
    ]
)
model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=1e-2))

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    history = model.fit(
        x_train,
        y_train,
        epochs=epochs,
        validation_data=(x_valid, y_valid),
        verbose=0,
        callbacks=[
            keras.callbacks.ModelCheckpoint(folder / "best.pynn", save_best_only=True),
            keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True),
            keras.callbacks.CSVLogger(folder / "log.csv"),
            PrintValTrainRatio(),
        ],
    )
    print(
        f"{len(history.epoch)} epochs, {len((folder / 'log.csv').read_text().splitlines())} lines"
    )

    best = keras.models.load_model(folder / "best.pynn")
    same = np.array_equal(best.predict(x_valid, verbose=0), model.predict(x_valid, verbose=0))
    print(f"the file has the weights that training ended with: {same}")

    # A loaded model is compiled, and its optimizer stands where it stood.
    steps = int(best.optimizer.iterations)
    best.fit(x_train, y_train, epochs=1, verbose=0)
    print(f"steps {steps} -> {int(best.optimizer.iterations)}")

    # Weights alone go into a model that somebody makes again.
    model.save_weights(folder / "weights.pynn")
    again = keras.models.clone_model(model)
    again.load_weights(folder / "weights.pynn")
    same = np.array_equal(again.predict(x_valid, verbose=0), model.predict(x_valid, verbose=0))
    print(f"the clone predicts the same: {same}")
