"""Make the Keras files of this folder; needs Keras 3 and h5py, and is run by hand.

    KERAS_BACKEND=numpy python make_keras_files.py

For each model there are ``name.keras`` and ``name.h5``, for one also ``name.weights.h5``, and in
``expected.npz`` what Keras predicts for `inputs_for` of its inputs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))


def shake(model: Any, seed: int = 1) -> None:
    """Give all weights values that differ, so that none can be mistaken for another."""
    rng = np.random.default_rng(seed)
    model.set_weights(
        [rng.uniform(0.2, 1.0, np.shape(w)).astype("float32") for w in model.get_weights()]
    )


def main() -> None:
    """Write all files."""
    import keras

    from saving.keras_models import MODELS, inputs_for

    expected = {}
    for name, make in MODELS.items():
        keras.utils.clear_session()
        model = make(keras)
        shake(model)
        for suffix in (".keras", ".h5"):
            model.save(HERE / f"{name}{suffix}")
        if name == "nested":
            model.save_weights(HERE / f"{name}.weights.h5")
        # A Normalization layer uses new weights only once it is loaded.
        model = keras.models.load_model(HERE / f"{name}.keras")
        outputs = model.predict(inputs_for(model.inputs), verbose=0)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        for i, output in enumerate(outputs):
            expected[f"{name}/{i}"] = np.asarray(output)
    np.savez(HERE / "expected.npz", **expected)


if __name__ == "__main__":
    main()
