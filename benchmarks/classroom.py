"""What grading a class costs: two processes beside one, the machinery's own share, and how both grow with the class.

    python -m benchmarks.classroom mix 300 --ratio-of 100   the CNN, trained and all: right, wrong, slow and hostile
    python -m benchmarks.classroom many 300 3000            without the checks that train and the one that runs mypy

`mix` grades a class with two processes, sees that everyone has a verdict, and compares one process with two on a part
of it. `many` prints, for each tenth of the class, when it was done and how much memory the grader's own processes had
by then. The sandboxes of hand-ins are not counted as the grader's: they end with each hand-in.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from autograder.assignment import load_assignment
from autograder.bank import load_bank
from autograder.gradebook import Book
from tests.hostile.suite import attacks, manifest, plant

if TYPE_CHECKING:
    from autograder.verdict import SubmissionResult

ROOT = Path(__file__).resolve().parents[1]
BANK = ROOT / "tests" / "submissions" / "cnn"
LEFT_OUT = ("model.", "types.")


def at_least_one(text: str) -> int:
    """Read how many there are."""
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {count}")
    return count


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description="What grading a class costs.")
    parser.add_argument("what", choices=("mix", "many"))
    parser.add_argument("hand_ins", type=at_least_one, nargs="+", help="how many: 300, or 300 3000")
    parser.add_argument(
        "--ratio-of", type=at_least_one, default=100, help="mix: on how many one process is compared with two"
    )
    arguments = parser.parse_args()
    print(f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory(prefix="classroom-") as name:
        folder = Path(name)
        for count in arguments.hand_ins:
            if arguments.what == "many":
                many(count, folder / str(count))
            else:
                mix(count, folder / str(count))
                compare(arguments.ratio_of, folder / "part")


def mix(count: int, folder: Path) -> None:
    """Grade a mixed class with two processes, and see that nothing is lost."""
    make_class(folder / "in", count)
    took = time_grading("cnn", folder, count, 2, show=False)
    results = read_results(folder / "book2")
    assert len(results) == count, f"expected {count} results, got {len(results)}"
    passed, faults = sum(r.passed for r in results), sum(r.faulty for r in results)
    middle = statistics.median(r.score for r in results)
    statuses = Counter(str(c.status) for r in results for c in r.checks)
    print(f"{count} hand-ins with two processes: {took:.0f} s, {took / count:.2f} s each, none lost")
    print(f"  median {middle:g} points, {passed} passed everything, {faults} faults of the grader")
    print(f"  checks: {', '.join(f'{n} {status}' for status, n in statuses.most_common())}", flush=True)


def compare(count: int, folder: Path) -> None:
    """Grade a part with one process and with two: the ratio, and the share of the machinery."""
    make_class(folder / "in", count)
    took = {workers: time_grading("cnn", folder, count, workers, show=False) for workers in (1, 2)}
    assert scores(folder / "book1") == scores(folder / "book2"), "the two books differ"
    print(
        f"{count} hand-ins, same scores: one process {took[1]:.0f} s, two {took[2]:.0f} s, "
        f"ratio {took[2] / took[1]:.2f}"
    )
    results = read_results(folder / "book1")
    own = [
        r.timing["hand_in"] - r.timing["start"] + sum(c.seconds for c in r.checks if c.id == "types.strict")
        for r in results
    ]
    print(
        f"  a hand-in, with one process: {took[1] / count:.2f} s, of which its own computing and mypy take "
        f"{sum(own) / count:.2f} s and the machinery {(took[1] - sum(own)) / count:.2f} s",
        flush=True,
    )


def many(count: int, folder: Path) -> None:
    """Grade a large class without training, and watch time and memory."""
    make_class(folder / "in", count)
    took = time_grading(str(quick_assignment(folder)), folder, count, psutil.cpu_count() or 1, show=True)
    print(f"{count} hand-ins: {took:.0f} s, {took / count * 1000:.0f} ms each\n")


def time_grading(assignment: str, folder: Path, count: int, workers: int, *, show: bool) -> float:
    """Grade `folder/in` into a new book; return the seconds."""
    command = [sys.executable, "-m", "autograder", "grade", assignment, str(folder / "in")]
    options = ["--book", str(folder / f"book{workers}"), "--workers", str(workers), "--seed", "1"]
    start = time.perf_counter()
    shown = None if show else subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603 (our own command)
        [*command, *options], stdout=shown, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as run:
        assert run.stderr is not None  # it was started with a pipe
        done, said = 0, ""
        for line in run.stderr:
            said = line
            done += bool(re.search(r"student\d+", line))
            if show and re.search(r"student\d+", line) and done % max(count // 10, 1) == 0:
                print(f"  {done:>6} {time.perf_counter() - start:7.1f} s  {_memory(run.pid):6.0f} MiB", flush=True)
    if run.returncode not in (0, 1):
        raise SystemExit(f"autograder grade ended with status {run.returncode}: {said}")
    return time.perf_counter() - start


def _memory(pid: int) -> float:
    """Return the MiB resident in the grader's own processes."""
    root = psutil.Process(pid)
    own = [root, *(p for p in root.children() if "spawn_main" in " ".join(p.cmdline()))]
    return sum(p.memory_info().rss for p in own) / 2**20


def make_class(folder: Path, count: int) -> None:
    """Write `count` hand-ins, no two with the same bytes: of five, four are of the CNN's bank and one is hostile.

    Of 150, one is too slow to train.
    """
    hand_ins = load_bank(BANK).hand_ins
    bank = [h.source for h in hand_ins if h.training_seconds is None]
    slow = next(h.source for h in hand_ins if h.training_seconds is not None)
    random.Random(0).shuffle(bank)
    host = manifest().host["cnn"]
    hostile = [plant(a.source, host, "bare", {}) for a in attacks() if a.host == "cnn"]
    random.Random(0).shuffle(hostile)
    kinds = (itertools.cycle(bank),) * 4 + (itertools.cycle(hostile),)
    sources = [next(kind) for kind in itertools.islice(itertools.cycle(kinds), count)]
    sources[3::150] = [slow] * len(sources[3::150])
    folder.mkdir(parents=True)
    for i, source in enumerate(sources):
        (folder / f"student{i:05}.py").write_text(f"{source}\n# student {i}\n", "utf-8")


def quick_assignment(folder: Path) -> Path:
    """Make an assignment of the CNN's checks that neither train nor run mypy; return its folder."""
    cnn = load_assignment("cnn")
    quick = folder / "quick"
    quick.mkdir()
    shutil.copy(cnn.stub, quick)
    tree = ast.parse((cnn.folder / "checks.py").read_text("utf-8"))
    left = [c.id for c in cnn.config.check if not c.id.startswith(LEFT_OUT)]
    tree.body = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and _leaves_out(node))]
    (quick / "checks.py").write_text(ast.unparse(tree), "utf-8")
    points = [100 - 10 * (len(left) - 1)] + [10] * (len(left) - 1)
    checks = "".join(f'[[check]]\nid = "{i}"\npoints = {p}\n' for i, p in zip(left, points, strict=True))
    settings = (cnn.folder / "assignment.toml").read_text("utf-8").partition("[training]")[0]
    (quick / "assignment.toml").write_text(settings + checks, "utf-8")
    return quick


def _leaves_out(node: ast.FunctionDef) -> bool:
    names = [
        a.value for d in node.decorator_list if isinstance(d, ast.Call) for a in d.args if isinstance(a, ast.Constant)
    ]
    return any(isinstance(name, str) and name.startswith(LEFT_OUT) for name in names)


def scores(path: Path, assignment: str = "cnn") -> list[tuple[str, float | None]]:
    """Return everybody's score in a book."""
    with Book(path, create=False) as book:
        return [(row.student, row.score) for row in book.gradebook(assignment).rows]


def read_results(path: Path) -> list[SubmissionResult]:
    """Return every result in a book."""
    with Book(path, create=False) as book:
        return [book.result(stored.id) for stored_of in book.results("cnn").values() for stored in stored_of]


if __name__ == "__main__":
    main()
