"""XOR is learned by the smallest multilayer perceptron that can: 2-2-1.

A network this small can end in a local minimum; which one it finds is decided by its first weights.
The seeds are tried in turn until one works, which is soon.
"""

import numpy as np

import pynn
from pynn import layers, optimizers, utils

x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
y = np.array([[0], [1], [1], [0]], dtype="float32")

for seed in range(20):
    utils.set_random_seed(seed)
    model = pynn.Sequential(
        [
            pynn.Input(shape=(2,)),
            layers.Dense(2, activation="tanh"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer=optimizers.Adam(learning_rate=0.1))
    model.fit(x, y, batch_size=4, epochs=500, verbose=0)
    predicted = model.predict(x, verbose=0)
    if (predicted.round() == y).all():
        break

print(f"seed {seed}, loss {model.evaluate(x, y, verbose=0):.4f}")
for pair, probability in zip(x, predicted, strict=True):
    print(*pair.astype(int), f"-> {probability.item():.3f}")
