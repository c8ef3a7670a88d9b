"""What data may be given as, and what is said of those that cannot be used, without a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_matrix

import dask
import pynn
from pynn.dask import PartitionError, predict
from pynn.dask._parts import Given, Rows, Wanted, checked, concatenated, is_distributed, parts_of
from pynn.dask._predict import lazy_score
from pynn.dask._shards import Shard, join, summarize, together

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
LABELS = np.where(X[:, 0] > 0, "yes", "no")
NUMBERS = X[:, 0] + 2 * X[:, 1]
FRAME = pd.DataFrame(X, columns=["a", "b", "c"]).assign(y=NUMBERS, w=1.0)
NAN = np.full((2, 1), np.nan, np.float32)
ONES = np.ones((2, 1), np.float32)


@dask.delayed
def block(*values: Any) -> Any:
    return values[0] if len(values) == 1 else values


def parts(x: Any, y: Any = None, weight: Any = None) -> Given:
    return parts_of(x, y, weight, 2**20)


def read(given: Given) -> list[tuple[Any, ...]]:
    return [part.read() for part in given.parts]


# ---- what is read


@pytest.mark.parametrize(
    ("given", "of", "message"),
    [
        ((ONES,), "numbers", r"must be \(x, y\) or \(x, y, sample_weight\).* Received: ndarray"),
        (([NAN], [ONES], None), "model", "x contains NaN or infinity"),
        (([ONES], [NAN], None), "model", "y contains NaN or infinity"),
        (([NAN], [ONES], None), "numbers", "Input X contains NaN"),
        (([ONES], [NAN], None), "numbers", "Input y contains NaN"),
        (([ONES], [NAN], None), "classes", "Input y contains NaN"),
        (([ONES], [np.array(["a", None])], None), "classes", "Input y contains None or NaN"),
        (([ONES], [ONES], NAN[:, 0]), "numbers", "sample_weight contains NaN"),
        (([ONES], [ONES[:1]], None), "numbers", r"as many rows. Received: \[1, 2\]"),
        (([ONES], [ONES], np.ones(3)), "numbers", r"as many rows. Received: \[2, 3\]"),
    ],
)
def test_what_cannot_be_used_is_said(given: Any, of: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(given, Wanted(of))


def test_columns_must_be_those_of_the_first_part() -> None:
    wanted = Wanted("numbers", ["a", "b", "c"])
    rows = checked(([FRAME[["a", "b", "c"]]], [FRAME[["y"]]], FRAME[["w"]].to_numpy()), wanted)
    assert rows.y[0].shape == rows.weight.shape == (60,)
    with pytest.raises(ValueError, match=r"must be those of the first one, \['a', 'b', 'c'\]"):
        checked(([FRAME[["b", "a", "c"]]], [FRAME["y"]], None), wanted)


def test_arrays_are_put_one_below_the_other() -> None:
    assert concatenated([X], "float64").dtype == np.float64
    np.testing.assert_array_equal(concatenated([X[:9], X[9:]]), X)
    np.testing.assert_array_equal(concatenated([csr_matrix(X[:9]), X[9:]]).toarray(), X)


# ---- what users give


def test_what_is_data_for_dask() -> None:
    distributed = ["data.parquet", Path("data"), da.zeros(3), [block(1)], {"x": da.zeros(3)}]
    assert all(map(is_distributed, distributed))
    assert not any(map(is_distributed, [X, [], [X, X], {"x": X}, FRAME, 3]))


def test_delayed_blocks_hold_all_of_it_or_a_part() -> None:
    both = read(parts([block(X[:20], NUMBERS[:20]), block(X[20:], NUMBERS[20:])]))
    rows = [checked(each, Wanted("numbers")) for each in both]
    np.testing.assert_array_equal(concatenated([each.y[0] for each in rows]), NUMBERS)
    apart = read(parts([block(X[:20])], [block(NUMBERS[:20])], [block(np.ones(20))]))
    assert [len(each) for each in apart] == [3]
    assert checked(apart[0], Wanted("numbers")).weight.tolist() == [1.0] * 20


def test_targets_and_weights_are_columns_of_a_frame() -> None:
    frame = dd.from_pandas(FRAME, npartitions=2)
    given = parts(frame, "y", "w")
    assert given.features == ["a", "b", "c"] and len(given.parts) == 2
    ((x,), (y,), weight) = read(given)[0]
    assert list(x.columns) == ["a", "b", "c"] and y.name == "y" and weight.name == "w"
    several = parts(frame[["a", "b", "y", "w"]], ["y", "w"])
    assert several.features == ["a", "b"] and list(read(several)[0][1][0].columns) == ["y", "w"]
    numbered = parts(dd.from_pandas(pd.DataFrame(X), npartitions=2), da.from_array(NUMBERS, 30))
    assert numbered.features is None


def test_targets_are_cut_as_the_inputs_are() -> None:
    given = parts(da.from_array(X, (25, 2)), da.from_array(NUMBERS, 7))
    assert [len(y) for _, (y,), _ in read(given)] == [25, 25, 10]


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (dd.from_pandas(FRAME, npartitions=2), "z", r"x has no column 'z'. It has \['a'"),
        (da.from_array(X, 20), da.from_array(NUMBERS[:59], 20), "as many rows. Received: 60 and"),
        ([block(X)], [block(NUMBERS)] * 2, "1 partitions of x and 2 of y"),
        (X, da.from_array(NUMBERS, 20), "data must be arrays or dataframes.* Received: ndarray"),
        (da.from_array(X, 20), None, "Received: NoneType"),
    ],
)
def test_parts_must_fit(x: Any, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parts(x, y)


def write(path: Path, frame: pd.DataFrame, rows_of_a_group: int = 10) -> Path:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, rows_of_a_group)
    return path


def test_parquet_files_are_cut_between_row_groups(tmp_path: Path) -> None:
    write(tmp_path / "1.parquet", FRAME)
    write(tmp_path / "2.parquet", FRAME[:25])
    write(tmp_path / "3.parquet", FRAME[:0])
    (tmp_path / "_SUCCESS").touch()
    given = parts_of(tmp_path, "y", "w", 24 * 3 * 8, "float64")
    assert given.features == ["a", "b", "c"]
    assert [part.n_rows for part in given.parts] == [20, 20, 20, 20, 5]
    (x,), (y,), weight = given.parts[3].read()
    np.testing.assert_array_equal(x, X[:20])
    assert y.tolist() == NUMBERS[:20].tolist() and weight.tolist() == [1.0] * 20
    several = parts_of(str(tmp_path / "2.parquet"), ["y", "w"], None, 2**20)
    assert several.parts[0].dtype == "float32" and several.parts[0].read()[1][0].shape == (25, 2)


@pytest.mark.parametrize(
    ("frame", "y", "weight", "error", "message"),
    [
        (FRAME, None, None, ValueError, "y must be the name of a column. Received: y=None"),
        (FRAME, [3], None, ValueError, r"y must be the name of a column. Received: y=\[3\]"),
        (FRAME, "y", 3, ValueError, "sample_weight must be the name of a column. Received: int"),
        (FRAME, "z", None, ValueError, r"1.parquet has no column 'z'. It has \['a'"),
        (FRAME.assign(a="text"), "y", None, ValueError, "the column 'a' of .* must hold numbers"),
        (FRAME[:0], "y", None, ValueError, "there is no data to train on: .* has no rows"),
        (None, "y", None, FileNotFoundError, "there are no Parquet files at"),
    ],
)
def test_what_parquet_files_lack_is_said(
    tmp_path: Path, frame: Any, y: Any, weight: Any, error: type, message: str
) -> None:
    if frame is not None:
        write(tmp_path / "1.parquet", frame)
    with pytest.raises(error, match=message):
        parts(str(tmp_path), y, weight)


# ---- shards


def summaries(*targets: np.ndarray, of: str = "classes") -> list[Any]:
    rows = [Rows([X[: len(y)]], [y]) for y in targets]
    return [summarize(each, f"partition {i}", of) for i, each in enumerate(rows)]


def test_what_is_known_of_all_parts() -> None:
    found = together(summaries(LABELS[:5], LABELS[:0], LABELS[5:]), ["1", "2", "3"])
    assert found.n_rows == 60 and found.labels.tolist() == ["no", "yes"]
    assert found.totals.tolist() == [(LABELS == "no").sum(), (LABELS == "yes").sum()]
    indicator = together(summaries(np.eye(3)[[0, 1, 1]]), ["1"])
    assert indicator.is_indicator and indicator.labels is None
    weighted = summarize(Rows([csr_matrix(X)], [NUMBERS], np.arange(60.0)), "1", "numbers")
    assert weighted.weighted and weighted.heaviest == 59 and weighted.low == X.min()


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([np.ones((3, 2)) * 3], r"^partition 0 cannot .* matrix of zeros and ones.*\(3, 2\)"),
        ([LABELS, np.eye(3)], r"^partition 1 .* rows of y have the shape \(3,\), those of .* \(\)"),
        ([LABELS, np.arange(3)], "y holds texts in some partitions and numbers in others"),
    ],
)
def test_parts_of_another_kind_are_named(targets: Any, message: str) -> None:
    with pytest.raises(PartitionError, match=message):
        together(summaries(*targets), ["partition 0", "partition 1"])


def test_nothing_to_train_on_is_said() -> None:
    with pytest.raises(ValueError, match="no data to train on: it has no rows"):
        together(summaries(LABELS[:0]), ["partition 0"])


def test_the_part_that_a_check_fails_for_is_blamed() -> None:
    pieces = [Rows([X[i : i + n]], [NUMBERS[i : i + n]]) for i, n in ((0, 4), (4, 0), (4, 6))]
    shard = join(pieces, None, ["first", "empty", "last"], Wanted("numbers"))
    assert shard.is_in_memory and shard.sizes == [10]

    def only_few(rows: Rows) -> None:
        if rows.n_rows > 4:
            raise ValueError("too many")

    with pytest.raises(PartitionError, match="^last cannot be used: too many"):
        shard.blame(0, shard.rows(0), only_few)
    shard.blame(0, shard.rows(0), lambda rows: None)  # of which no part is to blame


def test_a_block_that_is_not_in_memory_is_read() -> None:
    (part,) = parts([block(X, NUMBERS)]).parts
    shard = Shard([part], [60], [[("partition 0", 60)]], Wanted("numbers"))
    assert not shard.is_in_memory and shard.rows(0).n_rows == 60


# ---- prediction


@pytest.fixture(scope="module")
def classifier() -> pynn.MLPClassifier:
    return pynn.MLPClassifier((4,), max_iter=20, random_state=0).fit(X, LABELS)


@pytest.fixture(scope="module")
def regressor() -> pynn.MLPRegressor:
    features = FRAME[["a", "b", "c"]]
    return pynn.MLPRegressor(hidden_layer_sizes=(4,), max_iter=20, random_state=0).fit(
        features, NUMBERS
    )


def computed(lazy: Any) -> Any:
    return dask.compute(lazy, scheduler="synchronous")[0]


def test_blocks_are_predicted_one_by_one(classifier: Any, regressor: Any) -> None:
    found = computed(predict(classifier, [block(X[:20]), block(X[:0]), block(X[20:])]))
    assert [len(each) for each in found] == [20, 0, 40]
    np.testing.assert_array_equal(np.concatenate(found), classifier.predict(X))
    frame = dd.from_pandas(FRAME[["a", "b", "c"]], npartitions=3)
    empty = frame[frame["a"] > 100]
    expected = regressor.predict(FRAME[["a", "b", "c"]])
    np.testing.assert_array_equal(computed(predict(regressor, frame)), expected)
    assert computed(predict(regressor, empty)).shape == (0,)
    model = pynn.MLP(4, 2, input_shape=3)
    whole = computed(predict(model, da.from_array(X, (20, 2))))
    np.testing.assert_array_equal(whole, model.predict(X, verbose=0))


def test_what_cannot_be_predicted_from(classifier: Any) -> None:
    with pytest.raises(ValueError, match="X must be an array or a dataframe.* Received: ndarray"):
        predict(classifier, X)
    wrong = da.from_array(X[:, :2], 20)
    with pytest.raises(ValueError, match="3 features"):
        predict(classifier, wrong)
    with pytest.raises(PartitionError, match="^partition 1 cannot be used: .*3 features"):
        computed(predict(classifier, [block(X), block(X[:, :2])]))


WEIGHTS = np.linspace(0.5, 2.0, 60)


@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["alike", "weighted"])
def test_scores_are_those_of_all_rows(classifier: Any, regressor: Any, weight: Any) -> None:
    weights = None if weight is None else da.from_array(weight, 20)
    given = parts(da.from_array(X, (20, 3)), da.from_array(LABELS, 20), weights)
    expected = classifier.score(X, LABELS, weight)
    assert computed(lazy_score(classifier, given)) == pytest.approx(expected, rel=1e-12)
    frame = dd.from_pandas(FRAME.assign(w=WEIGHTS), npartitions=3)
    some = parts(frame, "y", "w") if weight is not None else parts(frame.drop(columns="w"), "y")
    expected = regressor.score(FRAME[["a", "b", "c"]], NUMBERS, weight)
    assert computed(lazy_score(regressor, some)) == pytest.approx(expected, abs=1e-6)


def test_scores_of_parts_without_rows(classifier: Any, tmp_path: Path) -> None:
    some = [block(X, LABELS), block(X[:0], LABELS[:0])]
    assert computed(lazy_score(classifier, parts(some))) == classifier.score(X, LABELS)
    with pytest.raises(ValueError, match="nothing to score: the data have no rows"):
        computed(lazy_score(classifier, parts(some[1:])))


def test_a_score_of_parquet_files(regressor: Any, tmp_path: Path) -> None:
    given = parts(str(write(tmp_path / "1.parquet", FRAME)), "y", "w")
    expected = regressor.score(FRAME[["a", "b", "c"]], NUMBERS)
    assert computed(lazy_score(regressor, given)) == pytest.approx(expected, abs=1e-6)
