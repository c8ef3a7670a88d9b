"""The wrappers around a function that builds a model, as in ``tf.keras.wrappers.scikit_learn``."""

from pynn.wrappers._build_fn_classifier import KerasClassifier
from pynn.wrappers._build_fn_regressor import KerasRegressor

__all__ = ["KerasClassifier", "KerasRegressor"]
