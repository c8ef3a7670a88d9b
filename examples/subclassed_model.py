"""Wide and deep as a class of one's own, with an auxiliary output and a weight for each loss.

``call`` is plain Python; it is recorded once and then runs in the engine. ``--quick`` trains for
few epochs.
"""

import sys

import pynn as keras

epochs = 3 if "--quick" in sys.argv[1:] else 20


class WideAndDeepModel(keras.Model):
    def __init__(self, units=30, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.norm_wide = keras.layers.Normalization()
        self.norm_deep = keras.layers.Normalization()
        self.hidden = [keras.layers.Dense(units, activation=activation) for _ in range(2)]
        self.main_output = keras.layers.Dense(1)
        self.aux_output = keras.layers.Dense(1)

    def call(self, inputs):
        wide, deep = inputs
        wide, deep = self.norm_wide(wide), self.norm_deep(deep)
        for layer in self.hidden:
            deep = layer(deep)
        together = keras.layers.concatenate([wide, deep])
        return self.main_output(together), self.aux_output(deep)


(x_train, y_train), (x_test, y_test) = keras.datasets.california_housing.load_data()
wide, deep = x_train[:, :5], x_train[:, 2:]

keras.utils.set_random_seed(42)
model = WideAndDeepModel(name="wide_and_deep")
model.norm_wide.adapt(wide)
model.norm_deep.adapt(deep)
model.compile(loss="mse", loss_weights=[0.9, 0.1], optimizer=keras.optimizers.Adam(1e-3))
model.fit((wide, deep), (y_train, y_train), epochs=epochs, validation_split=0.1, verbose=2)
model.summary()

total, main, auxiliary = model.evaluate((x_test[:, :5], x_test[:, 2:]), (y_test, y_test), verbose=0)
print(f"test MSE {main:.3f}, of the auxiliary output {auxiliary:.3f}")
