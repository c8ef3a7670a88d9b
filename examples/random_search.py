"""A random search over depth, width and learning rate of a network built by a function.

scikit-learn does the searching; ``--quick`` tries few candidates.
"""

import sys

from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.model_selection import RandomizedSearchCV, train_test_split

import pynn as keras

quick = "--quick" in sys.argv[1:]


def build(n_hidden=1, n_neurons=30, learning_rate=0.01):
    model = keras.Sequential([keras.Input((64,)), keras.layers.Rescaling(1 / 16)])
    for _ in range(n_hidden):
        model.add(keras.layers.Dense(n_neurons, activation="relu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    optimizer = keras.optimizers.SGD(learning_rate=learning_rate, momentum=0.9)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer)
    return model


x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=42)

keras.utils.set_random_seed(42)
search = RandomizedSearchCV(
    keras.wrappers.scikit_learn.KerasClassifier(build, verbose=0),
    {"n_hidden": [1, 2], "n_neurons": list(range(10, 100)), "learning_rate": loguniform(1e-3, 0.1)},
    n_iter=3 if quick else 20,
    cv=3,
    random_state=42,
)
search.fit(
    x_train,
    y_train,
    epochs=10 if quick else 50,
    validation_data=(x_test, y_test),
    callbacks=[keras.callbacks.EarlyStopping(patience=5)],
)
print(search.best_params_)
print(f"cross-validated accuracy {search.best_score_:.3f}")
search.best_estimator_.model.summary()
print(f"test accuracy {search.score(x_test, y_test):.3f}")
