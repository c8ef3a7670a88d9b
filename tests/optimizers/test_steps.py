"""Steps on arrays and weights, with the options that all optimizers share."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import pynn
from pynn import _core, layers, optimizers
from reference.optimizers import NAMES, OPTIMIZERS, make

# A handful of steps in float64.
FLOAT64 = {"rtol": 1e-10, "atol": 1e-12}
STEPS = 5


def gradients(seed: int = 0) -> list[list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [[rng.normal(size=(3, 2)), rng.normal(size=4)] for _ in range(STEPS)]


def start() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.normal(size=(3, 2)), rng.normal(size=4)]


def reference(name: str, hyper: list[float], all_grads, rate) -> list[np.ndarray]:
    """Plain steps; `rate` is a number or one for each step."""
    rates = np.broadcast_to(rate, len(all_grads))
    weights = start()
    initial = _core.optimizer_initial(name, hyper)
    states = [
        [np.full(w.shape, initial if i == 0 else 0.0) for i in range(_core.optimizer_slots(name))]
        for w in weights
    ]
    named = dict(zip(_core.optimizer_parameters(name), hyper, strict=True))
    for step, grads in enumerate(all_grads, 1):
        for i, g in enumerate(grads):
            weights[i], states[i] = OPTIMIZERS[name](
                weights[i], states[i], g, rates[step - 1], step, **named
            )
    return weights


def run(optimizer: optimizers.Optimizer, all_grads) -> list[np.ndarray]:
    weights = start()
    for grads in all_grads:
        optimizer.apply_gradients(zip(grads, weights, strict=True))
    return weights


def assert_all_close(got, expected) -> None:
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, **FLOAT64)


def test_every_formula_of_the_engine_is_declared() -> None:
    assert set(NAMES) == set(_core.optimizer_names())


@pytest.mark.parametrize("name", NAMES)
def test_steps_are_those_of_the_reference(name: str) -> None:
    optimizer = make(name)
    native, hyper = optimizer._native()
    assert native == name
    got = run(optimizer, gradients())
    assert_all_close(got, reference(name, hyper, gradients(), float(optimizer.learning_rate)))
    assert optimizer.iterations == STEPS


def test_defaults_are_those_of_keras() -> None:
    assert optimizers.SGD()._native() == ("sgd", [])
    assert optimizers.SGD(nesterov=True)._native() == ("sgd", [])
    assert optimizers.RMSprop()._native() == ("rmsprop", [0.9, 1e-7])
    for cls in (optimizers.Adam, optimizers.AdamW):
        assert cls()._native() == ("adam", [0.9, 0.999, 1e-7])
    assert optimizers.Nadam()._native() == ("nadam", [0.9, 0.999, 1e-7])
    assert optimizers.Adamax()._native() == ("adamax", [0.9, 0.999, 1e-7])
    assert optimizers.Adagrad()._native() == ("adagrad", [1e-7, 0.1])
    assert optimizers.Adadelta()._native() == ("adadelta", [0.95, 1e-7])
    assert optimizers.Lion()._native() == ("lion", [0.9, 0.99])
    assert optimizers.Ftrl()._native() == ("ftrl", [-0.5, 0.0, 0.0, 0.0, 0.0, 0.1])
    rates = {optimizers.SGD: 0.01, optimizers.ScheduleFreeAdamW: 0.0025}
    for cls in optimizers.registry.members:
        if cls.__name__ not in optimizers.registry.own:
            assert cls().learning_rate == rates.get(cls, 0.001), cls


def test_weight_decay_shrinks_before_the_step() -> None:
    got = run(optimizers.SGD(0.1, weight_decay=0.5), gradients())
    weights = start()
    for grads in gradients():
        weights = [w - w * 0.5 * 0.1 - 0.1 * g for w, g in zip(weights, grads, strict=True)]
    assert_all_close(got, weights)
    assert optimizers.AdamW()._options() == {"weight_decay": 0.004}


class Named:
    """A variable as layers have them."""

    def __init__(self, value: np.ndarray, name: str, constraint=None) -> None:
        self.value = value
        self.name = name
        self.constraint = constraint

    def numpy(self) -> np.ndarray:
        return self.value.copy()

    def assign(self, value) -> None:
        self.value = np.array(value)


def test_weights_can_be_left_out_of_weight_decay() -> None:
    kernel, bias, other = (Named(np.ones(2), name) for name in ("kernel", "bias", "gamma"))
    optimizer = optimizers.SGD(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[other], var_names=["bias"])
    options = optimizer._options([kernel, bias, other])
    assert options == {"weight_decay": 0.5, "decay_factors": [1.0, 0.0, 0.0]}
    optimizer.apply([np.zeros(2)] * 3, [kernel, bias, other])
    for variable, expected in ((kernel, 0.95), (bias, 1.0), (other, 1.0)):
        np.testing.assert_allclose(variable.value, expected)


def test_constraints_hold_after_each_step() -> None:
    variable = Named(np.ones(2), "w", constraint=lambda w: np.clip(w, -0.5, 0.5))
    optimizers.SGD(0.1).apply([np.zeros(2)], [variable])
    np.testing.assert_array_equal(variable.value, [0.5, 0.5])


@pytest.mark.parametrize(
    ("option", "clip"),
    [
        ({"clipvalue": 0.3}, lambda gs: [np.clip(g, -0.3, 0.3) for g in gs]),
        (
            {"clipnorm": 0.5},
            lambda gs: [g * min(1.0, 0.5 / np.sqrt((g**2).sum())) for g in gs],
        ),
        (
            {"global_clipnorm": 0.5},
            lambda gs: [g * min(1.0, 0.5 / np.sqrt(sum((h**2).sum() for h in gs))) for g in gs],
        ),
    ],
    ids=["clipvalue", "clipnorm", "global_clipnorm"],
)
@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_clipping(option: dict, clip, scale: float) -> None:
    all_grads = [[scale * g for g in grads] for grads in gradients()]
    optimizer = optimizers.SGD(0.1, **option)
    assert optimizer._options() == option
    clipped = [clip(grads) for grads in all_grads]
    assert_all_close(run(optimizer, all_grads), reference("sgd", [], clipped, 0.1))


def test_loss_scale_is_undone() -> None:
    optimizer = optimizers.SGD(0.1, loss_scale_factor=8.0)
    assert optimizer.scale_loss(0.5) == 4.0
    scaled = [[8.0 * g for g in grads] for grads in gradients()]
    assert_all_close(run(optimizer, scaled), reference("sgd", [], gradients(), 0.1))
    assert optimizers.SGD().scale_loss(0.5) == 0.5


def test_gradients_accumulate() -> None:
    optimizer = optimizers.Adam(0.05, gradient_accumulation_steps=2)
    got = run(optimizer, gradients())
    pairs = zip(gradients()[0:4:2], gradients()[1:4:2], strict=True)
    means = [[(a + b) / 2 for a, b in zip(*pair, strict=True)] for pair in pairs]
    assert_all_close(got, reference("adam", [0.9, 0.999, 1e-7], means, 0.05))
    assert optimizer.iterations == 2
    assert optimizer._stepwise


def test_moving_average() -> None:
    optimizer = optimizers.SGD(0.1, use_ema=True, ema_momentum=0.6)
    weights, plain = start(), start()
    averages = None
    for grads in gradients():
        optimizer.apply_gradients(zip(grads, weights, strict=True))
        plain = [w - 0.1 * g for w, g in zip(plain, grads, strict=True)]
        if averages is None:
            averages = plain
        averages = [0.6 * a + 0.4 * w for a, w in zip(averages, plain, strict=True)]
    assert_all_close(weights, plain)
    other = np.ones(3)
    optimizer.finalize_variable_values([other, *weights])
    assert_all_close(weights, averages)
    assert other.tolist() == [1.0] * 3
    assert optimizer._stepwise


def test_moving_average_overwrites_every_few_steps() -> None:
    optimizer = optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    w = np.array([1.0])
    optimizer.apply([np.array([1.0])], [w])
    np.testing.assert_allclose(w, [0.9])
    optimizer.apply([np.array([1.0])], [w])
    np.testing.assert_allclose(w, [0.5 * 0.9 + 0.5 * 0.8])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_are_changed_in_place_whatever_their_layout(dtype: str) -> None:
    base = np.ones((4, 6), dtype)
    view = base.T[::2]
    optimizers.SGD(0.5).apply([np.ones(view.shape)], [view])
    assert base[:, ::2].tolist() == [[0.5] * 3] * 4
    assert base[:, 1::2].tolist() == [[1.0] * 3] * 4


def test_weights_of_a_layer() -> None:
    layer = layers.Dense(2)
    layer.build((None, 3))
    before = layer.kernel.numpy()
    optimizer = optimizers.Adam(0.1)
    optimizer.build(layer.trainable_weights)
    optimizer.apply_gradients([(np.ones((3, 2)), layer.kernel)])
    np.testing.assert_allclose(layer.kernel.numpy(), before - 0.1, rtol=1e-5, atol=1e-6)
    assert len(optimizer.variables) == 2 + 4  # those of the bias too, which has been built


def test_gradients_without_variables_go_to_the_known_ones() -> None:
    w = np.ones(2)
    optimizer = optimizers.SGD(0.5)
    optimizer.build([w])
    optimizer.apply([np.ones(2)])
    np.testing.assert_array_equal(w, [0.5, 0.5])
    optimizer.apply([])  # as Keras's, no step
    np.testing.assert_array_equal(w, [0.5, 0.5])
    assert optimizer.iterations == 1


def test_wrong_gradients_are_refused() -> None:
    w = np.ones(2)
    optimizer = optimizers.SGD()
    with pytest.raises(ValueError, match="one gradient for each variable"):
        optimizer.apply([np.ones(2)], [w, w.copy()])
    with pytest.raises(ValueError, match=r"gradient.shape=\(3,\), variable.shape=\(2,\)"):
        optimizer.apply([np.ones(3)], [w])
    with pytest.raises(ValueError, match="at least one gradient"):
        optimizer.apply([None], [w])
    with pytest.raises(ValueError, match="must be an array or have"):
        optimizer.apply([np.ones(2)], [[1.0, 1.0]])
    with pytest.raises(ValueError, match="must be float32 or float64. Received: int64"):
        optimizer.apply([np.ones(2)], [np.ones(2, int)])
    assert optimizer.iterations == 0
    np.testing.assert_array_equal(w, [1.0, 1.0])


def test_missing_gradients_leave_their_variables() -> None:
    v, w = np.ones(2), np.ones(2)
    with pytest.warns(UserWarning, match="1 of 2 variables have no gradient"):
        optimizers.SGD(0.5).apply([None, np.ones(2)], [v, w])
    np.testing.assert_array_equal([v, w], [[1.0, 1.0], [0.5, 0.5]])


class Halving(optimizers.Optimizer):
    def update_step(self, gradient, variable, learning_rate) -> None:
        variable *= 0.5
        variable -= learning_rate * gradient


def test_own_optimizer() -> None:
    w = np.ones(2)
    optimizer = Halving(0.25)
    assert optimizer._native() is None
    assert optimizer._stepwise
    optimizer.apply([np.ones(2)], [w])
    np.testing.assert_array_equal(w, [0.25, 0.25])


def test_an_optimizer_without_formula_says_so() -> None:
    with pytest.raises(TypeError, match="must define update_step"):
        optimizers.Optimizer(0.1).apply([np.ones(2)], [np.ones(2)])


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_has_the_settings_and_no_variables(copied) -> None:
    optimizer = optimizers.Adam(0.1)
    optimizer.apply([np.ones(2)], [np.ones(2)])
    again = copied(optimizer)
    assert again.get_config() == optimizer.get_config()
    assert again.iterations == 1
    assert len(again.variables) == 2
    again.learning_rate = 0.5
    assert optimizer.learning_rate == 0.1


@pytest.mark.parametrize("name", NAMES)
def test_a_number_is_stepped_as_a_vector_of_one_is(name: str) -> None:
    found = []
    for shape in ((), (1,)):
        weight, optimizer = np.full(shape, 0.7), make(name)
        for gradient in (2.0, -0.5, 1.0):
            optimizer.apply_gradients([(np.full(shape, gradient), weight)])
        assert weight.shape == shape
        found.append(float(weight.item()))
    assert found[0] == found[1] != 0.7


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_optimizers_can_be_set(name: str) -> None:
    first, second = make(name), make(name)
    weights, others = start(), start()
    first.apply(gradients()[0], weights)
    with pytest.raises(ValueError, match="the variables that the optimizer has been built with"):
        second.set_weights([*first.variables, np.zeros(2)])
    second.build(others)
    second.set_weights(first.variables)
    assert second.iterations == 1
    for one, other in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("cls", [optimizers.SGD, optimizers.Adam])
def test_steps_of_other_values_than_its_own(cls: type) -> None:
    """As many in turn as the optimizer would take of its own, and its own stay as they are."""
    rng = np.random.default_rng(0)
    start = [rng.standard_normal((3, 2)), rng.standard_normal(2)]
    gradients = [[rng.standard_normal(w.shape) for w in start] for _ in range(3)]
    optimizer = cls(0.1)
    own = [w.copy() for w in start]
    optimizer.build(own)
    values, state = [w.copy() for w in start], [np.array(v) for v in optimizer.variables]
    for grads in gradients:
        values, state = optimizer.stateless_apply(state, grads, values)
    assert optimizer.iterations == 0
    for before, w in zip(start, own, strict=True):
        np.testing.assert_array_equal(before, w)
    for grads in gradients:
        optimizer.apply(grads, own)
    for mine, w in zip(values, own, strict=True):
        np.testing.assert_array_equal(mine, w)
    for mine, kept in zip(state, optimizer.variables, strict=True):
        np.testing.assert_array_equal(mine, np.array(kept))
    with pytest.raises(ValueError, match=r"as many as the optimizer was built with, 2.*: 1"):
        optimizer.stateless_apply(state, gradients[0], values[:1])


@pytest.mark.parametrize("clipvalue, change", [(None, 0.3), (0.5, 0.1)])
@pytest.mark.parametrize("kind", ["weight", "array"])
def test_a_variable_that_is_given_twice_takes_two_steps(kind, clipvalue, change):
    layer = layers.Dense(30)
    layer.build((None, 8))
    variable = layer.kernel if kind == "weight" else np.ones((8, 30), np.float32)
    before, gradient = np.array(variable), np.ones((8, 30), np.float32)
    optimizer = optimizers.SGD(0.1, clipvalue=clipvalue)
    optimizer.apply_gradients([(gradient, variable), (2 * gradient, variable)])
    np.testing.assert_allclose(before - np.array(variable), change, rtol=1e-5)


class Momentum(optimizers.Optimizer):
    """As Keras's guide writes one."""

    def __init__(self, learning_rate: float = 0.1, momentum: float = 0.5, **common) -> None:
        super().__init__(learning_rate, **common)
        self.momentum = momentum

    def build(self, variables) -> None:
        if self.built:
            return
        super().build(variables)
        self.velocities, self.counts = self.add_optimizer_variables(
            variables, ["velocity", "count"], ["zeros", "ones"]
        )

    def update_step(self, gradient, variable, learning_rate) -> None:
        i = self._get_variable_index(variable)
        self.assign(self.velocities[i], self.momentum * self.velocities[i] + gradient)
        self.assign_sub(variable, learning_rate * self.velocities[i])
        self.assign_add(self.counts[i], 1.0)

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}


def test_an_own_optimizer_keeps_arrays_for_weights(tmp_path) -> None:
    x = np.linspace(-1, 1, 24).reshape(8, 3)
    found = []
    for optimizer in (Momentum(0.1), optimizers.SGD(0.1, momentum=0.5)):
        pynn.utils.set_random_seed(1)
        model = pynn.Sequential([pynn.Input((3,)), layers.Dense(2)])
        model.compile(optimizer, "mse")
        model.fit(x, x[:, :2], epochs=2, batch_size=4, shuffle=False, verbose=0)
        model.save(tmp_path / "m.pynn")
        objects = {"Momentum": Momentum}
        again = pynn.models.load_model(tmp_path / "m.pynn", custom_objects=objects)
        for each in (model, again):
            each.fit(x, x[:, :2], epochs=1, batch_size=4, shuffle=False, verbose=0)
            found.append(each.get_weights())
        names = [variable.path.rpartition("_")[2] for variable in model.optimizer.variables[2:]]
        assert names == (["velocity", "count"] if not found[2:] else ["momentum"]) * 2
    for other in found[1:]:
        for mine, its in zip(found[0], other, strict=True):
            np.testing.assert_allclose(mine, its, rtol=1e-5, atol=1e-7)


def test_a_copy_of_an_own_optimizer_starts_anew() -> None:
    w = np.ones(2)
    optimizer = Momentum()
    optimizer.apply([np.ones(2)], [w])
    again = copy.deepcopy(optimizer)
    other = np.ones(2)
    again.apply([np.ones(2)], [other])
    np.testing.assert_array_equal(w, other)


def test_numbers_read_from_a_variable_of_an_optimizer_stay_as_they_were() -> None:
    optimizer, weight = optimizers.Adam(0.1), np.ones(3)
    optimizer.apply_gradients([(np.ones(3), weight)])
    momentum = optimizer.variables[2].numpy()
    optimizer.apply_gradients([(np.ones(3), weight)])
    np.testing.assert_allclose(momentum, 0.1)
    np.testing.assert_allclose(optimizer.variables[2].numpy(), 0.19)


def test_the_order_of_an_optimizers_variables() -> None:
    weights = [pynn.Variable(np.ones(2), name="k"), pynn.Variable(np.zeros(3), name="b")]
    optimizer = optimizers.Adam(use_ema=True, gradient_accumulation_steps=2, name="adam")
    optimizer.build(weights)
    kept = ["average", "gradient_accumulator"]
    names = [f"{w}_{name}" for name in kept for w in ("k", "b")]
    names += [f"{w}_{name}" for w in ("k", "b") for name in ("momentum", "velocity")]
    expected = [f"adam/{name}" for name in ["iteration", "learning_rate", *names]]
    assert [variable.path for variable in optimizer.variables] == expected
    scheduled = optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 10), 0.9, name="sgd")
    scheduled.build(weights)
    expected = ["sgd/iteration", "sgd/k_momentum", "sgd/b_momentum"]
    assert [variable.path for variable in scheduled.variables] == expected
