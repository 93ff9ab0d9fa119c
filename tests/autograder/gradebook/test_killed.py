"""A process that writes results is killed at random moments: what it finished is in the book, and nothing is broken."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

from autograder.gradebook import Book
from tests.autograder.gradebook.fakes import attempt, sha
from tests.autograder.light import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HAND_INS, RUNS = 400, 20

WRITER = """
import sys
from pathlib import Path
from autograder.gradebook import Book, Key
from tests.autograder.gradebook.fakes import key, result

with Book(Path(sys.argv[1])) as book:
    for pending in book.pending("cnn", lambda hand_in: Key(hand_in, "a1", "g1", "e1", 0)):
        content = book.content(pending.hand_in)
        book.add_result("cnn", key(content), result(content, message="x" * 20_000))
        print(pending.hand_in, flush=True)
"""


def test_twenty_kills_lose_no_finished_result_and_break_nothing(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    contents = [f"x = {n}\n".encode() for n in range(HAND_INS)]
    with Book(path) as book:
        book.add_attempts("cnn", [attempt(f"s{n:03}", content) for n, content in enumerate(contents)])
    schedule = random.Random(4)
    finished: set[str] = set()
    for _run in range(RUNS):
        finished |= killed_after(path, results=schedule.randrange(HAND_INS // RUNS), at=schedule.random())
        with Book(path) as book:
            assert book.faults() == []
            assert finished <= set(book.results("cnn"))
    assert 0 < len(finished) < HAND_INS
    subprocess.run([sys.executable, "-c", WRITER, str(path)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with Book(path) as book:
        assert {hand_in: len(found) for hand_in, found in book.results("cnn").items()} == {sha(c): 1 for c in contents}
        assert all(r.score == 100 for r in book.gradebook("cnn").rows)


def killed_after(path: Path, results: int, at: float) -> set[str]:
    """Write results, and kill the writer after the first few, often while it writes one; return those it finished.

    at: how long after, from 0 to 1 of a few milliseconds, by counting and not by the clock.
    """
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(results + 1)]
        for _ in range(int(at * 200_000)):
            pass
        writer.kill()
        lines += writer.stdout.readlines()
    return {line.strip() for line in lines if line.endswith("\n")}
