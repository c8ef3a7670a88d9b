"""`SwapEMAWeights` with real models: what is evaluated and saved is the average."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import callbacks, layers, optimizers
from pynn.models import Model, Sequential, load_model

X = np.random.default_rng(0).standard_normal((64, 4)).astype("float32")
Y = X[:, :1]


def made(**options: Any) -> Model:
    pynn.utils.set_random_seed(3)
    model = Sequential([pynn.Input((4,)), layers.Dense(1)])
    model.compile(loss="mse", optimizer=optimizers.SGD(0.1, **options))
    return model


def trained(*listeners: Any) -> tuple[Model, dict[str, list[float]]]:
    model = made(use_ema=True, ema_momentum=0.9)
    history = model.fit(
        X, Y, epochs=4, validation_data=(X, Y), verbose=0, callbacks=[*listeners]
    ).history
    return model, history


def test_validation_sees_the_average_and_training_does_not() -> None:
    plain, usual = trained()
    averaged, swapped = trained(callbacks.SwapEMAWeights())
    assert swapped["loss"] == usual["loss"]
    assert swapped["val_loss"] != usual["val_loss"]
    for a, b in zip(averaged.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    # At the end the average is in the model, so the last evaluation can be made again.
    final = averaged.evaluate(X, Y, verbose=0)
    assert swapped["val_loss"][-1] == pytest.approx(final, rel=1e-6)


def test_a_checkpoint_after_it_saves_the_average(tmp_path: Path) -> None:
    path = str(tmp_path / "{epoch}.pynn")
    for swap_on_epoch in (True, False):
        swap = callbacks.SwapEMAWeights(swap_on_epoch)
        model, history = trained(swap, callbacks.ModelCheckpoint(path))
        errors = [load_model(path.format(epoch=i)).evaluate(X, Y, verbose=0) for i in (1, 2, 3, 4)]
        same = np.isclose(errors, history["val_loss"], rtol=1e-6, atol=0)
        assert same.all() == swap_on_epoch
        assert np.isfinite(model.get_weights()[0]).all()


def test_evaluation_and_prediction_alone_leave_the_weights() -> None:
    model = made(use_ema=True)
    model.fit(X, Y, verbose=0)
    model.optimizer.apply([np.ones_like(w.numpy()) for w in model.trainable_weights])
    own = model.get_weights()
    outside = model.evaluate(X, Y, verbose=0)
    swap = callbacks.SwapEMAWeights()
    assert model.evaluate(X, Y, verbose=0, callbacks=[swap]) < outside
    model.predict(X, verbose=0, callbacks=[swap])
    for a, b in zip(model.get_weights(), own, strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_optimizer_without_an_average_is_refused() -> None:
    with pytest.raises(ValueError, match="make it with use_ema=True"):
        made().fit(X, Y, verbose=0, callbacks=[callbacks.SwapEMAWeights()])


def test_an_evaluation_within_another_keeps_the_models_own_weights() -> None:
    model = made(use_ema=True)
    model.fit(X, Y, verbose=0)
    model.optimizer.apply([np.ones_like(w.numpy()) for w in model.trainable_weights])
    own = model.get_weights()
    swap = callbacks.SwapEMAWeights()
    swap.set_model(model)
    swap.on_test_begin()
    average = model.get_weights()
    assert not np.array_equal(average[0], own[0])
    swap.on_predict_begin()
    np.testing.assert_array_equal(model.get_weights()[0], average[0])
    swap.on_predict_end()
    np.testing.assert_array_equal(model.get_weights()[0], own[0])
    swap.on_test_end()
    np.testing.assert_array_equal(model.get_weights()[0], own[0])
