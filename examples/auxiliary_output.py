"""Two inputs and two outputs by the functional interface: an auxiliary output guides the deep part.

Losses, their weights and the targets go by the outputs' names. ``--quick`` trains for few epochs.
"""

import sys

import pynn as keras

epochs = 3 if "--quick" in sys.argv[1:] else 20

(x_train, y_train), (x_test, y_test) = keras.datasets.california_housing.load_data()

keras.utils.set_random_seed(42)
input_wide = keras.layers.Input(shape=[5], name="wide")
input_deep = keras.layers.Input(shape=[6], name="deep")
norm_wide, norm_deep = keras.layers.Normalization(), keras.layers.Normalization()
norm_wide.adapt(x_train[:, :5])
norm_deep.adapt(x_train[:, 2:])
hidden1 = keras.layers.Dense(30, activation="relu")(norm_deep(input_deep))
hidden2 = keras.layers.Dense(30, activation="relu")(hidden1)
concat = keras.layers.concatenate([norm_wide(input_wide), hidden2])
output = keras.layers.Dense(1, name="main")(concat)
aux_output = keras.layers.Dense(1, name="aux")(hidden2)
model = keras.Model(inputs=[input_wide, input_deep], outputs=[output, aux_output])

model.compile(
    loss={"main": "mse", "aux": "mse"},
    loss_weights={"main": 0.9, "aux": 0.1},
    optimizer=keras.optimizers.Adam(learning_rate=1e-3),
    metrics={"main": ["RootMeanSquaredError"]},
)
model.fit(
    {"wide": x_train[:, :5], "deep": x_train[:, 2:]},
    {"main": y_train, "aux": y_train},
    epochs=epochs,
    validation_split=0.1,
    verbose=2,
)

tests = {"wide": x_test[:, :5], "deep": x_test[:, 2:]}
results = model.evaluate(tests, {"main": y_test, "aux": y_test}, verbose=0, return_dict=True)
print(", ".join(f"{name} {value:.3f}" for name, value in results.items()))
main, aux = model.predict({name: rows[:3] for name, rows in tests.items()}, verbose=0)
for predicted, auxiliary, value in zip(main, aux, y_test, strict=False):
    print(f"{predicted[0]:.2f} (auxiliary output {auxiliary[0]:.2f}), in truth {value:.2f}")
