"""The kinds of tests that can go on for as long as one likes.

Each is a module with ``run(count, seed, folder)``, which yields figures of what has been done so
far, again and again, and raises AssertionError where a promise is broken.
"""

from __future__ import annotations

from types import ModuleType

from reliability import (
    allocations,
    bad_requests,
    differential,
    interrupts,
    kills,
    leaks,
    mutations,
    processes,
    threads,
)

KINDS: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        allocations,
        bad_requests,
        differential,
        interrupts,
        kills,
        leaks,
        mutations,
        processes,
        threads,
    )
}
