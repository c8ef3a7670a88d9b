"""Damaged files, each with one thing changed: values of descriptions, bytes, and pieces moved."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pynn
from pynn.models import load_model
from pynn.saving import FileError
from saving import hostile

FILES = Path(__file__).resolve().parents[1] / "saving"
MOST_MEGABYTES, MOST_SECONDS = 64, 1.0
INTERESTING = [b"\0", b"\xff", b"\x80", b"\x7f", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\0\0\0"]


def seeds(*endings: str) -> list[bytes]:
    """Return the honest files of some kinds."""
    paths = sorted([*FILES.glob("data/*"), *FILES.glob("files/*")])
    return [path.read_bytes() for path in paths if path.suffix in endings]


def changed_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return a file with some bytes changed, left out, doubled or moved."""
    damaged = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        place = rng.randrange(len(damaged) + 1)
        length = min(rng.choice((1, 2, 4, 8, 64, 512)), len(damaged) - place)
        kind = rng.randrange(5)
        piece = bytes(damaged[place : place + length])
        if kind == 0:
            new = bytes(rng.randrange(256) for _ in range(length))
            damaged[place : place + length] = new
        elif kind == 1:
            new = rng.choice(INTERESTING)
            damaged[place : place + len(new)] = new
        elif kind == 2:
            del damaged[place : place + length]
        elif kind == 3:
            damaged[place:place] = piece
        else:
            other = rng.randrange(len(damaged) + 1)
            damaged[other : other + length] = piece
    return bytes(damaged)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Return a file with a value of its description changed, or bytes of it or of its arrays."""
    kind = rng.random()
    if kind < 0.7:
        try:
            if content.startswith(b"PK"):
                return _changed_archive(content, rng)
            if content.startswith(b"\x89HDF"):
                return _changed_config(content, rng)
            ((_, changed),) = hostile.mutations(content, 1, rng.randrange(2**31))
            return changed
        except Exception:  # an earlier change has left no description
            pass
    return changed_bytes(content, rng)


def _changed_archive(content: bytes, rng: random.Random) -> bytes:
    """Return a `.keras` file of another config, or other weights, with sums that are right."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    config, weights = members["config.json"], members["model.weights.h5"]
    if rng.random() < 0.2:
        return hostile.archive(config, changed_bytes(weights, rng))
    changed = hostile.changed_value(json.loads(config), rng)
    return hostile.archive(json.dumps(changed), weights)


def _changed_config(content: bytes, rng: random.Random) -> bytes:
    """Return an `.h5` file of another config, in the place of the one that is there."""
    place = content.index(rng.choice([b'{"class_name"', b'{"optimizer_config"', b'{"loss"']))
    text = content[place:].decode("latin-1")
    config, length = json.JSONDecoder().raw_decode(text)
    changed = json.dumps(hostile.changed_value(config, rng)).encode().ljust(length)
    return content[:place] + changed[:length] + content[place + length :]


def weighted() -> Callable[[Any], Any]:
    return hostile.trained().load_weights


def files(seed: int) -> Iterator[tuple[bytes, Callable[[Any], Any]]]:
    """Yield damaged files without end, each with what is to read it."""
    rng = random.Random(seed)
    own, keras, old = seeds(".pynn"), seeds(".keras"), seeds(".h5")
    load_weights = weighted()
    while True:
        content = rng.choice(own)
        for _ in range(8):
            yield damaged(content, rng), rng.choice([load_model, pynn.load, load_weights])
        for others in (keras, old):
            yield damaged(rng.choice(others), rng), rng.choice([load_model, load_weights])


def run(count: int, seed: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Load `count` damaged files; keep in `folder` the one that breaks a rule."""
    figures: Counter[str] = Counter()
    slowest = largest = 0.0
    for number, (content, read) in enumerate(files(seed)):
        if number == count:
            break
        outcome = "loaded"
        (folder / "last").write_bytes(content)
        with hostile.measured() as cost:
            try:
                read(io.BytesIO(content))
            except FileError:
                outcome = "refused"
        figures[outcome] += 1
        slowest, largest = max(slowest, cost.seconds), max(largest, cost.megabytes)
        assert cost.seconds < MOST_SECONDS, f"file {number} took {cost.seconds} s"
        assert cost.megabytes < MOST_MEGABYTES, f"file {number} took {cost.megabytes} MB"
        yield {**figures, "slowest, s": round(slowest, 2), "largest, MB": round(largest, 1)}
