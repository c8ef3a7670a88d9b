"""A network as a scikit-learn estimator, under the names of three libraries.

`KerasClassifier` and `KerasRegressor` here have SciKeras's arguments; the classes of the same name
in `scikit_learn` have those of the older ``tf.keras.wrappers.scikit_learn``; `SKLearnClassifier`
and `SKLearnRegressor` are Keras 3's.
"""

from pynn.wrappers import scikit_learn
from pynn.wrappers._routed import KerasClassifier, KerasRegressor
from pynn.wrappers._sklearn import SKLearnClassifier, SKLearnRegressor

__all__ = [
    "KerasClassifier",
    "KerasRegressor",
    "SKLearnClassifier",
    "SKLearnRegressor",
    "scikit_learn",
]
__dir__ = __all__.copy
