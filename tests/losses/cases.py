"""Losses with arguments, each with data that suits it, for the tests of this folder."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pynn import losses
from reference.loss_samples import samples_of

N_ROWS, N_FEATURES = 7, 4


class Case(NamedTuple):
    loss: losses.Loss
    y_true: np.ndarray
    y_pred: np.ndarray

    @property
    def name(self) -> str:
        native = self.loss._native()
        return native[0] if native else self.loss.name


def _cases() -> dict[str, Case]:
    found = {}
    for cls in losses.CLASS_OF.values():
        takes_logits = "from_logits" in cls()._fn_kwargs
        # What an ignored class does to means has tests of its own.
        changed = {key: value for key, value in cls._example.items() if key != "ignore_class"}
        for logits in (False, True)[: 1 + takes_logits]:
            for example in ({}, changed)[: 1 + bool(changed)]:
                given = {**example, **({"from_logits": True} if logits else {})}
                name = "-".join([cls.__name__, *(f"{key}={value}" for key, value in given.items())])
                data = samples_of(cls._data, logits, N_ROWS, N_FEATURES, "float64")
                found[name] = Case(cls(**given), *data)
    return found


CASES = list(_cases().values())
IDS = list(_cases())
