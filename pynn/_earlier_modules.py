"""Modules that pickles of version 0.1.0 name and that are no more: where their classes are now."""

from __future__ import annotations

import importlib
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType

# Packages, and modules that they had, whose names are in the package today.
_FORMER = {
    "pynn.callbacks": (
        "_backup_and_restore _csv_logger _early_stopping _history _lambda_callback "
        "_learning_rate_scheduler _model_checkpoint _progbar_logger _reduce_lr_on_plateau "
        "_terminate_on_nan"
    ),
    "pynn.estimators": "_classifier _perceptron _perceptron_regressor _regressor",
    "pynn.initializers": "_orthogonal",
    "pynn.layers": (
        "_activation _add _alpha_dropout _average _concatenate _dot _dropout _elu _flatten "
        "_gaussian_dropout _gaussian_noise _identity _leaky_relu _maximum _minimum _multiply "
        "_prelu _relu _rescaling _reshape _softmax _subtract"
    ),
    "pynn.losses": (
        "_binary_crossentropy _binary_focal_crossentropy _categorical_crossentropy "
        "_categorical_focal_crossentropy _categorical_hinge _cosine_similarity "
        "_half_gamma_deviance _half_poisson_deviance _hinge _huber _kl_divergence _log_cosh "
        "_mean_absolute_error _mean_absolute_percentage_error _mean_squared_error "
        "_mean_squared_logarithmic_error _poisson _quantile _registry "
        "_sparse_categorical_crossentropy _squared_hinge"
    ),
    "pynn.metrics": (
        "_accuracy_functions _confusion_counts _precision_recall _r2_score _registry "
        "_root_mean_squared_error"
    ),
    "pynn.optimizers": "_adadelta _adagrad _adamax _adamw _lion _nadam _rmsprop",
    "pynn.optimizers.schedules": (
        "_cosine_decay _cosine_decay_restarts _exponential_decay _inverse_time_decay "
        "_piecewise_constant_decay _polynomial_decay"
    ),
    "pynn.wrappers": "_keras_classifier _keras_regressor _sklearn_classifier _sklearn_regressor",
}
# Modules whose names are elsewhere today.
_MOVED = {
    "pynn.callbacks._batch_count": "pynn.callbacks._checkpoints",
    "pynn.callbacks._event_file": "pynn.callbacks._tensorboard",
    "pynn.estimators._label_columns": "pynn.estimators._labels",
    "pynn.estimators._legacy_random": "pynn.estimators.mlp._random",
    "pynn.estimators._row_order": "pynn.estimators.mlp._random",
    "pynn.estimators._step_size": "pynn.estimators.mlp._solver",
    "pynn.layers._call": "pynn._call",
    "pynn.layers._function": "pynn.layers._operations",
    "pynn.layers._operation": "pynn.layers._operations",
    "pynn.ops._tensor": "pynn._tensor",
    "pynn.saving._structure_config": "pynn.formats._structure_config",
    "pynn.wrappers._build_fn_classifier": "pynn.wrappers.scikit_learn",
    "pynn.wrappers._build_fn_regressor": "pynn.wrappers.scikit_learn",
}
_PLACES = {f"{home}.{name}": home for home, names in _FORMER.items() for name in names.split()}
_PLACES |= _MOVED


def find_spec(name: str) -> ModuleSpec | None:
    """Return what `import` needs to make a former module, None if there was none of that name."""
    return ModuleSpec(name, _Loader()) if name in _PLACES else None


class _Loader(Loader):
    def exec_module(self, module: ModuleType) -> None:
        """Let the module find its names where they are now."""
        place = importlib.import_module(_PLACES[module.__name__])
        module.__getattr__ = lambda name: getattr(place, name)  # type: ignore[method-assign]
