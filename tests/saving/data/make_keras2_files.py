"""Make the ``old_*`` files of this folder; needs Keras 2 (tensorflow 2.15), and is run by hand.

What Keras predicts for `inputs_for` of each model is in ``old_expected.npz``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))


def main() -> None:
    """Write all files."""
    import keras

    from saving.data.make_keras_files import shake
    from saving.keras_models import OLD_MODELS, inputs_for

    expected = {}
    for name, make in OLD_MODELS.items():
        keras.backend.clear_session()
        model = make(keras)
        shake(model)
        model.save(HERE / f"{name}.h5")
        model.save(HERE / f"{name}.keras")
        if name == "old_functional":
            model.save_weights(HERE / f"{name}.weights.h5")
            model.save_weights(HERE / f"{name}_weights.h5")
        model = keras.models.load_model(HERE / f"{name}.h5")
        outputs = model.predict(inputs_for(model.inputs), verbose=0)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        for i, output in enumerate(outputs):
            expected[f"{name}/{i}"] = np.asarray(output)
    np.savez(HERE / "old_expected.npz", **expected)


if __name__ == "__main__":
    main()
