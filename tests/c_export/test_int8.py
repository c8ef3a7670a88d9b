"""C files in int8: the integers that the report says, and little lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from c_export.compiled import call, compile_files
from c_export.random_models import random_model
from pynn import layers, models, ops
from pynn.datasets import DatasetNotFoundError, fashion_mnist

RNG = np.random.default_rng(0)
X = RNG.standard_normal((300, 9)).astype(np.float32)


def sequential(*hidden: Any) -> Any:
    return models.Sequential([layers.Input((9,)), *hidden])


def normalized(*hidden: Any) -> Any:
    """A model whose batch normalizations have seen rows."""
    model = sequential(*hidden)
    model.compile("adam", "mse")
    model.fit(X, X[:, :2], epochs=30, verbose=0)
    return model


def functional() -> Any:
    inputs = layers.Input((9,))
    left = layers.Dense(8, "tanh")(inputs)
    right = layers.Dense(6, "relu")(inputs)
    joined = layers.Concatenate()([left, right])[:, ::-1]
    hidden = layers.Dense(7, "gelu")(joined)
    summed = layers.Add()([layers.Dense(7)(hidden), hidden])
    middle = ops.clip(layers.Dense(5)(summed) * 2.0, -1.0, 1.0)
    return models.Model(inputs, [layers.Dense(3, "softmax")(middle), layers.Dense(2)(hidden)])


def shared() -> Any:
    """Products and rectifiers that others read beside what could be put together with them."""
    inputs = layers.Input((9,))
    product = layers.Dense(8)(inputs)
    rectified = layers.Activation("relu")(product)
    outputs = [
        layers.Dense(3)(layers.Concatenate()([rectified, product])),
        layers.Dense(2)(layers.BatchNormalization()(rectified)),
    ]
    model = models.Model(inputs, outputs)
    model.compile("adam", "mse")
    model.fit(X, [X[:, :3], X[:, :2]], epochs=10, verbose=0)
    return model


MODELS = {
    "rectified": lambda: sequential(layers.Dense(20, "relu"), layers.Dense(2)),
    "functions": lambda: sequential(
        layers.Dense(20, "sigmoid"), layers.LeakyReLU(0.1), layers.Dense(8, "elu"), layers.Dense(2)
    ),
    "relu6, no bias": lambda: sequential(
        layers.Dense(20, "relu6", use_bias=False), layers.Dense(2, "tanh")
    ),
    "normalized after rectifiers": lambda: normalized(
        layers.Dense(20, "relu"),
        layers.BatchNormalization(),
        layers.Dense(10, "relu"),
        layers.BatchNormalization(),
        layers.Dense(2),
    ),
    "normalized before functions": lambda: normalized(
        layers.BatchNormalization(),
        layers.Dense(20, use_bias=False),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.Dense(10, "tanh"),
        layers.BatchNormalization(),
        layers.Dense(2),
    ),
    "one after the other": lambda: sequential(layers.Dense(5), layers.Dense(5), layers.Dense(1)),
    "several readers": functional,
    "readers of what is put together": shared,
    "no products": lambda: sequential(layers.Activation("tanh"), layers.Rescaling(0.5)),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_file_loses_what_the_report_says(name: str, tmp_path: Path) -> None:
    model = MODELS[name]()
    path = tmp_path / "m.c"
    report = model.export(path, quantize="int8", calibration=X, verbose=False)
    expected = model.predict(X, verbose=0)
    expected = expected if isinstance(expected, list) else [expected]
    found = call(path, compile_files(path), [X])
    apart = np.concatenate([np.abs(a - b).ravel() for a, b in zip(found, expected, strict=True)])
    assert report.rows == 300 and report.accuracy is None and report.points_lost is None
    assert report.max_difference == pytest.approx(apart.max(), abs=1e-6)
    assert report.mean_difference == pytest.approx(apart.mean(), abs=1e-7)
    scale = max(np.abs(y).max() for y in expected)
    assert report.max_difference < 0.06 * scale and report.mean_difference < 0.015 * scale
    if name != "no products":
        assert 0 < report.max_difference and "int8_t" in path.read_text()


def test_between_products_there_are_integers_alone(tmp_path: Path) -> None:
    model = sequential(layers.Dense(20, "relu"), layers.Dense(8, "tanh"), layers.Dense(2))
    model.export(tmp_path / "m.c", quantize="int8", calibration=X, verbose=False)
    text = (tmp_path / "m.c").read_text()
    body = text.split("void m_predict(")[2].split("void m_predict_rows")[0]
    assert "#include <math.h>" not in text and "#include <stdint.h>" in text
    assert body.count("float") == 3  # both arguments, and the last sums


def test_random_models(tmp_path: Path) -> None:
    seeds = range(100, 106)
    made = [random_model(seed) for seed in seeds]
    paths = [tmp_path / f"q{seed}.c" for seed in seeds]
    reports = [
        model.export(
            path,
            quantize="int8",
            calibration=dict(zip(model.input_names, rows, strict=True)),
            verbose=False,
        )
        for path, (model, rows) in zip(paths, made, strict=True)
    ]
    library = compile_files(*paths)
    for path, (model, rows), report in zip(paths, made, reports, strict=True):
        expected = model.predict(rows if len(rows) > 1 else rows[0], verbose=0)
        expected = expected if isinstance(expected, list) else [expected]
        found = call(path, library, [x.astype(np.float32) for x in rows])
        gaps = [
            np.abs(y.reshape(len(y), -1) - z).max() for y, z in zip(expected, found, strict=True)
        ]
        assert max(gaps) == pytest.approx(report.max_difference, rel=1e-4, abs=1e-5)


def test_fashion_mnist_loses_at_most_half_a_point(tmp_path: Path) -> None:
    try:
        (x, y), (x_test, y_test) = fashion_mnist.load_data()
    except DatasetNotFoundError as error:
        pytest.skip(str(error))
    x, x_test = (a.reshape(len(a), 784).astype(np.float32) / 255 for a in (x, x_test))
    model = models.Sequential(
        [
            layers.Input((784,)),
            layers.Dense(300, "relu"),
            layers.Dense(100, "relu"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x[:10000], y[:10000], batch_size=32, epochs=2, verbose=0)
    path = tmp_path / "fashion.c"
    report = model.export(
        path, quantize="int8", calibration=x[:1000], labels=y[:1000], verbose=False
    )
    assert report.points_lost is not None and abs(report.points_lost) <= 0.5
    assert report.bytes_int8 < 0.26 * report.bytes
    (found,) = call(path, compile_files(path), [x_test])
    ours = model.predict(x_test, verbose=0)
    accuracy, accuracy_int8 = ((z.argmax(1) == y_test).mean() for z in (ours, found))
    assert accuracy > 0.8 and 100 * (accuracy - accuracy_int8) <= 0.5


def test_the_report_is_printed_and_stands_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = sequential(layers.Dense(5, "relu"), layers.Dense(3, "softmax"))
    labels = np.eye(3)[model.predict(X, verbose=0).argmax(1)]
    report = model.export(tmp_path / "m.c", quantize="int8", calibration=X, labels=labels)
    said = capsys.readouterr().out
    assert f"{report.points_lost:.2f} points lost" in said and str(report) in said
    assert report.accuracy == 1.0
    text = " ".join((tmp_path / "m.c").read_text().replace("\n *", "").split())
    assert str(report) in text
    one = sequential(layers.Dense(1, "sigmoid"))
    labels = one.predict(X, verbose=0)[:, 0] > 0.5
    found = one.export(tmp_path / "n.c", quantize="int8", calibration=X, labels=labels, verbose=0)
    assert found.accuracy == 1.0 and "points lost" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantize": "int4", "calibration": X}, "quantize must be None or 'int8'"),
        ({"quantize": "int8"}, "needs calibration: some hundreds of rows"),
        ({"quantize": "int8", "calibration": X[:, :4]}, "rows of the shapes \\[\\(9,\\)\\]"),
        ({"quantize": "int8", "calibration": X[:0]}, "calibration must be rows"),
        ({"quantize": "int8", "calibration": X * np.nan}, "no NaN and no infinity"),
        ({"quantize": "int8", "calibration": X, "labels": [1, 2]}, "as many as calibration rows"),
        ({"calibration": X}, "calibration and labels are for quantize='int8'"),
    ],
)
def test_arguments(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        sequential(layers.Dense(2)).export(tmp_path / "m.c", **options)
    assert not list(tmp_path.iterdir())


def test_calibration_of_several_inputs(tmp_path: Path) -> None:
    first, second = layers.Input((9,), name="first"), layers.Input((4,), name="second")
    hidden = layers.Dense(5, "relu")(layers.Concatenate()([first, second]))
    model = models.Model([first, second], layers.Dense(2)(hidden))
    rows = {"second": X[:, :4], "first": X}
    for i, calibration in enumerate((rows, [X, X[:, :4]])):
        model.export(
            tmp_path / f"m{i}.c", name="m", quantize="int8", calibration=calibration, verbose=False
        )
    texts = [(tmp_path / f"m{i}.c").read_text().replace(f"m{i}.c", "m.c") for i in range(2)]
    assert texts[0] == texts[1]
    with pytest.raises(ValueError, match=r"rows of the shapes \[\(9,\), \(4,\)\]"):
        model.export(tmp_path / "n.c", quantize="int8", calibration=X)


def test_rows_beyond_the_calibration_are_clamped(tmp_path: Path) -> None:
    model = sequential(layers.Dense(5, "relu"), layers.Dense(2))
    model.export(tmp_path / "m.c", quantize="int8", calibration=X, verbose=False)
    library = compile_files(tmp_path / "m.c")
    far = np.array([[1e30] * 9, [-np.inf] * 9, [np.nan] * 9, [0.0] * 9], np.float32)
    (found,) = call(tmp_path / "m.c", library, [far])
    assert np.isfinite(found).all()


def test_units_that_are_never_active(tmp_path: Path) -> None:
    model = sequential(layers.Dense(4, "relu"), layers.Dense(2))
    kernel, bias, *others = model.get_weights()
    kernel[:, 0], kernel[:, 1], bias[:] = 0.0, 1e-30, [-1.0, 5.0, 0.0, 1e6]
    model.set_weights([kernel, bias, *others])
    report = model.export(tmp_path / "m.c", quantize="int8", calibration=X, verbose=False)
    (found,) = call(tmp_path / "m.c", compile_files(tmp_path / "m.c"), [X])
    expected = model.predict(X, verbose=0)
    assert np.abs(found - expected).max() == pytest.approx(report.max_difference, rel=1e-3)
    assert report.max_difference < 0.02 * np.abs(expected).max()
