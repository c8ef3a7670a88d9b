"""The perceptron kernel against plain NumPy and against scikit-learn's SGD."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from sklearn.linear_model import SGDClassifier, SGDRegressor

from pynn import _core
from reference.perceptron import Unit, train_epoch

# float32 weights after 60 steps of size 1 carry some 60 rounding errors.
ALLOWED = {"float32": 1e-4, "float64": 1e-12}
FEATURES = (1, 2, 15, 16, 17, 33)


def samples(features: int, rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(features)
    x = rng.normal(size=(rows, features))
    return x, np.where(x @ rng.normal(size=features) + 0.3 * rng.normal(size=rows) > 0, 1.0, -1.0)


def run(
    x: Any, targets: np.ndarray, order: np.ndarray, dtype: str, epochs: int = 1, **options: Any
):
    """Weights, intercept and the last epoch's results."""
    features = x[3] if isinstance(x, tuple) else x.shape[1]
    weights, intercept = np.zeros(features, dtype), np.zeros(1, dtype)
    applied, total = np.zeros(features, dtype), 0.0
    for _ in range(epochs):
        results = _core.perceptron_epoch(
            x, order, targets, weights, intercept, l1_applied=applied, l1_total=total, **options
        )
        total = results["l1_total"]
    return weights, intercept[0], results


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("penalty", [(0.0, 0.0), (0.02, 0.0), (0.0, 0.1), (0.02, 0.1)])
def test_epochs(
    isa: str, features: int, linear: bool, penalty: tuple[float, float], dtype: str
) -> None:
    x, targets = samples(features)
    if linear:
        targets = x.sum(axis=1)
    order = np.random.default_rng(1).permutation(len(x))
    options = {"rate": 0.05, "l1": penalty[0], "l2": penalty[1]}
    sample_weight = np.random.default_rng(2).uniform(0.5, 1.5, len(x))
    unit = Unit(np.zeros(features))
    x, targets, sample_weight = (a.astype(dtype) for a in (x, targets, sample_weight))
    for _ in range(2):
        loss, updates = train_epoch(
            unit, x.astype(float), targets.astype(float), order, linear=linear,
            sample_weight=sample_weight.astype(float), **options,
        )  # fmt: skip
    weights, intercept, results = run(
        x, targets, order, dtype, 2, linear_unit=linear, sample_weight=sample_weight, **options
    )
    np.testing.assert_allclose(weights, unit.weights, rtol=0, atol=ALLOWED[dtype])
    np.testing.assert_allclose(intercept, unit.intercept, rtol=0, atol=ALLOWED[dtype])
    assert results["loss"] == pytest.approx(loss, abs=100 * ALLOWED[dtype])
    assert results["updates"] == updates


def test_order_and_no_intercept(isa: str, dtype: str) -> None:
    x, targets = samples(4)
    order = np.array([3, 3, 0, 59, 7])
    unit = Unit(np.zeros(4))
    train_epoch(unit, x, targets, order, fit_intercept=False)
    weights, intercept, results = run(x, targets, order, dtype, fit_intercept=False)
    np.testing.assert_allclose(weights, unit.weights, atol=ALLOWED[dtype])
    assert intercept == 0
    nothing = run(x, targets, order[:0], dtype)
    assert not nothing[0].any() and nothing[2]["updates"] == 0


def test_strong_l2_folds_the_scale(isa: str, dtype: str) -> None:
    """The scale passes below its bound many times and reaches 0."""
    x, targets = samples(17)
    order = np.arange(len(x))
    for l2 in (0.9, 1.0, 3.0):
        unit = Unit(np.zeros(17))
        train_epoch(unit, x, targets, order, l2=l2)
        weights, _, _ = run(x, targets, order, dtype, l2=l2)
        np.testing.assert_allclose(weights, unit.weights, atol=ALLOWED[dtype])


def test_penalty_is_that_of_the_weights_at_each_row(isa: str) -> None:
    for features in (5, 33):
        x, targets = samples(features)
        order = np.arange(len(x))
        unit, want = Unit(np.zeros(features)), 0.0
        for row in order:
            want += 0.5 * 0.1 * (unit.weights**2).sum()
            train_epoch(unit, x, targets, np.array([row]), l2=0.1)
        csr = scipy.sparse.csr_matrix(x)
        sparse = (csr.data, csr.indices, csr.indptr.astype(np.int64), features)
        for form in (x, sparse):
            _, _, results = run(form, targets, order, "float64", l2=0.1)
            assert results["penalty"] == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("penalty", [None, "l2", "l1", "elasticnet"])
def test_scikit_learn_agrees(isa: str, sparse: bool, linear: bool, penalty: str | None) -> None:
    x, targets = samples(20)
    x[np.random.default_rng(5).random(x.shape) < 0.6] = 0
    alpha, ratio, rate, epochs = 0.01, 0.3, 0.1, 3
    l1 = alpha * {"l1": 1.0, "elasticnet": ratio}.get(penalty or "", 0.0)
    l2 = alpha * {"l2": 1.0, "elasticnet": 1 - ratio}.get(penalty or "", 0.0)
    csr = scipy.sparse.csr_matrix(x)
    estimator = (SGDRegressor if linear else SGDClassifier)(
        loss="squared_error" if linear else "perceptron", penalty=penalty, alpha=alpha,
        l1_ratio=ratio, learning_rate="constant", eta0=rate, shuffle=False, max_iter=epochs,
        tol=None,
    ).fit(csr if sparse else x, targets)  # fmt: skip
    form = (csr.data, csr.indices, csr.indptr.astype(np.int64), 20) if sparse else x
    weights, intercept, _ = run(
        form, targets, np.arange(len(x)), "float64", epochs, rate=rate, l1=l1, l2=l2,
        linear_unit=linear, intercept_decay=0.01 if sparse else 1.0,
    )  # fmt: skip
    np.testing.assert_allclose(weights, estimator.coef_.ravel(), atol=1e-12)
    np.testing.assert_allclose(intercept, estimator.intercept_[0], atol=1e-12)


@pytest.mark.parametrize("index", ["int32", "int64"])
def test_rows_checked_once(index: str, isa: str, dtype: str) -> None:
    """Dense and CSR; rows without entries, and more rows than are fetched ahead."""
    dense, targets = samples(40)
    dense[np.random.default_rng(0).random(dense.shape) < 0.8] = 0
    dense[[0, 30, 59]] = 0
    csr = scipy.sparse.csr_matrix(dense)
    parts = (csr.data, csr.indices.astype(index), csr.indptr.astype(index), 40)
    for form in (dense, parts):
        checked = _core.PerceptronRows(form, np.dtype(dtype))
        for order in (np.arange(60), np.arange(2), np.arange(0)):
            want = run(form, targets, order, dtype, 2, rate=0.1, l1=0.01)
            weights = np.zeros(40, dtype), np.zeros(1, dtype), np.zeros(40, dtype)
            total = 0.0
            for _ in range(2):
                got = _core.perceptron_epoch(
                    checked, order, targets, *weights[:2], rate=0.1, l1=0.01,
                    l1_applied=weights[2], l1_total=total,
                )  # fmt: skip
                total = got["l1_total"]
            np.testing.assert_array_equal(weights[0], want[0])
            assert weights[1][0] == want[1] and got == want[2]
    other = "float32" if dtype == "float64" else "float64"
    with pytest.raises(ValueError, match="rows must have the dtype of weights"):
        _core.perceptron_epoch(checked, order, targets, np.zeros(40, other), np.zeros(1, other))


def test_zero_weighted_rows_do_not_count(isa: str, dtype: str) -> None:
    x, targets = samples(3)
    weights, _, results = run(x, targets, np.arange(60), dtype, sample_weight=np.zeros(60))
    assert not weights.any() and results["updates"] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": np.array([60])}, r"order must hold row numbers in \[0, 60\)\. Received: 60"),
        ({"order": np.array([-1])}, "order must hold row numbers"),
        ({"targets": np.ones(3)}, "targets must have 60 elements"),
        ({"weights": np.zeros(5)}, "weights must be a writable C-contiguous array of 4 elements"),
        ({"weights": np.zeros(4, int)}, "dtype must be float32 or float64"),
        ({"intercept": np.zeros(1, "f4")}, "intercept must be a writable"),
        ({"l1": 0.1}, "l1_applied must be given"),
        ({"sample_weight": np.ones(2)}, "sample_weight must have 60 elements"),
        ({"x": np.ones(4)}, "x must be a 2-D array"),
        (
            {"x": (np.ones(2), np.array([0, 9], "i4"), np.array([0, 2]), 4)},
            r"indices must hold column numbers in \[",
        ),
        ({"x": (np.ones(2), np.array([0, 1], "i4"), np.array([2, 0]), 4)}, "indptr must not decr"),
        (
            {"x": (np.ones(2), np.array([0, 1], "i4"), np.array([0, 3]), 4)},
            "stay within the stored",
        ),
        ({"x": (np.ones(2), np.array([0], "i4"), np.array([0, 1]), 4)}, "as long as data"),
    ],
)
def test_errors(change: dict[str, Any], message: str) -> None:
    x, targets = samples(4)
    arguments = {
        "x": x,
        "order": np.arange(60),
        "targets": targets,
        "weights": np.zeros(4),
        "intercept": np.zeros(1),
    }
    with pytest.raises(ValueError, match=message):
        _core.perceptron_epoch(**(arguments | change))


@pytest.mark.parametrize("name", ["x", "data", "targets", "sample_weight"])
def test_texts_are_no_numbers(name: str) -> None:
    # NumPy would read them, and may raise a SystemError where they are not valid.
    texts = np.ndarray((3, 2) if name == "x" else 3, "U2", bytearray(b"\xff" * 48))
    ones, order = np.ones(3), np.arange(3)
    x: Any = texts if name == "x" else np.ones((3, 2))
    if name == "data":
        x = (texts, order % 2, np.arange(4), 2)
    targets = texts if name == "targets" else ones
    options = {name: texts} if name == "sample_weight" else {}
    with pytest.raises(ValueError, match=f"{name} must hold numbers. Received: dtype=<U2"):
        _core.perceptron_epoch(x, order, targets, np.zeros(2), np.zeros(1), **options)
