"""What Keras's tests take for granted beside what they test: arrays, variables, names of types.

`INSTEAD` has what is called otherwise in pynn; `FALLBACKS` has what pynn has not and tests make
their data with, and shrinks as pynn grows: see `test_keras_suite`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import types
from typing import Any

import numpy as np

import pynn
from pynn import _core, ops, optimizers
from pynn._array_result import as_result


def standardize_dtype(dtype: Any) -> str:
    """Return a type's name."""
    if dtype is None:
        return pynn.backend.floatx()
    return dtype if isinstance(dtype, str) else np.dtype(dtype).name


def convert_to_numpy(x: Any) -> np.ndarray:
    """Return the numbers of anything that has some."""
    return np.asarray(x.numpy() if hasattr(x, "numpy") else x)


def convert_to_tensor(*args: Any, **kwargs: Any) -> Any:
    """Return an array of the class that layers return, which tests compare."""
    return as_result(ops.convert_to_tensor(*args, **kwargs))


def _symbolic(shape: Any, dtype: Any = None, name: str | None = None, **ignored: Any) -> Any:
    return ops.Tensor(tuple(shape), standardize_dtype(dtype), name=name)


class _Symbolic(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, ops.Tensor)


class KerasTensor(metaclass=_Symbolic):
    """Makes pynn's symbolic tensors, with the arguments of Keras's."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _symbolic(*args, **kwargs)


class _Shown(np.ndarray):
    def __new__(cls, array: np.ndarray) -> _Shown:
        return array.view(cls)

    def numpy(self) -> np.ndarray:
        return np.asarray(self)


def _float(function: Any) -> Any:
    def made(*args: Any, dtype: Any = None, **kwargs: Any) -> Any:
        return function(*args, dtype=standardize_dtype(dtype), **kwargs)

    return made


class _RegisteredNames:
    """Keras's private table of the names that classes and functions are registered by."""

    def __getitem__(self, obj: Any) -> str:
        return pynn.saving.get_registered_name(obj)


# What Keras's tests take the backend for. None of Keras's: what only one of those does is skipped.
backend_name = "pynn"


INSTEAD: dict[str, Any] = {
    "backend.backend": lambda: backend_name,
    "backend.config.backend": lambda: backend_name,
    "backend.Variable": pynn.Variable,
    "backend.KerasTensor": KerasTensor,
    "backend.common.keras_tensor.KerasTensor": KerasTensor,
    "KerasTensor": KerasTensor,
    "backend.standardize_dtype": standardize_dtype,
    "backend.common.standardize_dtype": standardize_dtype,
    "backend.common.is_float_dtype": lambda dtype: standardize_dtype(dtype).startswith("float"),
    "backend.is_float_dtype": lambda dtype: standardize_dtype(dtype).startswith("float"),
    "backend.standardize_shape": tuple,
    "backend.convert_to_numpy": convert_to_numpy,
    "backend.convert_to_tensor": convert_to_tensor,
    "ops.convert_to_tensor": convert_to_tensor,
    "backend.cast": ops.cast,
    "backend.shape": ops.shape,
    "backend.numpy.ones": _float(np.ones),
    "backend.numpy.zeros": _float(np.zeros),
    "backend.numpy.array": np.array,
    "backend.common.symbolic_scope.in_symbolic_scope": lambda: False,
    "backend.device": lambda name: contextlib.nullcontext(),
    "backend.is_tensor": lambda x: isinstance(x, (np.ndarray, ops.Tensor)),
    "backend.random": pynn.random,
    "backend.common.global_state.clear_session": lambda free_memory=True: (
        pynn.backend.clear_session()
    ),
    "utils.traceback_utils.is_traceback_filtering_enabled": lambda: False,
    "dtype_policies.dtype_policy.dtype_policy": pynn.backend.floatx,
    "dtype_policies.dtype_policy.set_dtype_policy": pynn.backend.set_floatx,
    "saving.object_registration.GLOBAL_CUSTOM_NAMES": _RegisteredNames(),
    "saving.saving_lib.save_weights_only": pynn.saving.save_weights,
    "saving.saving_lib.load_weights_only": pynn.saving.load_weights,
    "legacy.saving.legacy_h5_format.save_model_to_hdf5": pynn.saving.save_model,
    "metrics.metrics_utils.AUCCurve": types.SimpleNamespace(ROC="ROC", PR="PR"),
    "metrics.metrics_utils.AUCSummationMethod": types.SimpleNamespace(
        INTERPOLATION="interpolation", MAJORING="majoring", MINORING="minoring"
    ),
    "saving.saving_lib._METADATA_FILENAME": "metadata.json",
    "saving.saving_lib._CONFIG_FILENAME": "config.json",
    "backend.compute_output_spec": lambda function, *args, **kwargs: function(*args, **kwargs),
    "utils.file_utils.join": os.path.join,
    "utils.file_utils.exists": os.path.exists,
    "utils.file_utils.copy": shutil.copy,
    "utils.file_utils.File": open,
    # Conditions of Keras's own skips.
    "backend.SUPPORTS_SPARSE_TENSORS": False,
    "backend.SUPPORTS_RAGGED_TENSORS": False,
    "backend.SUPPORTS_COMPLEX_DTYPES": False,
    "backend.config.image_data_format": lambda: "channels_last",
    "backend.image_data_format": lambda: "channels_last",
    "regularizers.regularizers.validate_float_arg": lambda value, name: (
        pynn.regularizers.OrthogonalRegularizer(value).factor
    ),
    "models.Functional": pynn.Model,
    "models.functional.Functional": pynn.Model,
    "Functional": pynn.Model,
}


def _clip_gradients(self: Any, grads: Any) -> Any:
    grads = [np.array(gradient, order="C") for gradient in grads]
    _core.clip_and_decay(0.0, [np.zeros_like(g) for g in grads], grads, self._options())
    return grads


def show_private_state() -> None:
    """Let tests read Keras's private state from where pynn keeps it."""
    shown: Any = optimizers.Optimizer
    shown._clip_gradients = _clip_gradients
    pynn.Sequential._functional = property(
        lambda self: None if self._interface is None else pynn.Model(self.inputs, self.outputs)
    )
    shown._model_variables_moving_average = property(
        lambda self: [_Shown(kept.average) for kept in self._tracked.values()]
    )
    base: Any = pynn.layers.Layer
    base._flatten_layers = lambda self: list({id(x): x for x in self._with_sublayers()}.values())
    shown._accumulated_gradients = property(
        lambda self: [_Shown(kept.accumulated) for kept in self._tracked.values()]
    )


FALLBACKS: dict[str, Any] = {
    "ops.random": pynn.random,
    "utils.removesuffix": str.removesuffix,
}


class Trainer(pynn.Model):
    """What `fit` and the like need of a class that is also a layer, as Keras's trainers."""

    def __init__(self) -> None:
        """Leave the arguments to the layer that the class is as well."""

    def __init_subclass__(cls) -> None:
        models = pynn.Model.__mro__
        base_model = models[models.index(pynn.layers.Layer) - 1]
        layer = next(base for base in cls.__mro__ if not issubclass(base, base_model))
        for name in ("build", "call"):
            if not any(name in vars(base) for base in cls.__mro__[: cls.__mro__.index(Trainer)]):
                setattr(cls, name, getattr(layer, name))


INSTEAD["backend.numpy.trainer.NumpyTrainer"] = Trainer
