"""Scores of tables of which a column is shuffled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

# So many numbers are predicted in one call.
_NUMBERS_PER_CALL = 1 << 24


def permuted_scores(
    predict: Callable[[Sequence[np.ndarray]], np.ndarray],
    inputs: Sequence[np.ndarray],
    features: tuple[np.ndarray, np.ndarray],
    n_features: int,
    n_repeats: int,
    score: Callable[[np.ndarray], float],
    random: np.random.RandomState,
) -> tuple[float, np.ndarray]:
    """Return the score as it is, and with each column shuffled, (n_features, n_repeats).

    Parameters
    ----------
    predict : callable
    inputs : sequence of ndarray
        Prepared rows.
    features : tuple of ndarray
        From which column of the table each column of the inputs comes.
    n_features : int
        Columns of the table.
    n_repeats : int
    score : callable
    random : RandomState
    """
    n_rows = len(inputs[0])
    baseline = score(predict(inputs))
    scores = np.full((n_features, n_repeats), baseline)
    used = sorted({int(feature) for each in features for feature in each})
    wanted = [(feature, repeat) for feature in used for repeat in range(n_repeats)]
    orders = [random.permutation(n_rows) for _ in wanted]
    at_once = max(_NUMBERS_PER_CALL // sum(each.size for each in inputs), 1)
    for start in range(0, len(wanted), at_once):
        some = wanted[start : start + at_once]
        tiled = [np.tile(each, (len(some), 1)) for each in inputs]
        for i, (feature, _) in enumerate(some):
            order, part = orders[start + i], slice(i * n_rows, (i + 1) * n_rows)
            for matrix, each, sources in zip(tiled, inputs, features, strict=False):
                own = np.flatnonzero(sources == feature)
                matrix[part, own] = each[order][:, own]
        outputs = predict(tiled).reshape(len(some), n_rows, -1)
        for place, output in zip(some, outputs, strict=True):
            scores[place] = score(output)
    return baseline, scores
