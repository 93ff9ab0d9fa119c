"""What the grader costs: one hand-in, stage by stage, and a class, by workers and by size."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.classroom import make_class, quick_assignment, scores, time_grading
from benchmarks.entries import Entry, result
from benchmarks.entries.growth import slopes_of
from benchmarks.machine import ROOT
from benchmarks.results import Case
from benchmarks.turns import DisagreementError, rows, say

if TYPE_CHECKING:
    from benchmarks.results import Result

ANSWER = ROOT / "assignments" / "cnn" / "solution.py"
CHECKS = 3  # times that the hand-in is checked
CLASS = 12
TURNS = 2
SIZES = (6, 19, 60)  # ten-fold, in even steps of the logarithm
WHOLE = "all of it"


def check(entry: Entry) -> Result:
    """Check the model answer as a student would, and say which stage took how long."""
    taken: dict[str, list[float]] = {}
    sandbox = ""
    for _ in range(CHECKS):
        python = _seconds("-c", "pass")
        imports = _seconds("-c", "import autograder.cli") - python
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "result.json"
            whole = _seconds("-m", "autograder", "check", "cnn", str(ANSWER), "--json", str(path))
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        assert found["score"] == found["max_score"], f"expected full points for the model answer, got {found['score']}"
        sandbox = found["sandbox"]
        stages = {"Python starts": python, "imports": imports, "worker starts": found["timing"]["start"]}
        stages |= {f"check {c['id']}": c["seconds"] for c in found["checks"]}
        stages["the rest: report, ends of processes"] = whole - sum(stages.values())
        for stage, seconds in {WHOLE: whole, **stages}.items():
            taken.setdefault(stage, []).append(seconds)
        say(f"  checked in {whole:.1f} s")
    case = Case(title=entry.title, unit="s", base=WHOLE, rows=rows(taken, WHOLE, 1.0))
    notes = [
        f"{CHECKS} times, in the sandbox `{sandbox}`, command line and all. The ratio is the share of the whole.",
        (
            "model.learns trains the model, and its twin with frozen convolutions beside it; model.f1 looks at what it "
            "predicted. What runs beside the checks, as mypy does, costs only what is waited for."
        ),
    ]
    return result(entry, [case], notes=notes)


def _seconds(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 (our own command)
    return time.perf_counter() - start


def whole_class(entry: Entry) -> Result:
    """Grade a class with one worker and with two, and classes of several sizes."""
    by_workers: dict[str, list[float]] = {"1 worker": [], "2 workers": []}
    with tempfile.TemporaryDirectory(prefix="class-") as name:
        folder = Path(name)
        for turn in range(TURNS):
            for workers, (side, taken) in enumerate(by_workers.items(), start=1):
                taken.append(_grade(folder / f"{side}, {turn}", CLASS, workers))
            books = [folder / f"{side}, {turn}" / f"book{workers}" for workers, side in enumerate(by_workers, start=1)]
            if scores(books[0], "quick") != scores(books[1], "quick"):
                raise DisagreementError(f"{entry.title}: expected the same scores with one worker and with two.")
        grown = [(size, _grade(folder / str(size), size, 2)) for size in SIZES]
    compared = Case(
        title=f"{CLASS} hand-ins, by workers", unit="s", base="1 worker", rows=rows(by_workers, "1 worker", 1.0)
    )
    along = [
        Case(title=f"class size {size}", unit="s", base="2 workers", rows=rows({"2 workers": [took]}, "2 workers", 1.0))
        for size, took in grown
    ]
    notes = [
        (
            "Hand-ins of the CNN's bank, right, wrong and hostile, with the checks that neither train nor run mypy, "
            "from the command line to the gradebook. With training, and for hundreds: `python -m benchmarks.classroom`."
        ),
        "A run starts Python, its workers and a gradebook before the first hand-in: that is why the slope is below 1.",
    ]
    return result(entry, [compared, *along], slopes=slopes_of("class size", SIZES, along), notes=notes)


def _grade(folder: Path, count: int, workers: int) -> float:
    make_class(folder / "in", count)
    took = time_grading(str(quick_assignment(folder)), folder, count, workers, show=False)
    say(f"  {count} hand-ins, {workers} at a time: {took:.1f} s")
    return took
