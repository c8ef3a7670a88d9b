"""`Predictor`: a model for `pynn.cython_predict`'s functions."""

from __future__ import annotations

from typing import Any

from pynn._number_checks import is_integer

# Threads that may predict at the same time without allocating.
_MOST_THREADS = 256


class Predictor:
    """The network of a model, for functions that predict rows without Python.

    It has a copy of the weights: what becomes of the model afterwards does not change what it
    predicts. It lives as long as this object, and any number of threads may predict with it at
    the same time, without the GIL.

    Parameters
    ----------
    model : Model or fitted estimator
        With one input and one output, which the native engine predicts with, as `summary` says. A
        row of x has all numbers of an input, its further axes flattened, and a row of y all
        numbers of an output. Of estimators:

        - `MLPRegressor` gives what its ``predict`` returns.
        - `MLPClassifier` gives what its ``predict_proba`` returns; of two classes only the
          probability of the second one.
        - `Perceptron` gives what its ``decision_function`` returns, and `PerceptronRegressor` what
          its ``predict`` does.
        - Those of `pynn.wrappers` give the outputs of their models.
    threads : int, default=1
        How many threads at the same time there is room for, up to 256. A call of one more allocates
        a place of its own, which is then kept.

    Attributes
    ----------
    capsule : capsule
        Named ``"pynn_predictor"``, with a ``pynn_predictor *`` of ``pynn_predict.h``.
    n_inputs, n_outputs : int
        Numbers in a row of x and of y.
    dtype : {"float32", "float64"}
        What the network computes in. Functions for the other type convert.

    Raises
    ------
    TypeError
        If `model` is neither a model nor an estimator that has one.
    ValueError
        If it has several inputs or outputs, or is computed in NumPy.

    Examples
    --------
    >>> import pynn
    >>> from pynn.cython_predict import Predictor
    >>> model = pynn.Sequential([pynn.Input((8,)), pynn.layers.Dense(3)])
    >>> predictor = Predictor(model)
    >>> predictor.n_inputs, predictor.n_outputs, predictor.dtype
    (8, 3, 'float32')
    """

    def __init__(self, model: Any, threads: int = 1) -> None:
        if not is_integer(threads) or not 1 <= threads <= _MOST_THREADS:
            raise ValueError(
                f"threads must be an integer from 1 to {_MOST_THREADS}. Received: "
                f"threads={threads!r}"
            )
        if not hasattr(model, "_plan"):
            raise TypeError(
                "model must be a pynn model, or a fitted estimator of pynn's that is one network. "
                f"Received: {type(model).__name__}"
            )
        plan = model._plan()
        self.capsule, self.n_inputs, self.n_outputs = plan.row_predictor(int(threads))
        self.dtype: str = plan.dtype
