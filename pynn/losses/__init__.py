"""Losses, as functions that give one number per sample and as classes that reduce these.

Both take arrays, or the tensors that models are built from. Gradients are the engine's business.
"""

from pynn.losses._binary_crossentropy import BinaryCrossentropy, binary_crossentropy
from pynn.losses._binary_focal_crossentropy import (
    BinaryFocalCrossentropy,
    binary_focal_crossentropy,
)
from pynn.losses._categorical_crossentropy import CategoricalCrossentropy, categorical_crossentropy
from pynn.losses._categorical_focal_crossentropy import (
    CategoricalFocalCrossentropy,
    categorical_focal_crossentropy,
)
from pynn.losses._categorical_hinge import CategoricalHinge, categorical_hinge
from pynn.losses._cosine_similarity import CosineSimilarity, cosine_similarity
from pynn.losses._half_gamma_deviance import HalfGammaDeviance, half_gamma_deviance
from pynn.losses._half_poisson_deviance import HalfPoissonDeviance, half_poisson_deviance
from pynn.losses._hinge import Hinge, hinge
from pynn.losses._huber import Huber, huber
from pynn.losses._kl_divergence import KLDivergence, kl_divergence
from pynn.losses._log_cosh import LogCosh, log_cosh
from pynn.losses._loss import Loss, LossFunctionWrapper, Reduction
from pynn.losses._mean_absolute_error import MeanAbsoluteError, mean_absolute_error
from pynn.losses._mean_absolute_percentage_error import (
    MeanAbsolutePercentageError,
    mean_absolute_percentage_error,
)
from pynn.losses._mean_squared_error import MeanSquaredError, mean_squared_error
from pynn.losses._mean_squared_logarithmic_error import (
    MeanSquaredLogarithmicError,
    mean_squared_logarithmic_error,
)
from pynn.losses._poisson import Poisson, poisson
from pynn.losses._quantile import Quantile, quantile
from pynn.losses._registry import as_loss, deserialize, get, resolve_crossentropy, serialize
from pynn.losses._registry import registry as registry
from pynn.losses._sparse_categorical_crossentropy import (
    SparseCategoricalCrossentropy,
    sparse_categorical_crossentropy,
)
from pynn.losses._squared_hinge import SquaredHinge, squared_hinge

bce = BCE = binary_crossentropy
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
mse = MSE = mean_squared_error
msle = MSLE = mean_squared_logarithmic_error
pinball = quantile

__all__ = [
    "BCE",
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "HalfGammaDeviance",
    "HalfPoissonDeviance",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "Quantile",
    "Reduction",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "as_loss",
    "bce",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "get",
    "half_gamma_deviance",
    "half_poisson_deviance",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "pinball",
    "poisson",
    "quantile",
    "resolve_crossentropy",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]
