"""Makes realmlp_steps.npz: twenty steps of pytabkit's RealMLP-TD, in float64 and without dropout.

Needs pytabkit 1.8.0 with torch, which are too large for the ordinary tests:

    python tests/estimators/tabular/realmlp_steps.py

For each task the file has the rows, the batches, the weights before and after, and the losses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_suffix(".npz")
ROWS, NUMBERS, UNITS, BATCH, EPOCHS = 170, 4, 16, 64, 10


def steps_of(task: str) -> dict[str, np.ndarray]:
    import torch
    from pytabkit.models.alg_interfaces.base import InterfaceResources, SplitIdxs
    from pytabkit.models.data.data import DictDataset, TensorInfo
    from pytabkit.models.sklearn.default_params import DefaultParams
    from pytabkit.models.training.lightning_modules import TabNNModule

    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double  # of one-hot labels
    random = np.random.default_rng(3)
    x = random.normal(size=(ROWS, NUMBERS))
    signal = x[:, :1] * x[:, 1:2] + np.sin(3 * x[:, 2:3]) + 0.3 * random.normal(size=(ROWS, 1))
    classifies = task == "classification"
    y = np.digitize(signal, np.quantile(signal, [0.3, 0.6])) if classifies else signal
    config = DefaultParams.RealMLP_TD_CLASS if classifies else DefaultParams.RealMLP_TD_REG
    config = config | {
        "hidden_sizes": [UNITS] * 3,
        "p_drop": 0.0,
        "batch_size": BATCH,
        "tfms": [],
    }
    data = DictDataset(
        {
            "x_cont": torch.tensor(x),
            "x_cat": torch.zeros((ROWS, 0), dtype=torch.long),
            "y": torch.tensor(y),
        },
        {
            "x_cont": TensorInfo(feat_shape=[NUMBERS]),
            "x_cat": TensorInfo(cat_sizes=[]),
            "y": TensorInfo(cat_sizes=[3]) if classifies else TensorInfo(feat_shape=[1]),
        },
    )
    everything = torch.arange(ROWS)[None]
    split = SplitIdxs(everything, everything, None, split_seed=1, sub_split_seeds=[1], split_id=0)
    module = TabNNModule(n_epochs=EPOCHS, **{k: v for k, v in config.items() if k != "n_epochs"})
    module.compile_model(data, [split], InterfaceResources(1, []))
    optimizer = module.configure_optimizers()
    names = [str(p.context.scope) for p in module.model.parameters()]
    found: dict[str, Any] = {"x": x, "y": y, "names": np.array(names)}
    for i, parameter in enumerate(module.model.parameters()):
        found[f"before_{i}"] = parameter.detach().numpy()[0].copy()
    batches, losses = [], []
    module.model.train()
    for _ in range(EPOCHS):
        order = torch.randperm(ROWS)
        for first in range(0, ROWS // BATCH * BATCH, BATCH):
            rows = order[first : first + BATCH]
            batches.append(rows.numpy().copy())
            module.hp_manager.update_hypers(module)
            output = module.model(module.train_dl.ds.get_batch(rows[None]))
            loss = module.criterion(output["x_cont"], output["y"]).sum()
            loss.backward()
            optimizer.step(loss=loss)
            optimizer.zero_grad()
            losses.append(loss.item())
            module.progress.total_samples += BATCH
            seen = module.train_dl.get_num_iterated_samples()
            module.progress.epoch_float = module.progress.total_samples / seen
    for i, parameter in enumerate(module.model.parameters()):
        found[f"after_{i}"] = parameter.detach().numpy()[0].copy()
    return found | {"batches": np.array(batches), "losses": np.array(losses)}


if __name__ == "__main__":
    tasks = ("classification", "regression")
    made = {f"{task}/{k}": v for task in tasks for k, v in steps_of(task).items()}
    for name in made:
        if name.endswith(("/names", "/losses")):
            print(name, made[name])
    np.savez_compressed(FILE, **made)
