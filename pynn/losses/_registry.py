"""The list of losses, and what a user may give for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pynn._registry import Registry, to_snake_case
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
from pynn.losses._loss import Loss, LossFunctionWrapper
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
from pynn.losses._sparse_categorical_crossentropy import (
    SparseCategoricalCrossentropy,
    sparse_categorical_crossentropy,
)
from pynn.losses._squared_hinge import SquaredHinge, squared_hinge

CLASSES: tuple[type[Loss], ...] = (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    HalfGammaDeviance,
    HalfPoissonDeviance,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    Quantile,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
FUNCTIONS: tuple[Callable[..., Any], ...] = (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    cosine_similarity,
    half_gamma_deviance,
    half_poisson_deviance,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    quantile,
    sparse_categorical_crossentropy,
    squared_hinge,
)
SHORT_NAMES = {
    "bce": "binary_crossentropy",
    "BCE": "binary_crossentropy",
    "huber_loss": "huber",
    "kld": "kl_divergence",
    "KLD": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
    "mae": "mean_absolute_error",
    "MAE": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "MAPE": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "MSE": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
    "MSLE": "mean_squared_logarithmic_error",
    "pinball": "quantile",
}
registry = Registry("loss", (*FUNCTIONS, *CLASSES, LossFunctionWrapper), SHORT_NAMES)
CLASS_OF = {registry.find(to_snake_case(cls.__name__)): cls for cls in CLASSES}

Shape = tuple[int | None, ...]


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the loss that `identifier` stands for.

    Parameters
    ----------
    identifier : None, str, dict, class or callable
        A function's name (``"mean_squared_error"``, ``"mse"``) gives the function, a class's name
        (``"MeanSquaredError"``) or config an instance; None gives None.
    custom_objects : mapping of str to object, default=None
        More names.

    Raises
    ------
    ValueError
        If the name is unknown or `identifier` is of another type.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.get("mse") is losses.mean_squared_error
    True
    >>> losses.get("Huber")
    Huber(name='huber_loss', reduction='sum_over_batch_size', delta=1.0)
    """
    return registry.get(identifier, custom_objects)


def serialize(loss: Any) -> Any:
    """Return what `deserialize` turns back into `loss`: a function's name or a config."""
    return registry.serialize(loss)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Build the loss that a name or the output of `serialize` describes.

    Raises
    ------
    ValueError
        If the name is unknown or the config is malformed.
    """
    return registry.deserialize(config, custom_objects)


def is_crossentropy(identifier: Any) -> bool:
    """Whether `identifier` is the name that stands for the cross-entropy that fits the output."""
    return isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce")


def resolve_crossentropy(
    y_true_shape: Shape, y_pred_shape: Shape, name: str = "crossentropy"
) -> Loss:
    """Return the cross-entropy that fits targets and output of these shapes.

    Parameters
    ----------
    y_true_shape, y_pred_shape : tuple
        Shapes, the batch's axis included.
    name : str, default="crossentropy"
        Name of the loss, usually what the user typed.

    Returns
    -------
    Loss
        `BinaryCrossentropy` for one output; `SparseCategoricalCrossentropy` for targets with one
        axis less, or with one number per row; `CategoricalCrossentropy` otherwise.

    Examples
    --------
    >>> from pynn import losses
    >>> type(losses.resolve_crossentropy((None,), (None, 10))).__name__
    'SparseCategoricalCrossentropy'
    """
    if y_pred_shape[-1] == 1:
        return BinaryCrossentropy(name=name)
    if len(y_true_shape) < len(y_pred_shape) or y_true_shape[-1] == 1:
        return SparseCategoricalCrossentropy(name=name)
    return CategoricalCrossentropy(name=name)


def as_loss(
    identifier: Any,
    y_true_shape: Shape | None = None,
    y_pred_shape: Shape | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> Loss | None:
    """Return a `Loss` for whatever ``compile(loss=...)`` accepts.

    Parameters
    ----------
    identifier : None, str, dict, class, function or Loss
        What `get` takes, and ``"crossentropy"`` or ``"ce"`` where the shapes are given. A built-in
        function becomes an instance of its class, another function a `LossFunctionWrapper`.
    y_true_shape, y_pred_shape : tuple, default=None
        Shapes of targets and output, the batch's axis included.
    custom_objects : mapping of str to object, default=None
        More names.

    Raises
    ------
    ValueError
        If `identifier` is unknown, or needs shapes that are not given.
    """
    if is_crossentropy(identifier) and not (custom_objects and identifier in custom_objects):
        if y_true_shape is None or y_pred_shape is None:
            raise ValueError(f"{identifier!r} needs the shapes of targets and output")
        return resolve_crossentropy(y_true_shape, y_pred_shape, identifier)
    found = get(identifier, custom_objects)
    if found is None or isinstance(found, Loss):
        return found
    name = getattr(found, "__name__", to_snake_case(type(found).__name__))
    if isinstance(identifier, str):
        name = identifier
    if found in FUNCTIONS:
        return CLASS_OF[found](name=name)
    return LossFunctionWrapper(found, name=name)
