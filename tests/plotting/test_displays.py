"""What `LossCurveDisplay`, `WeightsDisplay` and `plot_learning_curves` draw, and from whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy as np
import pytest
import sklearn.neural_network
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import pynn
from pynn.plotting import LossCurveDisplay, WeightsDisplay, plot_learning_curves

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = (part[:200] for part in load_digits(return_X_y=True))


@pytest.fixture(autouse=True)
def unseen() -> Iterator[None]:
    import matplotlib.pyplot as plt

    with matplotlib.rc_context({"backend": "Agg"}):
        plt.switch_backend("Agg")
        yield
        plt.close("all")


def mlp(**parameters: Any) -> Any:
    return pynn.MLPClassifier((9,), max_iter=6, random_state=0, **parameters)


@pytest.fixture(scope="module")
def history() -> Any:
    model = pynn.Sequential([pynn.Input((64,)), pynn.layers.Dense(10, activation="softmax")])
    model.compile(loss="sparse_categorical_crossentropy")
    return model.fit(X, Y, epochs=3, validation_split=0.2, verbose=0)


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(MinMaxScaler(), m)])
def test_the_loss_curve_of_an_mlp(wrap: Any) -> None:
    model = mlp()
    display = LossCurveDisplay.from_estimator(wrap(model).fit(X, Y), color="red")
    (line,) = display.lines_
    np.testing.assert_array_equal(line.get_ydata(), model.loss_curve_)
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 7))
    assert line.get_color() == "red"
    assert line.get_label() == "MLPClassifier: training loss"
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("epoch", "loss")
    assert display.score_ax_ is None
    assert display.figure_ is display.ax_.figure


def test_early_stopping_shows_its_scores_on_an_axis_of_their_own() -> None:
    model = mlp(early_stopping=True).fit(X, Y)
    display = LossCurveDisplay.from_estimator(model, name="net")
    assert [line.get_label() for line in display.lines_] == [
        "net: training loss",
        "net: validation score",
    ]
    assert display.lines_[1].axes is display.score_ax_ is not display.ax_
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), model.validation_scores_)
    assert len(display.ax_.get_legend().get_texts()) == 2


def test_scikit_learns_own_estimator_will_do() -> None:
    model = sklearn.neural_network.MLPRegressor(hidden_layer_sizes=(3,), max_iter=2).fit(X, Y)
    assert len(LossCurveDisplay.from_estimator(model).loss) == 2


def test_a_history_shows_both_losses(history: Any) -> None:
    for given in (history, history.history):
        display = LossCurveDisplay.from_history(given)
        training, validation = (line.get_ydata() for line in display.lines_)
        np.testing.assert_array_equal(training, history.history["loss"])
        np.testing.assert_array_equal(validation, history.history["val_loss"])


def test_a_wrapper_shows_its_history() -> None:
    wrapped = pynn.wrappers.KerasRegressor(
        lambda: pynn.Sequential([pynn.layers.Dense(1)]), epochs=4, verbose=0
    ).fit(X, Y)
    display = LossCurveDisplay.from_estimator(wrapped)
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), wrapped.history_["loss"])
    assert display.lines_[0].get_label() == "KerasRegressor: training loss"


def test_learning_curves_of_a_history() -> None:
    model = pynn.MLP(3, 1, input_shape=X.shape[1])
    model.compile("sgd", "mse")
    history = model.fit(X, Y, epochs=3, validation_split=0.2, verbose=0)
    for given in (history, history.history):
        (axes,) = plot_learning_curves(given).axes
        drawn = [line.get_ydata().tolist() for line in axes.get_lines()]
        assert drawn == [history.history["loss"], history.history["val_loss"]]


def test_learning_curves_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one quantity. Received: an empty mapping"):
        plot_learning_curves({})


def test_several_curves_share_axes() -> None:
    first = LossCurveDisplay.from_estimator(mlp().fit(X, Y), name="a")
    second = LossCurveDisplay.from_estimator(mlp(alpha=1).fit(X, Y), name="b", ax=first.ax_)
    assert second.ax_ is first.ax_
    assert first.ax_.get_lines() == [*first.lines_, *second.lines_]


def test_history_stands_in_for_the_loss_curve_that_lbfgs_lacks() -> None:
    model = mlp(solver="lbfgs").fit(X, Y)
    assert not hasattr(model, "loss_curve_")
    (line,) = LossCurveDisplay.from_estimator(model).lines_
    np.testing.assert_array_equal(line.get_ydata(), model.history_["loss"])


@pytest.mark.parametrize(
    "model", [lambda: mlp(), lambda: pynn.Perceptron().fit(X, Y)], ids=["not fitted", "perceptron"]
)
def test_no_curve_is_an_error(model: Any) -> None:
    model = model()
    with pytest.raises(ValueError, match="must be fitted and have a loss_curve_ or a history"):
        LossCurveDisplay.from_estimator(model)


@pytest.mark.parametrize("history", [{"accuracy": [1.0]}, [1.0, 2.0], None])
def test_no_losses_are_an_error(history: Any) -> None:
    with pytest.raises(ValueError, match="under 'loss'"):
        LossCurveDisplay.from_history(history)


def first_layer(model: Any) -> np.ndarray:
    return np.asarray(model.layers[0].kernel)


NET = pynn.Sequential([pynn.Input((64,)), pynn.layers.Dense(5), pynn.layers.Dense(1)])
NET.compile(loss="mse")


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        (mlp(), lambda m: m.coefs_[0]),
        (pynn.Perceptron(), lambda m: m.coef_.T),
        (pynn.Perceptron(penalty="l1"), lambda m: m.sparsify().coef_.toarray().T),
        (pynn.PerceptronRegressor(eta0=1e-5), lambda m: m.coef_[:, None]),
        (make_pipeline(MinMaxScaler(), mlp()), lambda m: m[-1].coefs_[0]),
        (
            pynn.wrappers.SKLearnRegressor(NET, fit_kwargs={"verbose": 0}),
            lambda m: first_layer(m.model_),
        ),
    ],
    ids=["mlp", "perceptron", "sparse perceptron", "regressor", "pipeline", "wrapper"],
)
def test_weights_are_drawn_as_images(model: Any, weights: Any) -> None:
    model.fit(X, Y)
    expected = weights(model)
    display = WeightsDisplay.from_estimator(model)
    assert len(display.axes_) == len(display.images_) == expected.shape[1]
    for image, column in zip(display.images_, expected.T, strict=True):
        np.testing.assert_array_equal(image.get_array(), column.reshape(8, 8))
        # One scale for all, with 0 in the middle.
        assert image.get_clim() == (-np.abs(expected).max(), np.abs(expected).max())


def test_weights_of_a_model() -> None:
    display = WeightsDisplay.from_estimator(NET, image_shape=(4, 16), units=[2, 0])
    assert [image.get_array().shape for image in display.images_] == [(4, 16)] * 2
    np.testing.assert_array_equal(
        display.images_[0].get_array().ravel(), first_layer(NET)[:, 2].astype(float)
    )


def test_colours_and_the_callers_axes() -> None:
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, 3)
    weights = np.linspace(-1, 1, 24).reshape(12, 2)
    display = WeightsDisplay(weights, image_shape=(2, 2, 3)).plot(axes)
    assert list(display.axes_) == list(axes[:2])
    drawn = display.images_[0].get_array()
    assert 0 <= drawn.min() < drawn.max() <= 1
    with pytest.raises(ValueError, match="axes must be at least 2"):
        display.plot(axes[:1])


def test_unused_places_of_the_grid_stay_empty() -> None:
    display = WeightsDisplay(np.ones((4, 3))).plot(n_columns=2)
    assert [ax.get_visible() for ax in display.figure_.axes] == [True, True, True, False]


def test_at_most_a_hundred_units_unless_asked() -> None:
    model = pynn.MLPRegressor(hidden_layer_sizes=(130,), max_iter=1).fit(X, Y)
    assert len(WeightsDisplay.from_estimator(model).axes_) == 100
    assert len(WeightsDisplay.from_estimator(model, units=3).axes_) == 3


@pytest.mark.parametrize("shape", [(3, 3), (64,), (2, 2, 2, 8)])
def test_shapes_that_do_not_fit(shape: Any) -> None:
    with pytest.raises(ValueError, match="image_shape must be the height and width of 64 pixels"):
        WeightsDisplay(np.ones((64, 2)), image_shape=shape)
    with pytest.raises(ValueError, match="the 3 features are the pixels of no square image"):
        WeightsDisplay(np.ones((3, 2)))
    with pytest.raises(ValueError, match="weights must have the shape"):
        WeightsDisplay(np.ones(4))


@pytest.mark.parametrize("model", [mlp(), pynn.Sequential([pynn.layers.Flatten()]), "net"])
def test_no_weights_are_an_error(model: Any) -> None:
    with pytest.raises(ValueError, match="a fitted estimator with coefs_"):
        WeightsDisplay.from_estimator(model)
