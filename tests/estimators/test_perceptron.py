"""`Perceptron` against scikit-learn's, against the rule by the book, and on its own promises."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Perceptron as ScikitLearnPerceptron
from sklearn.model_selection import StratifiedShuffleSplit

from estimators.sklearn_abilities import PERCEPTRONS_STOP_BY_OBJECTIVE
from pynn.estimators import Perceptron
from reference import perceptron as by_the_book

# Both sum a row's products in float64, in another order.
ROUNDING = 1e-9

IRIS = load_iris(return_X_y=True)
DIGITS = load_digits(return_X_y=True)
ROW_WEIGHT = np.random.RandomState(0).uniform(0.5, 2, 150)


def several_columns(n_rows: int, n_features: int, n_outputs: int) -> tuple[Any, Any]:
    """Rows, and for each output on which side of a plane they are, some of it wrong."""
    rng = np.random.default_rng(n_rows)
    x = rng.standard_normal((n_rows, n_features))
    score = x @ rng.standard_normal((n_features, n_outputs))
    return x, (score + 0.5 * rng.standard_normal(score.shape) > 0.3).astype(int)


def same_fit(ours: Perceptron, theirs: ScikitLearnPerceptron) -> None:
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=ROUNDING, atol=ROUNDING)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.t_ == theirs.t_
    assert ours.coef_.shape == theirs.coef_.shape
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"shuffle": False},
        {"random_state": 3, "n_iter_no_change": 2},
        {"penalty": "l1"},
        {"penalty": "elasticnet", "l1_ratio": 0.3},
        *([{"penalty": "l2", "alpha": 1e-3}] if PERCEPTRONS_STOP_BY_OBJECTIVE else []),
        {"fit_intercept": False},
        {"eta0": 0.5, "max_iter": 400},
        {"class_weight": "balanced"},
        {"early_stopping": True, "validation_fraction": 0.2},
        {"tol": None, "max_iter": 7},
    ],
    ids=str,
)
@pytest.mark.parametrize("labels", ["three", "two", "strings"])
def test_fits_as_scikit_learn_does(parameters: dict[str, Any], labels: str) -> None:
    x, y = IRIS
    y = {"three": y, "two": y == 1, "strings": np.array(["a", "b", "c"])[y]}[labels]
    ours = Perceptron(**parameters).fit(x, y)
    theirs = ScikitLearnPerceptron(**parameters).fit(x, y)
    same_fit(ours, theirs)
    np.testing.assert_array_equal(ours.predict(x), theirs.predict(x))
    assert ours.decision_function(x).shape == theirs.decision_function(x).shape


@pytest.mark.parametrize("container", [sp.csr_matrix, sp.csr_array, sp.csc_matrix])
@pytest.mark.parametrize("penalty", [None, "l1", "l2"])
def test_fits_sparse_rows_as_scikit_learn_does(container: Any, penalty: str | None) -> None:
    x, y = DIGITS[0][:300], DIGITS[1][:300]
    # scikit-learn's norm of the weights, which decides when to stop, forgets features that a
    # sparse row does not have; so both run for the same number of epochs.
    parameters = {"penalty": penalty, "tol": None, "max_iter": 8}
    ours = Perceptron(**parameters).fit(container(x), y)
    theirs = ScikitLearnPerceptron(**parameters).fit(container(x), y)
    same_fit(ours, theirs)
    np.testing.assert_array_equal(ours.predict(container(x)), theirs.predict(x))


def test_weighs_rows_as_scikit_learn_does() -> None:
    ours = Perceptron(class_weight={0: 2.0, 1: 0.5}).fit(*IRIS, sample_weight=ROW_WEIGHT)
    theirs = ScikitLearnPerceptron(class_weight={0: 2.0, 1: 0.5})
    same_fit(ours, theirs.fit(*IRIS, sample_weight=ROW_WEIGHT))


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_draws_from_a_generator_as_scikit_learn_does(early_stopping: bool, n_classes: int) -> None:
    x, y = IRIS
    y = np.minimum(y, n_classes - 1)

    def fit(cls: Any) -> Any:
        generator = np.random.RandomState(5)
        return cls(random_state=generator, early_stopping=early_stopping).fit(x, y), generator

    (ours, our_generator), (theirs, their_generator) = fit(Perceptron), fit(ScikitLearnPerceptron)
    same_fit(ours, theirs)
    assert our_generator.randint(2**31) == their_generator.randint(2**31)


@pytest.mark.parametrize("labels", [IRIS[1], IRIS[1] == 1])
def test_partial_fit_is_that_of_scikit_learn(labels: np.ndarray) -> None:
    x = IRIS[0]
    ours, theirs = Perceptron(random_state=1), ScikitLearnPerceptron(random_state=1)
    for start in (0, 50, 100, 20):
        rows = slice(start, start + 50)
        for model in (ours, theirs):
            model.partial_fit(x[rows], labels[rows], classes=np.unique(labels))
    same_fit(ours, theirs)


def test_warm_start_and_initial_weights_are_those_of_scikit_learn() -> None:
    x, y = IRIS
    start = {"coef_init": np.ones((3, 4)), "intercept_init": [1.0, 2.0, 3.0]}
    ours = Perceptron(warm_start=True, max_iter=3, tol=None).fit(x, y, **start)
    theirs = ScikitLearnPerceptron(warm_start=True, max_iter=3, tol=None).fit(x, y, **start)
    same_fit(ours, theirs)
    same_fit(ours.fit(x, y), theirs.fit(x, y))


@pytest.mark.parametrize("penalty", [None, "l2", "l1", "elasticnet"])
def test_is_the_rule_by_the_book(penalty: str | None) -> None:
    x, y = IRIS[0], np.where(IRIS[1] == 1, 1.0, -1.0)
    l1_ratio = {"l1": 1.0, "l2": 0.0}.get(penalty, 0.15)
    alpha = 0.0 if penalty is None else 1e-2
    model = Perceptron(penalty=penalty, alpha=1e-2, max_iter=4, tol=None, shuffle=False)
    model.fit(x, y)
    unit = by_the_book.Unit(np.zeros(4))
    for _ in range(4):
        l1, l2 = alpha * l1_ratio, alpha * (1 - l1_ratio)
        by_the_book.train_epoch(unit, x, y, np.arange(150), l1=l1, l2=l2)
    np.testing.assert_allclose(model.coef_[0], unit.weights, rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_allclose(model.intercept_[0], unit.intercept, rtol=ROUNDING, atol=ROUNDING)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(1, 12), st.booleans())
def test_converges_on_every_separable_problem(
    seed: int, n_rows: int, n_features: int, single: bool
) -> None:
    """Novikoff's theorem (1962): at most (radius / margin)^2 updates where a plane separates."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n_rows, n_features))
    direction = rng.standard_normal(n_features)
    direction /= np.linalg.norm(direction)
    bias = rng.uniform(-0.5, 0.5)
    margin = 0.1
    distance = x @ direction + bias
    x += np.where(distance > 0, margin, -margin)[:, None] * direction
    y = distance > 0
    if y.all() or not y.any():
        return
    x = x.astype(np.float32 if single else np.float64)
    # With the intercept as one more feature that is always 1.
    radius = np.sqrt((x.astype(float) ** 2).sum(axis=1).max() + 1)
    updates = int((radius * np.hypot(1, bias) / margin) ** 2) + 1
    # Every epoch but the last has an update.
    model = Perceptron(max_iter=updates + 1, tol=None).fit(x, y)
    assert model.score(x, y) == 1.0


def test_several_outputs_are_several_units() -> None:
    x, y = several_columns(120, 8, 4)
    layer = Perceptron(shuffle=False).fit(x, y)
    assert layer.coef_.shape == (4, 8)
    assert layer.decision_function(x).shape == layer.predict(x).shape == (120, 4)
    np.testing.assert_array_equal(layer.classes_, np.arange(4))
    for i in range(4):
        unit = Perceptron(shuffle=False).fit(x, y[:, i])
        np.testing.assert_array_equal(layer.coef_[i], unit.coef_[0])
        np.testing.assert_array_equal(layer.predict(x)[:, i], unit.predict(x))


def test_several_outputs_may_be_learned_in_parts() -> None:
    x, y = several_columns(60, 5, 3)
    model = Perceptron(shuffle=False)
    for _ in range(3):
        model.partial_fit(x, y)
    whole = Perceptron(shuffle=False, max_iter=3, tol=None).fit(x, y)
    np.testing.assert_array_equal(model.coef_, whole.coef_)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0, 2: 0.5}])
def test_classes_of_several_outputs_are_weighed_by_column(class_weight: Any) -> None:
    x, y = several_columns(80, 5, 3)
    layer = Perceptron(class_weight=class_weight, shuffle=False).fit(x, y)
    for i in range(3):
        alone = "balanced" if class_weight == "balanced" else {1: class_weight.get(i, 1.0)}
        unit = Perceptron(class_weight=alone, shuffle=False).fit(x, y[:, i])
        np.testing.assert_allclose(layer.coef_[i], unit.coef_[0], rtol=ROUNDING)


def test_a_layer_of_units_learns_the_logic_gates() -> None:
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    gates = np.stack([x.all(axis=1), x.any(axis=1), ~x.all(axis=1)], axis=1).astype(int)
    layer = Perceptron(max_iter=50, tol=None).fit(x, gates)
    np.testing.assert_array_equal(layer.predict(x), gates)


def test_sparse_rows_are_never_made_dense() -> None:
    """A dense copy would take 16 GB."""
    rng = np.random.default_rng(0)
    shape, stored = (2000, 1_000_000), 20_000
    rows, columns = rng.integers(shape[0], size=stored), rng.integers(shape[1], size=stored)
    x = sp.csr_matrix((np.ones(stored), (rows, columns)), shape)
    y = np.asarray(x[:, : shape[1] // 2].sum(axis=1)).ravel() > 5
    model = Perceptron(max_iter=20, tol=None).fit(x, y)
    assert model.score(x, y) > 0.9


def test_sparse_rows_in_several_calls_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = sp.csr_matrix(DIGITS[0][:200]), DIGITS[1][:200]
    whole = Perceptron(max_iter=3, tol=None).fit(x, y, sample_weight=np.arange(1.0, 201))
    monkeypatch.setattr("pynn.estimators.perceptron._unit_trainer.CALL_ENTRIES", 500)
    parts = Perceptron(max_iter=3, tol=None).fit(x, y, sample_weight=np.arange(1.0, 201))
    np.testing.assert_array_equal(whole.coef_, parts.coef_)


def test_threads_do_not_change_the_result() -> None:
    one, two = (Perceptron(n_jobs=n).fit(*DIGITS) for n in (1, 2))
    np.testing.assert_array_equal(one.coef_, two.coef_)
    assert one.n_iter_ == two.n_iter_


def test_float32_stays_float32() -> None:
    model = Perceptron().fit(IRIS[0].astype(np.float32), IRIS[1])
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    assert model.decision_function(IRIS[0].astype(np.float32)).dtype == np.float32
    assert Perceptron().fit(IRIS[0].astype(np.float16), IRIS[1]).coef_.dtype == np.float64


def test_weights_may_be_assigned() -> None:
    model = Perceptron(random_state=1).fit(*IRIS)
    model.coef_, model.intercept_ = np.zeros((3, 4)).tolist(), [0.0, 1.0, 0.0]
    model.coef_ = np.array(model.coef_)
    assert (model.predict(IRIS[0]) == 1).all()
    model.partial_fit(*IRIS)
    assert model.coef_.any()


def test_sparsified_weights_predict_the_same() -> None:
    model = Perceptron(penalty="l1", alpha=0.01).fit(*DIGITS)
    expected = model.predict(DIGITS[0])
    np.testing.assert_array_equal(model.sparsify().predict(DIGITS[0]), expected)
    np.testing.assert_array_equal(model.densify().predict(DIGITS[0]), expected)


def test_warns_where_max_iter_ends_the_training() -> None:
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached"):
        Perceptron(max_iter=1).fit(*IRIS)


@pytest.mark.parametrize("seed", [0, 7, np.int64(3), np.random.RandomState(5), None])
@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_sparse_rows_as_scikit_learn(seed: Any, n_classes: int, early_stopping: bool) -> None:
    """Sums of rows are in scikit-learn's order, whether or not several are found at once."""
    rng = np.random.default_rng(1)
    x = sp.random(600, 80, 0.1, format="csr", rng=rng)
    easy = np.digitize(x @ rng.normal(size=80), np.linspace(-0.3, 0.3, n_classes - 1))
    for y in (easy, rng.integers(0, n_classes, 600)):
        given = {"max_iter": 7, "tol": None, "early_stopping": early_stopping}
        fits = []
        for kind in (ScikitLearnPerceptron, Perceptron):
            np.random.seed(11)
            state = copy.deepcopy(seed)
            fits.append(kind(random_state=state, **given).fit(x, y))
        np.testing.assert_array_equal(fits[1].coef_, fits[0].coef_)
        np.testing.assert_array_equal(fits[1].intercept_, fits[0].intercept_)


def test_the_epoch_of_an_overflow_of_sparse_rows() -> None:
    """Only weights that a row has changed are looked at, however many columns there are."""
    x = sp.csr_matrix(np.eye(4)[[0, 1, 2]] * [1.0, 1e308, 1.0, 1.0])
    y = [0, 1, 0]
    for kind in (ScikitLearnPerceptron, Perceptron):
        with pytest.raises(ValueError, match="overflow occurred at epoch #1"):
            kind(eta0=1e10).fit(x, y)
        with pytest.raises(ValueError, match="overflow occurred at epoch #1"):
            kind().fit(x, y, coef_init=[[0.0, 0.0, 0.0, np.inf]])


def test_weights_that_overflow_are_an_error() -> None:
    x = np.array([[1e200], [-1e200], [1e200]])
    with pytest.raises(ValueError, match="under-/overflow occurred at epoch #"):
        Perceptron(eta0=1e200).fit(x, [0, 0, 1])


def test_prints_each_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    Perceptron(verbose=1, max_iter=2, tol=None).fit(IRIS[0], IRIS[1] == 0)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("--")] == ["-- Epoch 1", "-- Epoch 2"]
    assert all("Avg. loss" in line for line in lines[1::2])


@pytest.mark.parametrize(
    ("parameters", "y", "message"),
    [
        ({}, np.zeros(4), "number of classes has to be greater than one; got 1"),
        ({}, [0.5, 1.2, 3.3, 0.1], "Unknown label type"),
        ({"eta0": 0}, [0, 1, 0, 1], "'eta0' parameter of Perceptron"),
        ({"penalty": "l3"}, [0, 1, 0, 1], "'penalty' parameter of Perceptron"),
        ({}, [[0, 1, 2]] * 4, "Multioutput target data is not supported"),
        ({"early_stopping": True, "validation_fraction": 0.9}, [0, 1, 0, 1], "train"),
    ],
)
def test_says_what_was_wrong(parameters: dict[str, Any], y: Any, message: str) -> None:
    x = np.arange(8.0).reshape(4, 2)
    with pytest.raises(ValueError, match=message):
        Perceptron(**parameters).fit(x, y)


def test_initial_weights_must_have_the_shapes_of_the_units() -> None:
    x, y = IRIS
    with pytest.raises(ValueError, match=r"``coef_`` does not match dataset.* \(3, 4\) for X of 4"):
        Perceptron().fit(x, y, coef_init=np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"intercept_init does not match dataset.*\(3,\)"):
        Perceptron().fit(x, y, intercept_init=np.zeros(2))


def test_partial_fit_says_what_was_wrong() -> None:
    x, y = IRIS
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        Perceptron().partial_fit(x, y)
    with pytest.raises(ValueError, match="early_stopping should be False"):
        Perceptron(early_stopping=True).partial_fit(x, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="class_weight 'balanced' is not supported"):
        Perceptron(class_weight="balanced").partial_fit(x, y, classes=[0, 1, 2])
    model = Perceptron().partial_fit(x, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="has classes not in"):
        model.partial_fit(x, y + 1)
    with pytest.raises(ValueError, match="kind of the first call"):
        model.partial_fit(x, np.eye(3, dtype=int)[y])


def test_zero_weight_validation_rows_are_an_error() -> None:
    x, y = IRIS
    split = StratifiedShuffleSplit(test_size=0.1, random_state=0)
    _, held_out = next(split.split(x, y))
    weight = np.ones(150)
    weight[held_out] = 0
    with pytest.raises(ValueError, match="validation set are all zero"):
        Perceptron(early_stopping=True, random_state=0).fit(x, y, sample_weight=weight)


@pytest.mark.parametrize(
    ("parameters", "call"),
    [
        ({}, lambda model, x, y: model.fit(x, y, sample_weight=np.zeros(len(y)))),
        ({}, lambda model, x, y: model.fit(x[:, :2], y == y)),
        ({"early_stopping": True}, lambda model, x, y: model.fit(x[-2:], [0, 1])),
        ({}, lambda model, x, y: model.partial_fit(x, y, sample_weight=np.full(len(y), np.nan))),
    ],
)
def test_what_cannot_be_trained_with_changes_nothing(parameters: Any, call: Any) -> None:
    x, y = IRIS
    model = Perceptron(random_state=0).fit(x, y)
    expected = model.decision_function(x)
    before = {**vars(model), **parameters}
    with pytest.raises(ValueError):
        call(model.set_params(**parameters), x, y)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is before[name] for name in before)
    np.testing.assert_array_equal(model.decision_function(x), expected)
