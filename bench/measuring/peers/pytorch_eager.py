"""PyTorch, eager: the training loop of its tutorials, without the printing."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from measuring import data
from measuring.work import Prediction, Training

_OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "momentum": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9),
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
}


def set_threads(threads: int) -> None:
    torch.set_num_threads(threads)


def build(case: Training | Prediction) -> nn.Sequential:
    batch_norm, dropout = getattr(case, "batch_norm", False), getattr(case, "dropout", 0.0)
    layers: list[nn.Module] = []
    for fan_in, fan_out in zip(case.sizes[:-2], case.sizes[1:-1], strict=True):
        layers.append(nn.Linear(fan_in, fan_out))
        if batch_norm:
            layers.append(nn.BatchNorm1d(fan_out))
        layers.append(nn.ReLU())
        if dropout:
            layers.append(nn.Dropout(dropout))
    layers.append(nn.Linear(*case.sizes[-2:]))
    return nn.Sequential(*layers).to(getattr(torch, case.dtype))


def train(case: Training) -> Callable[[], object]:
    x, y = map(torch.from_numpy, data.load(case.data, case.dtype))
    x, y = x[: case.rows], y[: case.rows]
    model = build(case)
    optimizer = _OPTIMIZERS[case.optimizer](model.parameters(), lr=case.rate)
    loss = nn.CrossEntropyLoss() if case.classifies else nn.MSELoss()
    targets = y if case.classifies else y[:, None]

    def fit() -> None:
        for _ in range(case.epochs):
            order = torch.randperm(len(x))
            for start in range(0, len(x), case.batch):
                rows = order[start : start + case.batch]
                optimizer.zero_grad(set_to_none=True)
                loss(model(x[rows]), targets[rows]).backward()
                optimizer.step()

    return fit


def predict(case: Prediction) -> Callable[[], object]:
    x = torch.from_numpy(data.load(case.data, case.dtype)[0][: case.rows].copy())
    model = build(case).eval()

    def outputs() -> object:
        with torch.inference_mode():
            z = model(x)
            return (torch.softmax(z, dim=1) if case.classifies else z).numpy()

    return outputs
