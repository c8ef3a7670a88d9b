"""Against overfitting: l2 penalties, dropout, max-norm and batch normalization.

A network much too large for 200 digits. ``--quick`` trains for few epochs.
"""

import sys
from functools import partial

import numpy as np
from sklearn.datasets import load_digits

import pynn as keras

epochs = 20 if "--quick" in sys.argv[1:] else 100

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = x[:200] / 16, x[200:] / 16, y[:200], y[200:]

layers = keras.layers
Dense = partial(layers.Dense, 200, activation="relu", kernel_initializer="he_normal")
Small = partial(Dense, kernel_regularizer=keras.regularizers.l2(1e-3))
Bounded = partial(Dense, kernel_constraint=keras.constraints.max_norm(1.0))
hidden = {
    "nothing": lambda: [Dense(), Dense()],
    "l2": lambda: [Small(), Small()],
    "dropout": lambda: [layers.Dropout(0.2), Dense(), layers.Dropout(0.3), Dense()],
    "max-norm": lambda: [Bounded(), Bounded()],
    "batch normalization": lambda: [Dense(), layers.BatchNormalization(), Dense()],
}

models = {}
for name, build in hidden.items():
    keras.utils.set_random_seed(42)
    model = keras.Sequential([keras.Input((64,)), *build(), layers.Dense(10, activation="softmax")])
    model.compile("nadam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=epochs, verbose=0)
    seen = model.evaluate(x_train, y_train, verbose=0)[1]
    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    print(f"{name:20s} accuracy: training {seen:.3f}, test {accuracy:.3f}")
    models[name] = model

# Monte Carlo dropout: many predictions with units left out, and how much they differ.
probabilities = np.stack([models["dropout"](x_test, training=True) for _ in range(50)])
mean = probabilities.mean(axis=0)
std = probabilities.std(axis=0)[np.arange(len(mean)), mean.argmax(axis=1)]
right = mean.argmax(axis=1) == y_test
print(f"Monte Carlo dropout: accuracy {right.mean():.3f}")
print(f"deviation where it is right {std[right].mean():.3f}, wrong {std[~right].mean():.3f}")
