"""Peers in processes of their own, measured in interleaved rounds; the peak in between.

A round samples everybody once, one after the other, and the median over the rounds counts. Machines
drift, so only figures of the same rounds are compared. A process whose turn it is not is stopped.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from measuring.answers import Measurement
from measuring.peers import PEERS, PYNN
from measuring.work import Peak, Work

_FOLDER = Path(__file__).resolve().parents[1]
_SAMPLE_SECONDS = 0.25  # long against the clock and the scheduler
_QUICK_SAMPLE_SECONDS = 0.03


class PeerError(Exception):
    """What went wrong in a peer's process, in a line."""


class Worker:
    """The process of one peer, stopped but for its turns."""

    def __init__(self, peer: str, isa: str | None, threads: int) -> None:
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(_FOLDER), os.environ.get("PYTHONPATH", "")]),
            "JAX_PLATFORMS": "cpu",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "OMP_NUM_THREADS": str(threads),
            "PYNN_NUM_THREADS": str(threads),
        }
        if isa is not None:
            environment["PYNN_ISA"] = isa
        self.messages = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            # -P: the pynn that the report has, not one that happens to be in the working directory.
            [sys.executable, "-P", "-m", "measuring.worker", peer],
            env=environment | PEERS[peer].environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.messages,
            text=True,
        )
        self.process.send_signal(signal.SIGSTOP)

    def ask(self, **request: Any) -> Any:
        self.process.send_signal(signal.SIGCONT)
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.process.wait()
            self.messages.seek(0)
            last = self.messages.read().decode(errors="replace").strip().splitlines()[-1:]
            raise PeerError(f"the process ended ({self.process.returncode}): {' '.join(last)}")
        self.process.send_signal(signal.SIGSTOP)
        reply = json.loads(line)
        if "error" in reply:
            raise PeerError(reply["error"])
        return reply["answer"]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.messages.close()


@dataclass
class Contender:
    """Somebody who does a piece of work on so many threads."""

    peer: str
    work: Work
    threads: int
    isa: str | None = None
    label: str = ""
    job: int = -1
    repeats: int = 1
    seconds: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.label or f"{self.peer}, {threads_of(self)}"


def threads_of(contender: Contender) -> str:
    return "1 thread" if contender.threads == 1 else f"{contender.threads} threads"


@dataclass
class Lab:
    """Everything that a question needs to be measured."""

    rounds: int
    threads: int
    quick: bool = False
    sample_seconds: float = _SAMPLE_SECONDS
    workers: dict[tuple[str, str | None], Worker] = field(default_factory=dict)
    jobs: int = 0

    @property
    def counts(self) -> list[int]:
        """The numbers of threads that are compared: one, and all."""
        return sorted({1, self.threads})

    def everybody(self, work: Work, peers: Sequence[str], **options: Any) -> list[Contender]:
        """Enter each peer once per number of threads, or once if it has no choice."""
        return [
            Contender(peer, work, threads, **options)
            for peer in peers
            if not PEERS[peer].missing
            for threads in (self.counts if PEERS[peer].resizable else [self.threads])
        ]

    def worker(self, contender: Contender) -> Worker:
        key = contender.peer, contender.isa
        if key not in self.workers:
            self.workers[key] = Worker(*key, self.threads)
        return self.workers[key]

    def measure(
        self, contenders: Sequence[Contender], rounds: int | None = None, peaks: bool = True
    ) -> list[Measurement]:
        """Run the rounds; whoever fails has a measurement that says why."""
        racers = self.racers(contenders) if peaks else {}
        failures: dict[int, str] = {}
        everyone = [*contenders, *racers.values()]
        for contender in everyone:
            self.attempt(contender, failures, self.prepare)
        for _ in range(rounds or self.rounds):
            for contender in everyone:
                self.attempt(contender, failures, self.sample)
        for contender in everyone:
            self.attempt(contender, failures, self.drop)
        peaks_of = {key: median(racer.values) for key, racer in racers.items()}
        return [
            Measurement(
                name=c.name,
                peer=c.peer,
                threads=c.threads,
                isa=c.isa,
                work={"piece": type(c.work).__name__} | asdict(c.work),
                seconds=c.seconds,
                values=c.values,
                operations=getattr(c.work, "operations", None),
                peak=peaks_of.get(race_of(c)),
                failure=failures.get(id(c)),
            )
            for c in contenders
        ]

    def racers(self, contenders: Sequence[Contender]) -> dict[Any, Contender]:
        """Return who measures the peaks that the contenders' figures are compared with."""
        keys = {race_of(c): c for c in contenders if hasattr(c.work, "operations")}
        seconds = _QUICK_SAMPLE_SECONDS if self.quick else self.sample_seconds
        return {
            key: Contender(PYNN[0], Peak(c.work.dtype, seconds), c.threads, c.isa)
            for key, c in keys.items()
        }

    def attempt(self, contender: Contender, failures: dict[int, str], action: Any) -> None:
        if id(contender) in failures:
            return
        try:
            action(contender)
        except PeerError as error:
            failures[id(contender)] = str(error)
            print(f"{contender.name} failed: {error}", file=sys.stderr)
            broken = self.workers.get((contender.peer, contender.isa))
            if broken is not None and broken.process.poll() is not None:
                self.workers.pop((contender.peer, contender.isa)).end()

    def prepare(self, contender: Contender) -> None:
        self.jobs += 1
        contender.job = self.jobs
        worker = self.worker(contender)
        worker.ask(
            do="prepare",
            job=contender.job,
            piece=type(contender.work).__name__,
            fields=asdict(contender.work),
            threads=contender.threads,
        )
        if contender.work.calls is not None:
            contender.repeats = contender.work.calls
            return
        seconds = _QUICK_SAMPLE_SECONDS if self.quick else self.sample_seconds
        contender.repeats = worker.ask(do="warm_up", job=contender.job, seconds=seconds)

    def sample(self, contender: Contender) -> None:
        seconds, value = self.worker(contender).ask(
            do="sample", job=contender.job, repeats=contender.repeats
        )
        contender.seconds.append(seconds)
        if value is not None:
            contender.values.append(value)

    def drop(self, contender: Contender) -> None:
        self.worker(contender).ask(do="drop", job=contender.job)

    def end(self) -> None:
        for worker in self.workers.values():
            worker.end()
        self.workers.clear()


def race_of(contender: Contender) -> tuple[int, str | None, str]:
    return contender.threads, contender.isa, contender.work.dtype


def median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


@contextmanager
def busy_neighbours(count: int, processor: int | None = None) -> Iterator[None]:
    """Run processes that only keep processors busy; all of them on one, if it is named."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        for process in processes:
            if processor is not None:
                os.sched_setaffinity(process.pid, {processor})
        time.sleep(0.2)
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
