"""Wrappers that version 0.1.0 has pickled: they predict the same, and go on training.

pickled_by_0_1_0.zip holds pickles of what `FITTED` made in that version, and what it predicted.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from sklearn.base import clone

from pynn.callbacks import EarlyStopping
from pynn.wrappers import KerasClassifier, KerasRegressor, SKLearnClassifier, SKLearnRegressor
from pynn.wrappers import scikit_learn as older
from wrappers.networks import LINE, SIDES, X, compiled_by_names, compiled_for_data, plain

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.InconsistentVersionWarning",
)

PICKLES = Path(__file__).with_name("pickled_by_0_1_0.zip")
LOGISTIC = {"loss": "binary_crossentropy", "last": "sigmoid"}
FITTED: dict[str, Callable[[], Any]] = {
    "routed_classifier": lambda: KerasClassifier(compiled_by_names, verbose=0, **LOGISTIC),
    "routed_regressor": lambda: KerasRegressor(
        plain, units=2, verbose=0, callbacks=[EarlyStopping("loss")], optimizer__learning_rate=0.1
    ),
    "older_classifier": lambda: older.KerasClassifier(compiled_by_names, verbose=0, **LOGISTIC),
    "older_regressor": lambda: older.KerasRegressor(compiled_by_names, verbose=0, units=2),
    "keras_3_classifier": lambda: SKLearnClassifier(
        compiled_by_names(**LOGISTIC), fit_kwargs={"verbose": 0}
    ),
    "keras_3_regressor": lambda: SKLearnRegressor(compiled_for_data, fit_kwargs={"verbose": 0}),
}


@pytest.mark.parametrize("name", FITTED)
def test_they_predict_as_before_and_have_their_parameters(name: str) -> None:
    with ZipFile(PICKLES) as files:
        before = pickle.loads(files.read(f"{name}.pickle"))
        expected = np.load(io.BytesIO(files.read(f"{name}.npy")))
    today = FITTED[name]()
    assert type(before) is type(today)
    assert before.get_params().keys() == today.get_params().keys()
    if expected.dtype.kind == "U":
        np.testing.assert_array_equal(before.predict(X), expected)
    else:
        np.testing.assert_allclose(before.predict(X), expected, rtol=1e-6, atol=1e-6)
    again = pickle.loads(pickle.dumps(before))
    for each in (again, clone(again)):
        each.fit(X, SIDES if "classifier" in name else LINE)
        assert each.predict(X).shape == (120,)
