"""Class labels as numbers: what scikit-learn's LabelBinarizer makes of them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.neural_network
from sklearn.preprocessing import LabelBinarizer

import pynn
from estimators.problems import IRIS
from pynn import estimators
from pynn.estimators._labels import Labels

TARGETS: dict[str, Any] = {
    "two numbers": np.array([3, 7, 7, 3]),
    "three numbers": np.array([3, 7, 5, 3]),
    "negative": np.array([-1, 1, 1, -1]),
    "floats": np.array([1.0, 2.0, 3.0, 1.0]),
    "bools": np.array([True, False, True, True]),
    "words": np.array(["b", "a", "c", "a"]),
    "word objects": np.array(["b", "a", "c", "a"], dtype=object),
    "two words": np.array(["yes", "no", "no", "no"]),
    "one class": np.array([5, 5, 5]),
    "indicators": np.array([[0, 1, 1], [1, 0, 1], [0, 0, 0]]),
}


@pytest.mark.parametrize("name", TARGETS)
def test_codes_are_those_of_the_label_binarizer(name: str) -> None:
    y = TARGETS[name]
    labels, binarizer = Labels(y), LabelBinarizer().fit(y)
    np.testing.assert_array_equal(labels.classes, binarizer.classes_)
    one_hot = binarizer.transform(y)
    np.testing.assert_array_equal(labels.indicators(y), one_hot)
    assert labels.n_outputs == one_hot.shape[1]
    scores = np.random.default_rng(0).uniform(size=one_hot.shape)
    back = binarizer.inverse_transform(scores if scores.shape[1] > 1 else scores.ravel(), 0.5)
    decoded = labels.decode(scores, 0.5)
    np.testing.assert_array_equal(decoded, back)
    assert decoded.dtype == back.dtype
    np.testing.assert_array_equal(labels.decode(one_hot.astype(float), 0.5), y)


@pytest.mark.parametrize("name", TARGETS)
def test_hits_are_rows_that_are_decoded_right(name: str) -> None:
    y = TARGETS[name]
    labels = Labels(y)
    outputs = np.random.default_rng(1).uniform(size=(len(y), labels.n_outputs))
    right = labels.decode(outputs, 0.5) == y
    expected = right.all(axis=1) if y.ndim == 2 else right
    np.testing.assert_array_equal(labels.hits(labels.encode(y), outputs, 0.5), expected)


def test_indicators_may_be_sparse() -> None:
    y = TARGETS["indicators"]
    np.testing.assert_array_equal(Labels(sp.csr_matrix(y)).encode(sp.csr_matrix(y)), y == 1)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([0.5, 1.5, 2.0]), "Unknown label type"),
        (np.array([[1, 2], [3, 4]]), "Multioutput target data is not supported"),
    ],
)
def test_other_targets_are_refused(y: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Labels(y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix])
def test_sparse_indicators_come_back_sparse(kind: Any, tmp_path: Path) -> None:
    y = np.stack([IRIS[1] == 1, IRIS[1] > 0], axis=1).astype(int)
    settings = {"max_iter": 30, "random_state": 0}
    mine = estimators.MLPClassifier(**settings).fit(IRIS[0], kind(y))
    theirs = sklearn.neural_network.MLPClassifier(**settings).fit(IRIS[0], kind(y))
    mine.save(tmp_path / "model.pynn")
    for model in (mine, pickle.loads(pickle.dumps(mine)), pynn.load(tmp_path / "model.pynn")):
        found = model.predict(IRIS[0])
        assert type(found) is type(theirs.predict(IRIS[0]))
        np.testing.assert_array_equal(found.toarray(), theirs.predict(IRIS[0]).toarray())
        assert model.score(IRIS[0], kind(y)) == theirs.score(IRIS[0], kind(y))
    dense = estimators.MLPClassifier(**settings).fit(IRIS[0], y).predict(IRIS[0])
    np.testing.assert_array_equal(dense, found.toarray())


@pytest.mark.parametrize("cls", [estimators.MLPClassifier, estimators.Perceptron])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.arange(60) % 3, np.eye(3, dtype=int)[np.arange(60) % 3]),
        (np.eye(3, dtype=int)[np.arange(60) % 3], np.arange(60) % 3),
        (np.eye(3, dtype=int)[np.arange(60) % 3], np.eye(2, dtype=int)[np.arange(60) % 2]),
    ],
)
def test_labels_of_another_kind_are_refused_before_anything_changes(
    cls: Any, first: np.ndarray, second: np.ndarray
) -> None:
    x = np.random.default_rng(0).random((60, 4))
    model = cls(random_state=0).partial_fit(x, first, classes=[0, 1, 2])
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match="y must be of the kind of the first call"):
        model.partial_fit(x, second)
    assert pickle.dumps(model) == before
