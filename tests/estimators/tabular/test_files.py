"""Estimators for tables in files."""

from __future__ import annotations

import pickle
import pickletools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pynn
from estimators.tabular.tables import SMALL, expensive, mixed_table, prices
from pynn import TabularClassifier, TabularRegressor
from pynn.estimators.tabular._network import TableShape
from pynn.estimators.tabular._networks import Networks
from pynn.estimators.tabular._recipes import PRESETS
from pynn.estimators.tabular._scaling import SCALINGS
from pynn.saving import FileError
from saving.test_estimators import rewritten

X, LATER = mixed_table(), mixed_table(40, seed=1)
FEW = {**SMALL, "epochs": 2}

# Two epochs are not much.
pytestmark = pytest.mark.filterwarnings("ignore:the networks predict the rows")


def classifier(**parameters: Any) -> TabularClassifier:
    return TabularClassifier(**{**FEW, **parameters}).fit(X, expensive(X))


@pytest.mark.parametrize("scaling", SCALINGS)
def test_a_loaded_classifier_predicts_the_same(scaling: str, tmp_path: Path) -> None:
    model = classifier(scaling=scaling, class_weight={"high": 2.0}, validation_metric="roc_auc")
    model.save(tmp_path / "model.pynn")
    copy = pynn.load(tmp_path / "model.pynn")
    np.testing.assert_array_equal(copy.predict_proba(LATER), model.predict_proba(LATER))
    assert copy.get_params() == model.get_params()
    assert (copy.strategy_, copy.best_epochs_) == (model.strategy_, model.best_epochs_)
    assert copy.history_ == model.history_
    np.testing.assert_array_equal(copy.fit(X, expensive(X)).predict(LATER), model.predict(LATER))


@pytest.mark.parametrize(
    ("preset", "numbers"),
    [
        ("realmlp", {}),
        ("realmlp-s", {}),
        ("tabm", {"n_members": 4}),
        ("tabm-mini", {"n_members": 4, "n_bins": 500, "bin_embedding_size": 2}),
    ],
)
def test_presets_are_loaded(preset: str, numbers: dict[str, Any], tmp_path: Path) -> None:
    small: dict[str, Any] = {"hidden_layer_sizes": (8, 8), "epochs": 2, "random_state": 0}
    model = TabularRegressor(preset, **small, **numbers, n_ensemble=2, strategy="folds")
    model.fit(X, prices(X))
    model.save(tmp_path / "model.pynn")
    copy = pynn.load(tmp_path / "model.pynn")
    np.testing.assert_array_equal(copy.predict(LATER), model.predict(LATER))


@pytest.mark.parametrize("preset", PRESETS)
def test_models_of_networks_are_files(preset: str, tmp_path: Path) -> None:
    few: dict[str, Any] = {"hidden_layer_sizes": (8, 8), "epochs": 2, "random_state": 0}
    found = TabularRegressor(preset, **few, strategy="refit").fit(X, prices(X))
    model = found.to_model()
    model.save(tmp_path / "model.pynn")
    copy = pynn.load(tmp_path / "model.pynn")
    rows = found.prepare(LATER)
    np.testing.assert_array_equal(copy.predict(rows, verbose=0), model.predict(rows, verbose=0))


@pytest.mark.parametrize(
    "numbers",
    [
        {"bin_embedding_size": 10**8},
        {"n_bins": 10**8},
        {"n_bins": 0, "periodic_size": 10**8},
        {"n_bins": 0, "n_frequencies": 10**8},
        {"embedding_size": 10**8},
    ],
)
def test_no_memory_is_taken_for_networks_without_weights(numbers: dict[str, int]) -> None:
    recipe = replace(PRESETS["realmlp"]["regression"], hidden_layer_sizes=(4,), **numbers)
    networks = Networks(recipe, TableShape(2, (), (3,), 9), 1, "regression")
    networks.weights = [[np.zeros(1000)]]
    with pytest.raises(ValueError, match="a network must have"):
        networks.check()


def test_a_loaded_regressor_predicts_the_same(tmp_path: Path) -> None:
    y = np.stack([prices(X), -prices(X)], axis=1)
    model = TabularRegressor(**FEW, clamp=True, strategy="refit").fit(X, y)
    model.save(tmp_path / "model.pynn")
    copy = pynn.load(tmp_path / "model.pynn")
    np.testing.assert_array_equal(copy.predict(LATER), model.predict(LATER))
    np.testing.assert_array_equal(copy.target_range_, model.target_range_)


def test_one_long_text_among_many_is_saved(tmp_path: Path) -> None:
    texts = ["x" * 1500, *(f"t{i}" for i in range(899))]
    table = pd.DataFrame({"comment": texts})
    model = TabularClassifier(**FEW).fit(table, np.arange(900) % 2)
    assert model._preparation.levels[0].nbytes == 8 * 900
    model.save(tmp_path / "model.pynn")
    copy = pynn.load(tmp_path / "model.pynn")
    np.testing.assert_array_equal(copy.predict_proba(table), model.predict_proba(table))


def test_one_long_label_among_many_is_saved(tmp_path: Path) -> None:
    labels = np.array(["x" * 2000, *(f"t{i}" for i in range(1199))])
    model = TabularClassifier(**FEW).fit(np.arange(2400.0)[:, None], np.tile(labels, 2))
    model.save(tmp_path / "model.pynn")
    assert pynn.load(tmp_path / "model.pynn").classes_.tolist() == sorted(labels)


def test_a_pickle_names_no_class_but_the_estimator_s() -> None:
    names = [
        str(argument)
        for opcode, argument, _ in pickletools.genops(pickle.dumps(classifier(), protocol=2))
        if opcode.name == "GLOBAL"
    ]
    assert [name for name in names if name.startswith("pynn")] == [
        "pynn.estimators.tabular._classifier TabularClassifier"
    ]


def test_an_estimator_that_is_not_fitted(tmp_path: Path) -> None:
    TabularRegressor("mlp", hidden_layer_sizes=(3, 2)).save(tmp_path / "model.pynn")
    assert pynn.load(tmp_path / "model.pynn").hidden_layer_sizes == (3, 2)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("files") / "model.pynn"
    classifier(hidden_layer_sizes=4, strategy="holdout").save(path)
    return path.read_bytes()


def inner(state: dict[str, Any], part: str) -> dict[str, Any]:
    return state["state"][part]["state"]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: inner(d, "_networks").update(n_outputs=10**9),
        lambda d: inner(d, "_networks").update(n_outputs=0),
        lambda d: inner(d, "_networks").update(n_outputs=-(10**9)),
        lambda d: inner(d, "_networks").update(n_outputs=2.5),
        lambda d: inner(d, "_networks")["weights"]["list"][0]["list"].reverse(),
        lambda d: inner(d, "_networks")["weights"]["list"][0]["list"].pop(0),
        lambda d: inner(d, "_networks").update(task="segmentation"),
        lambda d: inner(d, "_networks").update(recipe=None),
        lambda d: inner(d, "_networks").update(weights={"list": []}),
        lambda d: inner(d, "_networks").update(weights={"list": [{"list": []}]}),
        lambda d: inner(d, "_networks").update(
            shape={"tuple": [2**40, {"tuple": []}, {"tuple": []}, 1]}
        ),
        lambda d: inner(d, "_networks")["recipe"]["state"].update(
            hidden_layer_sizes={"tuple": [2**20] * 2}
        ),
        lambda d: inner(d, "_networks")["recipe"]["state"].update(activation="os.system"),
        lambda d: inner(d, "_networks")["recipe"]["state"].update(batch_norm="yes"),
        lambda d: inner(d, "_networks")["recipe"]["state"].pop("epochs"),
        lambda d: inner(d, "_preparation").update(kinds={"list": ["number"]}),
        lambda d: inner(d, "_preparation").update(has_hours={"list": [True]}),
        lambda d: inner(d, "_preparation").update(levels={"list": []}),
        lambda d: inner(d, "_preparation").update(scaling=None),
        lambda d: inner(d, "_preparation").pop("medians"),
        lambda d: d["state"].update(n_classes_=3),
        lambda d: d["state"].update(n_features_in_=1),
        lambda d: d["state"].update(_preparation=None),
    ],
    ids=range(23),
)
def test_damaged_files_are_refused(saved: bytes, change: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.pynn"
    path.write_bytes(saved)
    with pytest.raises(FileError):
        pynn.load(rewritten(path, change))


@pytest.mark.parametrize("name", ["target_mean_", "target_scale_", "target_range_"])
def test_a_damaged_regressor_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pynn"
    TabularRegressor(**FEW, strategy="holdout").fit(X, prices(X)).save(path)
    other = {"array": "target_range_" if name != "target_range_" else "target_mean_"}
    with pytest.raises(FileError, match="must have an output for each target"):
        pynn.load(rewritten(path, lambda d: d["state"].update({name: other})))
