"""The loss kernels against plain NumPy, and their gradients against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import _core
from reference.loss_samples import samples
from reference.losses import LOSSES, defaults, example
from reference.tolerances import AWKWARD_SIZES, FORMULA_UNITS, assert_close

NAMES = _core.loss_names()


def test_every_loss_is_declared() -> None:
    assert set(NAMES) == set(LOSSES)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_tried(name: str) -> None:
    """A kernel that ignores one is found only where it is not the default."""
    for value, default in zip(example(name)._native()[1], defaults(name), strict=True):
        assert value != default


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("features", [1, 3, 17])
def test_values_and_gradients(isa: str, name: str, features: int, dtype: str) -> None:
    for params in (defaults(name), example(name)._native()[1]):
        for rows in AWKWARD_SIZES:
            y_true, y_pred = samples(name, rows, features, dtype)
            wide = (y_true.astype(np.float64), y_pred.astype(np.float64))
            values = _core.loss_values(name, params, y_true, y_pred)
            gradient = _core.loss_gradient(name, params, y_true, y_pred)
            want = LOSSES[name][1](*wide, *params)
            # Terms of size 1 cancel in most losses; 1 / p reaches 50, percentages divide by t.
            largest = np.abs(want).max(axis=1, keepdims=True, initial=1)
            assert_close(values, LOSSES[name][0](*wide, *params), units=FORMULA_UNITS, magnitude=4)
            assert_close(gradient, want, units=FORMULA_UNITS, magnitude=largest)


@pytest.mark.parametrize("rows", [*AWKWARD_SIZES, 127, 128, 129, 1000, 1033, 20_000])
def test_sums_are_numpys(rows: int, dtype: str) -> None:
    y_true, y_pred = samples("mean_squared_error", rows, 3, dtype)
    values = _core.loss_values("mean_squared_error", [], y_true, y_pred)
    total = _core.loss_sum("mean_squared_error", [], y_true, y_pred)
    assert total == np.add.reduce(values.astype(np.float64))


@pytest.mark.parametrize("name", NAMES)
def test_gradient_is_the_slope(isa: str, name: str) -> None:
    params = example(name)._native()[1]
    y_true, y_pred = samples(name, 40, 4, "float64")
    gradient = _core.loss_gradient(name, params, y_true, y_pred)
    step = 1e-6
    for feature in range(y_pred.shape[1]):
        shift = np.zeros_like(y_pred)
        shift[:, feature] = step
        upper = _core.loss_values(name, params, y_true, y_pred + shift)
        lower = _core.loss_values(name, params, y_true, y_pred - shift)
        slope = (upper - lower) / (2 * step)
        # Rounding of values near 10, divided by the step, against slopes of at least 0.1.
        np.testing.assert_allclose(gradient[:, feature], slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["categorical_crossentropy", "binary_crossentropy"])
def test_certain_and_wrong_predictions_are_clipped(isa: str, name: str, dtype: str) -> None:
    y_true = np.array([[1.0, 0.0], [1.0, 0.0]], dtype)
    y_pred = np.array([[1.0, 0.0], [0.0, 1.0]], dtype)
    wide = (y_true.astype(np.float64), y_pred.astype(np.float64))
    got = _core.loss_values(name, [0.0], y_true, y_pred)
    # 1 - 1e-7 is rounded in float32, by up to 6e-8: 1 - p, about 1e-7, then has an error of a half.
    allowed = 0.5 if dtype == "float32" else 1e-8
    np.testing.assert_allclose(np.exp(-got), np.exp(-LOSSES[name][0](*wide, 0.0)), rtol=allowed)
    assert np.isfinite(_core.loss_gradient(name, [0.0], y_true, y_pred)).all()


@pytest.mark.parametrize("name", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_an_impossible_class_still_takes_part_in_the_normalization(
    isa: str, name: str, dtype: str
) -> None:
    y_pred = np.array([[0.5, 0.75, 0.0], [0.0, 0.5, 0.5]], dtype)
    y_true = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], dtype)
    if name.startswith("sparse_"):
        y_true = y_true.argmax(axis=1)[:, None].astype(dtype)
    got = _core.loss_gradient(name, defaults(name), y_true, y_pred)
    wide = (y_true.astype(np.float64), y_pred.astype(np.float64))
    assert_close(got, LOSSES[name][1](*wide, *defaults(name)), units=4)
    assert got[0, 2] > 0 and (got[1] == 0).all()


@pytest.mark.parametrize("scale", [100.0, 1e4])
def test_logits_of_any_size(isa: str, scale: float, dtype: str) -> None:
    z = np.array([[scale, -scale, 0.0], [-scale, scale, scale / 2]], dtype)
    labels = np.array([[0.0], [0.0]], dtype)
    got = _core.loss_values("sparse_categorical_crossentropy_logits", [np.nan], labels, z)
    np.testing.assert_allclose(got, [0, 2 * scale], rtol=1e-6)
    hot = np.array([[1.0, 0.0, 0.0]] * 2, dtype)
    got = _core.loss_values("binary_crossentropy_logits", [0.0], hot, z)
    want = LOSSES["binary_crossentropy_logits"][0](hot.astype(float), z.astype(float), 0.0)
    assert_close(got, want, units=4)


def test_ignored_labels_have_no_loss_and_no_gradient(isa: str, dtype: str) -> None:
    y_pred = np.full((3, 4), 0.25, dtype)
    labels = np.array([[1.0], [-1.0], [3.0]], dtype)
    for name in ("sparse_categorical_crossentropy", "sparse_categorical_crossentropy_logits"):
        values = _core.loss_values(name, [3.0], labels, y_pred)
        gradient = _core.loss_gradient(name, [3.0], labels, y_pred)
        np.testing.assert_allclose(values, [np.log(4), 0, 0], rtol=1e-6)
        assert (gradient[1:] == 0).all() and (gradient[0] != 0).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mse", [], np.ones((2, 2)), np.ones((2, 2))), "name must be one of mean_squared_error"),
        (("huber", [], np.ones((2, 2)), np.ones((2, 2))), r"huber takes 1 parameters \(delta\)"),
        (("huber", [1.0], np.ones(2), np.ones(2)), "must be 2-D"),
        (("huber", [1.0], np.ones((2, 3)), np.ones((2, 2))), r"shape \(2, 2\) for huber"),
        (("huber", [1.0], np.ones((2, 2), "f4"), np.ones((2, 2))), "y_true must have the same dt"),
        (
            ("sparse_categorical_crossentropy", [np.nan], np.ones((2, 2)), np.ones((2, 2))),
            r"shape \(2, 1\)",
        ),
        (("huber", [1.0], np.ones((2, 0)), np.ones((2, 0))), "last axis"),
    ],
)
def test_errors(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.loss_values(*arguments)
