"""Timing in turns: each side in a process of its own, all on the same machine at the same time.

A side is a library with its settings. It lives in a process of its own, so that no thread pool fights another one's: in
one process, OpenBLAS's threads and Numba's, both spinning while they wait, cost 5 to 8 times. The processes take turns.
Before each turn the machine is left alone for as long as threads spin; a turn begins with calls that are not timed.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import multiprocessing
import os
import statistics
import sys
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from benchmarks.results import Case, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from multiprocessing.connection import Connection
    from types import TracebackType

    from numpytorch._types import Array

THREADS = 2
SETTLE = 0.05  # s between turns: OpenBLAS's threads spin for some 30 ms after their last work
UNTIMED = 0.02  # s at the start of a turn
TURN = 0.06  # s that are timed in a turn, or one call
SLOW = 0.2  # s: a call that takes longer needs no untimed one before it
PATIENCE = 300.0  # s until a process that does not answer counts as lost


class Absent(Exception):  # noqa: N818 (it is no error: a library may be missing)
    """A library, or what it needs, is not there; the message says what."""


class DisagreementError(Exception):
    """Two sides computed different results: there is nothing to time."""


class Prepared(Protocol):
    """What a library's module makes of a case: a step to time, and what it computes."""

    def step(self) -> object:
        """Compute once, to the end: nothing may be left to compute later."""
        ...

    def results(self) -> dict[str, Array]:
        """Return what the first step computes, by name."""
        ...


@dataclass(frozen=True)
class Work:
    """A `Prepared` of two functions."""

    step: Callable[[], object]
    results: Callable[[], dict[str, Array]]


@dataclass(frozen=True)
class Side:
    """A library with its settings: a module of `benchmarks.libraries`, arguments for each of its cases, environment."""

    name: str
    module: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


def thread_environment(threads: int) -> dict[str, str]:
    """Return the variables that tell each library how many threads to use; they count when it is loaded."""
    names = ("OMP", "OPENBLAS", "MKL", "NUMBA")
    return {f"{name}_NUM_THREADS": str(threads) for name in names} | {"NUM_CPU_THREADS": str(threads)}  # tinygrad's


class Worker:
    """A side's process. `prepare` a case, ask for its `results`, then `time` it, in turns with others."""

    def __init__(self, side: Side, threads: int) -> None:
        """Start it; `wait` until it is ready."""
        self.side = side
        self.version = ""
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, side.module), daemon=True)
        with environment(thread_environment(threads) | dict(side.environment)):
            self._process.start()
        theirs.close()

    def wait(self) -> None:
        """Wait until it has imported its library. Raises Absent if that is not there."""
        self.version = self._receive()

    def prepare(self, function: str, case: Mapping[str, Any]) -> None:
        """Have the module's function of that name make a `Prepared` of the case."""
        self.ask("prepare", function, {**case, **self.side.settings})

    def ask(self, *message: object) -> Any:  # what comes back depends on the message
        """Send a message, and return the answer. Raises Absent, or RuntimeError with the process's traceback."""
        self._connection.send(message)
        return self._receive()

    def _receive(self) -> Any:
        if not self._connection.poll(PATIENCE):
            self.close()
            raise RuntimeError(f"{self.side.name}: expected an answer within {PATIENCE:g} s, got none.")
        try:
            kind, value = self._connection.recv()
        except EOFError:
            raise RuntimeError(f"{self.side.name}: its process ended.") from None
        if kind == "absent":
            self.close()
            raise Absent(value)
        if kind == "error":
            raise RuntimeError(f"{self.side.name}:\n{value}")
        return value

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join(timeout=5)
        if self._process.is_alive():
            self._process.kill()


def _serve(connection: Connection, name: str) -> None:
    prepared: Prepared | None = None
    took = 0.0
    message: tuple[Any, ...] = ("start",)
    while True:
        try:
            answer: object = None
            match message:
                case ("start",):
                    module = importlib.import_module(f"benchmarks.libraries.{name}")
                    answer = module.version()
                case ("prepare", str(function), case):
                    prepared = getattr(module, function)(**case)
                    took = 0.0
                case ("value", str(function), case):
                    answer = getattr(module, function)(**case)
                case ("results",):
                    assert prepared is not None
                    answer = prepared.results()
                case ("pools",):
                    answer = module.pools()
                case ("turn", untimed, seconds):
                    assert prepared is not None
                    times = take_turn(prepared.step, 0.0 if took > SLOW else untimed, seconds)
                    took = times[-1]
                    answer = times
            connection.send(("answer", answer))
        except ModuleNotFoundError as missing:
            if (missing.name or "").startswith(("numpytorch", "benchmarks")):
                connection.send(("error", traceback.format_exc()))
            else:
                connection.send(("absent", f"{missing.name} is not installed"))
        except Absent as absent:
            connection.send(("absent", str(absent)))
        except Exception:  # noqa: BLE001 (whatever a library raises is told)
            connection.send(("error", traceback.format_exc()))
        try:
            message = connection.recv()
        except EOFError:
            return


def take_turn(step: Callable[[], object], untimed: float, seconds: float) -> list[float]:
    """Call `step` for `untimed` seconds (or not at all), then at least once and for `seconds`; return s for each."""
    start = time.perf_counter()
    while time.perf_counter() - start < untimed:
        step()
    times: list[float] = []
    while sum(times) < seconds or not times:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return times


class Turns:
    """A run: the processes of several sides, and the cases that they take turns at. What is absent is noted."""

    def __init__(self, sides: list[Side], threads: int = THREADS, settle: float = SETTLE) -> None:
        self.absent: dict[str, str] = {}
        self.workers: list[Worker] = []
        self.settle = settle
        self.threads = threads
        try:
            for side in sides:
                self.workers.append(Worker(side, threads))
            for worker in list(self.workers):
                try:
                    worker.wait()
                except Absent as absent:
                    self.leave_out(worker, absent)
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __enter__(self) -> Turns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, at: TracebackType | None
    ) -> None:
        for worker in self.workers:
            worker.close()

    def versions(self) -> dict[str, str]:
        """Return each side's versions, and the threads of the pools that it has by now."""
        return {worker.side.name: f"{worker.version}; {worker.ask('pools')}" for worker in self.workers}

    def leave_out(self, worker: Worker, absent: Absent) -> None:
        """Go on without a side: what it needs is not there."""
        self.workers.remove(worker)
        self.absent[worker.side.name] = str(absent)
        say(f"  {worker.side.name}: {absent}")

    def case(
        self,
        title: str,
        function: str,
        arguments: Mapping[str, Any],
        *,
        base: str,
        seconds: float = 5.0,
        turns: int = 25,
        tolerance: float = 1e-4,
        scale: float = 1.0,
        unit: str = "ms",
        only: tuple[str, ...] = (),
    ) -> Case:
        """Prepare the case on every side (or on `only` some), see that they agree, time them in turns.

        base: the side that ratios are to. seconds: after which a side sits out the turns that are left. tolerance: see
        `agree`. scale: what one step's time is divided by, for a time per operation.
        """
        workers = []
        for worker in [w for w in self.workers if not only or w.side.name in only]:
            try:
                worker.prepare(function, arguments)
                workers.append(worker)
            except Absent as absent:
                self.leave_out(worker, absent)
        agree(title, {w.side.name: w.ask("results") for w in workers}, tolerance)
        times: dict[str, list[float]] = {w.side.name: [] for w in workers}
        for _ in range(turns):
            for worker in workers:
                taken = times[worker.side.name]
                if sum(taken) < seconds:
                    time.sleep(self.settle)
                    taken += worker.ask("turn", UNTIMED, TURN)
        case = Case(title=title, unit=unit, base=base, rows=rows(times, base, UNITS[unit] / scale))
        say("  " + title + ": " + ", ".join(f"{r.name} {r.median:.3g} {unit}" for r in case.rows))
        return case


UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "us/op": 1e6}
"""How many of a unit are a second."""


def rows(times: Mapping[str, list[float]], base: str, factor: float) -> list[Row]:
    """Sum up seconds by side: median, 10th and 90th percentile, times `factor`; the ratio of medians to `base`."""
    whole = statistics.median(times[base]) if times.get(base) else None
    made: list[Row] = []
    for name, taken in times.items():
        median = statistics.median(taken)
        low, high = (float(q) * factor for q in np.quantile(taken, [0.1, 0.9]))
        ratio = None if whole is None else median / whole
        made.append(Row(name=name, median=median * factor, low=low, high=high, repeats=len(taken), ratio=ratio))
    return made


def agree(title: str, results: Mapping[str, dict[str, Array]], tolerance: float) -> None:
    """Raise DisagreementError unless all sides have the first one's arrays.

    tolerance: how far an entry may be off, as a share of the array's largest entry.
    """
    first, *others = results
    for other in others:
        if results[other].keys() != results[first].keys():
            raise DisagreementError(
                f"{title}: expected {sorted(results[first])} from {other}, as from {first}, "
                f"got {sorted(results[other])}."
            )
        for name, expected in results[first].items():
            got = np.asarray(results[other][name])
            if got.shape != np.shape(expected):
                raise DisagreementError(f"{title}: {name} is {np.shape(expected)} of {first}, {got.shape} of {other}.")
            largest = float(np.max(np.abs(expected), initial=0.0))
            off = float(np.max(np.abs(got - expected), initial=0.0))
            if not (math.isfinite(off) and off <= tolerance * max(largest, 1e-12)):
                raise DisagreementError(
                    f"{title}: expected {name} of {other} within {tolerance:g} of {first}'s, as a share of the largest "
                    f"entry {largest:g}; got a difference of {off:g}."
                )


@contextlib.contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have environment variables set for processes that start in this context."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def say(line: str) -> None:
    """Tell whoever waits how far it is."""
    print(line, file=sys.stderr, flush=True)
