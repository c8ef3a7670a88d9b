"""What two epochs of a small network of the engine leave, to compare with another way to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import _core
from reference.optimizers import HYPER

FOREVER = 1e9
# What else happens to gradients and weights of a step.
EXTRAS: dict[str, dict[str, Any]] = {
    "plain": {},
    "penalty": {"penalty": 1e-3},
    "decay": {"weight_decay": 0.1},
    "clipvalue": {"clipvalue": 0.01},
    "clipnorm": {"clipnorm": 0.1, "penalty": 1e-3},
    "global_clipnorm": {"global_clipnorm": 0.1},
}


class Network:
    """Base of networks with one input and one output of two columns."""

    graph: Any
    variables: list[Any]
    output: int

    def trainer(self, optimizer: str, extra: dict[str, Any], **options: Any) -> Any:
        options |= {k: v for k, v in extra.items() if k != "penalty"}
        penalties = [extra.get("penalty", 0.0)] * len(self.variables)
        return _core.Trainer(
            self.graph, [0], [self.output], [("mean_squared_error", [])], [1.0], [[]],
            self.variables, penalties, penalties, (optimizer, HYPER[optimizer]), options,
        )  # fmt: skip


def bits(
    net: Network, source: Any, optimizer: str = "sgd", extra: Any = None, batch: int = 40
) -> list[np.ndarray]:
    """All that two epochs leave, a gradient, an evaluation and predictions."""
    n = source.rows
    y = _core.Rows(np.random.default_rng(1).normal(size=(n, 2)).astype(net.graph.dtype))
    trainer = net.trainer(optimizer, extra or {})
    sums = []
    for epoch in range(2):
        trainer.start([source], [y], [None], batch, None, epoch)
        trainer.run(np.full(n, 1e-3), FOREVER)
        sums.append(trainer.results()["loss"])
    sums.append(trainer.evaluate([source], [y], [None])["loss"])
    loss, gradients = trainer.gradients([source], [y], [None])
    kept = [v.view.copy() for v in net.variables]
    kept += [slot.view.copy() for slots in trainer.state for slot in slots]
    (predicted,) = _core.Executor(net.graph, [0], [net.output]).predict([source])
    return [*kept, np.array(sums), np.array([loss]), *(g.copy() for g in gradients), predicted]


def assert_same(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    for left, right in zip(a, b, strict=True):
        assert np.isfinite(left).all()
        np.testing.assert_array_equal(left, right)
