"""`from_sklearn`: a model from a fitted estimator of scikit-learn's, which is not imported here."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import layers
from pynn.models._sequential import Sequential

# Estimators with `coef_` and `intercept_`, and what their scores become.
_LINEAR: dict[str, str] = dict.fromkeys(
    (
        "ARDRegression BayesianRidge ElasticNet ElasticNetCV HuberRegressor Lars LarsCV Lasso "
        "LassoCV LinearRegression LinearSVC LinearSVR PassiveAggressiveClassifier "
        "PassiveAggressiveRegressor Perceptron PerceptronRegressor QuantileRegressor Ridge RidgeCV "
        "RidgeClassifier RidgeClassifierCV SGDClassifier SGDRegressor"
    ).split(),
    "linear",
)
_LINEAR |= {"PoissonRegressor": "exponential", "GammaRegressor": "exponential"}
_LINEAR |= {"LogisticRegression": "softmax", "LogisticRegressionCV": "softmax"}
_MLPS = {"identity": "linear", "logistic": "sigmoid", "exp": "exponential"}


def from_sklearn(estimator: Any, dtype: str | None = None) -> Sequential:
    """Make a model of a fitted estimator of scikit-learn's, or of a pipeline that ends with one.

    These are read: `MLPClassifier` and `MLPRegressor`, and what has `coef_` and `intercept_`, as
    `LinearRegression`, `Ridge`, `LogisticRegression`, `Perceptron` and `SGDClassifier` do. In
    pipelines `StandardScaler` and `MinMaxScaler` may stand before them.

    Parameters
    ----------
    estimator : estimator or Pipeline
        Fitted.
    dtype : {"float32", "float64"}, default=None
        None stands for that of its weights.

    Returns
    -------
    Sequential
        With the numbers that ``predict`` returns, (n, outputs), for a regressor; for a classifier
        with the probabilities, those of the second class alone where there are two, or what
        ``decision_function`` returns where it has no probabilities of its own, as `Perceptron`,
        `SGDClassifier`, `LinearSVC` and `RidgeClassifier` have not. It has weights of its own.

    Raises
    ------
    TypeError
        If it is an estimator of another kind.
    ValueError
        If it has not been fitted.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> import pynn
    >>> line = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
    >>> pynn.models.from_sklearn(line).predict([[2.0]], verbose=0)
    array([[5.]])
    """
    steps = [step for _, step in getattr(estimator, "steps", [("", estimator)])]
    *before, last = [step for step in steps if step is not None and not isinstance(step, str)]
    kernels, biases, hidden, output = _parts_of(last)
    dtype = np.dtype(dtype or np.result_type(*kernels)).name
    made: list[Any] = [layers.Input((len(kernels[0]),), dtype=dtype)]
    made += [_scaler_of(step, dtype) for step in before]
    dense = []
    for i, kernel in enumerate(kernels):
        activation = output if i == len(kernels) - 1 else hidden
        dense.append(layers.Dense(kernel.shape[1], activation=activation, dtype=dtype))
    model = Sequential([*made, *dense])
    for layer, kernel, bias in zip(dense, kernels, biases, strict=True):
        layer.set_weights([kernel, bias])
    return model


def _parts_of(estimator: Any) -> tuple[list[np.ndarray], list[np.ndarray], str, str]:
    """Return kernels, biases, and the activations of hidden layers and of the output."""
    name = type(estimator).__name__
    is_mlp = name in ("MLPClassifier", "MLPRegressor")
    if not is_mlp and name not in _LINEAR:
        raise TypeError(
            f"from_sklearn takes MLPClassifier, MLPRegressor, {', '.join(sorted(_LINEAR))}. "
            f"Received: {estimator!r:.80}"
        )
    if not hasattr(estimator, "coefs_" if is_mlp else "coef_"):
        raise ValueError(f"this {name} has not been fitted: call fit() before")
    if is_mlp:
        hidden, output = estimator.activation, estimator.out_activation_
        if not isinstance(hidden, str) or not isinstance(output, str):
            raise TypeError("an estimator with a model_ has it there already")
        coefs = [np.array(each) for each in estimator.coefs_]
        biases = [np.array(each) for each in estimator.intercepts_]
        return coefs, biases, _MLPS.get(hidden, hidden), _MLPS.get(output, output)
    kernel = np.atleast_2d(np.array(estimator.coef_)).T
    bias = np.broadcast_to(np.ravel(estimator.intercept_), kernel.shape[1:])
    output = _LINEAR[name]
    if output == "softmax" and kernel.shape[1] == 1:
        output = "sigmoid"
    elif output == "softmax" and getattr(estimator, "solver", "") == "liblinear":
        raise TypeError("LogisticRegression of several classes is not read with solver='liblinear'")
    return [kernel], [np.array(bias, kernel.dtype)], "linear", output


def _scaler_of(step: Any, dtype: str) -> layers.Layer:
    name = type(step).__name__
    if name == "StandardScaler":
        count = step.n_features_in_
        scale = np.ones(count) if step.scale_ is None else step.scale_
        mean = np.zeros(count) if step.mean_ is None or not step.with_mean else step.mean_
        return layers.Rescaling(1.0 / scale, -mean / scale, dtype=dtype)
    if name == "MinMaxScaler" and not step.clip:
        return layers.Rescaling(step.scale_, step.min_, dtype=dtype)
    raise TypeError(
        "before the last step of a pipeline, from_sklearn takes StandardScaler and MinMaxScaler "
        f"(without clip). Received: {step!r:.80}"
    )
