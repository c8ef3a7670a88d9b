"""What pytabkit's TabM comes to in twenty steps, for tests that do without PyTorch.

``PYTHONPATH=tests python tests/estimators/tabular/pytabkit_tabm.py`` writes ``pytabkit_tabm.npz``.
It needs PyTorch and the files of pytabkit (1.8.0), of which it loads the network alone. Everything
is in float64, without dropout. Both AdamW have an epsilon of next to nothing: PyTorch adds it
to another root, as it corrects the second moment before and not after.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

PATH = Path(__file__).with_suffix(".npz")
STEPS, ROWS, BATCH, MEMBERS, UNITS = 20, 40, 8, 3, 10
NUMBERS, LEVELS = 4, (3, 2)
EPSILON = 1e-20


class Case(NamedTuple):
    """A network and a task."""

    mini: bool
    n_outputs: int  # classes, or 1 for a number

    @property
    def name(self) -> str:
        return f"{'mini' if self.mini else 'full'}{self.n_outputs}"


CASES = [Case(mini, n) for mini in (False, True) for n in (1, 3)]


def table(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers, codes of categories and targets."""
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=(ROWS, NUMBERS))
    codes = np.stack([rng.integers(0, n, ROWS) for n in LEVELS], axis=1)
    labels = rng.integers(0, case.n_outputs, ROWS)
    return numbers, codes, numbers[:, 0] ** 2 if case.n_outputs == 1 else labels


def one_hot(codes: np.ndarray) -> np.ndarray:
    return np.concatenate([np.eye(n)[codes[:, i]] for i, n in enumerate(LEVELS)], axis=1)


def batches() -> list[np.ndarray]:
    """Row numbers of each step, shape (BATCH, MEMBERS); the last of an epoch is short."""
    rng = np.random.default_rng(2)
    found: list[np.ndarray] = []
    while len(found) < STEPS:
        orders = np.stack([rng.permutation(ROWS - 3) for _ in range(MEMBERS)], axis=1)
        found += [orders[i : i + BATCH] for i in range(0, len(orders), BATCH)]
    return found[:STEPS]


def initial_weights(case: Case) -> list[np.ndarray]:
    """In the order of pynn's layers."""
    rng = np.random.default_rng(3)
    width = NUMBERS + sum(LEVELS)
    shapes: list[tuple[int, ...]] = [(MEMBERS, width)]
    for i in range(3):
        if not case.mini and i > 0:
            shapes.append((MEMBERS, width))
        shapes.append((width, UNITS))
        if not case.mini:
            shapes.append((MEMBERS, UNITS))
        shapes.append((UNITS,) if case.mini else (MEMBERS, UNITS))
        width = UNITS
    shapes += [(MEMBERS, UNITS, case.n_outputs), (MEMBERS, case.n_outputs)]
    return [rng.normal(0.1, 0.4, shape) for shape in shapes]


# ---- with PyTorch


def _network(case: Case, folder: Path) -> Any:
    """pytabkit's network, without what else pytabkit imports."""
    for name in ("pytabkit", "pytabkit.models", "pytabkit.models.nn_models"):
        package = types.ModuleType(name)
        package.__path__ = [str(folder / Path(*name.split(".")))]
        sys.modules[name] = package
    for name in ("rtdl_num_embeddings", "tabm"):
        full = f"pytabkit.models.nn_models.{name}"
        spec = importlib.util.spec_from_file_location(
            full, folder / Path(*full.split(".")).with_suffix(".py")
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        setattr(sys.modules["pytabkit.models.nn_models"], name, module)
        spec.loader.exec_module(module)
    backbone = {"type": "MLP", "n_blocks": 3, "d_block": UNITS, "dropout": 0.0}
    return module.Model(
        n_num_features=NUMBERS,
        cat_cardinalities=list(LEVELS),
        n_classes=case.n_outputs,
        backbone=backbone,
        bins=None,
        arch_type="tabm-mini" if case.mini else "tabm",
        k=MEMBERS,
        share_training_batches=False,
    ).double()


def _names(case: Case) -> list[str]:
    """The network's parameters in the order of `initial_weights`; weights are transposed."""
    if case.mini:
        layers = [f"backbone.blocks.{i}.0.{n}" for i in range(3) for n in ("weight", "bias")]
        return ["minimal_ensemble_adapter.weight", *layers, "output.weight", "output.bias"]
    parts = ("r", "weight", "s", "bias")
    layers = [f"backbone.blocks.{i}.0.{n}" for i in range(3) for n in parts]
    return [*layers, "output.weight", "output.bias"]


def _steps_of_pytabkit(case: Case, folder: Path) -> tuple[np.ndarray, list[np.ndarray]]:
    import torch

    network = _network(case, folder)
    parameters = dict(network.named_parameters())
    chosen = [parameters[name] for name in _names(case)]
    is_kernel = [name.startswith("backbone") and name.endswith("weight") for name in _names(case)]
    with torch.no_grad():
        for parameter, value, kernel in zip(chosen, initial_weights(case), is_kernel, strict=True):
            parameter.copy_(torch.tensor(value.T if kernel else value))
    numbers, codes, targets = (torch.tensor(each) for each in table(case))
    optimizer = torch.optim.AdamW(parameters.values(), lr=2e-3, weight_decay=0.0, eps=EPSILON)
    network.train()
    losses = []
    for rows in batches():
        flat = torch.tensor(rows.ravel())
        outputs = network(numbers[flat], codes[flat]).flatten(0, 1)
        if case.n_outputs == 1:
            loss = torch.nn.functional.mse_loss(outputs, targets[flat][:, None])
        else:
            loss = torch.nn.functional.cross_entropy(outputs, targets[flat])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    found = [parameter.detach().numpy() for parameter in chosen]
    return np.array(losses), [x.T if k else x for x, k in zip(found, is_kernel, strict=True)]


def main() -> None:
    """Write the numbers; the argument is the folder that pytabkit's is in."""
    made: dict[str, np.ndarray] = {}
    for case in CASES:
        losses, weights = _steps_of_pytabkit(case, Path(sys.argv[1]))
        made[f"{case.name}.losses"] = losses
        made[f"{case.name}.weights"] = np.concatenate([each.ravel() for each in weights])
    np.savez_compressed(PATH, **made)


if __name__ == "__main__":
    main()
