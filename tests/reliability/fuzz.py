"""Fuzz what reads files, guided by coverage: `python tests/reliability/fuzz.py keras --seconds 60`.

Needs atheris: `pip install atheris`. What is found is left in the folder that is given, or the
present one; what covers new lines is kept in `--corpus`, beside the files of tests/saving.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import random
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

with atheris.instrument_imports(include=["pynn"]):
    import pynn
    import pynn.estimators
    import pynn.formats.keras
    from pynn.models import load_model, model_from_json
    from pynn.saving import FileError

from reliability.mutations import damaged, seeds, weighted  # noqa: E402
from saving import hostile  # noqa: E402

# Where the file is that is being read: where a library hangs, atheris ends without a word.
LAST: Path | None = None


def reads(read: Callable[[Any], Any]) -> Callable[[bytes], None]:
    def target(content: bytes) -> None:
        if LAST is not None:
            LAST.write_bytes(content)
        try:
            read(io.BytesIO(content))
        except FileError:
            pass

    return target


def config(content: bytes) -> None:
    try:
        model_from_json(content.decode("utf-8", "replace"))
    except (FileError, ValueError):
        pass


def set_state(content: bytes) -> None:
    """Give objects a state in which something is not what it was; they may refuse it in words."""
    rng = random.Random(content)
    for honest in STATES:
        state = dict(honest.__getstate__())
        key = rng.choice(sorted(state))
        state[key] = rng.choice([*hostile.HUGE, *copy.copy(list(state.values()))])
        made: Any = object.__new__(type(honest))
        try:
            made.__setstate__(state)
            made.predict([[0.0] * 4])
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError):
            pass
        except RuntimeError as error:
            assert type(error) is RuntimeError, error


STATES = [hostile.classifier(), pynn.Perceptron(max_iter=2).fit([[0.0] * 4, [1.0] * 4], [0, 1])]
# Target -> what it runs, and the endings of the files that it begins with.
TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "pynn": (reads(load_model), seeds(".pynn")),
    "estimator": (reads(pynn.load), seeds(".pynn")),
    "weights": (reads(weighted()), seeds(".pynn", ".h5", ".keras")),
    "keras": (reads(load_model), seeds(".keras")),
    "h5": (reads(load_model), seeds(".h5")),
    "config": (config, [json.dumps(hostile.sequential(hostile.begin(4))).encode()]),
    "setstate": (set_state, [b"a"]),
}


def mutated(content: bytes, longest: int, seed: int) -> bytes:
    """Change a value of the description of a file of pynn's, or bytes."""
    changed = damaged(content, random.Random(seed))
    return changed if len(changed) <= longest else content


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(".")[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--found", type=Path, default=Path("."))
    given = parser.parse_args()
    target, files = TARGETS[given.target]
    warnings.simplefilter("ignore")
    global LAST
    given.found.mkdir(parents=True, exist_ok=True)
    LAST = given.found / f"last.{given.target}"
    with tempfile.TemporaryDirectory() as begin:
        for number, content in enumerate(files):
            Path(begin, str(number)).write_bytes(content)
        kept = given.corpus or Path(begin) / "new"
        kept.mkdir(parents=True, exist_ok=True)
        options = [f"-max_total_time={given.seconds}", "-timeout=5", "-rss_limit_mb=600"]
        options += ["-max_len=100000", f"-artifact_prefix={given.found}/", "-print_final_stats=1"]
        mutator = {} if given.target in ("config", "setstate") else {"custom_mutator": mutated}
        atheris.Setup([sys.argv[0], *options, str(kept), begin], target, **mutator)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
