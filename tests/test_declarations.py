"""What is declared is public, is found by its names, and has an example."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pytest

from pynn import (
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
)

PACKAGES = (
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    optimizers.schedules,
    regularizers,
)
# What stands for ops between layers; nothing to be made by hand.
INSIDE = {layers.Function, layers.Operation}
CASES = [
    pytest.param(package, member, id=f"{package.__name__}.{member.__name__}")
    for package in PACKAGES
    for member in package.registry.members
    if member.__module__.startswith(package.__name__)  # losses are metrics, too
]


@pytest.mark.parametrize(("package", "member"), CASES)
def test_it_is_public(package: ModuleType, member: Any) -> None:
    assert (member.__name__ in package.__all__) == (member not in INSIDE)
    assert getattr(package, member.__name__) is member


@pytest.mark.parametrize(("package", "member"), CASES)
def test_its_names_are_its_own(package: ModuleType, member: Any) -> None:
    for name in package.registry.names_of(member):
        assert package.registry.find(name) is member
        if package is not metrics:  # where a loss's short name is that of the function
            assert getattr(package, name, member) in (member, *not_declared(package))


def not_declared(package: ModuleType) -> list[Any]:
    """The functions that make and call a layer at once, under its name in lower case."""
    return [f for name, f in vars(package).items() if name.islower() and inspect.isfunction(f)]


@pytest.mark.parametrize(("package", "member"), CASES)
def test_it_has_an_example(package: ModuleType, member: Any) -> None:
    assert ">>>" in member.__doc__ or member in INSIDE  # tests/test_public_names.py runs it
