"""Modules of PyTorch's as `pynn.models.from_torch` reads them, with what they return.

    python tests/reliability/torch_modules.py check        # torch, pynn: reads the modules
    python tests/reliability/torch_modules.py write FILE   # torch: describes them in a file

The file has the classes, settings and weights of modules, and rows with what PyTorch returns for
them. `stand_ins` makes objects of it that `from_torch` takes for modules: tests/models reads
tests/models/torch.npz without PyTorch.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 9
SETTINGS = (bool, int, float, str, type(None))


def cases() -> Iterator[tuple[str, Any, tuple[int, ...] | None, np.ndarray]]:
    """Yield names, modules, the shapes of rows where these have to be given, and rows."""
    import torch
    from torch import nn

    random = np.random.default_rng(0)

    def rows(*shape: int) -> np.ndarray:
        return (2 * random.standard_normal((ROWS, *shape))).astype("float32")

    class Named(nn.Sequential):
        """A class of the user's which computes nothing by itself."""

    torch.manual_seed(0)
    yield "linear", nn.Linear(3, 2), None, rows(3)
    yield "readme", nn.Sequential(nn.Linear(8, 30), nn.ReLU(), nn.Linear(30, 1)), None, rows(8)
    yield "no_bias", nn.Sequential(nn.Linear(3, 4, bias=False), nn.Tanh()), None, rows(3)
    nested = Named(nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.3)), nn.Linear(4, 3), nn.Softmax(1))
    yield "nested", nested, None, rows(3)
    shared = nn.Linear(4, 4)
    yield "shared", nn.Sequential(shared, nn.ReLU(), shared, nn.Identity()), None, rows(4)
    image = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 3))
    yield "image", image, (3, 4), rows(3, 4)
    yield "flat", image, None, rows(12)
    yield "double", nn.Sequential(nn.Linear(3, 4), nn.SELU()).double(), None, rows(3).astype(float)
    norm = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2))
    for _ in range(3):
        norm(torch.from_numpy(rows(4)))
    with torch.no_grad():
        for parameter in norm[1].parameters():
            parameter.add_(torch.rand(6))
    yield "batch_norm", norm, None, rows(4)
    yield "plain_norm", nn.BatchNorm1d(3, affine=False, eps=0.1), None, rows(3)
    channels = nn.Sequential(nn.BatchNorm1d(3), nn.PReLU(3), nn.Linear(4, 2))
    channels(torch.from_numpy(rows(3, 4)))
    yield "channels", channels, (3, 4), rows(3, 4)
    affine = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4), nn.LayerNorm(4, bias=False))
    with torch.no_grad():
        affine[0].weight.add_(torch.rand(4))
    yield "layer_norm", affine, None, rows(4)
    yield "layer_norm_of_two_axes", nn.LayerNorm((3, 4), eps=0.01), None, rows(3, 4)
    yield "no_affine", nn.LayerNorm(4, elementwise_affine=False), None, rows(4)
    scaled = nn.RMSNorm(4)
    with torch.no_grad():
        scaled.weight.add_(torch.rand(4))
    yield "rms_norm", nn.Sequential(scaled, nn.RMSNorm(4, elementwise_affine=False)), None, rows(4)
    table = nn.Sequential(nn.Embedding(7, 3, padding_idx=0), nn.Flatten(), nn.Linear(6, 2))
    yield "embedding", table, (2,), random.integers(0, 7, (ROWS, 2))
    shaped = nn.Sequential(
        nn.Linear(4, 12), nn.Unflatten(1, (2, 3, 2)), nn.Flatten(2), nn.Softmax(-1), nn.Flatten()
    )
    yield "unflatten", shaped, None, rows(4)
    matrix = nn.Sequential(nn.Linear(3, 4), nn.Softmax(dim=1), nn.LogSoftmax(dim=2))
    yield "axes", matrix, (2, 3), rows(2, 3)
    yield "dropped", nn.Sequential(nn.AlphaDropout(0.2), nn.Linear(3, 2)), None, rows(3)
    for each in (
        *(nn.ReLU(), nn.ReLU6(), nn.SELU(), nn.SiLU(), nn.Mish(), nn.Tanh(), nn.Sigmoid()),
        *(nn.Softsign(), nn.LogSigmoid(), nn.Hardsigmoid(), nn.Hardswish(), nn.Tanhshrink()),
        *(nn.Hardtanh(), nn.Hardtanh(-0.5, 2.0), nn.Softplus(), nn.Softplus(2.0)),
        *(nn.ELU(), nn.ELU(0.7), nn.LeakyReLU(), nn.LeakyReLU(0.3), nn.CELU(), nn.CELU(0.6)),
        *(nn.GELU(), nn.GELU("tanh"), nn.Hardshrink(), nn.Hardshrink(0.9), nn.Softshrink()),
        *(nn.Threshold(0.2, -1.0), nn.Softmax(1), nn.Softmin(1), nn.LogSoftmax(1), nn.GLU(1)),
        *(nn.GLU(), nn.PReLU(), nn.PReLU(4)),
    ):
        name = repr(each).replace(" ", "")
        yield name, nn.Sequential(nn.Linear(3, 4), each), None, rows(3)
    with_weight_norm = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    yield "weight_norm", with_weight_norm, None, rows(3)


def returned(module: Any, x: np.ndarray) -> np.ndarray:
    import torch

    with torch.no_grad():
        found: np.ndarray = module.eval()(torch.from_numpy(x)).numpy()
    return found


# ---- descriptions


def described(module: Any, arrays: list[np.ndarray]) -> dict[str, Any]:
    """Return what a module is; weights go to `arrays`, and are named by their places there."""
    bases = [(cls.__module__, cls.__name__) for cls in type(module).__mro__]
    kind = next(base for base in bases if base[0].startswith("torch.nn.modules."))
    settings = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(module).items()
        if not name.startswith("_") and isinstance(value, (*SETTINGS, tuple))
    }
    weights: dict[str, int | None] = {}
    for name in (*module._parameters, *module._buffers, "weight"):
        value = getattr(module, name, None)
        weights[name] = None if value is None else len(arrays)
        if value is not None:
            arrays.append(value.detach().numpy())
    children = [described(child, arrays) for child in module] if kind[1] == "Sequential" else []
    return {"kind": kind, "settings": settings, "weights": weights, "children": children}


class StandInTensor:
    """What `from_torch` asks of a tensor."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.dtype = f"torch.{array.dtype.name}"

    def detach(self) -> StandInTensor:
        return self

    cpu = detach

    def double(self) -> StandInTensor:
        return StandInTensor(self._array.astype("float64"))

    def numpy(self) -> np.ndarray:
        return self._array

    @property
    def T(self) -> StandInTensor:
        return StandInTensor(self._array.T)

    def reshape(self, *shape: int) -> StandInTensor:
        return StandInTensor(self._array.reshape(shape))


class StandIn:
    """A module as described."""

    _forward_hooks: dict[int, Any] = {}
    _forward_pre_hooks: dict[int, Any] = {}

    def __init__(self, given: dict[str, Any], arrays: list[np.ndarray]) -> None:
        vars(self).update(given["settings"])
        self._tensors = {
            name: StandInTensor(arrays[place])
            for name, place in given["weights"].items()
            if place is not None
        }
        vars(self).update(dict.fromkeys(given["weights"]) | self._tensors)
        self._children = [stand_in(each, arrays) for each in given["children"]]

    def __iter__(self) -> Iterator[StandIn]:
        return iter(self._children)

    def state_dict(self) -> dict[str, StandInTensor]:
        found = dict(self._tensors)
        for i, child in enumerate(self._children):
            found |= {f"{i}.{name}": tensor for name, tensor in child.state_dict().items()}
        return found

    def forward(self) -> None:
        raise NotImplementedError


def stand_in(given: dict[str, Any], arrays: list[np.ndarray]) -> StandIn:
    """Return an object that `from_torch` takes for a module."""
    module, name = given["kind"]
    made: StandIn = type(name, (StandIn,), {"__module__": module, "forward": StandIn.forward})(
        given, arrays
    )
    return made


def write(path: Path) -> None:
    arrays: list[np.ndarray] = []
    found = []
    for name, module, shape, x in cases():
        entry = {"name": name, "input_shape": shape, "x": len(arrays), "y": len(arrays) + 1}
        arrays += [x, returned(module, x)]
        found.append({**entry, "module": described(module, arrays)})
    values = {f"a{i}": array for i, array in enumerate(arrays)}
    np.savez_compressed(path, cases=json.dumps(found), **values)
    print(f"{path}: {len(found)} modules, {path.stat().st_size} bytes")


def read(path: Path) -> Iterator[tuple[str, StandIn, Any, np.ndarray, np.ndarray]]:
    """Yield names, stand-ins, shapes of rows, rows, and what PyTorch returns."""
    with np.load(path) as known:
        arrays = [known[f"a{i}"] for i in range(len(known.files) - 1)]
        for case in json.loads(str(known["cases"])):
            module = stand_in(case["module"], arrays)
            yield case["name"], module, case["input_shape"], arrays[case["x"]], arrays[case["y"]]


def excess(module: Any, shape: Any, x: np.ndarray, expected: np.ndarray) -> float:
    """Return how far pynn's numbers are apart, of what they may be: 1e-6 of the largest."""
    from pynn.models import from_torch

    found = from_torch(module, shape).predict(x, verbose=0)
    assert found.shape == expected.shape and found.dtype == expected.dtype
    return float(np.abs(found - expected).max() / (1e-6 * max(1.0, np.abs(expected).max())))


def check() -> None:
    worst = {name: excess(m, shape, x, returned(m, x)) for name, m, shape, x in cases()}
    for name, apart in worst.items():
        print(f"{name}: {apart:.2f} of 1e-6{'' if apart <= 1.0 else '  <-- too far'}")
    print(f"{sum(apart <= 1.0 for apart in worst.values())} of {len(worst)} agree")
    sys.exit(any(apart > 1.0 for apart in worst.values()))


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        check()
    elif len(sys.argv) == 3 and sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        sys.exit(__doc__)
