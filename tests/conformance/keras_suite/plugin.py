"""pytest plugin that runs Keras's test files on pynn: see run.py.

It installs the shim before a test file is imported, leaves out what scope.py does not cover, and
writes each test's outcome to the file named by ``--outcomes``.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import sys
import types
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn
from conformance.keras_suite import helpers, scope, shim

_SEED = 1337
# Seconds of computation; what takes longer will not end.
_LIMIT = 20
_LINE = 200  # characters of a reason

shim.install()
test_case = importlib.import_module("keras.src.testing.test_case")

# Keras's repository has it beside its sources; the wheel has not.
_conftest = types.ModuleType("conftest")
_conftest.skip_if_backend = lambda backend, reason: lambda test: test  # type: ignore[attr-defined]
sys.modules["conftest"] = _conftest


_run_layer_test = test_case.TestCase.run_layer_test


def _run_layer_test_of_pynn(self: Any, *args: Any, **kwargs: Any) -> None:
    """Leave out three of the many checks: of seeds as variables, of masks, of lower precision.

    Masks have tests of their own.
    """
    for name in ("expected_num_seed_generators", "supports_masking", "expected_mask_shape"):
        kwargs.pop(name, None)
    _run_layer_test(self, *args, **{**kwargs, "run_mixed_precision_check": False})


def _raises(self: Any, expected: Any, expected_regex: Any, *args: Any, **kwargs: Any) -> Any:
    """Compare an error's type: its words are pynn's own."""
    return self.assertRaises(expected, *args, **kwargs)


def _warns(self: Any, expected: Any, expected_regex: Any, *args: Any, **kwargs: Any) -> Any:
    """Compare a warning's type."""
    return self.assertWarns(expected, *args, **kwargs)


_equal = test_case.TestCase.assertEqual


def _equal_but_for_batches(self: Any, first: Any, second: Any, msg: Any = None) -> None:
    """Compare shapes but for the batch's size that an Input fixes: pynn's models take any."""
    if isinstance(first, tuple) and isinstance(second, tuple) and first[:1] == (None,):
        second = (None, *second[1:])
    _equal(self, first, second, msg)


test_case.TestCase.assertEqual = _equal_but_for_batches
test_case.TestCase.assertRaisesRegex = _raises
test_case.TestCase.assertWarnsRegex = _warns
test_case.TestCase.run_layer_test = _run_layer_test_of_pynn
test_case.get_seed_generators = lambda layer: []


def pytest_addoption(parser: Any) -> None:
    parser.addoption("--outcomes", required=True, help="where to write the outcomes to")


class _Outcomes:
    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}

    def add(self, name: str, outcome: str, reason: str = "") -> None:
        if self.found.get(name, ("",))[0] != "failed":
            self.found[name] = (outcome, " ".join(reason.split())[:_LINE])


outcomes = _Outcomes()


def _name(nodeid: str) -> str:
    """Return a test's id with the path of its file below keras/src."""
    file, _, test = nodeid.partition("::")
    file = Path(os.path.normpath(shim.SOURCE / file)).relative_to(shim.SOURCE).as_posix()
    return f"{file}::{test}" if test else file


def pytest_collect_directory(path: Path, parent: Any) -> Any:
    """Keep pytest from executing Keras's own packages."""
    return pytest.Dir.from_parent(parent, path=path)


def pytest_collect_file(file_path: Path) -> None:
    """Let the package of a test file be the shim's before pytest looks for it."""
    package = file_path.parent.relative_to(shim.ROOT.parent)
    importlib.import_module(".".join(package.parts))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: Any) -> Any:
    # It imports the trainer of one of Keras's backends, or fails. NumPy's has no tests of its own.
    is_trainers = collector.nodeid.endswith("trainer_test.py")
    helpers.backend_name = "numpy" if is_trainers else "pynn"
    try:
        return (yield)
    finally:
        helpers.backend_name = "pynn"


def pytest_collectreport(report: Any) -> None:
    if report.failed:
        outcomes.add(_name(report.nodeid), "failed", _message(report))


def pytest_collection_modifyitems(items: list[Any], config: Any) -> None:
    shim.end_collecting()
    kept = []
    for item in items:
        name = _name(item.nodeid)
        reason = scope.reason_out(name)
        if reason is not None:
            outcomes.add(name, "out", reason)
        elif any(fnmatchcase(name, pattern) for pattern in scope.ENDLESS):
            outcomes.add(name, "failed", "would not end")
        else:
            kept.append(item)
    items[:] = kept


def pytest_runtest_logreport(report: Any) -> None:
    name = _name(report.nodeid)
    if report.failed:
        message = _message(report)
        reason = scope.reason_absent(message)
        outcomes.add(name, "out" if reason else "failed", reason or message)
    elif report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        outcomes.add(name, "out", f"Keras skips it: {reason.removeprefix('Skipped: ')}")
    elif report.when == "call":
        outcomes.add(name, "passed")


def _message(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(report.longrepr).strip().rsplit("\n", 1)[-1] if crash is None else crash.message


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: Any) -> Any:
    def give_up(*args: Any) -> None:
        raise TimeoutError(f"took more than {_LIMIT} s")

    # The data set of these tests looks the backend's device up among those of three.
    helpers.backend_name = "jax" if "py_dataset" in item.name else "pynn"
    random.seed(_SEED)
    np.random.seed(_SEED)
    pynn.random.set_seed(_SEED)
    signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, _LIMIT)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def pytest_sessionfinish(session: Any) -> None:
    Path(session.config.getoption("--outcomes")).write_text(json.dumps(outcomes.found, indent=0))
