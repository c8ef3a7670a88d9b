"""Keras's own tests on pynn: what passed passes, and the list of known failures only shrinks.

Run in two halves, of about the same time, so that two processes can share them.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from conformance.keras_suite import helpers, run, scope
from pynn import ops, saving, utils

_NETWORKS = ("models", "trainers", "saving", "callbacks")


def _half_of(name: str) -> str:
    return "networks" if name.split("/")[0] in _NETWORKS else "parts"


@pytest.mark.parametrize("half", ["networks", "parts"])
def test_keras_suite(half: str) -> None:
    of_version, listed = run.known_failures()
    assert run.version() == of_version, f"known_failures.txt is of Keras {of_version}"

    outcomes = run.run([file for file in run.files_in_scope() if _half_of(file) == half])
    print(run.table(outcomes))
    failed = run.failures(outcomes)
    known = {name for name in listed if _half_of(name) == half}
    broken = {name: reason for name, reason in failed.items() if name not in known}
    assert not broken, f"failed and is not known to: {broken}"
    mended = sorted(known - failed.keys())
    assert not mended, f"passes, or is out of scope, and is in known_failures.txt: {mended}"


def test_every_pattern_is_of_something() -> None:
    files = run.test_files()
    for pattern in scope.FILES:
        assert any(fnmatchcase(file, pattern) for file in files), pattern


def test_helpers_stand_in_only_for_what_pynn_has_not() -> None:
    homes = {"ops": ops, "saving": saving, "utils": utils}
    for name in helpers.FALLBACKS:
        home, _, attribute = name.partition(".")
        assert attribute not in homes[home].__all__, f"pynn has {name}"
