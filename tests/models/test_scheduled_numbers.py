"""What changes from step to step beside the learning rate, and what differs from weight to weight.

Weight decay and dropout by a schedule, factors of single weights, and epochs without a last batch
of fewer rows: natively, in NumPy, and through a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pynn import Model, Sequential, _core, callbacks, layers, models, optimizers
from pynn.optimizers.schedules import CosineDecay, LearningRateSchedule, PiecewiseConstantDecay

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(70, 6))
Y = RANDOM.normal(size=(70, 2))
RATE = CosineDecay(0.05, 12)
DECAY = PiecewiseConstantDecay([4], [0.3, 0.01])
FACTORS = {"kernel": 2.0, "bias": 0.5}


class Halving(LearningRateSchedule):
    """A schedule of the user's own."""

    def __call__(self, step: Any) -> float:
        return 0.3 * 0.5 ** int(step)

    def get_config(self) -> dict:
        return {}


def network(rate: Any = 0.0) -> Sequential:
    return Sequential(
        [
            layers.Input((6,)),
            layers.Dense(5, "tanh", dtype="float64", name="hidden"),
            layers.Dropout(rate, dtype="float64"),
            layers.Dense(2, dtype="float64", name="out"),
        ]
    )


def stepped(
    model: Sequential, epochs: int, batch: int, decay: Any, factors: dict[str, tuple[float, float]]
) -> list[np.ndarray]:
    """The weights after epochs of SGD with momentum 0.9 by hand, without dropout."""
    w1, b1, w2, b2 = (w.numpy() for w in model.weights)
    values, moments = [w1, b1, w2, b2], [np.zeros_like(w) for w in (w1, b1, w2, b2)]
    step = 0
    for _ in range(epochs):
        for first in range(0, len(X) // batch * batch, batch):
            x, y = X[first : first + batch], Y[first : first + batch]
            w1, b1, w2, b2 = values
            h = np.tanh(x @ w1 + b1)
            d = 2 * (h @ w2 + b2 - y) / y.size
            dh = (d @ w2.T) * (1 - h * h)
            grads = [x.T @ dh, dh.sum(0), h.T @ d, d.sum(0)]
            for i, weight in enumerate(model.weights):
                rate_factor, decay_factor = factors.get(
                    "/".join(weight.path.split("/")[-2:]), (1.0, 1.0)
                )
                rate = float(RATE(step)) * rate_factor
                values[i] = values[i] * (1 - rate * float(decay(step)) * decay_factor)
                moments[i] = 0.9 * moments[i] - rate * grads[i]
                values[i] = values[i] + moments[i]
            step += 1
    return values


def compiled(model: Sequential, decay: Any = DECAY, **options: Any) -> Sequential:
    model.compile(optimizers.SGD(RATE, momentum=0.9, weight_decay=decay, **options), "mse")
    return model


def fit(model: Sequential, epochs: int = 3, **arguments: Any) -> list[np.ndarray]:
    arguments = {
        "batch_size": 16,
        "shuffle": False,
        "verbose": 0,
        "drop_remainder": True,
    } | arguments
    model.fit(X, Y, epochs=epochs, **arguments)
    return model.get_weights()


def set_factors(model: Sequential) -> dict[str, tuple[float, float]]:
    hidden = model.get_layer("hidden")
    hidden.kernel.learning_rate_factor, hidden.kernel.weight_decay_factor = 2.0, 3.0
    hidden.bias.learning_rate_factor, hidden.bias.weight_decay_factor = 0.5, 0.0
    return {"hidden/kernel": (2.0, 3.0), "hidden/bias": (0.5, 0.0)}


@pytest.mark.parametrize("ahead", [True, False], ids=["epochs ahead", "epoch by epoch"])
@pytest.mark.parametrize("native", [True, False], ids=["native", "NumPy"])
@pytest.mark.parametrize("decay", [DECAY, Halving()], ids=["formula", "own"])
def test_decay_schedules_and_factors(decay: Any, native: bool, ahead: bool) -> None:
    model = network()
    factors = set_factors(model)
    want = stepped(model, 3, 16, decay, factors)
    compiled(model, decay, **({} if native else {"use_ema": True, "ema_momentum": 0.0}))
    own = [] if ahead else [callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)]
    for got, truth in zip(fit(model, callbacks=own), want, strict=True):
        np.testing.assert_allclose(got, truth, rtol=1e-9)
    assert int(model.optimizer.iterations) == 12
    assert isinstance(model._trainers._trainer, _core.Trainer) == native


def test_one_batch_at_a_time_steps_alike() -> None:
    whole, single = network(), network()
    single.set_weights(whole.get_weights())
    for model in (whole, single):
        set_factors(model)
        compiled(model)
    want = fit(whole, 1)
    for first in range(0, 64, 16):
        single.train_on_batch(X[first : first + 16], Y[first : first + 16])
    for got, truth in zip(single.get_weights(), want, strict=True):
        np.testing.assert_array_equal(got, truth)


@pytest.mark.parametrize("name", ["Adam", "Nadam", "Adamax", "RMSprop", "Adagrad", "Lion"])
def test_every_kind_of_step_takes_the_factors(name: str) -> None:
    """A weight with a factor moves as if the learning rate were that much larger."""
    slow, fast, mixed = network(), network(), network()
    start = slow.get_weights()
    for model, rate in ((slow, 0.01), (fast, 0.02), (mixed, 0.01)):
        model.set_weights(start)
        if model is mixed:
            model.get_layer("out").bias.learning_rate_factor = 2.0
        model.compile(getattr(optimizers, name)(rate), "mse")
        model.train_on_batch(X, Y)
    for i, got in enumerate(mixed.get_weights()):
        np.testing.assert_array_equal(got, (fast if i == 3 else slow).get_weights()[i])


def test_dropout_follows_a_schedule() -> None:
    """Without dropout for four steps, then with it."""
    rate = PiecewiseConstantDecay([3], [0.0, 0.5])
    plain, scheduled, constant = network(), network(rate), network(0.5)
    weights, start = [], plain.get_weights()
    for model in (plain, scheduled, constant):
        model.set_weights(start)
        compiled(model, 0.0)
        weights.append(fit(model, 1))
    for a, b in zip(*weights[:2], strict=True):
        np.testing.assert_array_equal(a, b)
    after = [fit(model, 1) for model in (plain, scheduled)]
    assert not any(np.array_equal(a, b) for a, b in zip(*after, strict=True))
    assert scheduled._plan(training=True).reason is None


def test_dropout_by_a_schedule_in_numpy() -> None:
    model = network(Halving())
    compiled(model, use_ema=True)
    assert np.isfinite(fit(model)[0]).all()
    assert model.layers[1](np.ones((200, 50)), training=True).std() > 0.5  # the first step's rate


def test_dropout_at_inference_has_the_rate_of_the_first_step() -> None:
    i = layers.Input((400,))
    model = Model(i, layers.Dropout(PiecewiseConstantDecay([3], [0.9, 0.1]))(i, training=True))
    zeros = (model.predict(np.ones((20, 400)), verbose=0) == 0).mean()
    assert zeros == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("ending", ["pynn", "keras"])
def test_all_of_it_is_saved(tmp_path: Path, ending: str) -> None:
    model = network(RATE)
    set_factors(model)
    compiled(model)
    fit(model, 1)
    path = tmp_path / f"model.{ending}"
    model.save(path)
    again = models.load_model(path)
    assert again.layers[1].rate.get_config() == RATE.get_config()
    assert again.optimizer.weight_decay.get_config() == DECAY.get_config()
    clone = models.clone_model(model)
    for other in (again, clone):
        for own, truth in zip(other.weights, model.weights, strict=True):
            assert own.learning_rate_factor == truth.learning_rate_factor
            assert own.weight_decay_factor == truth.weight_decay_factor
    if ending == "pynn":  # goes on with the same bits
        for a, b in zip(
            fit(model, 2, initial_epoch=1), fit(again, 2, initial_epoch=1), strict=True
        ):
            np.testing.assert_array_equal(a, b)


def test_a_layer_is_made_with_factors() -> None:
    layer = layers.Dense(2, learning_rate_factors=FACTORS, weight_decay_factors={"bias": 0})
    layer.build((None, 3))
    assert layer.kernel.learning_rate_factor == 2.0
    assert (layer.bias.learning_rate_factor, layer.bias.weight_decay_factor) == (0.5, 0.0)
    assert layers.Dense.from_config(layer.get_config()).get_config() == layer.get_config()
    layer.bias.learning_rate_factor = 1.0
    assert layer.get_config()["learning_rate_factors"] == {"kernel": 2.0}
    assert "learning_rate_factors" not in layers.Dense(2).get_config()


def test_wrong_factors_are_refused() -> None:
    with pytest.raises(ValueError, match="learning_rate_factors must name weights"):
        layers.Dense(2, learning_rate_factors=0.1)
    with pytest.raises(ValueError, match=r"weight_decay_factors\['bias'\] must be a finite number"):
        layers.Dense(2, weight_decay_factors={"bias": -1})
    with pytest.raises(ValueError, match="factors for a weight that it has not.*'gamma'"):
        layers.Dense(2, learning_rate_factors={"gamma": 1.0})(np.ones((1, 2)))
    layer = layers.Dense(2)
    layer.build((None, 2))
    with pytest.raises(ValueError, match="learning_rate_factor must be a finite number"):
        layer.bias.learning_rate_factor = np.nan
    assert layer.bias.learning_rate_factor == 1.0


def test_wrong_schedules_are_refused() -> None:
    class Wrong(LearningRateSchedule):
        def __call__(self, step: Any) -> float:
            return 1.5 if int(step) else -1.0

    model = network(Wrong())
    compiled(model, 0.0)
    with pytest.raises(ValueError, match=r"rate must be a number in \[0, 1\). Received: rate=-1.0"):
        fit(model)

    class WrongLater(Wrong):
        def __call__(self, step: Any) -> float:
            return 1.5 if int(step) else 0.5

    model = network(WrongLater())
    compiled(model, 0.0)
    with pytest.raises(ValueError, match=r"rate must be a number in \[0, 1\). Received: rate=1.5"):
        fit(model)
    model = compiled(network(), Wrong())
    with pytest.raises(ValueError, match="the weight decay of a step must be a finite number"):
        fit(model)
    with pytest.raises(ValueError, match="rate must be a number"):
        layers.Dropout(lambda step: 0.5)


@pytest.mark.parametrize(("rows", "batch", "steps"), [(70, 16, 4), (64, 16, 4), (10, 16, 1)])
@pytest.mark.parametrize("stepwise", [False, True])
def test_the_remainder_is_dropped(rows: int, batch: int, steps: int, stepwise: bool) -> None:
    model = network()
    compiled(model, use_ema=stepwise)
    history = model.fit(
        X[:rows], Y[:rows], batch, epochs=2, verbose=0, drop_remainder=True, shuffle=True
    )
    assert history.params["steps"] == steps
    assert int(model.optimizer.iterations) == 2 * steps


def test_all_rows_get_their_turn_without_the_remainder() -> None:
    """What is left out is another part in each epoch."""
    i = layers.Input((1,), dtype="float64")
    seen: set[float] = set()

    class Seen(callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            rows, _ = self.model._trainers._trainer.last_batch()
            assert len(rows) == 16
            seen.update(rows.tolist())

    model = Model(i, layers.Dense(1, dtype="float64")(i))
    model.compile("sgd", "mse")
    model.fit(X[:, :1], Y[:, :1], 16, epochs=8, verbose=0, drop_remainder=True, callbacks=[Seen()])
    assert seen == set(range(70))
    with pytest.raises(ValueError, match="drop_remainder needs arrays"):
        model.fit(iter([(X[:, :1], Y[:, :1])]), verbose=0, drop_remainder=True)
