"""Measure pynn beside its peers, all rows of the table in one command.

``python bench/report.py`` measures every question (see measuring/questions) against whichever peers
are installed, prints a table each, and in the end the figures to reach with what was measured.
Medians of interleaved rounds, in which everybody has a process of its own; see measuring/lab.py.

usage: python bench/report.py [--rows epoch,small,...] [--rounds N] [--threads N] [--quick]
                              [--json FILE]
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import signal
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from measuring import answers, questions  # noqa: E402
from measuring.lab import Lab  # noqa: E402
from measuring.peers import PEERS  # noqa: E402

_ROUNDS = 5
_DISTRIBUTIONS = (
    "numpy",
    "scikit-learn",
    "jax",
    "torch",
    "keras",
    "tensorflow-cpu",
    "onnxruntime",
)


def versions() -> dict[str, str]:
    found = {}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def machine() -> dict[str, Any]:
    """Describe what the figures were measured on."""
    import pynn
    from pynn import _core

    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "processors": len(os.sched_getaffinity(0)),
        "isa": _core.isa(),
        "pynn": pynn.__version__,
        "python": platform.python_version(),
        "packages": versions(),
    }


def print_machine(described: dict[str, Any], lab: Lab) -> None:
    packages = ", ".join(f"{name} {version}" for name, version in described["packages"].items())
    print(
        f"{described['processor']}, {described['processors']} processors; pynn "
        f"{described['pynn']} ({described['isa']}), Python {described['python']}; {packages}.\n"
        f"Medians of {lab.rounds} interleaved rounds, at most {lab.threads} threads."
    )
    for name, peer in PEERS.items():
        if peer.missing:
            print(f"Missing: {name} ({', '.join(peer.missing)} not installed).")
    print(flush=True)


def print_answer(answer: answers.Answer, seconds: float) -> None:
    print(f"## {answer.question}: {answer.title} ({seconds:.0f} s)\n")
    for table in answer.tables:
        print(answers.markdown(table))
    for figure in answer.figures:
        sign = "≥" if figure.at_least else "≤"
        print(
            f"- {figure.text}: {figure.write(figure.measured)}, wanted {sign} "
            f"{figure.write(figure.wanted)}: {figure.missing or 'reached'}"
        )
    print(f"\n{answer.bound}\n", flush=True)


def keep(path: Path, described: dict[str, Any], answer: answers.Answer) -> None:
    """Put an answer into the file, beside those of other runs on the same machine."""
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"answers": {}}
    stored["machine"] = described
    now = datetime.datetime.now().isoformat(timespec="minutes")
    stored["answers"][answer.question] = {"measured": now} | answer.to_json()
    order = [name for name in questions.NAMES if name in stored["answers"]]
    stored["answers"] = {name: stored["answers"][name] for name in order}
    path.write_text(json.dumps(stored, ensure_ascii=False) + "\n", encoding="utf-8")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default=",".join(questions.NAMES), help="separated by commas")
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument("--quick", action="store_true", help="to see that it runs; no figures")
    parser.add_argument("--json", type=Path, help="where to keep the results, beside earlier ones")
    args = parser.parse_args(arguments)
    args.rows = args.rows.split(",")
    unknown = [name for name in args.rows if name not in questions.NAMES]
    if unknown:
        parser.error(f"rows must be among {', '.join(questions.NAMES)}. Received: {unknown}")
    return args


def main(arguments: list[str] | None = None) -> None:
    args = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Terminated."))  # ends the processes too
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: args.threads])
    lab = Lab(args.rounds or (1 if args.quick else _ROUNDS), args.threads, args.quick)
    described = machine()
    print_machine(described, lab)
    found = []
    try:
        for name in args.rows:
            begin = time.perf_counter()
            answer = questions.load(name).answer(lab)
            found.append(answer)
            print_answer(answer, time.perf_counter() - begin)
            if args.json:
                keep(args.json, described, answer)
    finally:
        lab.end()
    print(answers.markdown(answers.figures_table(found)))


if __name__ == "__main__":
    main()
