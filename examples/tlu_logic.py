"""Logic with threshold logic units (McCulloch and Pitts 1943): AND, OR, NOT and XOR.

A unit gives 1 where ``x @ w + b >= 0`` and 0 elsewhere. One unit with chosen weights computes AND,
OR or NOT; XOR needs two layers. Then the perceptron rule finds such weights by itself, where one
layer is enough.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

import pynn
from pynn import layers

PAIRS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")


def tlu_network(*weights):
    """Build layers of threshold logic units from their weights: kernel, bias, kernel, bias, ..."""
    model = pynn.Sequential([pynn.Input(shape=(len(weights[0]),))])
    for bias in weights[1::2]:
        model.add(layers.Dense(len(bias), activation="heaviside"))
    model.set_weights([np.array(w, dtype="float32") for w in weights])
    return model


GATES = {
    "AND": tlu_network([[1], [1]], [-1.5]),
    "OR": tlu_network([[1], [1]], [-0.5]),
    # Hidden units: OR and AND. Output: OR, but not AND.
    "XOR": tlu_network([[1, 1], [1, 1]], [-0.5, -1.5], [[1], [-2]], [-0.5]),
}
NOT = tlu_network([[-1]], [0.5])

for name, gate in GATES.items():
    for (a, b), y in zip(PAIRS, gate.predict(PAIRS, verbose=0), strict=True):
        print(f"{a:.0f} {name} {b:.0f} = {y.item():.0f}")
for x in (0.0, 1.0):
    print(f"NOT {x:.0f} = {NOT.predict(np.array([[x]]), verbose=0).item():.0f}")

# One layer of units, a column of y for each: learned from the truth tables.
tables = np.array([[0, 0, 1], [0, 1, 1], [0, 1, 1], [1, 1, 0]])  # AND, OR, NAND
perceptron = pynn.Perceptron(tol=None, max_iter=50, random_state=42).fit(PAIRS, tables)
print("AND, OR and NAND learned:", bool((perceptron.predict(PAIRS) == tables).all()))

# No line separates XOR's ones from its zeros, so no single unit can learn it.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    unit = pynn.Perceptron(tol=None, max_iter=50, random_state=42).fit(PAIRS, [0, 1, 1, 0])
print("XOR learned by one unit:", unit.score(PAIRS, [0, 1, 1, 0]) == 1)
