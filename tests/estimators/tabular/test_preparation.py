"""What becomes of columns on the way into a network."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from pynn.estimators.tabular._columns import Column, as_table, columns_of
from pynn.estimators.tabular._preparation import Preparation
from pynn.estimators.tabular._recipes import PRESETS, Recipe
from pynn.estimators.tabular._scaling import (
    SCALINGS,
    QuantileScaling,
    RobustScaling,
    RobustTailsScaling,
)

MLP = PRESETS["mlp"]["classification"]
REALMLP = PRESETS["realmlp"]["classification"]
TABM = PRESETS["tabm"]["classification"]


def table_columns(table: Any) -> list[Column]:
    return columns_of(as_table(table))


def prepared(
    table: Any, recipe: Recipe = MLP, rng: int = 0, **settings: Any
) -> tuple[Preparation, list[np.ndarray]]:
    preparation = Preparation()
    settings = {"categories": (), "max_categories": 100, "missing_indicator": True} | settings
    inputs = preparation.fit(
        table_columns(table), recipe, rng=np.random.default_rng(rng), **settings
    )
    for again, first in zip(preparation(table_columns(table)), inputs, strict=True):
        np.testing.assert_array_equal(again, first)
    return preparation, inputs


def test_numbers_are_standardised_and_gaps_become_the_median() -> None:
    x = np.array([[1.0, 5.0], [np.nan, 5.0], [3.0, 5.0], [8.0, 5.0]])
    preparation, (numbers,) = prepared(x)
    filled = np.array([[1.0], [3.0], [3.0], [8.0]])
    np.testing.assert_allclose(numbers[:, 0], StandardScaler().fit_transform(filled)[:, 0], 1e-6)
    assert numbers[:, 1].tolist() == [0.0] * 4
    assert numbers[:, 2].tolist() == [-1.0, 1.0, -1.0, -1.0]
    assert numbers.dtype == np.float32 and numbers.flags.c_contiguous
    assert preparation.shape(4) == (2, (1,), (), 4)
    assert [each.tolist() for each in preparation.features()] == [[0, 1, 0], []]
    # A gap where there was none in fit.
    assert preparation(table_columns(np.array([[3.0, np.nan]])))[0][0, 1] == 0.0


def test_gaps_need_no_column_of_their_own() -> None:
    x = np.array([[1.0], [np.nan], [3.0]])
    assert prepared(x, missing_indicator=False)[1][0].shape == (3, 1)


def test_robust_scaling_is_realmlp_s() -> None:
    rng = np.random.default_rng(0)
    x = np.stack([rng.normal(3.0, 2.0, 101), np.r_[np.zeros(90), np.ones(11)], np.ones(101)], 1)
    scaling = RobustScaling()
    scaling.fit(x, rng)
    q1, median, q3 = np.quantile(x[:, 0], [0.25, 0.5, 0.75])
    z = np.stack([(x[:, 0] - median) / (q3 - q1), 2 * x[:, 1], np.zeros(101)], 1)
    np.testing.assert_allclose(scaling(x), z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-12)
    assert scaling(np.full((1, 3), 1e300)).tolist()[0][:2] == [3.0, 3.0]


@pytest.mark.parametrize("others", [1, 2, 50, 51, 249])
def test_columns_of_mostly_one_value_are_scaled_by_the_others(others: int) -> None:
    rng = np.random.default_rng(0)
    sizes = rng.lognormal(size=others) * np.where(np.arange(others) % 3, 1.0, -1.0)
    some = 7.0 + rng.permutation(np.r_[np.zeros(1000 - others), sizes])
    two = np.r_[np.zeros(1000 - others), np.full(others, 5.0)]
    x = np.stack([rng.normal(3.0, 2.0, 1000), some, two, np.ones(1000)], axis=1)
    robust, scaling = RobustScaling(), RobustTailsScaling()
    robust.fit(x, rng)
    scaling.fit(x, rng)
    np.testing.assert_array_equal(scaling(x)[:, [0, 2, 3]], robust(x)[:, [0, 2, 3]])
    z = 2.0 * (some - 7.0) / np.median(np.abs(sizes))
    np.testing.assert_allclose(scaling(x)[:, 1], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-9)


def test_a_large_number_leaves_the_others_apart() -> None:
    x = np.r_[np.zeros(920), np.arange(1.0, 80.0), 1e6][:, None]
    robust, scaling = RobustScaling(), RobustTailsScaling()
    robust.fit(x, np.random.default_rng(0))
    scaling.fit(x, np.random.default_rng(0))
    assert np.ptp(robust(x)[920:-1]) < 0.001
    assert np.ptp(scaling(x)[920:-1]) > 2.0


@pytest.mark.parametrize("n", [1, 2, 3, 10])
@pytest.mark.parametrize("name", ["robust", "robust-tails"])
def test_few_rows_and_small_units_are_scaled(name: str, n: int) -> None:
    for last in (0.0, 1.0, 2e-308, 1e300):
        scaling = SCALINGS[name]()
        scaling.fit(np.r_[np.zeros(n - 1), last][:, None], np.random.default_rng(0))
        assert np.isfinite(scaling(np.array([[0.0], [last], [1.0]]))).all()


def test_quantile_scaling_is_scikit_learn_s() -> None:
    x = np.random.default_rng(0).normal(size=(1000, 2)) ** 3
    scaling = QuantileScaling()
    scaling.fit(x, np.random.default_rng(1))
    noise = 1e-3 / np.maximum(x.std(axis=0), 1e-3)
    noisy = x + noise * np.random.default_rng(1).standard_normal(x.shape)
    theirs = QuantileTransformer(n_quantiles=33, output_distribution="normal", subsample=10**9)
    theirs.fit(noisy)
    far = np.vstack([x, [[1e9, -1e9], [0.0, 0.0]]])
    np.testing.assert_allclose(scaling(far), theirs.transform(far), rtol=1e-10, atol=1e-12)
    few = QuantileScaling()
    few.fit(x[:3], np.random.default_rng(1))
    assert np.isfinite(few(x)).all()


@pytest.mark.parametrize("name", SCALINGS)
@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1e-2, 1e6, 1e300])
def test_units_of_a_column_do_not_matter(name: str, scale: float) -> None:
    x = np.random.default_rng(0).normal(size=(500, 1))
    ours, scaled = SCALINGS[name](), SCALINGS[name]()
    ours.fit(x, np.random.default_rng(1))
    scaled.fit(x * scale, np.random.default_rng(1))
    # In large units there is less noise for quantiles, and fewer rows are beyond the last one.
    found, expected = (np.clip(each, -2.0, 2.0) for each in (scaled(x * scale), ours(x)))
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_a_constant_column_is_in_the_middle_of_its_quantiles() -> None:
    scaling = QuantileScaling()
    scaling.fit(np.full((20, 1), 7.0), np.random.default_rng(0))
    assert scaling(np.array([[7.0], [8.0]]))[:, 0].round(1).tolist() == [0.0, 5.2]


def test_small_categories_become_one_hot_columns_and_large_ones_codes() -> None:
    table = pd.DataFrame(
        {
            "large": list("abcdefghi") + ["a"],
            "three": ["x", "y", None, "z"] * 2 + ["x", "x"],
            "two": ["no", "yes", None, "no", "no"] * 2,
            "flag": [True, False] * 5,
        }
    )
    preparation, (numbers, codes) = prepared(table, REALMLP)
    assert preparation.shape(10) == (0, (3, 1, 1), (10,), 10)
    assert codes.dtype == np.int32
    assert codes[:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]
    assert [each.tolist() for each in preparation.features()] == [[1, 1, 1, 2, 3], [0]]
    raw = np.zeros((10, 5))
    raw[[0, 4, 8, 9], 0] = raw[[1, 5], 1] = raw[[3, 7], 2] = 1.0
    raw[:, 3] = [1.0, -1.0, 0.0, 1.0, 1.0] * 2
    raw[:, 4] = [-1.0, 1.0] * 5
    scaling = SCALINGS[REALMLP.scaling]()
    scaling.fit(raw, np.random.default_rng(0))
    np.testing.assert_array_equal(numbers, scaling(raw).astype(np.float32))
    unseen = pd.DataFrame({"large": ["w"], "three": ["w"], "two": ["w"], "flag": [None]})
    numbers, codes = preparation(table_columns(unseen))
    assert codes.tolist() == [[0]]
    np.testing.assert_array_equal(numbers, scaling(np.zeros((1, 5))).astype(np.float32))


@pytest.mark.parametrize("recipe", [MLP, TABM])
def test_a_network_without_embeddings_has_one_hot_columns_only(recipe: Recipe) -> None:
    table = pd.DataFrame({"a": ["x", "y", "z"]})
    preparation, (numbers,) = prepared(table, replace(recipe, one_hot_levels=1))
    assert preparation.shape(3) == (0, (3,), (), 3)
    assert numbers.tolist() == np.eye(3).tolist()


def test_tabm_has_two_columns_for_two_levels() -> None:
    preparation, (numbers,) = prepared(pd.DataFrame({"a": ["no", "yes", None]}), TABM)
    assert numbers.tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    assert preparation.shape(3).one_hot_sizes == (2,)


def test_a_network_always_has_a_column_of_numbers() -> None:
    preparation, (numbers, codes) = prepared(
        pd.DataFrame({c: list("abcdefghij") for c in "xy"}), REALMLP
    )
    assert preparation.shape(10) == (0, (10,), (11,), 10)
    assert (numbers.shape, codes.shape) == ((10, 10), (10, 1))
    assert [each.tolist() for each in preparation.features()] == [[0] * 10, [1]]


def test_the_most_frequent_levels_are_kept() -> None:
    table = pd.DataFrame({"a": list("cbbccad")})
    preparation, (numbers,) = prepared(table, TABM, max_categories=3)
    assert preparation.levels[0].tolist() == ["a", "b", "c"]
    assert numbers[-1].tolist() == [0.0, 0.0, 0.0]


def test_levels_are_known_by_their_texts() -> None:
    preparation, _ = prepared(pd.DataFrame({"a": ["1", "2", "x"]}), TABM)
    for values in ([1.0, 2.0], pd.Categorical([1, 2]), np.array([1, 2], object)):
        (numbers,) = preparation(table_columns(pd.DataFrame({"a": values})))
        assert numbers.tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


@pytest.mark.parametrize("seen", [[True, False, None], ["1", "0", None]])
def test_booleans_may_be_0_and_1(seen: list[Any]) -> None:
    preparation, (expected,) = prepared(pd.DataFrame({"a": seen}), TABM)
    for values in ([True, False, None], [1, 0, None], np.array([1.0, 0.0, np.nan])):
        (numbers,) = preparation(table_columns(pd.DataFrame({"a": values})))
        np.testing.assert_array_equal(numbers, expected)


def test_numbers_may_be_categories() -> None:
    x = np.array([[3.0], [1.0], [np.nan], [3.0]])
    preparation, (numbers,) = prepared(x, TABM, categories=(0,))
    assert preparation.levels[0].tolist() == ["1", "3"]
    assert numbers.tolist() == [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]


def test_numbers_that_float64_does_not_tell_apart_are_no_categories() -> None:
    keys = pd.DataFrame({"key": 2**60 + np.arange(4)})
    with pytest.raises(ValueError, match=r"column 'key' of X has numbers of 2\*\*53 or more"):
        prepared(keys, TABM, categories=(0,))
    preparation, (numbers,) = prepared(keys.astype("category"), TABM)
    assert numbers.tolist() == np.eye(4).tolist()
    np.testing.assert_array_equal(preparation(table_columns(keys.astype(str)))[0], numbers)
    with pytest.raises(ValueError, match="give them as texts or as categoricals"):
        preparation(table_columns(keys))


def test_periods_and_decimals_may_be_categories() -> None:
    periods = pd.Series(pd.period_range("2024-01", periods=3, freq="M"))
    decimals = [Decimal("1.00"), Decimal("2.50"), Decimal("0.1")]
    for values in (periods, pd.Series(decimals, dtype=object)):
        table = pd.DataFrame({"a": values})
        preparation, (numbers,) = prepared(table.astype("category"), TABM)
        np.testing.assert_array_equal(preparation(table_columns(table))[0], numbers)
        assert numbers.sum(axis=1).tolist() == [1.0] * 3


def test_texts_that_differ_in_a_nul_differ() -> None:
    preparation, (numbers,) = prepared(pd.DataFrame({"a": ["x", "x\0", "y"]}), TABM)
    assert numbers.tolist() == np.eye(3).tolist()


@pytest.mark.parametrize("name", SCALINGS)
def test_the_largest_numbers_are_scaled(name: str) -> None:
    most = np.finfo(float).max
    recipe = replace(TABM, scaling=name)
    x = np.r_[np.linspace(0.0, 1.0, 50), [most] * 30, -most][:, None]
    preparation, (numbers,) = prepared(np.c_[x, np.full(81, most)], recipe)
    assert np.isfinite(numbers).all()
    far = preparation(table_columns(np.array([[most, -most], [-most, most], [0.0, 0.0]])))[0]
    assert np.isfinite(far).all()
    assert far[0, 0] >= far[2, 0] >= far[1, 0]


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_dates_and_durations_may_be_categories(zone: str | None) -> None:
    days = pd.Series(pd.to_datetime(["2024-02-29", "2024-03-01 05:30"], format="ISO8601"))
    days = days.dt.tz_localize(zone)
    hours = pd.Series(pd.to_timedelta([1, 2], "h"))
    table = pd.DataFrame({"day": days, "length": hours})
    preparation, (numbers,) = prepared(table.astype("category"), TABM)
    assert numbers.tolist() == [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]]
    for same in (table, table.astype(object), table.astype({"day": "category"})):
        np.testing.assert_array_equal(preparation(table_columns(same))[0], numbers)
    chosen, (numbers,) = prepared(table, TABM, categories=(0, 1))
    np.testing.assert_array_equal(chosen(table_columns(table.astype("category")))[0], numbers)
    if zone is None:
        assert preparation.levels[0].tolist() == ["2024-02-29", "2024-03-01 05:30:00"]


def test_dates_become_parts() -> None:
    dates = pd.to_datetime(["2024-02-29", "1969-12-28", "1970-01-01 18:30"], format="ISO8601")
    preparation = Preparation()
    settings: dict[str, Any] = {"categories": (), "max_categories": 9, "missing_indicator": False}
    columns = table_columns(pd.DataFrame({"at": dates}))
    preparation.fit(columns, MLP, rng=np.random.default_rng(0), **settings)
    parts = [
        [19782.0, 2.0, 29.0, 3.0, 0.0],
        [-4.0, 12.0, 28.0, 6.0, 0.0],
        [18.5 / 24, 1.0, 1.0, 3.0, 18.5],
    ]
    np.testing.assert_allclose(preparation._numbers(columns), parts, rtol=1e-12)
    preparation, (numbers,) = prepared(pd.DataFrame({"at": dates.normalize()}))
    assert numbers.shape == (3, 4)
    assert preparation.features()[0].tolist() == [0] * 4
    # Of a date with gaps one column says where they are.
    gaps = dates.to_series().where(np.arange(3) != 1).reset_index(drop=True)
    preparation, (with_gaps,) = prepared(pd.DataFrame({"at": gaps}))
    assert with_gaps[:, 5].tolist() == [-1.0, 1.0, -1.0]
    assert preparation.features()[0].tolist() == [0] * 6
    preparation, (numbers,) = prepared(pd.DataFrame({"at": dates.normalize()}))
    # Later there are gaps, and texts.
    late = preparation(table_columns(pd.DataFrame({"at": ["2024-02-29", None]})))[0]
    np.testing.assert_array_equal(late[0], numbers[0])
    assert np.isfinite(late).all()


def test_a_column_of_gaps_is_ignored() -> None:
    table = pd.DataFrame({"a": [np.nan, np.nan], "b": [1.0, 2.0], "c": [None, None]})
    with pytest.warns(UserWarning, match="column '[ac]' of X has no values and is ignored"):
        preparation, (numbers,) = prepared(table)
    assert numbers.shape == (2, 1)
    assert preparation.features()[0].tolist() == [1]
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="a column with values"):
        prepared(table[["a"]])
    others = pd.DataFrame(
        {
            "words": pd.Categorical([None, None], ["x"]),
            "dates": pd.to_datetime([None, None]),
            "b": [1.0, 2.0],
        }
    )
    with pytest.warns(UserWarning, match="has no values and is ignored") as warned:
        preparation, (again,) = prepared(others)
    assert [str(each.message).split("'")[1] for each in warned] == ["words", "dates"]
    np.testing.assert_array_equal(again, numbers)
    assert preparation.features()[0].tolist() == [2]


def test_a_table_needs_no_numbers() -> None:
    for recipe in (MLP, REALMLP, TABM):
        assert prepared(pd.DataFrame({"a": list("abca")}), recipe)[1][0].shape == (4, 3)
