"""Stop when the validation loss stops falling, and keep the best weights.

``--quick`` stops after ten epochs anyway.
"""

import sys

import numpy as np
from sklearn.datasets import load_breast_cancer

import pynn
from pynn import callbacks, layers, utils

data = load_breast_cancer()
order = np.random.default_rng(0).permutation(len(data.target))
x = ((data.data - data.data.mean(axis=0)) / data.data.std(axis=0)).astype("float32")[order]
y = data.target.astype("float32")[order]

utils.set_random_seed(42)
model = pynn.Sequential(
    [
        pynn.Input(shape=(30,)),
        layers.Dense(50, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(
    x[:450],
    y[:450],
    epochs=10 if "--quick" in sys.argv[1:] else 500,
    validation_split=0.2,
    callbacks=[callbacks.EarlyStopping(patience=10, restore_best_weights=True)],
    verbose=0,
)
best = int(np.argmin(history.history["val_loss"]))
loss, accuracy = model.evaluate(x[450:], y[450:], verbose=0)
print(f"{len(history.epoch)} epochs, the best was number {best + 1}; test accuracy {accuracy:.3f}")
