"""The flavour for MLflow, by MLflow itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

import pynn

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:::mlflow"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
X = np.random.default_rng(0).standard_normal((40, 3))
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
Y = np.where(X[:, 0] > 0, "up", "down")


def classifier() -> pynn.MLPClassifier:
    return pynn.MLPClassifier((5,), max_iter=3, random_state=0).fit(FRAME, Y)


def test_an_estimator_in_a_directory(tmp_path: Path) -> None:
    made = classifier()
    pynn.mlflow.save_model(made, tmp_path / "it", input_example=FRAME[:2])
    found = pynn.mlflow.load_model(str(tmp_path / "it"))
    assert type(found) is pynn.MLPClassifier
    assert np.array_equal(found.predict_proba(FRAME), made.predict_proba(FRAME))
    assert "pynn-mlp==" in (tmp_path / "it" / "requirements.txt").read_text()
    assert not list((tmp_path / "it").rglob("*.pkl"))

    function = mlflow.pyfunc.load_model(str(tmp_path / "it"))
    assert function.metadata.get_input_schema().input_names() == ["a", "b", "c"]
    assert function.predict(FRAME).tolist() == made.predict(FRAME).tolist()
    with pytest.raises(mlflow.MlflowException):
        function.predict(FRAME[["a"]])
    function = mlflow.pyfunc.load_model(
        str(tmp_path / "it"), model_config={"predict_fn": "predict_proba"}
    )
    assert np.array_equal(function.predict(FRAME), made.predict_proba(FRAME))


def test_a_model_in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # the small package has no other
    made = pynn.MLP(4, 2, output_activation="softmax", input_shape=3)
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    mlflow.create_experiment("it", artifact_location=(tmp_path / "artifacts").as_uri())
    mlflow.set_experiment("it")
    example = X[:2].astype(np.float32)
    with mlflow.start_run():
        info = pynn.mlflow.log_model(made, "net", input_example=example)
    found: Any = pynn.mlflow.load_model(info.model_uri)
    expected = made.predict(X.astype(np.float32), verbose=0)
    assert np.array_equal(found.predict(X.astype(np.float32), verbose=0), expected)
    function = mlflow.pyfunc.load_model(info.model_uri)
    assert np.array_equal(function.predict(X.astype(np.float32)), expected)


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no method predict_fn='fit'"):
        pynn.mlflow.save_model(classifier(), tmp_path / "it", predict_fn="fit")
    with pytest.raises(ValueError, match="no method predict_fn='predict_proba'"):
        pynn.mlflow.save_model(pynn.PerceptronRegressor(), tmp_path, predict_fn="predict_proba")
    mlflow.models.Model(flavors={"other": {}}).save(tmp_path / "MLmodel")
    with pytest.raises(ValueError, match="other"):
        pynn.mlflow.load_model(str(tmp_path))
