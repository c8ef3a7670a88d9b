"""MLflow's flavour for models and estimators of pynn's: `save_model`, `log_model`, `load_model`.

What is saved is a directory with a `.pynn` file; nothing is pickled. It is a ``python_function``
too, so that ``mlflow.pyfunc.load_model`` and ``mlflow models serve`` take it. Needs MLflow
(``pip install mlflow-skinny``, or ``mlflow``).
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pynn import _core
from pynn._optional import needed
from pynn.estimators import load

__all__ = ["load_model", "log_model", "save_model"]
__dir__ = __all__.copy

_FLAVOR = "pynn"
_FILE = "model.pynn"
_METHOD = "predict_fn"  # in the model's configuration, which loading may replace


def save_model(
    model: Any,
    path: str | os.PathLike[str],
    *,
    predict_fn: str = "predict",
    input_example: Any = None,
    signature: Any = None,
    mlflow_model: Any = None,
    pip_requirements: Any = None,
    **kwargs: Any,
) -> None:
    """Save a model or an estimator to a directory in MLflow's format.

    Parameters
    ----------
    model : Model or estimator
    path : path-like
        A directory that does not exist yet, or is empty.
    predict_fn : str, default="predict"
        What the ``python_function`` calls, as "predict_proba"; loading may choose another one:
        ``mlflow.pyfunc.load_model(uri, model_config={"predict_fn": "predict_proba"})``.
    input_example : DataFrame, ndarray or dict of ndarray, default=None
        Some rows; the signature follows from them.
    signature : mlflow.models.ModelSignature, default=None
    mlflow_model : mlflow.models.Model, default=None
        What the flavour is added to.
    pip_requirements : list of str or path-like, default=None
        None stands for this version of pynn.
    **kwargs
        Further arguments of ``mlflow.pyfunc.save_model``, as ``metadata``.

    Raises
    ------
    ImportError
        If MLflow is not installed.
    ValueError
        If the model cannot be saved, or has no such method.

    Examples
    --------
    ::

        pynn.mlflow.save_model(classifier, "iris", input_example=X[:2])
        classifier = pynn.mlflow.load_model("iris")
    """
    mlflow = _mlflow()
    method = _method(model, predict_fn)
    if mlflow_model is None:
        mlflow_model = mlflow.models.Model()
    if signature is None and input_example is not None:
        signature = mlflow.models.infer_signature(input_example, method(input_example))
    mlflow_model.add_flavor(_FLAVOR, pynn_version=_core.__version__, data=_FILE)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, _FILE)
        model.save(file)
        mlflow.pyfunc.save_model(
            os.fspath(path),
            loader_module="pynn.mlflow",
            data_path=os.fspath(file),
            mlflow_model=mlflow_model,
            signature=signature,
            input_example=input_example,
            pip_requirements=pip_requirements or [f"pynn-mlp=={_core.__version__}"],
            model_config={_METHOD: predict_fn},
            **kwargs,
        )


def log_model(model: Any, name: str = "model", **kwargs: Any) -> Any:
    """Log a model or an estimator to the current run of MLflow.

    Parameters
    ----------
    model : Model or estimator
    name : str, default="model"
    **kwargs
        Further arguments of `save_model`, and of ``mlflow.models.Model.log``, as
        ``registered_model_name``.

    Returns
    -------
    mlflow.models.model.ModelInfo

    Raises
    ------
    ImportError
        If MLflow is not installed.
    """
    flavor = sys.modules[__name__]
    log = _mlflow().models.Model.log
    return log(artifact_path=None, name=name, flavor=flavor, model=model, **kwargs)


def load_model(
    model_uri: str,
    dst_path: str | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> Any:
    """Load what `save_model` or `log_model` saved: the model or the estimator itself.

    Parameters
    ----------
    model_uri : str
        A directory, or as ``runs:/...`` and ``models:/...``.
    dst_path : str, default=None
        A directory for what has to be downloaded.
    custom_objects : mapping of str to object, default=None
        As in `pynn.load`.

    Returns
    -------
    Model or estimator

    Raises
    ------
    ImportError
        If MLflow is not installed.
    ValueError
        If it is of another flavour.
    """
    mlflow = _mlflow()
    folder = mlflow.artifacts.download_artifacts(artifact_uri=model_uri, dst_path=dst_path)
    flavors = mlflow.models.Model.load(folder).flavors
    if _FLAVOR not in flavors:
        raise ValueError(f"{model_uri} was not saved by pynn.mlflow. Its flavors: {list(flavors)}")
    return load(Path(folder, flavors["python_function"]["data"]), custom_objects)


class _Function:
    """The ``python_function`` of a model."""

    def __init__(self, model: Any, method: str) -> None:
        self._model = model
        self._call = _method(model, method)

    def predict(self, data: Any, params: Any = None) -> Any:
        """Return predictions for a DataFrame, an array or a dict of arrays."""
        return self._call(data)

    def get_raw_model(self) -> Any:
        """Return the model itself, as MLflow asks for it."""
        return self._model


def _load_pyfunc(path: str, model_config: Mapping[str, Any] | None = None) -> _Function:
    """Return the ``python_function``; called by MLflow."""
    return _Function(load(path), (model_config or {}).get(_METHOD, "predict"))


def _method(model: Any, name: str) -> Any:
    """Return what predicts.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    method = getattr(model, name, None) if name.startswith("predict") else None
    if method is None:
        raise ValueError(f"{type(model).__name__} has no method predict_fn={name!r}")
    return method


def _mlflow() -> Any:
    with needed("pynn.mlflow", "MLflow", "mlflow-skinny"):
        import mlflow
        import mlflow.pyfunc
    return mlflow
