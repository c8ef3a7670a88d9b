"""A table with all that tables have, and small networks for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

SMALL: dict[str, Any] = {
    "preset": "mlp",
    "hidden_layer_sizes": 16,
    "epochs": 12,
    "batch_size": 32,
    "learning_rate": 0.02,
    "dropout": 0.0,
    "random_state": 0,
}


def mixed_table(n: int = 240, seed: int = 0) -> pd.DataFrame:
    """Numbers, texts, categories, flags and dates, with gaps."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "size": rng.normal(50.0, 10.0, n),
            "rooms": rng.integers(1, 6, n),
            "city": rng.choice(["Oslo", "Rome", "Bonn"], n),
            "street": pd.Categorical(rng.choice([f"street {i}" for i in range(20)], n)),
            "garden": rng.random(n) < 0.3,
            "sold": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
        }
    )
    for column in ("size", "city", "sold"):
        table.loc[rng.random(n) < 0.1, column] = None
    return table


def prices(table: pd.DataFrame) -> np.ndarray:
    """What numbers, texts and dates of a table say about a price."""
    days = (table["sold"] - pd.Timestamp("2020-01-01")).dt.days
    price = (
        2.0 * table["size"].fillna(60.0) + 40.0 * (table["city"] == "Rome") + 0.1 * days.fillna(0)
    )
    return price.to_numpy(float)


def expensive(table: pd.DataFrame) -> np.ndarray:
    """Which prices are high, as texts."""
    price = prices(table)
    return np.where(price > np.median(price), "high", "low")
