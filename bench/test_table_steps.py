"""What is counted of a training step."""

from __future__ import annotations

import table_steps


def test_operations_are_those_of_the_products() -> None:
    model, _ = table_steps.plain((256, 1))
    assert table_steps.operations(model) == 2 * (2 * 10 * 256 + 3 * 256)


def test_shares_are_of_the_peak() -> None:
    own, beside = table_steps.shares("realmlp", 1, 0.01)
    assert 0 < own < 1
    assert 0 < beside < 1
