"""TabM: its steps against pytabkit's, orders of its own for each member, and weighted rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import pynn
from estimators.tabular import pytabkit_tabm as known
from pynn import _core
from pynn.estimators.tabular import _tabm
from pynn.estimators.tabular._network import TableShape, TabularNetwork
from pynn.estimators.tabular._recipes import CLASSIFICATION, PRESETS, REGRESSION
from pynn.layers import PiecewiseLinearEmbedding

SMALL: dict[str, Any] = {"hidden_layer_sizes": (20, 20), "n_members": 4}
SHAPE = TableShape(3, (2,), (), 70)


def network(preset: str, task: str, **options: Any) -> TabularNetwork:
    recipe = replace(PRESETS[preset][task], **{**SMALL, **options})
    pynn.utils.set_random_seed(0)
    n_outputs = 3 if task == CLASSIFICATION else 1
    return _tabm.build(recipe, SHAPE, n_outputs, task, np.random.default_rng(0))


def rows(task: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(SHAPE.n_rows, SHAPE.n_inputs)).astype(np.float32)
    if task == REGRESSION:
        return x, x[:, :1]
    return x, np.eye(3, dtype=np.float32)[x[:, :3].argmax(axis=1)]


@pytest.mark.parametrize("case", known.CASES, ids=lambda case: case.name)
def test_steps_agree_with_pytabkit(case: known.Case) -> None:
    preset = "tabm-mini" if case.mini else "tabm"
    task = REGRESSION if case.n_outputs == 1 else CLASSIFICATION
    recipe = replace(
        PRESETS[preset][task],
        hidden_layer_sizes=(known.UNITS,) * 3,
        n_members=known.MEMBERS,
        dropout=0.0,
        epsilon=known.EPSILON,
    )
    numbers, codes, targets = known.table(case)
    shape = TableShape(known.NUMBERS, known.LEVELS, (), known.ROWS)
    x = np.concatenate([numbers, known.one_hot(codes)], axis=1)
    y = targets[:, None] if case.n_outputs == 1 else np.eye(case.n_outputs)[targets]
    before = pynn.backend.floatx()
    pynn.backend.set_floatx("float64")
    try:
        made = _tabm.build(recipe, shape, case.n_outputs, task, np.random.default_rng(0))
    finally:
        pynn.backend.set_floatx(before)
    made.model.set_weights(known.initial_weights(case))
    losses = [
        np.ravel(made.model.train_on_batch(x[chosen], y[chosen]))[0] for chosen in known.batches()
    ]
    assert made.model._trainers.reason is None
    expected = np.load(known.PATH)
    np.testing.assert_allclose(losses, expected[f"{case.name}.losses"][: len(losses)], rtol=1e-9)
    weights = np.concatenate([each.ravel() for each in made.model.get_weights()])
    np.testing.assert_allclose(weights, expected[f"{case.name}.weights"], rtol=1e-6, atol=1e-12)


def test_each_member_sees_each_row_once_an_epoch_in_an_order_of_its_own() -> None:
    x, y = rows(REGRESSION)
    x[:, 0] = y[:, 0] = np.arange(len(x))
    made = network("tabm", REGRESSION, batch_size=32)
    assert made.batches is not None
    given = made.batches([x], y, None)
    orders = []
    for _ in range(2):
        inputs, targets = (
            np.concatenate(parts) for parts in zip(*map(given.__getitem__, range(3)), strict=True)
        )
        np.testing.assert_array_equal(inputs[:, :, 0], targets[:, :, 0])
        np.testing.assert_array_equal(np.sort(inputs[:, :, 0], axis=0), x[:, :1].repeat(4, 1))
        orders += [*inputs[:, :, 0].T]
        given.on_epoch_end()
    assert len({order.tobytes() for order in orders}) == 8
    assert [len(given[i][0]) for i in range(len(given))] == [32, 32, 6]


def test_first_factors_are_one_sign_for_each_column_of_the_table() -> None:
    made = network("tabm", REGRESSION, n_members=200)
    factors = made.predictor.get_weights()[0]
    assert set(np.unique(factors)) == {-1.0, 1.0}
    np.testing.assert_array_equal(factors[:, 3], factors[:, 4])  # columns of one category
    assert (np.abs(np.corrcoef(factors[:, :4].T) - np.eye(4)) < 0.3).all()


def test_members_begin_with_the_same_biases_and_other_factors_of_one() -> None:
    made = network("tabm", CLASSIFICATION)
    _, kernel, s, bias, r, _, _, _, heads, _ = made.predictor.get_weights()
    assert (s == 1).all() and (r == 1).all()
    assert (bias == bias[0]).all() and 0 < np.ptp(bias) <= 2 / np.sqrt(len(kernel))
    assert not (heads[0] == heads[1]).any() and np.abs(heads).max() <= 1 / np.sqrt(20)


@pytest.mark.parametrize("preset", ["tabm", "tabm-mini"])
@pytest.mark.parametrize("task", [CLASSIFICATION, REGRESSION])
@pytest.mark.parametrize("n_bins", [0, 5])
def test_it_learns_natively(preset: str, task: str, n_bins: int) -> None:
    x, y = rows(task)
    made = network(preset, task, n_bins=n_bins, learning_rate=0.01, batch_size=16)
    assert made.batches is not None and made.initialize is not None
    made.initialize([x])
    history = made.model.fit(made.batches([x], y, None), epochs=30, verbose=0)
    assert made.model._trainers.reason is None
    assert history.history["loss"][-1] < 0.7 * history.history["loss"][0]
    outputs = made.predictor.predict(x, verbose=0)
    assert outputs.shape == y.shape
    if task == CLASSIFICATION:
        np.testing.assert_allclose(outputs.sum(axis=1), 1.0, rtol=1e-5)
        assert (outputs.argmax(axis=1) == y.argmax(axis=1)).mean() > 0.7


def test_a_weight_of_two_is_a_row_twice_and_of_none_is_none() -> None:
    x, y = rows(CLASSIFICATION)
    found = []
    for weights in (None, np.ones(len(x), np.float32), np.r_[np.zeros(35), np.full(35, 2.0)]):
        made = network("tabm", CLASSIFICATION, dropout=0.0, batch_size=len(x))
        assert made.batches is not None
        given = (x, y)
        if weights is not None and weights[0] == 0:
            other = x.copy()
            other[:35] = 100.0  # which must not matter
            given = (other, y)
            half = network("tabm", CLASSIFICATION, dropout=0.0, batch_size=35)
            assert half.batches is not None
            half.model.fit(half.batches([x[35:]], y[35:], None), epochs=3, verbose=0)
        kind = None if weights is None else weights.astype(np.float32)
        made.model.fit(made.batches([given[0]], given[1], kind), epochs=3, verbose=0)
        found.append(made.predictor.predict(x, verbose=0))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[2], half.predictor.predict(x, verbose=0), rtol=1e-3, atol=1e-4)


def test_bins_have_as_many_numbers_each_and_begin_as_a_linear_map() -> None:
    x, _ = rows(REGRESSION)
    x[:, 2] = 1.0  # nothing to divide
    made = network("tabm", REGRESSION, n_bins=4)
    assert made.initialize is not None
    before = made.predictor.predict(x, verbose=0)
    made.initialize([x])
    np.testing.assert_array_equal(made.predictor.predict(x, verbose=0), before)
    layer: Any = next(
        each for each in made.model.layers if isinstance(each, PiecewiseLinearEmbedding)
    )
    edges = np.quantile(x[:, 0].astype(float), [0, 0.25, 0.5, 0.75])
    np.testing.assert_allclose(-layer.start.view[0] / layer.slope.view[0], edges, rtol=1e-5)
    assert np.isfinite(layer.slope.view).all() and not layer.slope.view[2].any()


@pytest.mark.parametrize("preset", ["tabm", "tabm-mini"])
def test_bits_depend_neither_on_threads_nor_on_the_isa(preset: str) -> None:
    x, y = rows(CLASSIFICATION)
    found = []
    for isa in _core.available_isas():
        for threads in (1, 2):
            _core._set_isa(isa)
            pynn.set_num_threads(threads)
            made = network(preset, CLASSIFICATION, n_bins=3, batch_size=40)
            assert made.batches is not None and made.initialize is not None
            made.initialize([x])
            made.model.fit(made.batches([x], y, None), epochs=2, verbose=0)
            if isa != "scalar":
                found.append(made.predictor.predict(x, verbose=0).tobytes())
    assert len(set(found)) == 1
