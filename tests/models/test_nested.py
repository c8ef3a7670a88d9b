"""Models whose inputs and outputs are nested; `tests/conformance/test_nested.py` asks Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers

RNG = np.random.default_rng(0)
X = {"a": RNG.normal(size=(24, 4)), "b": [RNG.normal(size=(24, n)) for n in (2, 3)]}
Y = {"x": RNG.normal(size=(24, 1)), "y": [RNG.normal(size=(24, 2)), RNG.normal(size=(24, 1))]}
LOSS = {"x": "mse", "y": ["mse", "mae"]}
METRICS = {"x": ["mae"], "y": [["mae", "mse"], None]}
LOG_NAMES = ["loss", "x_loss", "y/q_loss", "y/r_loss", "p_mae", "q_mae", "q_mse"]


def nested_model(cls: Any = pynn.Model) -> Any:
    inputs = {"a": pynn.Input((4,), name="a")}
    inputs["b"] = [pynn.Input((2,), name="b0"), pynn.Input((3,), name="b1")]
    joined = layers.Concatenate()([inputs["a"], *inputs["b"]])
    p, q, r = (layers.Dense(n, name=name)(joined) for name, n in (("p", 1), ("q", 2), ("r", 1)))
    return cls(inputs, {"x": p, "y": [q, r]})


def test_losses_metrics_and_weights_have_the_form_of_the_outputs() -> None:
    model = nested_model()
    model.compile("sgd", LOSS, {"x": 0.5, "y": [2.0, 3.0]}, METRICS)
    figures = model.evaluate(X, Y, verbose=0, return_dict=True)
    p, (q, r) = model.predict(X, verbose=0).values()
    errors = p - Y["x"], q - Y["y"][0], r - Y["y"][1]
    losses = [np.mean(errors[0] ** 2), np.mean(errors[1] ** 2), np.mean(abs(errors[2]))]
    expected = [np.dot((0.5, 2.0, 3.0), losses), *losses]
    expected += [np.mean(abs(errors[0])), np.mean(abs(errors[1])), losses[1]]
    assert list(figures) == model.metrics_names == LOG_NAMES
    np.testing.assert_allclose(list(figures.values()), expected, rtol=1e-6)
    assert set(model.fit(X, Y, verbose=0).history) == set(LOG_NAMES)


@pytest.mark.parametrize(
    "same",
    [
        {"y": tuple(Y["y"]), "x": Y["x"]},
        [Y["x"], *Y["y"]],
        {"x": Y["x"], "q": Y["y"][0], "r": Y["y"][1]},
    ],
    ids=["other order", "flat list", "by the outputs' names"],
)
def test_other_forms_of_the_same_targets(same: Any) -> None:
    model = nested_model()
    model.compile("sgd", LOSS)
    assert model.evaluate(X, same, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_sample_weights() -> None:
    model = nested_model()
    model.compile("sgd", {"x": "mse", "y": [None, "mse"]}, weighted_metrics={"y": [None, ["mae"]]})
    once, zeros = np.ones(24), np.zeros(24)
    half = np.repeat([1.0, 0.0], 12)
    weights = {"x": zeros, "y": [once, half]}
    figures = model.evaluate(X, Y, verbose=0, sample_weight=weights, return_dict=True)
    error = (model.predict(X, verbose=0)["y"][1] - Y["y"][1])[:12]
    assert figures["x_loss"] == 0.0 and "y/q_loss" not in figures
    np.testing.assert_allclose(figures["y/r_loss"], np.sum(error**2) / 24, rtol=1e-6)
    np.testing.assert_allclose(figures["r_mae"], np.mean(abs(error)), rtol=1e-6)


def test_outputs_without_a_loss_need_no_targets() -> None:
    model = nested_model()
    model.compile("sgd", {"x": "mse", "y": [None, "mse"]})
    whole = model.evaluate(X, Y, verbose=0)
    assert model.evaluate(X, {"x": Y["x"], "y": [None, Y["y"][1]]}, verbose=0) == whole
    model.compile("sgd", {"x": "mse", "y": None})
    alone = model.evaluate(X, {"x": Y["x"], "y": None}, verbose=0)
    p = model.predict(X, verbose=0)["x"]
    assert alone == pytest.approx(np.mean((p - Y["x"]) ** 2), rel=1e-5)


class OwnStep(pynn.Model):
    def train_step(self, data: Any) -> dict[str, Any]:
        return super().train_step(data)


def test_a_step_of_ones_own_computes_the_same() -> None:
    model, own = nested_model(), nested_model(OwnStep)
    own.set_weights(model.get_weights())
    swapped = {"y": Y["y"], "x": Y["x"]}
    histories = []
    for each, y in ((model, Y), (own, swapped)):
        each.compile("sgd", LOSS, {"x": 0.5, "y": [2.0, 3.0]}, METRICS)
        histories.append(each.fit(X, y, 24, verbose=0, shuffle=False).history)
    for name in ("loss", "p_mae", "q_mae", "q_mse"):
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=1e-5)
    for ours, theirs in zip(own.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


class Nested(pynn.Model):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = layers.Dense(1), layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        joined = pynn.ops.concatenate([inputs["a"], *inputs["b"]], axis=-1)
        return [self.first(joined), {"u": self.second(joined), "v": self.first(joined)}]


def test_a_subclass_takes_and_returns_nested_data() -> None:
    model = Nested()
    model.compile("sgd", ["mse", {"u": "mae", "v": "mse"}])
    y = [Y["x"], {"v": Y["y"][1], "u": Y["y"][0]}]
    history = model.fit(X, y, verbose=0).history
    assert set(history) == {"loss", "output_1_loss", "1/u_loss", "1/v_loss"}
    first, others = model.predict({"b": X["b"], "a": X["a"]}, verbose=0)
    np.testing.assert_array_equal(others["v"], first)
    assert others["u"].shape == (24, 2)


def test_other_forms_are_errors() -> None:
    model = nested_model()
    for wrong in ({"x": "mse", "y": "mse"}, {"x": "mse", "y": ["mse"]}, [["mse", "mse"], "mse"]):
        model.compile("sgd", wrong)
        with pytest.raises(ValueError, match=r"loss must have the form \{'x': 'p', 'y': \['q', "):
            model.fit(X, Y, verbose=0)
    model.compile("sgd", {"x": "mse", "z": "mse"})
    with pytest.raises(ValueError, match="loss has the key 'z', which is no output"):
        model.fit(X, Y, verbose=0)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="y must have the form"):
        model.fit(X, {"x": Y["x"], "y": Y["y"][0]}, verbose=0)
    with pytest.raises(ValueError, match="y has nothing for output 'q'"):
        model.fit(X, {"x": Y["x"]}, verbose=0)
    with pytest.raises(ValueError, match="x must have the form"):
        model.predict({"a": X["a"], "b": X["b"][:1]}, verbose=0)
