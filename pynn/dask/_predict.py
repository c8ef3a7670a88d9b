"""Prediction partition by partition: the model is sent once, and the rows stay where they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples

from pynn._task_threads import limited_threads
from pynn.dask._mlp_replica import Moments
from pynn.dask._needed import needed
from pynn.dask._parts import Given, Wanted, checked, naming


def predict(model: Any, X: Any, method: str = "predict") -> Any:
    """Predict from a collection, lazily and by partition.

    Parameters
    ----------
    model : pynn.Model or estimator
        Sent to each worker once, however many partitions there are.
    X : dask.array, dask.dataframe or list of delayed blocks
    method : str, default="predict"
        Of the model: also "predict_proba".

    Returns
    -------
    dask.array
        Of as many partitions; of delayed blocks a list of delayed arrays.

    Examples
    --------
    >>> import dask.array as da
    >>> import pynn
    >>> from pynn.dask import predict
    >>> model = pynn.MLP(8, 1, input_shape=3)
    >>> predict(model, da.zeros((10, 3), chunks=(5, 3))).shape
    (10, 1)
    """
    with needed():
        import dask.array as da

        import dask
    x = X
    if isinstance(x, (list, tuple)):
        blocks, sizes = list(x), [np.nan] * len(x)
    elif hasattr(x, "rechunk"):
        x = x.rechunk({axis: -1 for axis in range(1, x.ndim)})
        blocks, sizes = list(x.to_delayed().ravel()), list(x.chunks[0])
    elif hasattr(x, "to_delayed"):
        blocks = list(x.to_delayed())
        sizes = [np.nan] * len(blocks)
    else:
        raise ValueError(
            "X must be an array or a dataframe of Dask, or a list of delayed blocks. Received: "
            f"{type(x).__name__}"
        )
    sent = dask.delayed(model, traverse=False, name=f"pynn-model-{dask.base.tokenize(object())}")
    made = [
        dask.delayed(_of_block, pure=False)(sent, method, block, i)
        for i, block in enumerate(blocks)
    ]
    if isinstance(x, (list, tuple)):
        return made
    example = _example(model, method, x)
    parts = [
        da.from_delayed(each, (size, *example.shape[1:]), meta=example[:0])
        for each, size in zip(made, sizes, strict=True)
    ]
    return da.concatenate(parts, axis=0, allow_unknown_chunksizes=True)


def _of_block(model: Any, method: str, block: Any, number: int) -> Any:
    with limited_threads(None), naming(f"partition {number}"):
        if not _num_samples(block):
            return _example(model, method, block)[:0]
        return _predicted(model, method, block)


def _predicted(model: Any, method: str, rows: Any) -> Any:
    given = {"verbose": 0} if hasattr(model, "train_on_batch") else {}
    return getattr(model, method)(rows, **given)


def _example(model: Any, method: str, x: Any) -> np.ndarray:
    """Return what the method makes of a row of zeros."""
    if hasattr(x, "columns"):
        import pandas as pd

        row: Any = pd.DataFrame(np.zeros((1, len(x.columns)), np.float32), columns=list(x.columns))
    else:
        row = np.zeros((1, *(int(n) for n in x.shape[1:])), x.dtype)
    return np.asarray(_predicted(model, method, row))


def lazy_score(estimator: Any, given: Given) -> Any:
    """Return the score of an estimator on parts, as a delayed number."""
    import dask

    of = "classes" if hasattr(estimator, "classes_") else "numbers"
    wanted = Wanted(of, given.features)

    @dask.delayed(pure=False)
    def of_part(estimator: Any, part: Any, number: int) -> Any:
        with limited_threads(None), naming(f"partition {number}"):
            rows = checked(part, wanted)
            if not rows.n_rows:
                return None
            x, y, weight = rows.x[0], rows.y[0], rows.weight
            if given.features is not None:
                import pandas as pd

                x = pd.DataFrame(x, columns=given.features)
            predicted = estimator.predict(x)
            if of == "numbers":
                return Moments.of(predicted, y, weight)
            right = np.equal(predicted, y).reshape(rows.n_rows, -1).all(axis=1)
            if weight is None:
                return float(right.sum()), float(rows.n_rows)
            return float(weight[right].sum()), float(weight.sum())

    @dask.delayed(pure=False)
    def together(found: list[Any]) -> float:
        kept = [each for each in found if each is not None]
        if not kept:
            raise ValueError("there is nothing to score: the data have no rows")
        if of == "numbers":
            total = kept[0]
            for each in kept[1:]:
                total = total + each
            return float(total.r2())
        return sum(each[0] for each in kept) / sum(each[1] for each in kept)

    sent = dask.delayed(estimator, traverse=False)

    @dask.delayed(pure=False)
    def read(part: Any) -> Any:
        return part.read()

    parts = [read(part) if hasattr(part, "groups") else tuple(part) for part in given.parts]
    return together([of_part(sent, part, i) for i, part in enumerate(parts)])
