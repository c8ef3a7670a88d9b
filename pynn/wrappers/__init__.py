"""A network as a scikit-learn estimator, under the names of three libraries.

`KerasClassifier` and `KerasRegressor` here have SciKeras's arguments; the classes of the same name
in `scikit_learn` have those of the older ``tf.keras.wrappers.scikit_learn``; `SKLearnClassifier`
and `SKLearnRegressor` are Keras 3's.
"""

from pynn.wrappers import scikit_learn
from pynn.wrappers._keras_classifier import KerasClassifier
from pynn.wrappers._keras_regressor import KerasRegressor
from pynn.wrappers._sklearn_classifier import SKLearnClassifier
from pynn.wrappers._sklearn_regressor import SKLearnRegressor

__all__ = [
    "KerasClassifier",
    "KerasRegressor",
    "SKLearnClassifier",
    "SKLearnRegressor",
    "scikit_learn",
]
