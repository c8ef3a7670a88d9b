"""Modules of PyTorch's as models: stand-ins for them, with what PyTorch returned."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pynn import MLPRegressor, Sequential, models

_spec = importlib.util.spec_from_file_location(
    "torch_modules", Path(__file__).parents[1] / "reliability" / "torch_modules.py"
)
assert _spec is not None and _spec.loader is not None
torch_modules = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(torch_modules)

CASES = {case[0]: case[1:] for case in torch_modules.read(Path(__file__).with_name("torch.npz"))}


@pytest.mark.parametrize("name", CASES)
def test_they_return_what_pytorch_does(name: str) -> None:
    assert torch_modules.excess(*CASES[name]) <= 1.0


def module(kind: str, weights: dict[str, Any] | None = None, **settings: Any) -> Any:
    arrays = [np.asarray(each, "float32") for each in (weights or {}).values()]
    named = {name: i for i, name in enumerate(weights or {})}
    given = {"kind": ("torch.nn.modules.x", kind), "settings": settings, "weights": named}
    return torch_modules.stand_in({**given, "children": []}, arrays)


def linear() -> Any:
    weights = {"weight": np.eye(4), "bias": np.ones(4)}
    return module("Linear", weights, in_features=4, out_features=4)


def sequential(*children: Any) -> Any:
    found = module("Sequential")
    found._children = list(children)
    return found


def test_a_module_at_two_places_is_one_layer() -> None:
    once = linear()
    model = models.from_torch(sequential(once, module("ReLU"), once))
    assert model.count_params() == 20
    np.testing.assert_array_equal(model.predict(np.zeros((1, 4)), verbose=0), [[2.0] * 4])


def test_they_train_on_and_become_estimators() -> None:
    net, shape, x, y = CASES["readme"]
    model = models.from_torch(net)
    regressor = MLPRegressor.from_model(model, max_iter=3, warm_start=True)
    assert regressor.hidden_layer_sizes == (30,)
    np.testing.assert_allclose(regressor.predict(x), y[:, 0], atol=1e-6)
    before = model.get_weights()[0].copy()
    model.compile("adam", "mse")
    model.fit(x, y + 1.0, verbose=0)
    assert not np.array_equal(model.get_weights()[0], before)
    assert models.clone_model(model).count_params() == 301
    np.testing.assert_array_equal(models.from_torch(net, (8,)).get_weights()[0], before)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (Sequential(), TypeError, "takes a torch.nn.Sequential of .*Linear.*: Sequential"),
        (None, TypeError, "Received: NoneType"),
        (module("Conv1d"), TypeError, "torch.onnx.export .* from_onnx. Received: Conv1d"),
        (sequential(linear(), module("Conv1d")), TypeError, "Received: Conv1d"),
        (module("ReLU"), ValueError, "input_shape, of a row, must be given"),
        (sequential(module("GLU", dim=-1), linear()), ValueError, "input_shape, of a row, must be"),
        (sequential(linear(), module("Softmax", dim=0)), ValueError, "axis of rows.*dim=0"),
        (sequential(linear(), module("Flatten", start_dim=0, end_dim=-1)), ValueError, "joins"),
        (
            sequential(linear(), module("Unflatten", dim="n", unflattened_size=[2, 2])),
            ValueError,
            "take apart an axis of rows. Received: dim='n'",
        ),
    ],
)
def test_what_is_not_read_is_named(given: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        models.from_torch(given)


def test_settings_that_are_not_read() -> None:
    table = {"weight": np.eye(3)}
    looked_up = module("Embedding", table, num_embeddings=3, embedding_dim=3, max_norm=1.0)
    with pytest.raises(ValueError, match="max_norm cannot be read. Received: 1.0"):
        models.from_torch(looked_up, (2,))
    norm = module("BatchNorm1d", num_features=3, running_mean=None)
    with pytest.raises(ValueError, match="without running statistics depends on the batch"):
        models.from_torch(norm)


def test_forwards_and_hooks_of_ones_own_are_refused() -> None:
    base = type(linear())
    own = type("Own", (base,), {"forward": lambda self, x: x, "__module__": "mine"})
    inherited = type("Inherited", (base,), {"__module__": "mine"})
    given = linear()
    given.__class__ = own
    with pytest.raises(TypeError, match="forward.. or hooks of their own.* Received: Own"):
        models.from_torch(given)
    given.__class__ = inherited
    assert models.from_torch(given).count_params() == 20
    given._forward_hooks = {0: print}
    with pytest.raises(TypeError, match="Received: Inherited"):
        models.from_torch(given)
