"""What tests of whole runs share: start one, and read the book that it leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.gradebook import Book
from autograder.verdict import Status

START = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"  # it is ignored in a script's `&`
    "from autograder.cli import main; main()"
)
OPTIONS = ("--workers", "2", "--sandbox", "limits", "--accept-weaker-sandbox", "--seed", "7")


@contextmanager
def grading(scale: Path, hand_ins: Path, book: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start `autograder grade`, in a session of its own."""
    command = [sys.executable, "-c", START, "grade", str(scale), str(hand_ins)]
    with subprocess.Popen(
        [*command, "--book", str(book), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def gradebook(book: Path) -> list[tuple[str, float | None, list[tuple[str, Status, float]]]]:
    """Return everybody's score, and the verdicts that it comes from."""
    with Book(book, create=False) as opened:
        assert not opened.faults()
        return [
            (row.student, row.score, [(v.check, v.status, v.score) for v in row.counts.result.verdicts])
            for row in opened.gradebook("scale").rows
            if row.counts is not None and row.counts.result is not None
        ]


def results(book: Path) -> list[int]:
    """Return the number of every result in a book."""
    with Book(book, create=False) as opened:
        return sorted(stored.id for many in opened.results("scale").values() for stored in many)
