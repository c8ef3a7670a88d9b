"""The public list of `pynn`: every name resolves, lazily, and nothing else is promised."""

from __future__ import annotations

import doctest
import importlib
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import pynn
from pynn.saving import get_custom_objects

ROOT = Path(__file__).resolve().parents[1]
INSIDE = {"cli", "formats", "graph", "training"}  # which users have no need to import


@pytest.mark.parametrize("name", pynn.__all__)
def test_every_name_resolves(name: str) -> None:
    assert getattr(pynn, name) is not None
    assert name in dir(pynn)


def test_the_list_is_what_can_be_resolved() -> None:
    folder = Path(pynn.__file__).parent
    found = [*folder.glob("*.py"), *folder.glob("*.pyx")]
    found += [path.parent for path in folder.glob("*/__init__.py")]
    modules = {path.stem for path in found if path.stem[0] != "_"}
    assert set(pynn.__all__) == {*modules - INSIDE, *pynn._HOMES, "__version__"}
    assert len(set(pynn.__all__)) == len(pynn.__all__)


def test_nothing_else_is_offered() -> None:
    assert {name for name in dir(pynn) if not name.startswith("_")} == {
        name for name in pynn.__all__ if not name.startswith("_")
    }


MODULES = [name for name in pynn.__all__ if isinstance(getattr(pynn, name), ModuleType)]
INNER = ["optimizers.schedules", "wrappers.scikit_learn", "datasets.mnist"]
INNER += ["datasets.fashion_mnist", "datasets.california_housing"]
INNER += ["datasets.boston_housing", "datasets.cifar10"]


@pytest.mark.parametrize("name", [*MODULES, *INNER])
def test_modules_offer_their_public_names_alone(name: str) -> None:
    module = importlib.import_module(f"pynn.{name}")
    assert dir(module) == sorted(module.__all__)
    for each in module.__all__:
        assert not each.startswith("_") and hasattr(module, each)


def public_callables() -> list[Any]:
    """Return every class and function of the public modules, each once."""
    modules = [importlib.import_module(f"pynn.{name}") for name in [*MODULES, *INNER]]
    found = [getattr(module, name) for module in modules for name in module.__all__]
    return list({id(each): each for each in found if callable(each)}.values())


def examples() -> list[Any]:
    """Return the examples in the docstrings of what is public and of its methods."""
    finder = doctest.DocTestFinder()
    found = [
        example
        for target in public_callables()
        if not target.__module__.startswith("pynn.datasets.")  # whose files may not be here
        for example in finder.find(target, f"{target.__module__}.{target.__name__}", globs={})
        if example.examples
    ]
    return [pytest.param(example, id=example.name) for example in found]


# tests/test_declarations.py asks for an example of what is declared in a registry.
@pytest.mark.parametrize("example", examples())
def test_examples_run(
    example: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report: list[str] = []
    try:
        failed, _ = doctest.DocTestRunner().run(example, out=report.append)
    finally:
        get_custom_objects().clear()  # in which an example registers a class
    assert not failed, "".join(report)
    assert list(tmp_path.iterdir()) == []


# Which take what they are given to something of the user's, or have no arguments of their own.
OPEN = {"SymbolicValueError", "DatasetNotFoundError", "FileError", "PartitionError"}


@pytest.mark.parametrize("target", public_callables(), ids=lambda target: target.__name__)
def test_signatures_say_what_is_taken(target: Any) -> None:
    if target.__name__ in OPEN:
        return
    parameters = list(inspect.signature(target).parameters.values())
    kinds = [parameter.kind for parameter in parameters]
    assert kinds != [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]


def test_a_signature_is_the_constructor_s() -> None:
    class Mine(pynn.layers.Dense):
        def __init__(self, factor: float, **kwargs: Any) -> None:
            super().__init__(3, **kwargs)

    class Slower(pynn.optimizers.Adam):
        pass

    assert list(inspect.signature(Mine).parameters) == ["factor", "kwargs"]
    assert inspect.signature(Slower) == inspect.signature(pynn.optimizers.Adam)
    assert list(inspect.signature(pynn.layers.Dense(3)).parameters) == ["args", "kwargs"]
    weight_decay = inspect.signature(pynn.optimizers.SGD).parameters["weight_decay"]
    assert (weight_decay.default, weight_decay.kind.name) == (None, "KEYWORD_ONLY")


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("Conv2D", "Dense after a Flatten"),
        ("GlobalMaxPooling1D", "Dense after a Flatten"),
        ("LSTM", "windows of the series"),
        ("SimpleRNN", "windows of the series"),
        ("MultiHeadAttention", "Embedding"),
        ("TextVectorization", "transformers"),
    ],
)
def test_layers_of_other_networks_say_so(name: str, instead: str) -> None:
    assert not hasattr(pynn.layers, name)
    message = f"no {name}: pynn is for dense networks.*{instead}"
    with pytest.raises(AttributeError, match=message):
        getattr(pynn.layers, name)
    with pytest.raises(ValueError, match=message):
        pynn.layers.deserialize({"class_name": name, "config": {}})


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("pynn.ops.conv", "dense on flattened rows"),
        ("pynn.ops.average_pool", "dense on flattened rows"),
        ("pynn.ops.rfft", "numpy.fft"),
        ("pynn.losses.CTC", "a loss of your own"),
        ("pynn.applications", "from_torch"),
        ("pynn.preprocessing", "transformers"),
        ("pynn.mixed_precision", "float32"),
    ],
)
def test_so_do_other_names(name: str, instead: str) -> None:
    package, _, attribute = name.rpartition(".")
    message = f"{package} has no {attribute}: pynn is for dense networks.*{instead}"
    with pytest.raises(AttributeError, match=message):
        getattr(importlib.import_module(package), attribute)


def test_a_misspelt_layer_is_no_other_network() -> None:
    with pytest.raises(AttributeError, match="module 'pynn.layers' has no attribute 'Dens'"):
        pynn.layers.Dens  # noqa: B018


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'pynn' has no attribute 'sequential'"):
        pynn.sequential  # noqa: B018


def test_the_version_has_one_home() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert pynn.__version__ == project["version"]


def test_importing_pynn_imports_no_part_of_it() -> None:
    code = "import sys, pynn; print([m for m in sys.modules if m.startswith('pynn.')])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
