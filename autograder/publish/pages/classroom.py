"""The instructor's pages: the class at a glance, what it failed and why, and a page for each hand-in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.gradebook.tables import act, due, late, state
from autograder.gradebook.view import State
from autograder.publish.pages import overview, runs, timeline
from autograder.publish.pages.environment import render
from autograder.publish.pages.failures import Failure, Who, failures, groups, ranked, singles
from autograder.publish.pages.source import listing
from autograder.publish.pages.student import hand_in_page
from autograder.publish.site import write
from autograder.submission import SubmissionError, submission_from_bytes
from autograder.words import _

if TYPE_CHECKING:
    from autograder.assignment import Assignment
    from autograder.gradebook import Book, ClassRules, Gradebook, Row
    from autograder.gradebook.view import Scored
    from autograder.verdict import SubmissionResult

_MOST_GROUPS = 300
_MOST_SINGLES = 1000
"""Of failures that one page shows: each may say something else, and the page has to stay small."""


@dataclass(frozen=True, slots=True)
class Line:
    """A student in the table of the class. failed: the ids of the checks that did not pass."""

    who: Who
    key: str
    row: Row
    late: str
    state: str
    settled: bool
    failed: tuple[str, ...]


def write_class_pages(folder: Path, book: Book, assignment: Assignment, rules: ClassRules) -> Path:
    """Write the pages of a class into a folder of their own, and return the first one.

    They hold everything: names, hidden checks, sources. They are for instructors only.
    """
    with book.reading():
        return _Pages(folder, book, assignment, rules).write()


class _Pages:
    """The pages of one class. What a result takes is let go of before the next is read: there may be thousands."""

    def __init__(self, folder: Path, book: Book, assignment: Assignment, rules: ClassRules) -> None:
        self.folder = folder
        self.book = book
        self.assignment = assignment
        self.rules = rules
        self.grades: Gradebook = book.gradebook(assignment.name, rules, assignment.config.written)
        self.tally = overview.Tally(c.id for c, _settings in assignment.checks)
        self.failures: list[Failure] = []

    def write(self) -> Path:
        (self.folder / "hand-ins").mkdir(parents=True, exist_ok=True)
        lines = [self._line(row) for row in self.grades.rows]
        found = groups(self.failures)
        several, alone = singles(found)
        waiting, waiting_flows = runs.waiting(self.book, self.assignment.name, self.rules, _who)
        reruns, rerun_flows = runs.reruns(self.book, self.grades, _who)
        self._page(
            "failures.html",
            groups=several[:_MOST_GROUPS],
            singles=alone[:_MOST_SINGLES],
            left=len(several[_MOST_GROUPS:]) + len(alone[_MOST_SINGLES:]),
        )
        self._page("attempts.html", days=timeline.per_day(self.grades), attempts=timeline.by_number(self.grades))
        self._page("runs.html", waiting=waiting, waiting_flows=waiting_flows, reruns=reruns, rerun_flows=rerun_flows)
        names = {r.student: _who(r, r.counts.number if r.counts else 0) for r in self.grades.rows}
        entries = [
            (e, act(e), names.get(e.student, Who(e.student, ""))) for e in self.book.entries(self.assignment.name)
        ]
        self._page("decisions.html", entries=entries)
        return self._page(
            "index.html",
            script="table.js",
            due=due(self.grades, self.rules),
            tiles=overview.tiles(self.grades),
            distribution=overview.distribution(self.grades.rows),
            checks=self.tally.bars(),
            causes=ranked(self.failures),
            matters=overview.matters(self.grades, _who),
            lines=lines,
        )

    def _page(self, name: str, *, script: str = "", **values: object) -> Path:
        html = render(f"class/{name}", script=script, title=self.assignment.config.title, here=name, **values)
        write(self.folder / name, html.encode())
        return self.folder / name

    def _line(self, row: Row) -> Line:
        """Write the pages of a student's attempts; count what came of the one that counts."""
        failed: tuple[str, ...] = ()
        for attempt in row.attempts:
            result = self.book.result(attempt.result.id) if attempt.result is not None else None
            write(self.folder / _who(row, attempt.number).page, self._hand_in(row, attempt, result).encode())
            if attempt is row.counts and result is not None:
                self.tally.add(result)
                self.failures += failures(result, _who(row, attempt.number))
                failed = tuple(c.id for c in result.checks if c.score < c.max_score)
        return Line(
            _who(row, row.counts.number if row.counts else 0),
            row.student if row.name else "",
            row,
            late(row.counts.late) if row.counts else "",
            state(row),
            row.state is State.GRADED,
            failed,
        )

    def _hand_in(self, row: Row, attempt: Scored, result: SubmissionResult | None) -> str:
        source, problem = "", attempt.attempt.problem
        if attempt.hand_in:
            try:
                content = self.book.content(attempt.hand_in)
                source = submission_from_bytes(content, Path(attempt.attempt.origin)).source
            except SubmissionError as error:  # such as a source in an encoding that this Python does not know
                problem = str(error)
        if result is not None:
            return hand_in_page(result, source, row=row, attempt=attempt, command=self.assignment.name, everything=True)
        return render(
            "class/ungraded.html",
            title=self.assignment.config.title,
            here="",
            who=row.name or row.student,
            problem=problem or _("Not graded yet."),
            source=listing(source, ()) if source else None,
        )


def _who(row: Row, number: int) -> Who:
    """Return a student, with the page of the attempt of this number; no page where there is none."""
    attempt = next((a for a in row.attempts if a.number == number), None)
    return Who(row.name or row.student, f"hand-ins/{attempt.id}.html" if attempt else "")
