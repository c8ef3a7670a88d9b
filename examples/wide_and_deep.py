"""Wide and deep (Cheng et al. 2016) on California housing: two inputs, one of them past the layers.

The functional interface: calling layers on tensors draws the graph. ``--quick`` trains for few
epochs.
"""

import sys

import pynn
from pynn import datasets, layers, optimizers, utils

epochs = 3 if "--quick" in sys.argv[1:] else 20

(x_train, y_train), (x_test, y_test) = datasets.california_housing.load_data()
mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
x_train, x_test = (x_train - mean) / deviation, (x_test - mean) / deviation

utils.set_random_seed(42)
wide = pynn.Input(shape=(5,), name="wide_input")
deep = pynn.Input(shape=(6,), name="deep_input")
hidden = layers.Dense(30, activation="relu")(deep)
hidden = layers.Dense(30, activation="relu")(hidden)
output = layers.Dense(1, name="output")(layers.concatenate([wide, hidden]))
model = pynn.Model(inputs=[wide, deep], outputs=[output])
model.summary()

model.compile(loss="mse", optimizer=optimizers.SGD(learning_rate=1e-3))
model.fit((x_train[:, :5], x_train[:, 2:]), y_train, epochs=epochs, validation_split=0.1, verbose=2)
mse = model.evaluate((x_test[:, :5], x_test[:, 2:]), y_test, verbose=0)
print(f"test MSE {mse:.3f}")
