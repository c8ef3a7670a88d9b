"""The textbook image classifier, 784-300-100-10 on Fashion-MNIST. ``--quick`` trains on little."""

import sys

import pynn as keras

quick = "--quick" in sys.argv[1:]

(x_full, y_full), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
x_full, x_test = x_full / 255.0, x_test / 255.0
x_valid, x_train = x_full[:5000], x_full[5000:]
y_valid, y_train = y_full[:5000], y_full[5000:]
if quick:
    x_train, y_train = x_train[:10000], y_train[:10000]

keras.utils.set_random_seed(42)
model = keras.models.Sequential(
    [
        keras.layers.Flatten(input_shape=(28, 28)),
        keras.layers.Dense(300, activation="relu"),
        keras.layers.Dense(100, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.summary()
model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
history = model.fit(
    x_train, y_train, epochs=2 if quick else 30, validation_data=(x_valid, y_valid), verbose=2
)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test accuracy {accuracy:.3f}")
names = keras.datasets.fashion_mnist.class_names
probabilities = model.predict(x_test[:3], verbose=0)
for row, label in zip(probabilities, y_test[:3], strict=True):
    print(f"{names[row.argmax()]} ({row.max():.0%} sure), in truth: {names[label]}")
