"""The estimators in the hands of scikit-learn's meta-estimators, displays, routing and outputs.

What `test_model_selection` already has (searches, pipelines, a few ensembles) is not repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFECV, SelectFromModel, SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import (
    DecisionBoundaryDisplay,
    PartialDependenceDisplay,
    partial_dependence,
    permutation_importance,
)
from sklearn.metrics import PredictionErrorDisplay, RocCurveDisplay
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    LearningCurveDisplay,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from estimators.problems import IRIS
from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor

matplotlib.use("Agg")

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = StandardScaler().fit_transform(IRIS[0]), IRIS[1]
WORDS = np.array(["setosa", "versicolor", "virginica"])[Y]
FRAME = pd.DataFrame(X, columns=["a", "b", "c", "d"])
X_REAL, Y_REAL = load_diabetes(return_X_y=True)
Y_REAL = (Y_REAL - Y_REAL.mean()) / Y_REAL.std()
TWO_CLASSES = np.stack([Y, Y == 1], axis=1)
TWO_NUMBERS = np.stack([Y_REAL, -Y_REAL], axis=1)

SETTINGS = {
    "hidden_layer_sizes": (8,),
    "random_state": 0,
    "max_iter": 60,
    "learning_rate_init": 0.02,
}
MLP, PERCEPTRON = MLPClassifier(**SETTINGS), Perceptron(random_state=0)
CLASSIFIERS = pytest.mark.parametrize("base", [MLP, PERCEPTRON], ids=lambda m: type(m).__name__)
REGRESSOR = MLPRegressor(**SETTINGS)
REGRESSORS = pytest.mark.parametrize(
    "base", [REGRESSOR, PerceptronRegressor(random_state=0)], ids=lambda m: type(m).__name__
)


def importance(fitted: Any) -> np.ndarray:
    """One number per feature; an MLP has no ``coef_``."""
    weights = fitted.coefs_[0] if hasattr(fitted, "coefs_") else np.atleast_2d(fitted.coef_).T
    return np.abs(weights).sum(axis=1)


@CLASSIFIERS
@pytest.mark.parametrize(
    "around",
    [
        lambda m: AdaBoostClassifier(m, n_estimators=3, random_state=0),
        lambda m: BaggingClassifier(m, n_estimators=4, max_features=0.8, random_state=0),
        lambda m: VotingClassifier([("a", m), ("b", clone(m))], n_jobs=2),
        lambda m: StackingClassifier([("a", m)], clone(m), passthrough=True, cv=3),
        lambda m: CalibratedClassifierCV(m, method="sigmoid", cv=3),
        lambda m: CalibratedClassifierCV(FrozenEstimator(clone(m).fit(X, Y)), method="isotonic"),
        OneVsOneClassifier,
        lambda m: OneVsRestClassifier(m, n_jobs=2),
        lambda m: OutputCodeClassifier(m, random_state=0),
        lambda m: make_pipeline(FrozenEstimator(clone(m).fit(X, Y))),
        lambda m: make_pipeline(SelectFromModel(m, importance_getter=importance), clone(m)),
        lambda m: RFECV(m, cv=3, importance_getter=importance),
    ],
)
def test_around_classifiers(base: Any, around: Callable[[Any], Any]) -> None:
    model = around(clone(base)).fit(X, WORDS if around is OneVsOneClassifier else Y)
    truth = WORDS if around is OneVsOneClassifier else Y
    assert model.score(X, truth) > 0.75


@CLASSIFIERS
def test_around_classifiers_of_two_classes_or_columns(base: Any) -> None:
    tuned = TunedThresholdClassifierCV(clone(base), cv=3).fit(X, Y == 0)
    assert tuned.score(X, Y == 0) > 0.9
    both = MultiOutputClassifier(clone(base), n_jobs=2).fit(X, TWO_CLASSES)
    assert both.score(X, TWO_CLASSES) > 0.6
    chain = ClassifierChain(clone(base)).fit(X, TWO_CLASSES > 0)
    assert (chain.predict(X) == (TWO_CLASSES > 0)).mean() > 0.8


def test_self_training_uses_what_is_unlabelled() -> None:
    model = SelfTrainingClassifier(clone(MLP)).fit(X, np.where(np.arange(150) % 3 == 0, Y, -1))
    assert model.score(X, Y) > 0.85
    assert (model.labeled_iter_ > 0).any()


@REGRESSORS
@pytest.mark.parametrize(
    "around",
    [
        lambda m: AdaBoostRegressor(m, n_estimators=3, random_state=0),
        lambda m: BaggingRegressor(m, n_estimators=4, n_jobs=2, random_state=0),
        lambda m: VotingRegressor([("a", m), ("b", clone(m))]),
        lambda m: StackingRegressor([("a", m)], clone(m), cv=3),
        lambda m: TransformedTargetRegressor(m, transformer=StandardScaler()),
        lambda m: RFECV(m, cv=3, importance_getter=importance),
    ],
)
def test_around_regressors(base: Any, around: Callable[[Any], Any]) -> None:
    assert around(clone(base)).fit(X_REAL, Y_REAL).score(X_REAL, Y_REAL) > 0.4


@REGRESSORS
@pytest.mark.parametrize("around", [MultiOutputRegressor, RegressorChain])
def test_around_regressors_of_two_columns(base: Any, around: Any) -> None:
    assert around(clone(base)).fit(X_REAL, TWO_NUMBERS).score(X_REAL, TWO_NUMBERS) > 0.4


@CLASSIFIERS
def test_inspection_of_classifiers(base: Any) -> None:
    fitted = clone(base).fit(X, Y)
    found = permutation_importance(fitted, X, Y, n_repeats=3, random_state=0, n_jobs=2)
    assert found.importances_mean.argmax() in (2, 3)
    assert partial_dependence(fitted, X, [(2, 3)])["average"].ndim == 3
    selector = SequentialFeatureSelector(clone(base), n_features_to_select=2, cv=2).fit(X, Y)
    assert selector.get_support()[2:].any()
    method = "predict_proba" if base is MLP else "decision_function"
    assert cross_val_predict(clone(base), X, Y, cv=3, method=method).shape == (150, 3)
    scores = learning_curve(
        clone(base), X, Y, cv=3, shuffle=True, random_state=0, exploit_incremental_learning=True
    )[2]
    assert np.isfinite(scores).all()


@CLASSIFIERS
def test_displays_of_classifiers(base: Any) -> None:
    fitted = clone(base).fit(X[:, :2], Y)
    for method in ("auto", "predict"):
        shown = DecisionBoundaryDisplay.from_estimator(fitted, X[:, :2], response_method=method)
        assert shown.response.shape[:2] == (100, 100)
    frame = FRAME[["a", "b"]]
    words = clone(base).fit(frame, WORDS == "setosa")
    assert DecisionBoundaryDisplay.from_estimator(words, frame).response.shape == (100, 100)
    fitted = clone(base).fit(X, Y)
    display = PartialDependenceDisplay.from_estimator(fitted, X, [0, (0, 1)], target=1)
    assert display.axes_ is not None
    two = clone(base).fit(X, Y == 0)
    assert RocCurveDisplay.from_estimator(two, X, Y == 0).roc_auc > 0.95
    calibrated = CalibratedClassifierCV(clone(base), cv=3).fit(X, Y == 0)
    assert len(CalibrationDisplay.from_estimator(calibrated, X, Y == 0).prob_true) > 1
    curves = LearningCurveDisplay.from_estimator(clone(base), X, Y, cv=3, shuffle=True)
    assert np.isfinite(curves.test_scores).all()
    matplotlib.pyplot.close("all")


@REGRESSORS
def test_displays_of_regressors(base: Any) -> None:
    fitted = clone(base).fit(X_REAL, Y_REAL)
    PartialDependenceDisplay.from_estimator(fitted, X_REAL, [0], kind="both", subsample=20)
    assert PredictionErrorDisplay.from_estimator(fitted, X_REAL, Y_REAL).ax_ is not None
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize("base", [MLP, PERCEPTRON], ids=lambda m: type(m).__name__)
def test_halving_by_epochs(base: Any) -> None:
    search = HalvingRandomSearchCV(
        clone(base),
        {"alpha": [1e-5, 1e-4, 1e-3, 1e-2]},
        n_candidates=4,
        resource="max_iter",
        min_resources=5,
        max_resources=45,
        random_state=0,
        cv=3,
    ).fit(X, Y)
    assert search.n_resources_ == [5, 15]
    assert search.best_estimator_.max_iter == 15


@pytest.mark.parametrize(
    "frame, kind", [(FRAME, pd.DataFrame), (pl.from_pandas(FRAME), pl.DataFrame)], ids=["pd", "pl"]
)
def test_outputs_and_names_of_columns(frame: Any, kind: Any) -> None:
    name = "pandas" if kind is pd.DataFrame else "polars"
    pipeline = make_pipeline(StandardScaler(), clone(MLP)).set_output(transform=name)
    pipeline.fit(frame, WORDS)
    assert isinstance(pipeline[:-1].transform(frame), kind)
    # scikit-learn 1.6 finds no names in the frames of polars 2.
    named = getattr(StandardScaler().fit(frame), "feature_names_in_", None)
    np.testing.assert_array_equal(getattr(pipeline[-1], "feature_names_in_", None), named)
    assert list(pipeline.classes_) == ["setosa", "versicolor", "virginica"]
    stack = StackingClassifier([("mlp", clone(MLP))], clone(PERCEPTRON), cv=2)
    stacked = stack.set_output(transform=name).fit(frame, Y).transform(frame)
    assert isinstance(stacked, kind) and list(stacked.columns) == [
        f"stackingclassifier_mlp{i}" for i in range(3)
    ]
    voters = VotingClassifier([("mlp", clone(MLP))], voting="soft").set_output(transform=name)
    assert isinstance(voters.fit(frame, Y).transform(frame), kind)


@pytest.mark.parametrize("dtype", ["category", "string", "object"])
def test_labels_of_a_data_frame(dtype: str) -> None:
    labels = pd.Series(WORDS).astype(dtype)
    assert list(clone(MLP).fit(FRAME, labels).classes_) == list(np.unique(WORDS))
    mixed = FRAME.astype({"a": "Float64", "b": "float32", "c": object})
    columns = make_column_transformer(
        (OneHotEncoder(sparse_output=True), ["kind"]), remainder="passthrough"
    )
    rows = mixed.assign(kind=pd.Series(WORDS).astype("category"))
    assert make_pipeline(columns, clone(MLP)).fit(rows, labels).score(rows, labels) == 1


@pytest.fixture
def routed() -> Any:
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_weights_are_routed(routed: None) -> None:
    # All the weight on one class: who takes it into account predicts nothing else.
    weights = (Y == 1).astype(float) + 1e-9
    asked = clone(MLP).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    found = cross_validate(asked, X, Y, params={"sample_weight": weights}, cv=3)
    assert (found["test_score"] > 0.999).all()
    for model in (
        GridSearchCV(asked, {"alpha": [1e-4, 1e-3]}, cv=3),
        BaggingClassifier(asked, n_estimators=2, random_state=0),
        make_pipeline(StandardScaler().set_fit_request(sample_weight=False), asked),
    ):
        assert (model.fit(X, Y, sample_weight=weights).predict(X) == 1).all(), model
    both = MultiOutputClassifier(asked).fit(X, TWO_CLASSES, sample_weight=weights)
    assert (both.predict(X) == 1).all()
    deaf = clone(MLP).set_fit_request(sample_weight=False)
    whole = make_pipeline(deaf).fit(X, Y)
    assert whole.score(X, Y) > 0.9


def test_validation_rows_are_routed_and_transformed(routed: None) -> None:
    asked = clone(MLP).set_params(early_stopping=True).set_fit_request(X_val=True, y_val=True)
    scaled = StandardScaler()
    pipeline = Pipeline([("scale", scaled), ("mlp", asked)], transform_input=["X_val"])
    pipeline.fit(100 * X, Y, X_val=100 * X[::3], y_val=Y[::3])
    assert pipeline[-1].history_["val_score"][-1] > 0.9
    asked = clone(MLP).set_fit_request(validation_data=True)
    fitted = make_pipeline(asked).fit(X, Y, validation_data=(X[::3], Y[::3]))
    assert fitted[-1].history_["val_score"][-1] > 0.9


def test_tags() -> None:
    for model in (MLP, PERCEPTRON):
        tags = model.__sklearn_tags__()
        assert tags.estimator_type == "classifier" and tags.input_tags.sparse
        assert tags.classifier_tags.multi_label and tags.classifier_tags.multi_class
    for model in (REGRESSOR, PerceptronRegressor()):
        tags = model.__sklearn_tags__()
        assert tags.estimator_type == "regressor" and tags.input_tags.sparse
        assert tags.target_tags.multi_output and tags.target_tags.required


@pytest.mark.parametrize("fitted", [False, True])
def test_html(fitted: bool) -> None:
    model = make_pipeline(StandardScaler(), clone(MLP))
    text = (model.fit(X, Y) if fitted else model)._repr_html_()
    assert "MLPClassifier" in text and "learning_rate_init" in text
    assert ("Not fitted" in text) is not fitted
