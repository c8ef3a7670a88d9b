"""Comparisons with Keras itself; this folder is collected only where Keras and JAX are installed.

    python -m pytest tests/conformance

JAX is the backend, since gradients and fits are compared, too.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Thousands of small programs run once each: compiling them takes longer than running them.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
)

if importlib.util.find_spec("keras") is None or importlib.util.find_spec("jax") is None:
    collect_ignore_glob = ["test_*.py", "keras_suite/*"]
else:
    needed = {
        "test_dask_optuna.py": ["distributed", "optuna_integration"],
        "test_lookups.py": ["tensorflow"],
        "test_libraries_for_keras.py": ["keras_tuner", "optuna_integration", "scikeras"],
    }
    collect_ignore_glob = [
        file for file, names in needed.items() if not all(map(importlib.util.find_spec, names))
    ]


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Let Keras make arrays of its variables in the way that newer versions of NumPy deprecate."""
    warning = "ignore:__array__ implementation doesn't accept:DeprecationWarning"
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    """Let both libraries count their default names from the start."""
    import keras

    import pynn

    keras.utils.clear_session(free_memory=False)
    pynn.backend.clear_session()
