"""Log two trainings for TensorBoard: curves, histograms of weights, and the model's graph.

pip install "pynn-mlp[tensorboard]", and then ``tensorboard --logdir=my_logs``. ``--quick`` logs to
a temporary folder.
"""

import sys
import tempfile
from pathlib import Path

from sklearn.datasets import load_digits

import pynn as keras

quick = "--quick" in sys.argv[1:]
root = Path(tempfile.mkdtemp() if quick else "my_logs")

x, y = load_digits(return_X_y=True)
x_train, x_valid, y_train, y_valid = x[:1400] / 16, x[1400:] / 16, y[:1400], y[1400:]

for run, rate in enumerate((0.01, 0.1)):
    keras.utils.set_random_seed(42)
    model = keras.Sequential(
        [
            keras.layers.Dense(50, activation="relu", input_shape=[64]),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate=rate),
        metrics=["accuracy"],
    )
    board = keras.callbacks.TensorBoard(root / f"run_{run}_rate_{rate}", histogram_freq=1)
    history = model.fit(
        x_train,
        y_train,
        epochs=3 if quick else 30,
        validation_data=(x_valid, y_valid),
        callbacks=[board],
        verbose=0,
    )
    print(f"rate {rate}: validation accuracy {history.history['val_accuracy'][-1]:.3f}")

for path in sorted(root.rglob("*")):
    if path.is_dir():
        print("  " * len(path.relative_to(root).parts) + path.name)
