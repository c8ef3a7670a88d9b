"""Every layer: outputs in training and inference, gradients, moving statistics, and noise."""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import FORMULA, GRADIENT, assert_agree, generator
from conformance.layer_cases import FLAT, NOISY, ROWS, SMOOTH, Case, case_of, drawn, packed

WHOLE = {"CategoryEncoding", "IntegerLookup", "StringLookup"}  # which take no fractions
OTHERS = WHOLE | {"Embedding", "InputLayer", "Input", "InputSpec", "Layer", "Variable", "Weight"}
IDS = [f"{case.cls}-{i}" for i, case in enumerate(SMOOTH + FLAT)]


def instances(case: Case, **more: Any) -> tuple[Any, Any]:
    """Return the layer of either library, built, with the same drawn weights."""
    ours = getattr(pynn.layers, case.cls)(**case.options(pynn), **more)
    theirs = getattr(keras.layers, case.cls)(**case.options(keras), **more)
    shapes = [(None, *shape) for shape in case.shapes]
    for layer in (ours, theirs):
        if not layer.built:
            layer.build(shapes[0] if len(shapes) == 1 else shapes)
    rng = generator(case.cls, case.shapes)
    weights = [
        np.abs(w + 0.1 * rng.standard_normal(w.shape)).astype("float32")
        for w in map(np.asarray, ours.get_weights())
    ]
    if is_known(case):
        return ours, theirs
    assert [w.shape for w in weights] == [w.shape for w in theirs.get_weights()]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


def is_known(case: Case) -> bool:
    """Whether it is a layer whose moments were given: here they are weights, there constants."""
    return case.cls == "Normalization" and "mean" in case.options(keras)


def test_nothing_is_left_out() -> None:
    names = {
        name
        for name in pynn.layers.__all__
        if isinstance(getattr(pynn.layers, name), type) and hasattr(keras.layers, name)
    }
    assert names - OTHERS == {case.cls for case in SMOOTH + FLAT + NOISY}


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("case", SMOOTH + FLAT, ids=IDS)
def test_output_and_penalty(case: Case, training: bool) -> None:
    ours, theirs = instances(case)
    x = packed(drawn(case))
    keywords = {"training": training} if case.cls == "BatchNormalization" else {}
    assert_agree(ours(x, **keywords), theirs(x, **keywords), FORMULA)
    assert_agree(sum(map(float, ours.losses)), sum(map(float, theirs.losses)), FORMULA)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=not is_known(case)):
        assert_agree(one, other, FORMULA, "weights afterwards")


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("case", SMOOTH, ids=IDS[: len(SMOOTH)])
def test_gradients(case: Case, training: bool) -> None:
    ours, theirs = instances(case)
    arrays = drawn(case)
    keywords = {"training": training} if case.cls == "BatchNormalization" else {}
    factor = generator(case.cls, "factor").standard_normal(np.shape(ours(packed(arrays))))
    factor = factor.astype("float32")
    with pynn.Tape() as tape:
        watched = [tape.watch(array) for array in arrays]
        value = pynn.ops.sum(ours(packed(watched), **keywords) * factor)
    found = tape.gradient(value, [*watched, *ours.trainable_weights])

    def total(trainable: Any, xs: Any) -> Any:
        fixed = [v.value for v in theirs.non_trainable_variables]
        out, _ = theirs.stateless_call(trainable, fixed, packed(xs), **keywords)
        return keras.ops.sum(out * factor)

    trainable = [v.value for v in theirs.trainable_variables]
    weight_gradients, input_gradients = jax.jit(jax.grad(total, argnums=(0, 1)))(trainable, arrays)
    for one, other in zip(found, [*input_gradients, *weight_gradients], strict=True):
        assert_agree(one, other, GRADIENT)


@pytest.mark.parametrize("case", SMOOTH + FLAT, ids=IDS)
def test_symbolic_shape_and_model(case: Case) -> None:
    outputs = []
    layers = instances(case)
    for library, layer in zip((pynn, keras), layers, strict=True):
        inputs = [library.Input(shape) for shape in case.shapes]
        model = library.Model(packed(inputs), layer(packed(inputs)))
        value = model(packed(drawn(case)))
        outputs.append((model.output_shape, value, model.count_params()))
    assert outputs[0][0] == outputs[1][0]
    assert_agree(outputs[0][1], outputs[1][1], FORMULA)
    assert outputs[0][2] == outputs[1][2] or is_known(case)


@pytest.mark.parametrize("case", NOISY, ids=lambda case: f"{case.cls}-{case.options(None)}")
@pytest.mark.parametrize("mean", [0.0, 2.0])
def test_noise_has_the_same_distribution(case: Case, mean: float) -> None:
    ours, theirs = (
        getattr(library.layers, case.cls)(**case.options(library), seed=5)
        for library in (pynn, keras)
    )
    x = drawn(case)[0] + np.float32(mean)
    np.testing.assert_array_equal(np.asarray(ours(x)), x)
    np.testing.assert_array_equal(np.asarray(theirs(x)), x)
    one = np.asarray(ours(x, training=True), "float64")
    other = np.asarray(theirs(x, training=True), "float64")
    # Five standard errors of the difference of two means, and of two mean squares, of numbers that
    # are drawn each for itself.
    shape = case.options(pynn).get("noise_shape") or ()
    shared = tuple(axis for axis, size in enumerate(shape) if size == 1)
    for moment in (1, 2):
        a, b = ((found**moment).mean(axis=shared or ()) for found in (one, other))
        error = 5 * np.sqrt((a.var() + b.var()) / a.size)
        assert abs(a.mean() - b.mean()) <= error
    if case.cls == "Dropout":
        np.testing.assert_allclose(
            np.unique(np.round(one / x, 3)), np.unique(np.round(other / x, 3))
        )


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)], ids=str)
def test_embedding(shape: tuple[int, ...]) -> None:
    ours, theirs = pynn.layers.Embedding(6, 2), keras.layers.Embedding(6, 2)
    for layer in (ours, theirs):
        layer.build((None, *shape))
    table = generator("table").standard_normal((6, 2)).astype("float32")
    ours.set_weights([table])
    theirs.set_weights([table])
    x = generator("words", shape).integers(0, 6, (ROWS, *shape)).astype("int32")
    assert_agree(ours(x), theirs(x), FORMULA)
    with pynn.Tape() as tape:
        value = pynn.ops.sum(pynn.ops.square(ours(x)))
    (found,) = tape.gradient(value, ours.trainable_weights)
    expected = jax.grad(lambda t: keras.ops.sum(theirs.stateless_call([t], [], x)[0] ** 2))(table)
    assert_agree(found, expected, GRADIENT)


@pytest.mark.parametrize("axis", [-1, None, 1, (1, 2)], ids=str)
@pytest.mark.parametrize("batched", [False, True])
def test_adapt(axis: Any, batched: bool) -> None:
    x = generator("adapt").standard_normal((30, 3, 4)).astype("float32") * 2 + 1
    ours, theirs = pynn.layers.Normalization(axis=axis), keras.layers.Normalization(axis=axis)
    ours.adapt(x)
    theirs.adapt(x)
    assert_agree(ours(x), theirs(x), FORMULA)
    assert_agree(ours.mean, theirs.mean, FORMULA)
    assert_agree(ours.variance, theirs.variance, FORMULA)
    if batched:
        ours.adapt(x[:10] * 2)  # starts again
        theirs.adapt(x[:10] * 2)
        assert_agree(ours(x), theirs(x), FORMULA)


TWINS = ("add", "average", "concatenate", "maximum", "minimum", "multiply", "subtract")


@pytest.mark.parametrize("name", TWINS)
def test_functional_twin(name: str) -> None:
    x = drawn(case_of(name, (4,), (4,)))
    assert_agree(getattr(pynn.layers, name)(x), getattr(keras.layers, name)(x), FORMULA)


@pytest.mark.parametrize("normalize", [False, True])
def test_dot_as_a_function(normalize: bool) -> None:
    x = drawn(case_of("dot", (4,), (4,)))
    assert_agree(
        pynn.layers.dot(x, axes=1, normalize=normalize),
        keras.layers.dot(x, axes=1, normalize=normalize),
        FORMULA,
    )


@pytest.mark.parametrize("mode", ["multi_hot", "one_hot", "count"])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3)], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_category_encoding(mode: str, shape: tuple[int, ...], weighted: bool) -> None:
    x = generator("categories", shape).integers(-1, 6, (ROWS, *shape))
    weights = generator("counts", shape).random(x.shape).astype("float32")
    given = {"count_weights": weights} if weighted and mode == "count" else {}
    ours, theirs = (k.layers.CategoryEncoding(5, mode)(x, **given) for k in (pynn, keras))
    assert_agree(ours, theirs, FORMULA)
