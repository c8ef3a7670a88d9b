"""The textbook regression, 8-30-1 on California housing, with either interface.

``--quick`` trains for few epochs.
"""

import sys

import pynn
from pynn import datasets, layers, optimizers, utils

epochs = 3 if "--quick" in sys.argv[1:] else 20

(x_train, y_train), (x_test, y_test) = datasets.california_housing.load_data()
mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
x_train, x_test = (x_train - mean) / deviation, (x_test - mean) / deviation

utils.set_random_seed(42)
model = pynn.Sequential(
    [pynn.Input(shape=(8,)), layers.Dense(30, activation="relu"), layers.Dense(1)]
)
model.compile(loss="mse", optimizer=optimizers.SGD(learning_rate=1e-3))
model.fit(x_train, y_train, epochs=epochs, validation_split=0.1, verbose=2)
print(f"Sequential: test MSE {model.evaluate(x_test, y_test, verbose=0):.3f}")

estimator = pynn.MLPRegressor(
    hidden_layer_sizes=(30,), learning_rate_init=0.01, max_iter=50 * epochs, early_stopping=True,
    n_iter_no_change=5, tol=1e-3, random_state=42,
)  # fmt: skip
estimator.fit(x_train, y_train)
print(f"MLPRegressor: test R2 {estimator.score(x_test, y_test):.3f}, {estimator.n_iter_} epochs")
